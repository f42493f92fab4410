// Package trace carries the identity of a request's trace from the scheduler's
// tick through the tasks to the pages, so that one trace shows them all. It
// knows the W3C traceparent header and nothing else.
package trace

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"regexp"
	"strings"
)

// Header is the W3C header that carries a trace.
const Header = "traceparent"

// form is the shape of a traceparent: version, trace id, span id, flags.
var form = regexp.MustCompile(`^[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$`)

// key is the context key of the traceparent.
type key struct{}

// With returns a context that carries the traceparent; one of another shape is
// left out, as are those that the standard calls invalid: ids of zeros alone and
// version ff.
func With(ctx context.Context, traceparent string) context.Context {
	m := form.FindStringSubmatch(traceparent)
	if m == nil || strings.Trim(m[1], "0") == "" || strings.Trim(m[2], "0") == "" || strings.HasPrefix(traceparent, "ff") {
		return ctx
	}
	return context.WithValue(ctx, key{}, traceparent)
}

// Begin returns a context that carries the traceparent, or one of its own if that
// is none: what a call without a trace starts can be followed all the same.
func Begin(ctx context.Context, traceparent string) context.Context {
	if got := With(ctx, traceparent); Parent(got) != "" {
		return got
	}
	var ids [24]byte
	_, _ = rand.Read(ids[:]) // it never fails: see its documentation
	return With(ctx, "00-"+hex.EncodeToString(ids[:16])+"-"+hex.EncodeToString(ids[16:])+"-00")
}

// Parent returns the context's traceparent, empty without one.
func Parent(ctx context.Context) string {
	s, _ := ctx.Value(key{}).(string)
	return s
}

// Parts returns the context's trace id, the id of the span that called, 16 hex
// digits, and whether the trace is recorded; empty without a trace.
func Parts(ctx context.Context) (id, span string, sampled bool) {
	m := form.FindStringSubmatch(Parent(ctx))
	if m == nil {
		return "", "", false
	}
	flags, _ := hex.DecodeString(m[3])
	return m[1], m[2], flags[0]&1 == 1
}
