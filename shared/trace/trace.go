// Package trace carries the identity of a request's trace from the scheduler's
// tick through the tasks to the pages, so that one trace shows them all. It
// knows the W3C traceparent header and nothing else.
package trace

import (
	"context"
	"regexp"
)

// Header is the W3C header that carries a trace.
const Header = "traceparent"

// form is the shape of a traceparent: version, trace id, span id, flags.
var form = regexp.MustCompile(`^[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}$`)

// key is the context key of the traceparent.
type key struct{}

// With returns a context that carries the traceparent; one of another shape is
// left out.
func With(ctx context.Context, traceparent string) context.Context {
	if !form.MatchString(traceparent) {
		return ctx
	}
	return context.WithValue(ctx, key{}, traceparent)
}

// Parent returns the context's traceparent, empty without one.
func Parent(ctx context.Context) string {
	s, _ := ctx.Value(key{}).(string)
	return s
}

// ID returns the context's trace id, 32 hex digits, empty without one.
func ID(ctx context.Context) string {
	if m := form.FindStringSubmatch(Parent(ctx)); m != nil {
		return m[1]
	}
	return ""
}
