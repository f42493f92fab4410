package trace

import (
	"context"
	"strings"
	"testing"
)

const parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"

// idOf returns the trace id of a context, empty without a trace.
func idOf(ctx context.Context) string {
	id, _, _ := Parts(ctx)
	return id
}

func TestTrace(t *testing.T) {
	ctx := With(context.Background(), parent)
	if Parent(ctx) != parent || idOf(ctx) != "0af7651916cd43dd8448eb211c80319c" {
		t.Errorf("%q %q", Parent(ctx), idOf(ctx))
	}
	zeros := strings.Repeat("0", 32)
	for _, bad := range []string{
		"", "x", parent + "\r\nEvil: 1", "00-0AF7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", "ff" + parent[2:],
		"00-" + zeros + "-b7ad6b7169203331-01", "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
	} {
		if ctx := With(context.Background(), bad); Parent(ctx) != "" || idOf(ctx) != "" {
			t.Errorf("%q was taken", bad)
		}
	}
}

func TestBeginKeepsATraceAndMakesOne(t *testing.T) {
	if got := Parent(Begin(context.Background(), parent)); got != parent {
		t.Errorf("%q", got)
	}
	one, two := Begin(context.Background(), ""), Begin(context.Background(), "nonsense")
	if len(idOf(one)) != 32 || idOf(one) == idOf(two) {
		t.Errorf("%q and %q", idOf(one), idOf(two))
	}
	if id, span, sampled := Parts(one); id != idOf(one) || len(span) != 16 || sampled {
		t.Errorf("%q %q %v", id, span, sampled)
	}
}

func TestParts(t *testing.T) {
	for flags, want := range map[string]bool{"00": false, "01": true, "02": false, "03": true} {
		id, span, sampled := Parts(With(context.Background(), parent[:len(parent)-2]+flags))
		if id != "0af7651916cd43dd8448eb211c80319c" || span != "b7ad6b7169203331" || sampled != want {
			t.Errorf("%s: %q %q %v", flags, id, span, sampled)
		}
	}
	if id, span, sampled := Parts(context.Background()); id != "" || span != "" || sampled {
		t.Errorf("without a trace: %q %q %v", id, span, sampled)
	}
}
