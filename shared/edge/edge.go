// Package edge is where HTTP begins and ends: it turns a handler that returns a
// value or an error into one that answers, and is the only place that maps a kind
// of error to a status.
//
// An error has three kinds of readers. An API caller (Handle) gets the status of the
// error's kind and its sentence. A queue (HandleTask) retries every answer that is
// not 2xx, so a task that can never succeed is logged and answered 200; an error
// that may pass is 429, 500 or 503, with Retry-After where the error has a time. An
// operator (HandleOperator) also gets the cause of a wrong configuration, which
// only people who run the system may read. The text of an unclassified error never
// leaves the process: it is logged here, once.
//
// Answers are JSON. HandleAny and Reply also write XML and text, by the request's
// Accept.
package edge

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
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

// Handler answers a request with a value, or an error. Some values are special:
// Ready is JSON already, Result has a status of its own, Stream writes itself.
type Handler func(r *http.Request) (any, error)

// problem is the body of an answer that is not a success.
type problem struct {
	XMLName xml.Name `json:"-" xml:"problem"`
	Error   struct {
		Code    string `json:"code" xml:"code"`
		Message string `json:"message" xml:"message"`
		Param   string `json:"param,omitempty" xml:"param,omitempty"`
	} `json:"error" xml:"error"`
}

// String is the problem as text.
func (p problem) String() string { return p.Error.Code + ": " + p.Error.Message }

// dropped is the body of an answer to a task that can never succeed.
type dropped struct {
	XMLName xml.Name `json:"-" xml:"dropped"`
	Outcome string   `json:"outcome"`
	Code    string   `json:"code"`
	Message string   `json:"message"`
}

// statuses translates kinds.
var statuses = map[fault.Kind]int{
	fault.Internal: http.StatusInternalServerError, fault.Retry: http.StatusServiceUnavailable,
	fault.Throttled: http.StatusTooManyRequests, fault.Invalid: http.StatusBadRequest,
	fault.Unauthenticated: http.StatusUnauthorized, fault.Forbidden: http.StatusForbidden, fault.NotFound: http.StatusNotFound,
	fault.TooLarge: http.StatusRequestEntityTooLarge, fault.Superseded: http.StatusConflict,
	fault.Misconfigured: http.StatusInternalServerError,
}

// listener is the reader of an answer.
type listener uint8

const (
	caller listener = iota
	queue
	operator
)

// The headers of Cloud Tasks and Cloud Scheduler. Google's front end removes them
// from other requests; a caller that reaches the service past the front end only
// changes the status of its own answer.
const (
	queueHeader     = "X-CloudTasks-QueueName"
	schedulerHeader = "X-CloudScheduler"
)

// Handle returns h as an http.Handler for API callers that takes the methods. A
// panic is an internal error, logged with its stack.
func Handle(log *slog.Logger, h Handler, methods ...string) http.Handler {
	return handle(door{log: log, h: h, methods: methods})
}

// HandleAny is Handle for callers who choose a form of answers with Accept: JSON,
// XML (application/xml, text/xml) or text (text/plain), with weights. No Accept and
// */* mean JSON. A type that is not known, and a value without that form, are
// answered in JSON too, never refused.
func HandleAny(log *slog.Logger, h Handler, methods ...string) http.Handler {
	return handle(door{log: log, h: h, methods: methods, formOf: formOf})
}

// HandleTask is Handle for tasks: a request that a queue or a scheduler delivers
// is answered so that the queue retries only errors that may pass. Any other
// request is an API caller's.
func HandleTask(log *slog.Logger, h Handler, methods ...string) http.Handler {
	return handle(door{log: log, h: h, methods: methods, to: func(r *http.Request) listener {
		if r.Header.Get(queueHeader) != "" || r.Header.Get(schedulerHeader) != "" {
			return queue
		}
		return caller
	}})
}

// HandleOperator is Handle for people who run the system.
func HandleOperator(log *slog.Logger, h Handler, methods ...string) http.Handler {
	return handle(door{log: log, h: h, methods: methods, to: func(*http.Request) listener { return operator }})
}

// door is a handler with the rules of its answers.
type door struct {
	log     *slog.Logger
	h       Handler
	methods []string
	to      func(*http.Request) listener // nil is an API caller
	formOf  func(*http.Request) form     // nil is JSON
}

// handle returns the http.Handler of a door.
func handle(d door) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r = r.WithContext(trace.Begin(r.Context(), r.Header.Get(trace.Header)))
		d.log.DebugContext(r.Context(), "a request came", "method", r.Method, "path", r.URL.Path)
		f, to := asJSON, caller
		if d.formOf != nil {
			w.Header().Add("Vary", "Accept")
			f = d.formOf(r)
		}
		if d.to != nil {
			to = d.to(r)
		}
		if !slices.Contains(d.methods, r.Method) {
			allowed := strings.Join(d.methods, ", ")
			w.Header().Set("Allow", allowed)
			_ = answer(w, f, http.StatusMethodNotAllowed, problemOf(fault.New(fault.Invalid, "method", "use %s", allowed), caller))
			return
		}
		value, err := guarded(d.h, r)
		if stream, ok := value.(Stream); ok && err == nil {
			stream(w, r)
			return
		}
		if err == nil {
			err = answer(w, f, http.StatusOK, value)
		}
		if err != nil {
			failure{to: to, form: f, err: err, log: d.log}.answer(w, r)
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
	to   listener
	form form
	err  error
	log  *slog.Logger
}

// answer logs the error and answers with its kind's status. A queue gets a success
// for a task that cannot succeed.
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
		_ = answer(w, f.form, http.StatusOK, dropped{Outcome: "dropped", Code: code, Message: sentence(err, f.to)})
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
	_ = answer(w, f.form, status, problemOf(err, f.to))
}

// logFailure logs a defect or a wrong configuration, in the form that Error Reporting
// reads.
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

// problemOf returns the part of an error that a listener may read.
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
// cause of a wrong configuration, such as a database's message about a statement,
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

// LimitedBody reads the body of a caller's request, at most limit bytes. Browsers
// send JSON as text/plain to spare the preflight, so the declared type is ignored.
func LimitedBody(r *http.Request, limit int64) ([]byte, error) {
	if encoding := r.Header.Get("Content-Encoding"); encoding != "" && encoding != "identity" {
		return nil, fault.New(fault.Invalid, "bad-encoding", "send the body without Content-Encoding")
	}
	body, err := io.ReadAll(http.MaxBytesReader(nil, r.Body, limit))
	var large *http.MaxBytesError
	if errors.As(err, &large) {
		return nil, fault.New(fault.TooLarge, "body-too-large", "the body has more than %d bytes; ask for less at once", limit)
	}
	return body, fault.Wrap(err, fault.Invalid, "bad-request", "the body broke off")
}

// Fields reads a caller's body, a JSON object, into a pointer to a struct that has every
// field of the object.
func Fields(r *http.Request, into any) error {
	body, err := Body(r)
	if err != nil {
		return err
	}
	d := json.NewDecoder(bytes.NewReader(body))
	d.DisallowUnknownFields()
	return fault.Wrap(d.Decode(into), fault.Invalid, "bad-body", "the body does not have the fields of this action")
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
