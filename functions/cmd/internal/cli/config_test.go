package cli

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/sethvargo/go-envconfig"
)

func TestLayers(t *testing.T) {
	l := layers{envconfig.MapLookuper(map[string]string{"A": "flag", "B": ""}), envconfig.MapLookuper(map[string]string{"A": "env", "B": "env", "C": "env"}), envconfig.MapLookuper(nil)}
	got := map[string]string{}
	for _, name := range []string{"A", "B", "C", "D"} {
		if v, ok := l.Lookup(name); ok {
			got[name] = v
		}
	}
	if diff := cmp.Diff(map[string]string{"A": "flag", "C": "env"}, got); diff != "" {
		t.Error(diff)
	}
}
