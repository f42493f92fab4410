package tasks

import (
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/emulator/internal/push"
	"gitlab.com/eshopbox-team/return-sync/shared/emulator/internal/resource"
)

// delivery is one request of a task, fixed when the attempt is launched.
type delivery struct {
	task    *task
	name    string // of the task
	attempt int    // counted from 0
	call    push.Call
	faults  Faults
}

// result is the outcome of a delivery as the queue sees it.
type result struct {
	push.Outcome
	redeliverAfter time.Duration // least wait that an injected fault demands
}

// prepare fixes the request of a task's next attempt. The lock is held.
func (s *Server) prepare(t *task) delivery {
	request := t.message.GetHttpRequest()
	d := delivery{
		task:    t,
		name:    t.message.GetName(),
		attempt: int(t.message.GetDispatchCount()),
		faults:  s.Chosen,
		call: push.Call{
			Method:   method(request),
			URL:      request.GetUrl(),
			Header:   push.Header(request.GetHeaders(), "Google-Cloud-Tasks"),
			Body:     request.GetBody(),
			Deadline: t.message.GetDispatchDeadline().AsDuration(),
		},
	}
	t.setHeaders(d.call.Header)
	if token := request.GetOidcToken(); token != nil {
		d.call.Account, d.call.Audience = token.GetServiceAccountEmail(), token.GetAudience()
	}
	return d
}

// setHeaders adds the headers by which Cloud Tasks describes the attempt.
func (t *task) setHeaders(header http.Header) {
	at := t.message.GetScheduleTime()
	header.Set("X-CloudTasks-QueueName", resource.ID(t.queue.config.GetName()))
	header.Set("X-CloudTasks-TaskName", resource.ID(t.message.GetName()))
	header.Set("X-CloudTasks-TaskRetryCount", strconv.Itoa(int(t.message.GetDispatchCount())))
	header.Set("X-CloudTasks-TaskExecutionCount", strconv.Itoa(t.executions))
	header.Set("X-CloudTasks-TaskETA", fmt.Sprintf("%d.%06d", at.GetSeconds(), at.GetNanos()/1000))
	if t.message.GetDispatchCount() == 0 {
		return
	}
	if t.previous != 0 {
		header.Set("X-CloudTasks-TaskPreviousResponse", strconv.Itoa(t.previous))
	}
	header.Set("X-CloudTasks-TaskRetryReason", t.reason)
}

// deliver makes one attempt and records its outcome.
func (s *Server) deliver(d delivery) {
	defer s.Work.Done()
	if s.strikes(d, dropFault) {
		s.finish(d, result{push.Outcome{Err: errDropped}, time.Duration(d.faults.RedeliverAfter)})
		return
	}
	outcome := s.Send(d.call)
	if outcome.Answered() && s.strikes(d, responseFault) {
		outcome = push.Outcome{Err: errResponseLost}
	}
	s.finish(d, result{Outcome: outcome})
}

var (
	errDropped      = errors.New("injected fault: dropped before delivery")
	errResponseLost = errors.New("injected fault: the response was lost")
)
