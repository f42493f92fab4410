package wire_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/sethvargo/go-envconfig"

	"gitlab.com/eshopbox-team/return-sync/functions/internal/wire"
)

// settings is a configuration of the tests.
type settings struct {
	Key   string        `env:"T_KEY, required"`
	DSN   string        `env:"T_DSN, required"`
	Wait  time.Duration `env:"T_WAIT, default=5s"`
	Count int           `env:"T_COUNT"`
	Plain string
}

func TestConfigureListsEverythingAtOnceWithoutValues(t *testing.T) {
	env := envconfig.MapLookuper(map[string]string{"T_WAIT": "s3cret-wait", "T_COUNT": "s3cret-count"})
	var a, b settings
	err := wire.Configure(context.Background(), env, &a, &b)
	if err == nil {
		t.Fatal("no error")
	}
	for _, name := range []string{"T_KEY is missing", "T_DSN is missing", "T_WAIT", "T_COUNT"} {
		if !strings.Contains(err.Error(), name) {
			t.Errorf("%q is not named in:\n%v", name, err)
		}
	}
	if strings.Contains(err.Error(), "s3cret") {
		t.Errorf("a value is shown in:\n%v", err)
	}
}

func TestConfigureFillsIn(t *testing.T) {
	var got settings
	env := envconfig.MapLookuper(map[string]string{"T_KEY": "k", "T_DSN": "d", "T_COUNT": "3"})
	if err := wire.Configure(context.Background(), env, &got); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(settings{Key: "k", DSN: "d", Wait: 5 * time.Second, Count: 3}, got); diff != "" {
		t.Error(diff)
	}
}

// TestEmptyIsMissing treats an empty variable, as a deployment with a placeholder sets
// it, as missing.
func TestEmptyIsMissing(t *testing.T) {
	var got settings
	env := envconfig.MapLookuper(map[string]string{"T_KEY": "", "T_DSN": "d"})
	if err := wire.Configure(context.Background(), env, &got); err == nil || !strings.Contains(err.Error(), "T_KEY is missing") {
		t.Errorf("error %v, want T_KEY missing", err)
	}
}
