package main

import (
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"gitlab.com/eshopbox-team/return-sync/functions/cmd/internal/cli"
	"gitlab.com/eshopbox-team/return-sync/functions/cmd/returnsync/internal/alerts"
	"gitlab.com/eshopbox-team/return-sync/functions/cmd/returnsync/internal/setup"
	"gitlab.com/eshopbox-team/return-sync/functions/internal/wings"
	"gitlab.com/eshopbox-team/return-sync/functions/internal/wire"
	"gitlab.com/eshopbox-team/return-sync/shared/identity"
	"gitlab.com/eshopbox-team/return-sync/shared/judge"
	"gitlab.com/eshopbox-team/return-sync/shared/queue/cloudtasks"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/flow"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/member"
)

// TestSettingsKnowWhatTheFunctionsRead keeps the table of settings complete.
func TestSettingsKnowWhatTheFunctionsRead(t *testing.T) {
	for _, config := range []any{wire.Common{}, wire.Databases{}, wire.Definitions{}, flow.Config{}, member.Config{}, cloudtasks.Config{}, wire.Addresses{},
		cli.Databases{}, judge.Limits{}, cli.RemoteCron{}, cli.LocalCron{}, wire.Channels{}, alerts.Docs{}, setup.TokenSettings{}, identity.Roles{}} {
		for f := range reflect.TypeOf(config).Fields() {
			name, _, _ := strings.Cut(f.Tag.Get("env"), ",")
			for _, name := range []string{name, f.Tag.Get("alias")} {
				if name != "" && !slices.Contains(cli.KnownNames(wings.All()), name) {
					t.Errorf("%T reads %s, which settings does not list", config, name)
				}
			}
		}
	}
}

// write puts a file with a prefix for indexes into a folder and returns its path.
func write(t *testing.T, dir, text string) string {
	t.Helper()
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "return-sync.ini")
	if filepath.Base(dir) == "return-sync" {
		path = filepath.Join(dir, "config.ini")
	}
	if err := os.WriteFile(path, []byte("[return-sync]\n"+text+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestWhereSettingsComeFrom looks which index prefix entities list ends up with.
func TestWhereSettingsComeFrom(t *testing.T) {
	other := write(t, t.TempDir(), "INDEX_PREFIX = other_")
	home, here := t.TempDir(), t.TempDir()
	write(t, filepath.Join(home, ".config", "return-sync"), "INDEX_PREFIX = home_")
	write(t, here, "INDEX_PREFIX = here_")
	cases := map[string]struct {
		env       env
		dir, home string
		args      []string
		want      string
	}{
		"nothing":             {nil, t.TempDir(), "", nil, " es_prod"},
		"home":                {nil, t.TempDir(), home, nil, "home_es_prod"},
		"here before home":    {nil, here, home, nil, "here_es_prod"},
		"named by the env":    {env{"RETURN_SYNC_CONFIG": other}, here, home, nil, "other_es_prod"},
		"named by a flag":     {env{"RETURN_SYNC_CONFIG": "absent"}, here, home, []string{"--config", other}, "other_es_prod"},
		"env before file":     {env{"INDEX_PREFIX": "env_"}, here, "", nil, "env_es_prod"},
		"flag before env":     {env{"INDEX_PREFIX": "env_"}, here, "", []string{"--index-prefix", "flag_"}, "flag_es_prod"},
		"an empty flag hides": {env{"INDEX_PREFIX": "env_"}, here, "", []string{"--index-prefix", ""}, " es_prod"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			d := surroundings(t, c.env)
			d.dir, d.home = c.dir, c.home
			call(t, d, append([]string{"entities", "list"}, c.args...)...).expect(t, exitOK, []string{c.want}, nil)
		})
	}
}

func TestConfigurationProblems(t *testing.T) {
	bad := write(t, t.TempDir(), "COLOUR = s3cret")
	cases := map[string]struct {
		env  env
		args []string
		log  []string
	}{
		"nothing is set": {nil, []string{"status"}, []string{"SOURCE_DSN is missing"}},
		"all at once": {env{"STATE_DSN": "s3cret", "DB_MAX_CONNECTIONS": "s3cret", "SEARCH_STALE_AFTER": "s3cret", "PAGE_SIZE": "s3cret"}, []string{"status"},
			[]string{"STATE_DSN cannot be read", "DB_MAX_CONNECTIONS cannot be read: want a whole number", "SEARCH_STALE_AFTER cannot be read: want a duration such as 24h", "PAGE_SIZE cannot"}},
		"both DSNs":         {env{"SOURCE_DSN": "u:s3cret", "STATE_DSN": "u:s3cret@tcp(h:1)/"}, []string{"migrate"}, []string{"SOURCE_DSN cannot be read", "STATE_DSN names no database"}},
		"sync needs more":   {nil, []string{"sync"}, []string{"SOURCE_DSN is missing", "TASKS_LOCATION is missing", "WINDOW_URL is missing"}},
		"wait needs tables": {env{"CRON_URL": "http://127.0.0.1:1"}, []string{"sync", "--wait"}, []string{"SOURCE_DSN is missing"}},
		"check says how":    {nil, []string{"entities", "check"}, []string{"SOURCE_DSN is missing", "--offline"}},
		"check wants truth": {env{"STATE_DSN": "u@tcp(127.0.0.1:1)/d"}, []string{"entities", "check"}, []string{"SOURCE_DSN is missing"}},
		"bad log level":     {env{"LOG_LEVEL": "s3cret"}, []string{"entities", "list", "-v"}, []string{"LOG_LEVEL cannot be read"}},
		"unknown key":       {nil, []string{"entities", "list", "--config", bad}, []string{bad + ":2: COLOUR is not a setting", "returnsync help config"}},
		"absent file":       {nil, []string{"entities", "list", "--config", "absent.ini"}, []string{"absent.ini"}},
		"unknown entity":    {env{"SOURCE_DSN": "u@tcp(127.0.0.1:1)/d"}, []string{"status", "--entity", "orders"}, []string{`no entity "orders"`, "returns"}},
		"no answer":         {env{"SOURCE_DSN": "u:s3cret@tcp(127.0.0.1:1)/d"}, []string{"status"}, []string{"127.0.0.1:1 (SOURCE_DSN) does not answer", "refused", "check that it runs"}},
		"no state":          {env{"SOURCE_DSN": "u@tcp(127.0.0.1:1)/d", "STATE_DSN": "u:s3cret@tcp(127.0.0.1:2)/d"}, []string{"parked", "list"}, []string{"127.0.0.1:2 (STATE_DSN)"}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			call(t, surroundings(t, c.env), c.args...).expect(t, exitError, nil, append(c.log, "returnsync: "))
		})
	}
}
