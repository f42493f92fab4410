package trace

import (
	"context"
	"strings"
	"testing"
)

// FuzzWith checks that a context carries a traceparent exactly as it came or not
// at all, and that its trace id can be put into a log line as it is.
func FuzzWith(f *testing.F) {
	f.Add("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")
	f.Add("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01\n")
	f.Add("")
	f.Fuzz(func(t *testing.T, header string) {
		ctx := With(context.Background(), header)
		parent, id := Parent(ctx), idOf(ctx)
		if parent == "" && id == "" {
			return
		}
		if parent != header || len(id) != 32 || strings.Trim(id, "0123456789abcdef") != "" || !strings.Contains(parent, "-"+id+"-") {
			t.Errorf("%q became %q with id %q", header, parent, id)
		}
	})
}
