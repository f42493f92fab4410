package wire_test

import (
	"context"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/sethvargo/go-envconfig"

	"gitlab.com/eshopbox-team/return-sync/functions/internal/wire"
	"gitlab.com/eshopbox-team/return-sync/shared/identity"
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

// TestOldNamesOfSettings reads every setting of callers' tokens by its name, by its
// old name, and by both.
func TestOldNamesOfSettings(t *testing.T) {
	values := map[string][2]string{
		"SECRET": {"secret-1", "secret-2"}, "CLAIM": {"tenant", "shop"}, "ISSUER": {"https://a", "https://b"},
		"AUDIENCE": {"a", "b"}, "LEEWAY": {"10s", "20s"}, "JWKS_URL": {"https://a/keys", "https://b/keys"},
	}
	kind, tried := reflect.TypeFor[identity.Config](), 0
	for f := range kind.Fields() {
		name, _, _ := strings.Cut(f.Tag.Get("env"), ",")
		if name == "" {
			continue
		}
		tried++
		old := f.Tag.Get("alias")
		if old != "SEARCH_"+name {
			t.Errorf("%s has the old name %q", name, old)
		}
		v := values[strings.TrimPrefix(name, "JWT_")]
		read := func(env map[string]string) (string, error) {
			var cfg identity.Config
			err := wire.Configure(t.Context(), envconfig.MapLookuper(env), &cfg)
			value := reflect.ValueOf(cfg).FieldByIndex(f.Index)
			if d, ok := value.Interface().(time.Duration); ok {
				return d.String(), err
			}
			return value.String(), err
		}
		fallback, err := read(map[string]string{name: ""}) // a set but empty variable hides the default, as everywhere
		if err != nil {
			t.Fatal(err)
		}
		for what, c := range map[string]struct {
			env  map[string]string
			want string
		}{
			"name": {map[string]string{name: v[0]}, v[0]}, "old name": {map[string]string{old: v[0]}, v[0]},
			"both alike": {map[string]string{name: v[0], old: v[0]}, v[0]}, "an empty name": {map[string]string{name: "", old: v[1]}, v[1]},
			"an empty old name": {map[string]string{name: v[1], old: ""}, v[1]}, "both empty": {map[string]string{name: "", old: ""}, fallback},
		} {
			if got, err := read(c.env); err != nil || got != c.want {
				t.Errorf("%s by %s: %q, %v; want %q", name, what, got, err, c.want)
			}
		}
		_, err = read(map[string]string{name: v[0], old: v[1]})
		if err == nil || !strings.Contains(err.Error(), name+" and "+old) || strings.Contains(err.Error(), v[0]+"\"") {
			t.Errorf("%s with two values: %v", name, err)
		}
	}
	if tried != len(values) {
		t.Errorf("%d settings were tried, want %d", tried, len(values))
	}
}
