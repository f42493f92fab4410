package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	driver "github.com/go-sql-driver/mysql"

	"gitlab.com/eshopbox-team/return-sync/functions/cmd/internal/cli"
	"gitlab.com/eshopbox-team/return-sync/functions/cmd/returnsync/internal/jobs"
	"gitlab.com/eshopbox-team/return-sync/functions/internal/health"
	"gitlab.com/eshopbox-team/return-sync/functions/internal/wire"
)

func TestMigrateTwice(t *testing.T) {
	dsn, db := database(t, 0)
	d := surroundings(t, env{"SOURCE_DSN": dsn})
	call(t, d, "parked", "list").expect(t, exitError, nil, []string{"our tables are at version 0", "run: returnsync migrate"})
	call(t, d, "status").expect(t, exitAttention, []string{"ATTENTION: 1 finding", "version 0", "run: returnsync migrate"}, nil)
	call(t, d, "migrate").expect(t, exitOK, []string{"applied 00001_claim.sql", "00008_parked.sql"}, nil)
	call(t, d, "migrate").expect(t, exitOK, []string{"up to date, at version "}, nil)
	exec(t, db, "INSERT INTO sync_schema (version_id, is_applied) VALUES (999, 1)")
	call(t, d, "migrate").expect(t, exitError, nil, []string{"knows only", "install the newer returnsync"})
}

func TestStatusAndParked(t *testing.T) {
	dsn, db := database(t, 0)
	d := inProcess(t, env{"SOURCE_DSN": dsn, "TASKS_LOCATION": "projects/p/locations/l", "WINDOW_URL": "http://w"})
	call(t, d, "migrate").expect(t, exitOK, nil, nil)
	call(t, d, "status").expect(t, exitAttention, []string{"returns: never synced", "returnsync sync --entity returns --wait", "none yet: there was no tick"}, nil)
	call(t, d, "parked", "list").expect(t, exitOK, []string{"returns: nothing is parked"}, nil)
	call(t, d, "sync", "--wait").expect(t, exitOK, []string{"returns: claimed", "returns: run 1 synced"}, nil)
	call(t, d, "status").expect(t, exitAttention, []string{"returns: index never checked"}, nil)
	checked(t, db)
	call(t, d, "status").expect(t, exitOK, []string{"All is well.", "run 1 synced"}, nil)
	call(t, d, "status", "--stale-after", "1us").expect(t, exitAttention, []string{"returns: 0s behind"}, nil)
	call(t, d, "status", "--stale-after", "-5m").expect(t, exitError, nil, []string{"(--stale-after) is -5m0s; want more than 0"})

	exec(t, db, `INSERT INTO sync_parked (entity, object_id, root_id, run_id, reason, detail, bytes) VALUES
		('returns', 'R1-1', 1, 1, 'TOO_LARGE', '10001 bytes;\nthe limit is 10000', 10001), ('returns', 'R2-2', 2, 1, 'REJECTED', 'no', 5)`)
	call(t, d, "status").expect(t, exitAttention, []string{"returns: records kept out of the index: 2", "returnsync parked list --entity returns"}, nil)
	call(t, d, "parked", "list").expect(t, exitOK, []string{"2 of 2 parked", "R1-1", "TOO_LARGE", "10001 bytes; the limit is 10000"}, nil)
	var listed []jobs.ParkedOf
	r := call(t, d, "parked", "list", "--json", "--limit", "1")
	if err := json.Unmarshal([]byte(r.out), &listed); err != nil || len(listed) != 1 || listed[0].Total != 2 || len(listed[0].Records) != 1 {
		t.Errorf("%v %s", err, r.out)
	}
}

func TestStatusJSON(t *testing.T) {
	dsn, db := database(t, 3)
	d := inProcess(t, env{"SOURCE_DSN": dsn, "TASKS_LOCATION": "projects/p/locations/l", "WINDOW_URL": "http://w"})
	call(t, d, "migrate").expect(t, exitOK, nil, nil)
	call(t, d, "sync", "--wait", "--entity", "returns").expect(t, exitOK, nil, nil)
	checked(t, db)
	r := call(t, d, "status", "--json", "--entity", "returns")
	r.expect(t, exitOK, nil, nil)
	var got health.Report
	if err := json.Unmarshal([]byte(r.out), &got); err != nil {
		t.Fatal(err)
	}
	e := got.Entities[0]
	if !got.OK || e.AsOf == nil || !e.AsOf.Equal(e.Last.To) || *e.LagSeconds < 0 || e.Claim.State != "free" || e.Running != nil {
		t.Error(r.out)
	}
	if c := e.Last.Counts; !c.Balanced() || c.Found == 0 || c.Saved != c.Found {
		t.Error(c)
	}
}

// definition writes a definition of orders with one file replaced.
func definition(t *testing.T, file, text string) string {
	t.Helper()
	dir := t.TempDir()
	files := map[string]string{
		"entity.yaml": "name: orders\njobType: ORDER_JOB\nindex: orders\naccount: account\n",
		"changed.sql": "SELECT id AS _root FROM order_return WHERE updated_at >= :from AND updated_at < :to",
		"rows.sql":    "SELECT id AS _root, updated_at AS _version, CONCAT('O', id) AS objectID, account_slug AS account FROM order_return WHERE id IN (:ids)",
	}
	if file != "" {
		files[file] = text
	}
	if err := os.Mkdir(filepath.Join(dir, "orders"), 0o755); err != nil {
		t.Fatal(err)
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, "orders", name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestEntitiesCheck(t *testing.T) {
	dsn, _ := database(t, 0)
	const changed, rows = "orders/changed.sql", "orders/rows.sql"
	cases := map[string]struct {
		file, text string
		log        []string
	}{
		"right":            {"", "", nil},
		"unknown column":   {"rows.sql", "SELECT nonsense AS _root FROM order_return WHERE id IN (:ids)", []string{rows, "Unknown column", "nonsense", "1 of 2"}},
		"unknown table":    {"changed.sql", "SELECT id AS _root FROM absent WHERE a >= :from AND a < :to", []string{changed, "absent"}},
		"syntax":           {"changed.sql", "SELEC id AS _root WHERE a >= :from AND a < :to", []string{changed, "syntax"}},
		"no root":          {"changed.sql", "SELECT id FROM order_return WHERE updated_at >= :from AND updated_at < :to", []string{changed, `["id"]`, `"_root"`}},
		"two columns":      {"changed.sql", "SELECT id AS _root, id AS b FROM order_return WHERE updated_at >= :from AND updated_at < :to", []string{changed, `["_root" "b"]`}},
		"root is a text":   {"changed.sql", "SELECT account_slug AS _root FROM order_return WHERE updated_at >= :from AND updated_at < :to", []string{changed, "VARCHAR", "integer"}},
		"no version":       {"rows.sql", "SELECT id AS _root, id AS objectID, account_slug AS account FROM order_return WHERE id IN (:ids)", []string{rows, "_version"}},
		"field and object": {"rows.sql", "SELECT id AS _root, id AS _version, id AS objectID, id AS account, id AS `account.x` FROM order_return WHERE id IN (:ids)", []string{rows, "account"}},
		"no account":       {"entity.yaml", "name: orders\njobType: J\nindex: o\naccount: tenant\n", []string{"orders/rows.sql", `no column "tenant": the query must give the account`}},
		"unknown type":     {"entity.yaml", "name: orders\njobType: J\nindex: o\ntypes: {a: bool}\n", []string{"orders/entity.yaml", `types: "a" is no column`}},
		"broken file":      {"entity.yaml", "colour: red\n", []string{"entity.yaml", "colour"}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			d := surroundings(t, env{"SOURCE_DSN": dsn, "ENTITIES_DIR": definition(t, c.file, c.text)})
			if c.log == nil {
				call(t, d, "entities", "check").expect(t, exitOK, []string{"orders: ok", "returns: ok (embedded/returns, files and database)"}, nil)
				return
			}
			call(t, d, "entities", "check").expect(t, exitError, nil, c.log)
		})
	}
}

func TestEntitiesCheckNamed(t *testing.T) {
	d := surroundings(t, env{"ENTITIES_DIR": definition(t, "", "")})
	r := call(t, d, "entities", "check", "orders", "--offline")
	r.expect(t, exitOK, []string{"orders: ok", "files only"}, nil)
	if strings.Contains(r.out, "returns") {
		t.Error(r.out)
	}
	call(t, d, "entities", "check", "absent", "--offline").expect(t, exitError, nil, []string{`no entity "absent"`})
	d = surroundings(t, env{"SOURCE_DSN": "u:s3cret@tcp(127.0.0.1:1)/d"})
	call(t, d, "entities", "check").expect(t, exitError, nil, []string{"127.0.0.1:1 (SOURCE_DSN) does not answer"})
}

// TestRefusedByTheDatabase asks a real server for what it refuses.
func TestRefusedByTheDatabase(t *testing.T) {
	dsn, _ := database(t, 0)
	cases := map[string]struct {
		change func(*driver.Config)
		want   string
	}{
		"password": {func(c *driver.Config) { c.User, c.Passwd = "nobody-known", "s3cret" }, `refuses the account "nobody-known"`},
		"database": {func(c *driver.Config) { c.DBName = "rs_absent" }, `has no database "rs_absent"`},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			cfg, err := driver.ParseDSN(dsn)
			if err != nil {
				t.Fatal(err)
			}
			c.change(cfg)
			call(t, surroundings(t, env{"SOURCE_DSN": cfg.FormatDSN()}), "status").expect(t, exitError, nil, []string{c.want, cfg.Addr})
		})
	}
}

// TestAnUnknownLiveTargetIsAnError asks for the live definition of an entity while
// the database is away, and while none of its targets is live: the definition of
// the files is no answer.
func TestAnUnknownLiveTargetIsAnError(t *testing.T) {
	dsn, admin := database(t, 0)
	call(t, surroundings(t, env{"SOURCE_DSN": dsn}), "migrate").expect(t, exitOK, nil, nil)
	e := &wire.Env{Log: discard(), Lookup: surroundings(t, nil).env}
	db, err := e.Store(wire.Databases{SourceDSN: dsn, MaxConnections: 1})
	if err != nil {
		t.Fatal(err)
	}
	look := func(want string, fails bool) {
		t.Helper()
		for _, name := range []string{"returns", ""} {
			list, err := cli.Live(t.Context(), db, wire.Definitions{}, name)
			if (err != nil) != fails || err != nil && !strings.Contains(err.Error(), want) || err == nil && len(list) != 1 {
				t.Errorf("%q: %d definitions, %v; want an error: %v", name, len(list), err, fails)
			}
		}
	}
	look("", false)
	exec(t, admin, "INSERT INTO sync_target (entity, role, index_name, packed) VALUES ('returns', 'standby', 'es_prod', '')")
	look("none of the indices of returns is live", true)
	exec(t, admin, "UPDATE sync_target SET role = 'live', live_entity = 'returns'")
	look("", false)
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	look("failed to read the targets", true)
}
