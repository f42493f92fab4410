// Package edge is where HTTP begins and ends: it turns a handler that returns an
// error into one that answers, and is the only place that knows which kind of
// error is which status.
//
// Three kinds of listeners hear of an error. An API caller (Handle) gets the
// status of the error's kind and its sentence. A queue (HandleTask) retries every
// answer that is not 2xx, so a task that can never succeed is logged and answered
// 200; what is worth retrying is 429, 500 or 503, with Retry-After where we know
// better than the queue. An operator (HandleOperator) also gets the cause of a
// wrong configuration, which only people who run the system may read. The text
// of an error that nobody classified never leaves: it is logged here, once.
package edge

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/fault"
	"gitlab.com/eshopbox-team/return-sync/shared/trace"
)

// Handler answers a request with a value to be written as JSON (see Ready for
// large ones), or an error.
type Handler func(r *http.Request) (any, error)

// problem is the body of an answer that is not a success.
type problem struct {
	Error struct {
		Code    string `json:"code"`
		Message string `json:"message"`
		Param   string `json:"param,omitempty"`
	} `json:"error"`
}

// dropped is the body of an answer to a task that can never succeed.
type dropped struct {
	Outcome string `json:"outcome"`
	Code    string `json:"code"`
	Message string `json:"message"`
}

// statuses translates kinds.
var statuses = map[fault.Kind]int{
	fault.Internal: http.StatusInternalServerError, fault.Retry: http.StatusServiceUnavailable,
	fault.Throttled: http.StatusTooManyRequests, fault.Invalid: http.StatusBadRequest,
	fault.Unauthenticated: http.StatusUnauthorized, fault.Forbidden: http.StatusForbidden, fault.NotFound: http.StatusNotFound,
	fault.TooLarge: http.StatusRequestEntityTooLarge, fault.Superseded: http.StatusConflict,
	fault.Misconfigured: http.StatusInternalServerError,
}

// listener is who hears an answer.
type listener uint8

const (
	caller listener = iota
	queue
	operator
)

// The headers of Cloud Tasks and Cloud Scheduler. Google's front end takes them
// out of requests from elsewhere; a caller that reaches the service past it
// changes nothing but the status of its own answer.
const (
	queueHeader     = "X-CloudTasks-QueueName"
	schedulerHeader = "X-CloudScheduler"
)

// Handle returns h as an http.Handler for API callers that takes the methods. A
// panic is an internal error, logged with its stack.
func Handle(log *slog.Logger, h Handler, methods ...string) http.Handler {
	return handle(log, h, methods, func(*http.Request) listener { return caller })
}

// HandleTask is Handle for tasks: a request that a queue or a scheduler delivers
// is answered so that they retry what may succeed later, and nothing else. Any
// other request is an API caller's.
func HandleTask(log *slog.Logger, h Handler, methods ...string) http.Handler {
	return handle(log, h, methods, func(r *http.Request) listener {
		if r.Header.Get(queueHeader) != "" || r.Header.Get(schedulerHeader) != "" {
			return queue
		}
		return caller
	})
}

// HandleOperator is Handle for people who run the system.
func HandleOperator(log *slog.Logger, h Handler, methods ...string) http.Handler {
	return handle(log, h, methods, func(*http.Request) listener { return operator })
}

// handle does the work of Handle for the listener of a request.
func handle(log *slog.Logger, h Handler, methods []string, of func(*http.Request) listener) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r = r.WithContext(trace.Begin(r.Context(), r.Header.Get(trace.Header)))
		log.DebugContext(r.Context(), "a request came", "method", r.Method, "path", r.URL.Path)
		if !slices.Contains(methods, r.Method) {
			w.Header().Set("Allow", strings.Join(methods, ", "))
			_ = answer(w, http.StatusMethodNotAllowed, problemOf(fault.New(fault.Invalid, "method", "use %s", strings.Join(methods, ", ")), caller))
			return
		}
		value, err := guarded(h, r)
		if err == nil {
			err = answer(w, http.StatusOK, value)
		}
		if err != nil {
			failure{to: of(r), err: err, log: log}.answer(w, r)
		}
	})
}

// guarded calls h and turns a panic into an error.
func guarded(h Handler, r *http.Request) (value any, err error) {
	defer func() {
		if v := recover(); v != nil {
			err = &panicked{value: v, stack: debug.Stack()}
		}
	}()
	return h(r)
}

// panicked is a panic as an error.
type panicked struct {
	value any
	stack []byte
}

// Error returns the value.
func (p *panicked) Error() string { return fmt.Sprintf("panic: %v", p.value) }

// failure is an error on its way to a listener.
type failure struct {
	to  listener
	err error
	log *slog.Logger
}

// answer logs the error and answers with its kind's status. For a queue, what
// cannot succeed is a success.
func (f failure) answer(w http.ResponseWriter, r *http.Request) {
	err, log := f.err, f.log
	kind, code := fault.KindOf(err), fault.CodeOf(err)
	status := statuses[kind]
	if f.to == queue && !fault.Retryable(err) {
		if kind == fault.Misconfigured {
			logFailure(r, log, http.StatusOK, err)
		} else {
			log.WarnContext(r.Context(), "a task was dropped", "code", code, "reason", err.Error())
		}
		_ = answer(w, http.StatusOK, dropped{Outcome: "dropped", Code: code, Message: sentence(err, f.to)})
		return
	}
	switch {
	case kind == fault.Retry, kind == fault.Throttled:
		log.WarnContext(r.Context(), "a request was put off", "code", code, "status", status, "error", err.Error())
	case status >= 500:
		logFailure(r, log, status, err)
	}
	if after := fault.AfterOf(err); after > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(int((after+time.Second-1)/time.Second)))
	}
	_ = answer(w, status, problemOf(err, f.to))
}

// logFailure logs an error that is ours, in the form that Error Reporting reads.
func logFailure(r *http.Request, log *slog.Logger, status int, err error) {
	what := []any{
		"code", fault.CodeOf(err), "error", err.Error(),
		slog.Group("httpRequest", "requestMethod", r.Method, "requestUrl", r.URL.Path, "status", status),
	}
	var p *panicked
	if errors.As(err, &p) {
		// As a dying Go program writes it: Error Reporting groups by its frames.
		what = append(what, "stack_trace", p.Error()+"\n\n"+string(p.stack))
	}
	log.ErrorContext(r.Context(), "a request failed", what...)
}

// problemOf returns what a listener may know of an error.
func problemOf(err error, to listener) problem {
	var p problem
	p.Error.Code, p.Error.Message = fault.CodeOf(err), sentence(err, to)
	var f *fault.Error
	if errors.As(err, &f) {
		p.Error.Param = f.Param
	}
	return p
}

// sentence returns the part of an error that is meant for the listener. The
// cause of a wrong configuration (a database's message about a statement, say)
// names what the operator has to correct.
func sentence(err error, to listener) string {
	var f *fault.Error
	switch {
	case !errors.As(err, &f) || f.Kind == fault.Internal:
		return "internal error; the log has the details"
	case f.Kind == fault.Misconfigured && to == operator:
		return f.Error()
	}
	return f.Message
}

// answer writes a value as JSON, or returns an error and writes nothing if it has
// no JSON form; our own problems always have one. An error of writing is the
// reader's.
func answer(w http.ResponseWriter, status int, value any) error {
	ready, ok := value.(Ready)
	if !ok {
		body, err := json.Marshal(value)
		if err != nil {
			return fmt.Errorf("the answer has no JSON form: %w", err)
		}
		ready = Ready{append(body, '\n')}
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	ready.writeTo(w)
	return nil
}

// LimitedBody reads the body of a caller's request, at most limit bytes. Browsers
// send JSON as text/plain to spare the preflight, so its declared type says
// nothing.
func LimitedBody(r *http.Request, limit int64) ([]byte, error) {
	if encoding := r.Header.Get("Content-Encoding"); encoding != "" && encoding != "identity" {
		return nil, fault.New(fault.Invalid, "bad-encoding", "send the body as it is, without Content-Encoding")
	}
	body, err := io.ReadAll(http.MaxBytesReader(nil, r.Body, limit))
	var large *http.MaxBytesError
	if errors.As(err, &large) {
		return nil, fault.New(fault.TooLarge, "body-too-large", "the body has more than %d bytes; ask for less at once", limit)
	}
	return body, fault.Wrap(err, fault.Invalid, "bad-request", "the body broke off")
}

// maxTask is more than a queue's largest task.
const maxTask = 1 << 20

// Body reads a task's body. One that is too large can never succeed.
func Body(r *http.Request) ([]byte, error) {
	body, err := io.ReadAll(io.LimitReader(r.Body, maxTask+1))
	if err != nil {
		return nil, fault.Wrap(err, fault.Retry, "bad-request", "the request's body broke off")
	}
	if len(body) > maxTask {
		return nil, fault.New(fault.TooLarge, "bad-task", "the task's body is larger than %d bytes", maxTask)
	}
	return body, nil
}
