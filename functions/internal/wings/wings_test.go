package wings_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/sethvargo/go-envconfig"

	"gitlab.com/eshopbox-team/return-sync/functions/console"
	"gitlab.com/eshopbox-team/return-sync/functions/internal/health"
	"gitlab.com/eshopbox-team/return-sync/functions/internal/server"
	"gitlab.com/eshopbox-team/return-sync/functions/internal/wings"
	"gitlab.com/eshopbox-team/return-sync/functions/internal/wire"
	"gitlab.com/eshopbox-team/return-sync/functions/internal/wire/wiretest"
	"gitlab.com/eshopbox-team/return-sync/shared/alert"
	"gitlab.com/eshopbox-team/return-sync/shared/doctor"
	"gitlab.com/eshopbox-team/return-sync/shared/judge"
	"gitlab.com/eshopbox-team/return-sync/shared/localdb/localdbtest"
	"gitlab.com/eshopbox-team/return-sync/shared/schedule"
	"gitlab.com/eshopbox-team/return-sync/shared/scope"
	"gitlab.com/eshopbox-team/return-sync/shared/sqldb"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/entity"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/member"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/store"
)

func TestMain(m *testing.M) { localdbtest.Main(m) }

// bells is a whole wing of a few lines: it rings bells. It is nowhere but here, so what
// the product knows of it came through its registration alone.
func bells(rung *[]string) wire.Wing {
	return wire.Wing{
		Name: "bells", Title: "Bells",
		Settings: []wire.Setting{{Name: "BELLS_LOUD", Help: "true: rings loudly"}},
		Functions: []wire.Function{{Name: "RingBells", Open: func(context.Context, *wire.Env) (http.Handler, error) {
			return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "ding") }), nil
		}}},
		Queues: []wire.Queue{{Name: "bells", AtOnce: 1}},
		Ticks:  []wire.Tick{{Job: "bellsHourly", Cron: "0 * * * *", Function: "RingBells"}},
		Tables: sqldb.List{Table: "bells_schema", Files: fstest.MapFS{"00001_bells.sql": {Data: []byte(
			"-- +goose Up\nCREATE TABLE bells (name VARCHAR(32) PRIMARY KEY, cracked BOOLEAN NOT NULL DEFAULT 0);\n")}}},
		Kinds: func(_ context.Context, _ wire.Opening, start bool) (schedule.Kinds, error) {
			kind := schedule.Kind{Name: "bell", Check: func(_ context.Context, target string) error {
				if target != "great" {
					return fmt.Errorf("there is no bell %q", target)
				}
				return nil
			}}
			if start {
				kind.Start = func(_ context.Context, s schedule.Spec, key string) (string, error) {
					*rung = append(*rung, s.Target+" "+key)
					return "rung", nil
				}
			}
			return schedule.Kinds{kind}, nil
		},
		Members: func(_ context.Context, o wire.Opening) (member.Other, error) { return ringer{o.Pool}, nil },
		Findings: func(_ context.Context, o wire.Opening) (func(context.Context) ([]judge.Further, error), error) {
			return func(ctx context.Context) ([]judge.Further, error) {
				names, err := sqldb.Collect(ctx, o.Pool, sqldb.Column[string], "SELECT name FROM bells WHERE cracked ORDER BY name")
				var found []judge.Further
				for _, name := range names {
					found = append(found, judge.Further{
						Finding: judge.Finding{Kind: "cracked", Entity: name, Problem: "the bell is cracked", Do: "cast a new one"},
						Title:   "Bell " + name + " is cracked", Text: "It sounds no more.",
					})
				}
				return found, err
			}, nil
		},
		Checks: func(context.Context, wire.Opening) ([]doctor.Check, error) {
			return []doctor.Check{{Name: "bells rope", Run: func(context.Context) []doctor.Finding {
				return []doctor.Finding{{Severity: doctor.OK, Message: "the rope holds"}}
			}}}, nil
		},
		Page: func(context.Context, wire.Opening) (http.Handler, error) {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				_, _ = fmt.Fprintf(w, "%s %s by %s", r.Method, r.URL.Path, wire.PersonOf(r.Context()).Subject)
			}), nil
		},
	}
}

// ringer rings bells for scopes. The table's rows say how the last one swings.
type ringer struct{ db *sqldb.DB }

func (ringer) Kind() string { return "bell" }

func (ringer) Check(_ context.Context, name string) error {
	if name != "great" {
		return errors.New("there is no bell of this name")
	}
	return nil
}

func (ringer) Start(_ context.Context, name, key string) (string, error) { return name, nil }

func (r ringer) State(ctx context.Context, ref string) (scope.State, string, error) {
	swings, err := sqldb.Collect(ctx, r.db, sqldb.Column[string], "SELECT name FROM bells")
	switch {
	case err != nil || len(swings) == 0 || swings[0] == "swinging":
		return scope.Syncing, "", err
	case swings[0] == "rung":
		return scope.Synced, "", nil
	}
	return scope.Failed, ref + " is stuck", nil
}

// opened is the product with the wing, over a real database.
type opened struct {
	*testing.T
	env *wire.Env
	db  *store.DB
}

// open opens the product whose environment names the wings in use.
func open(t *testing.T, used string, known ...wire.Wing) opened {
	t.Helper()
	p := wiretest.Open(t, map[string]string{"WINGS": used}, known...)
	return opened{t, p.Env, p.DB}
}

// exec runs a statement.
func (o opened) exec(query string) {
	o.Helper()
	if _, err := o.db.SQL().ExecContext(o.Context(), query); err != nil {
		o.Fatal(err)
	}
}

// TestAWingIsJoinedByItsRegistration finds everything that a wing brings where people
// and programs meet it.
func TestAWingIsJoinedByItsRegistration(t *testing.T) {
	var rung []string
	o := open(t, "bells", bells(&rung))
	ctx := t.Context()

	t.Run("function", func(t *testing.T) {
		if !slices.ContainsFunc(server.Of(o.env.Wings), func(f wire.Function) bool { return f.Name == "RingBells" }) {
			t.Error("the program does not serve the wing's function")
		}
	})
	t.Run("schedule kind", func(t *testing.T) {
		s, err := o.env.Schedules(ctx)
		if err != nil {
			t.Fatal(err)
		}
		o.exec(`INSERT INTO sync_schedule (name, target_kind, target, run, time) VALUES ('noon', 'bell', 'great', 'Daily', '12:00'), ('lost', 'bell', 'small', 'Daily', '12:00')`)
		s.Reconciler.Jobs = noJobs{}
		if _, err := s.Reconciler.Run(ctx, time.Now()); err != nil {
			t.Fatal(err)
		}
		if done, err := s.Firer.Fire(ctx, schedule.Trigger{ID: 1, Now: time.Now()}); err != nil || len(rung) != 1 || !strings.HasPrefix(rung[0], "great ") {
			t.Errorf("rung %q, %+v, %v", rung, done, err)
		}
		checking, err := o.env.Checking(ctx, o.db.Pool(), nil)
		if err != nil {
			t.Fatal(err)
		}
		_, err = checking.Parse(ctx, schedule.Row{Edit: schedule.Edit{TargetKind: "bell", Target: "small", Run: "Daily", Time: "12:00"}})
		if err == nil || !strings.Contains(err.Error(), `no bell "small"`) {
			t.Errorf("a row with an unknown target: %v", err)
		}
	})
	t.Run("scope member", func(t *testing.T) {
		s, err := o.env.FlowScopes(ctx)
		if err != nil {
			t.Fatal(err)
		}
		start := func(target string) (member.ScopeDone, error) {
			return s.Start(ctx, scope.Request{InstanceID: "tower", Options: scope.Options{Restart: true, Members: map[string]scope.Wanted{"m": {{Entity: target}}}}}, "")
		}
		if _, err := start("bell:small"); err == nil || !strings.Contains(err.Error(), "no bell") {
			t.Errorf("a member that is no bell: %v", err)
		}
		if _, err := start("drum:great"); err == nil {
			t.Error("a member of a wing that nobody knows was taken")
		}
		for swings, want := range map[string]scope.State{"swinging": scope.Syncing, "rung": scope.Synced, "stuck": scope.Failed, "": scope.Interrupted} {
			o.exec("DELETE FROM bells")
			done, err := start("bell:great")
			if err != nil || !done.Started || done.Scope.State != scope.Syncing {
				t.Fatalf("%+v, %v", done, err)
			}
			if swings != "" {
				o.exec("INSERT INTO bells (name) VALUES ('" + swings + "')")
			} else { // its work is no more
				s.Others = nil
			}
			if err := s.Refresh(ctx); err != nil {
				t.Fatal(err)
			}
			if now, err := s.Store.Scope(ctx, "tower"); err != nil || now.State != want {
				t.Errorf("%q: the scope is %s, %v; want %s", swings, now.State, err, want)
			}
			if s, err = o.env.FlowScopes(ctx); err != nil {
				t.Fatal(err)
			}
		}
		o.exec("DELETE FROM bells")
	})
	t.Run("findings and alerts", func(t *testing.T) {
		w, err := o.env.Watch(ctx)
		if err != nil {
			t.Fatal(err)
		}
		query := health.Query{Plans: wire.Ticks{Period: time.Hour}.Plans, Wings: w.Wings, Entities: func(context.Context, *store.DB) (entity.List, error) { return nil, nil }}
		round := func(raised, recovered []string) {
			t.Helper()
			r, err := w.Round(ctx)
			if err != nil || !slices.Equal(r.Raised, raised) || !slices.Equal(r.Recovered, recovered) {
				t.Errorf("raised %q, recovered %q, %v; want %q, %q", r.Raised, r.Recovered, err, raised, recovered)
			}
		}
		round([]string{}, []string{})
		o.exec("INSERT INTO bells VALUES ('tenor', 1)")
		round([]string{"Bell tenor is cracked"}, []string{})
		round([]string{}, []string{}) // one alert, however often it is looked at
		report, err := query.Read(ctx, o.db)
		if err != nil || report.OK || len(report.Attention) != 1 || report.Attention[0].Wing != "bells" || report.Attention[0].Entity != "tenor" {
			t.Errorf("%+v, %v", report.Attention, err)
		}
		o.exec("RENAME TABLE bells TO away")
		round([]string{}, []string{}) // nothing is known, so what is open stays open
		if report, err = query.Read(ctx, o.db); err != nil || report.OK || report.Attention[0].Kind != judge.WingUnread {
			t.Errorf("%+v, %v", report.Attention, err)
		}
		o.exec("RENAME TABLE away TO bells")
		o.exec("UPDATE bells SET cracked = 0")
		round([]string{}, []string{"Bell tenor is cracked"})
		if anchor := alert.Cause("bells/cracked").Anchor(); anchor != "alert-bells-cracked" {
			t.Error(anchor)
		}
	})
	t.Run("doctor", func(t *testing.T) {
		e := wire.Env{Log: o.env.Log, Wings: o.env.Wings}
		e.Lookup = envconfig.MapLookuper(map[string]string{"WINGS": "bells"}) // without places of queues and jobs
		checks, err := e.WingChecks(ctx, o.db.Pool())
		if err != nil {
			t.Fatal(err)
		}
		var said []string
		doctor.Examine(ctx, checks, time.Minute, func(list []doctor.Finding) {
			for _, f := range list {
				said = append(said, string(f.Severity)+" "+f.Check)
			}
		})
		slices.Sort(said)
		if want := []string{"info job bellsHourly", "info queue bells", "ok bells rope", "ok bells tables"}; !slices.Equal(said, want) {
			t.Errorf("%q", said)
		}
	})
	t.Run("console", func(t *testing.T) {
		c, err := o.env.Console(ctx)
		if err != nil {
			t.Fatal(err)
		}
		page := console.Handler(c, time.Now)
		ask := func(method, path string, header ...string) (int, string) {
			r := httptest.NewRequest(method, "http://127.0.0.1"+path, nil)
			for i := 0; i < len(header); i += 2 {
				r.Header.Set(header[i], header[i+1])
			}
			w := httptest.NewRecorder()
			page.ServeHTTP(w, r)
			return w.Code, w.Body.String()
		}
		token := func(role string) string { return "Bearer " + wiretest.OperatorToken(t, role) }
		if code, body := ask("GET", "/state", "Authorization", token("reader")); code != 200 || !strings.Contains(body, `"places":[{"name":"bells","title":"Bells"}]`) {
			t.Errorf("%d %.300s", code, body)
		}
		for _, c := range []struct {
			method string
			header []string
			code   int
			body   string
		}{
			{"GET", nil, 401, "sign in"},
			{"GET", []string{"Sec-Fetch-Mode", "navigate"}, 303, ""},
			{"GET", []string{"Authorization", token("reader")}, 200, "GET /x by ann"},
			{"POST", []string{"Authorization", token("reader"), console.ChangeHeader, "1"}, 403, "operator"},
			{"POST", []string{"Authorization", token("operator")}, 403, console.ChangeHeader},
			{"POST", []string{"Authorization", token("operator"), console.ChangeHeader, "1"}, 200, "POST /x by ann"},
		} {
			if code, body := ask(c.method, "/wings/bells/x", c.header...); code != c.code || !strings.Contains(body, c.body) {
				t.Errorf("%s %q: %d %q, want %d %q", c.method, c.header, code, body, c.code, c.body)
			}
		}
	})
}

// noJobs is a scheduler that keeps nothing.
type noJobs struct{}

func (noJobs) List(context.Context, string) ([]schedule.Job, error) { return nil, nil }
func (noJobs) Ensure(context.Context, schedule.Job) error           { return nil }
func (noJobs) Delete(context.Context, string) (bool, error)         { return false, nil }

// TestWingsInUse holds the choice of wings to names that the program knows.
func TestWingsInUse(t *testing.T) {
	known := []wire.Wing{{Name: "bells"}, {Name: "drums"}}
	for used, want := range map[string]string{"": "", "bells": "bells", "drums,bells": "bells drums", "bell": "!", "bells,bells": "!"} {
		e := &wire.Env{Wings: known, Lookup: envconfig.MapLookuper(map[string]string{"WINGS": used})}
		list, err := e.Used(t.Context())
		var names []string
		for _, w := range list {
			names = append(names, w.Name)
		}
		have := strings.Join(names, " ")
		if err != nil {
			have = "!"
			if !strings.Contains(err.Error(), "bells, drums") {
				t.Errorf("%q: the error does not list the wings: %v", used, err)
			}
		}
		if have != want {
			t.Errorf("WINGS=%q: %q, want %q (%v)", used, have, want, err)
		}
	}
}

// TestAnUnusedWingIsSilent has a known wing that the installation does not use.
func TestAnUnusedWingIsSilent(t *testing.T) {
	var rung []string
	o := open(t, "", bells(&rung))
	lookers, err := o.env.Lookers(t.Context(), o.db.Pool())
	checks, problem := o.env.WingChecks(t.Context(), o.db.Pool())
	kinds, third := o.env.Checking(t.Context(), o.db.Pool(), nil)
	if len(lookers) != 0 || len(checks) != 0 || len(kinds) != 2 || err != nil || problem != nil || third != nil {
		t.Errorf("%d lookers, %d checks, %d kinds, %v %v %v", len(lookers), len(checks), len(kinds), err, problem, third)
	}
	_, err = server.Handler(t.Context(), o.env, server.Config{Target: "RingBells", TimeoutSeconds: 1, DrainSeconds: 1})
	if err == nil || !strings.Contains(err.Error(), "add bells to WINGS") {
		t.Errorf("serving its function: %v", err)
	}
}

// TestRegisteredWings holds every known wing to names that fit where they are used.
func TestRegisteredWings(t *testing.T) {
	seen := map[string]string{}
	once := func(kind, name, wing string) {
		if other, twice := seen[kind+" "+name]; twice || name == "" {
			t.Errorf("%s %q of %s is empty, or belongs to %s already", kind, name, wing, other)
		}
		seen[kind+" "+name] = wing
	}
	for _, w := range wings.All() {
		once("wing", w.Name, w.Name)
		if w.Title == "" || w.Name != strings.ToLower(w.Name) || len(w.Name) > 12 {
			t.Errorf("wing %q has title %q: want a name in small letters, at most 12, and a title", w.Name, w.Title)
		}
		for _, f := range w.Functions {
			once("function", f.Name, w.Name)
		}
		for _, q := range w.Queues {
			once("queue", q.Name, w.Name)
		}
		if w.Tables.Files != nil {
			once("table of versions", w.Tables.Table, w.Name)
		}
	}
}
