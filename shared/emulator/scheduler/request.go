package scheduler

import (
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/emulator/internal/push"
	"gitlab.com/eshopbox-team/return-sync/shared/emulator/internal/resource"
)

// prepare fixes the request for a tick. The lock is held.
func (s *Server) prepare(j *job, tick time.Time) push.Call {
	target := j.message.GetHttpTarget()
	header := push.Header(target.GetHeaders(), "Google-Cloud-Scheduler")
	header.Set("X-CloudScheduler", "true")
	header.Set("X-CloudScheduler-JobName", resource.ID(j.message.GetName()))
	if j.schedule.crontab {
		header.Set("X-CloudScheduler-ScheduleTime", tick.UTC().Format(time.RFC3339Nano))
	}
	if len(target.GetBody()) > 0 && header.Get("Content-Type") == "" {
		header.Set("Content-Type", "application/octet-stream")
	}
	call := push.Call{
		Method:   target.GetHttpMethod().String(),
		URL:      target.GetUri(),
		Header:   header,
		Body:     target.GetBody(),
		Deadline: j.message.GetAttemptDeadline().AsDuration(),
	}
	if token := target.GetOidcToken(); token != nil {
		call.Account, call.Audience = token.GetServiceAccountEmail(), token.GetAudience()
	}
	return call
}
