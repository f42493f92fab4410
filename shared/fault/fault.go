// Package fault gives every error of Return-sync a kind at its birth, so that no
// caller has to guess the meaning of an error from its text.
//
// An Error carries a code for machines, a sentence for people and, where waiting
// helps, the time to wait. Package edge alone translates kinds into HTTP statuses.
package fault

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"
)

// Kind says how the receiver of an error can react.
type Kind uint8

// The kinds. Only Retry and Throttled make a queue deliver a task again.
const (
	// Internal is an unclassified error. It is retried once more: a defect that
	// shows twice is easier to find than a lost window.
	Internal Kind = iota
	// Retry is an outage of this program or of a service that it needs.
	Retry
	// Throttled is a request to slow down; After says for how long.
	Throttled
	// Invalid is a request that its sender has to correct.
	Invalid
	// Unauthenticated is a request without a valid identity.
	Unauthenticated
	// Forbidden is a valid identity without the right.
	Forbidden
	// NotFound is a request for something that does not exist.
	NotFound
	// TooLarge is a request whose body is larger than it may be.
	TooLarge
	// Superseded is work that has ended or that another process has taken over: a
	// stale claim, a page of a closed run, a version that was edited meanwhile.
	// Nothing is left to do for the caller.
	Superseded
	// Misconfigured is a definition, a setting or a right that a person has to
	// correct: the same call fails again until then.
	Misconfigured
)

// Error is an error with a kind. The zero After means "no opinion".
type Error struct {
	Kind    Kind
	Code    string        // for machines, kebab-case, stable
	Message string        // for people: what, where, what to do
	Param   string        // the offending parameter of a request, if any
	After   time.Duration // how long to wait before trying again
	Err     error         // the cause; never shown to callers
}

// Error returns the sentence and, if there is one, the cause behind it.
func (e *Error) Error() string {
	switch {
	case e.Err == nil:
		return e.Message
	case e.Message == "":
		return e.Err.Error()
	}
	return e.Message + ": " + e.Err.Error()
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// New returns an error of the kind with a formatted sentence. It takes no
// cause: an error that has one is classified with Wrap.
func New(k Kind, code, format string, args ...any) *Error {
	return &Error{Kind: k, Code: code, Message: fmt.Sprintf(format, args...)}
}

// Wrap classifies err; a nil err stays nil. The sentence stands before the
// cause's own text, and only the sentence is shown to callers. A call whose time was over
// says nothing about a definition, a setting or a right: its kind is then Retry in the
// place of Misconfigured.
func Wrap(err error, k Kind, code, message string) error {
	if err == nil {
		return nil
	}
	if k == Misconfigured && (errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled)) {
		k = Retry
	}
	return &Error{Kind: k, Code: code, Message: message, Err: err}
}

// WithAfter returns a copy of e that asks the caller to wait d.
func (e *Error) WithAfter(d time.Duration) *Error {
	c := *e
	c.After = d
	return &c
}

// WithParam returns a copy of e that names the offending parameter.
func (e *Error) WithParam(name string) *Error {
	c := *e
	c.Param = name
	return &c
}

// Join joins errors of independent pieces of work. Errors that may pass stand first,
// so that the kind of the whole makes the caller retry.
func Join(errs ...error) error {
	sorted := slices.DeleteFunc(slices.Clone(errs), func(err error) bool { return err == nil })
	slices.SortStableFunc(sorted, func(a, b error) int {
		switch {
		case Retryable(a) == Retryable(b):
			return 0
		case Retryable(a):
			return -1
		}
		return 1
	})
	var classified *Error
	if len(sorted) > 1 && !errors.As(sorted[0], &classified) { // the kind of a later one would be that of the whole
		sorted[0] = &Error{Kind: Internal, Err: sorted[0]}
	}
	return errors.Join(sorted...)
}

// KindOf returns the kind of the first Error in err's chain, Internal without one.
func KindOf(err error) Kind {
	var e *Error
	if errors.As(err, &e) {
		return e.Kind
	}
	return Internal
}

// CodeOf returns the code of the first Error in err's chain, "internal" without one.
func CodeOf(err error) string {
	var e *Error
	if errors.As(err, &e) && e.Code != "" {
		return e.Code
	}
	return "internal"
}

// AfterOf returns how long to wait before trying again, 0 for no opinion.
func AfterOf(err error) time.Duration {
	var e *Error
	if errors.As(err, &e) {
		return e.After
	}
	return 0
}

// Retryable reports whether the same call may succeed later.
func Retryable(err error) bool {
	switch KindOf(err) {
	case Internal, Retry, Throttled:
		return true
	default:
		return false
	}
}
