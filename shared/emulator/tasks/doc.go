// Package tasks emulates Cloud Tasks (google.cloud.tasks.v2, gRPC) in memory,
// for development and tests. The unmodified Go client drives it:
//
//	server := tasks.New(tasks.Options{})
//	go server.Serve(listener) // on loopback
//	client, err := cloudtasks.NewClient(ctx,
//		option.WithEndpoint(listener.Addr().String()),
//		option.WithoutAuthentication(),
//		option.WithGRPCDialOption(grpc.WithTransportCredentials(insecure.NewCredentials())))
//
// # What it does
//
// Queues are created, read, listed, updated with field masks, deleted, paused,
// resumed and purged; tasks are created (one by one and in batches), read,
// listed, deleted and run. A task's HTTP request is sent with the platform's
// headers and, where asked for, a signed OIDC token whose key Control
// publishes. What is not answered with 2xx is tried again: redirects are not
// followed. Backoff, attempts, durations, Retry-After, dispatch rates (below
// one a second too), concurrency, deadlines, sizes, names and the
// deduplication of names follow the API's documentation and refuse what the
// real one refuses.
//
// # What may go wrong on purpose
//
// The real queue now and then delivers twice, late or out of order, and loses
// answers. [Faults] does the same at chosen rates, decided by a seed so that a
// story replays. Nothing is injected by default.
//
// # What it does not do
//
// It keeps nothing over a restart. It has no App Engine targets, OAuth tokens,
// queue-level HTTP targets, batch deletion, IAM, encryption keys, list filters
// or locations service, does not recognize a repeated batch by its request id, does not refuse to create a queue that was deleted lately, and does not
// slow a whole queue down after 429, 503 or many errors. Control is plain
// HTTP without authentication: serve it on loopback only.
package tasks
