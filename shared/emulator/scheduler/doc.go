// Package scheduler emulates Cloud Scheduler (google.cloud.scheduler.v1, gRPC)
// in memory, for development and tests. The unmodified Go client drives it
// over a plain loopback connection (WithEndpoint, WithoutAuthentication,
// insecure transport credentials).
//
// # What it does
//
// Jobs are created, read, listed, updated with field masks, deleted, paused,
// resumed and run. Enabled jobs tick by a crontab expression in a time zone,
// or by an App Engine schedule such as "every 5 minutes from 10:00 to 14:00" or
// "1st monday of sep,oct 17:00". A tick sends the job's HTTP
// request with the platform's headers and, where asked for, a signed OIDC
// token whose key Control publishes; what is not answered with 2xx is tried
// again by the job's retry configuration, under the same
// X-CloudScheduler-ScheduleTime, until the next tick is due. Two executions of
// one job never overlap: a tick waits for the one before it, and of several
// that were missed only the newest is made up for. A forced run is one
// attempt that carries the time of the next tick.
//
// # Emulator extensions
//
// [Options.Every] makes every job tick faster than the minute that crontab
// allows, and [Server.Tick] fires one tick with a chosen time. [Faults] makes
// ticks come twice or late, as the real one does now and then.
//
// # What it does not do
//
// It keeps nothing over a restart. It has no Pub/Sub or App Engine targets,
// OAuth tokens, quotas, IAM or locations service. App Engine schedules carry no
// schedule-time header, because the real one does not promise it, and an interval
// counts from the epoch, not from the end of the last execution. Control is plain HTTP without
// authentication: serve it on loopback only.
package scheduler
