package trace

import (
	"context"
	"testing"
)

func TestTrace(t *testing.T) {
	const parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
	ctx := With(context.Background(), parent)
	if Parent(ctx) != parent || ID(ctx) != "0af7651916cd43dd8448eb211c80319c" {
		t.Errorf("%q %q", Parent(ctx), ID(ctx))
	}
	for _, bad := range []string{"", "x", parent + "\r\nEvil: 1", "00-0AF7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"} {
		if ctx := With(context.Background(), bad); Parent(ctx) != "" || ID(ctx) != "" {
			t.Errorf("%q was taken", bad)
		}
	}
}
