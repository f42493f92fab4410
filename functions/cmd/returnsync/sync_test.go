package main

import (
	"context"
	"database/sql"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"gitlab.com/eshopbox-team/return-sync/functions/cron"
	"gitlab.com/eshopbox-team/return-sync/functions/internal/wire"
	"gitlab.com/eshopbox-team/return-sync/shared/queue"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/claim"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/flow"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/run"
)

// local is the environment of a tick in this process.
func local(dsn string) env {
	return env{"SOURCE_DSN": dsn, "TASKS_LOCATION": "projects/p/locations/l", "WINDOW_URL": "http://window"}
}

func TestSyncWaits(t *testing.T) {
	dsn, db := database(t, 100)
	d := inProcess(t, local(dsn))
	call(t, d, "sync").expect(t, exitError, nil, []string{"run: returnsync migrate"})
	call(t, d, "migrate").expect(t, exitOK, nil, nil)
	call(t, d, "sync", "--wait").expect(t, exitOK, []string{"returns: claimed", "run 1 synced in", "found "}, nil)
	exec(t, db, "UPDATE order_return SET customer_name = 'x' WHERE id = 1")
	call(t, d, "sync", "--wait", "-v").expect(t, exitOK, []string{"run 2 synced"}, nil)
	call(t, d, "sync", "--entity", "orders").expect(t, exitError, nil, []string{`no entity "orders"`})
}

// sender is a queue whose deliveries are played by a function.
type sender func(claim.Task)

// Send implements queue.Sender.
func (s sender) Send(_ context.Context, t queue.Task) error {
	tasks, err := claim.ParseTasks(t.Body)
	for _, task := range tasks {
		if s != nil {
			s(task)
		}
	}
	return err
}

// with returns deps whose queue is s.
func with(t *testing.T, e env, s sender) deps {
	t.Helper()
	d := surroundings(t, e)
	d.cron = func(w *wire.Env, _ context.Context) (*wire.Cron, error) {
		dsn, _ := w.Lookup.Lookup("SOURCE_DSN")
		db, err := w.Store(wire.Databases{SourceDSN: dsn, MaxConnections: 2})
		if err != nil {
			return nil, err
		}
		entities, err := wire.Definitions{}.Load()
		return wire.NewCron(&flow.Cron{Queue: s, Entities: entities, Config: flow.Config{RunLease: time.Minute}, Log: w.Log}, db), err
	}
	return d
}

// begin writes a run of a claim in a state.
func begin(t *testing.T, db *sql.DB, task claim.Task, state run.State) {
	exec(t, db, `INSERT INTO sync_run (entity, state, claim_id, claim_token, window_from, window_to, pages_total, last_error, closed_at)
		VALUES ('returns', ?, ?, ?, NOW(6), NOW(6), 3, 'the index is full', IF(? = 'processing', NULL, NOW(6)))`, state, task.ID, task.Token, state)
}

func TestSyncEndsBadly(t *testing.T) {
	cases := map[string]struct {
		play func(t *testing.T, db *sql.DB, task claim.Task)
		args []string
		log  []string
	}{
		"failed": {func(t *testing.T, db *sql.DB, task claim.Task) { begin(t, db, task, run.Failed) }, nil,
			[]string{"run 1 of returns ended failed: the index is full", "no change is dropped"}},
		"interrupted": {func(t *testing.T, db *sql.DB, task claim.Task) { begin(t, db, task, run.Interrupted) }, nil,
			[]string{"run 1 of returns ended interrupted"}},
		"too slow": {func(t *testing.T, db *sql.DB, task claim.Task) { begin(t, db, task, run.Processing) }, []string{"--timeout", "300ms"},
			[]string{"did not end within --timeout", "it continues: see returnsync status"}},
		"never begins": {func(*testing.T, *sql.DB, claim.Task) {}, []string{"--timeout", "300ms"}, []string{"did not end within --timeout"}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			dsn, db := database(t, 0)
			d := with(t, local(dsn), func(task claim.Task) { c.play(t, db, task) })
			call(t, d, "migrate").expect(t, exitOK, nil, nil)
			call(t, d, append([]string{"sync", "--wait"}, c.args...)...).expect(t, exitError, []string{"returns: claimed"}, c.log)
		})
	}
}

// TestSyncFollowsAnothers joins a run that somebody else has started.
func TestSyncFollowsAnothers(t *testing.T) {
	dsn, db := database(t, 0)
	d := with(t, local(dsn), func(task claim.Task) {
		begin(t, db, task, run.Processing)
		exec(t, db, "UPDATE order_return_algolia_sync SET status = 2")
	})
	call(t, d, "migrate").expect(t, exitOK, nil, nil)
	call(t, d, "sync").expect(t, exitOK, nil, nil)
	call(t, d, "status").expect(t, exitOK, []string{"processing, lease ends in", "0 of 3 pages"}, nil)
	r := launch(t, d, "sync", "--wait")
	r.await(t, "still running")
	exec(t, db, "UPDATE sync_run SET state = 'synced', closed_at = NOW(6)")
	r.await(t, "run 1 synced")
	if code := <-r.ended; code != exitOK {
		t.Errorf("exit code %d, want %d", code, exitOK)
	}
}

// TestSyncLosesItsClaim takes the claim away again and again while it is waited
// for, so that it is lost at whatever moment the wait begins.
func TestSyncLosesItsClaim(t *testing.T) {
	dsn, db := database(t, 0)
	d := with(t, local(dsn), nil)
	call(t, d, "migrate").expect(t, exitOK, nil, nil)
	call(t, d, "sync").expect(t, exitOK, nil, nil)
	ctx, stop := context.WithCancel(t.Context())
	var thief sync.WaitGroup
	thief.Go(func() {
		for i := 0; ctx.Err() == nil; i++ {
			_, _ = db.ExecContext(ctx, "UPDATE order_return_algolia_sync SET token = ?", i)
			time.Sleep(50 * time.Millisecond)
		}
	})
	call(t, d, "sync", "--wait").expect(t, exitError, nil, []string{"taken over before its run began"})
	stop()
	thief.Wait()
}

func TestSyncThroughTheCronFunction(t *testing.T) {
	dsn, _ := database(t, 5)
	here := inProcess(t, local(dsn))
	call(t, here, "migrate").expect(t, exitOK, nil, nil)
	w := &wire.Env{Lookup: here.env, Log: discard()}
	c, err := here.cron(w, t.Context())
	if err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewServer(cron.Handler(c))
	defer srv.Close()
	d := surroundings(t, env{"CRON_URL": srv.URL, "STATE_DSN": dsn})
	call(t, d, "sync", "--entity", "returns", "--wait").expect(t, exitOK, []string{"returns: claimed", "run 1 synced"}, nil)
	call(t, d, "sync", "--entity", "orders").expect(t, exitError, nil, []string{"answered 404", "orders"})

	elsewhere, _ := database(t, 0)
	d = surroundings(t, env{"CRON_URL": srv.URL, "STATE_DSN": elsewhere})
	call(t, d, "migrate").expect(t, exitOK, nil, nil)
	call(t, d, "sync", "--wait").expect(t, exitError, nil, []string{"is not in our tables here", "STATE_DSN"})
}

func TestRemoteTick(t *testing.T) {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.Method != http.MethodPost:
			w.WriteHeader(http.StatusMethodNotAllowed)
		case r.URL.Path == "/private" && r.Header.Get("Authorization") != "Bearer s3cret":
			w.WriteHeader(http.StatusForbidden)
		case r.URL.Path == "/broken":
			w.WriteHeader(http.StatusServiceUnavailable)
			_, _ = w.Write([]byte("out of\norder"))
		case r.URL.Path == "/page":
			_, _ = w.Write([]byte("<html>"))
		default:
			_, _ = w.Write([]byte(`{"started":[{"entity":"e","message":"` + r.URL.RawQuery + `"}]}`))
		}
	}))
	defer srv.Close()
	cases := map[string]struct {
		url, token string
		code       int
		out, log   string
	}{
		"answers":        {srv.URL + "/?a=b", "", exitOK, "e: a=b&entity=returns", ""},
		"with a token":   {srv.URL + "/private", "s3cret", exitOK, "e: entity=returns", ""},
		"without one":    {srv.URL + "/private", "", exitError, "", "answered 403: set CRON_TOKEN"},
		"is out":         {srv.URL + "/broken", "", exitError, "", "answered 503 out of order: check CRON_URL"},
		"another site":   {srv.URL + "/page", "", exitError, "", "answered 200 <html>"},
		"no address":     {"s3cret", "", exitError, "", "CRON_URL is not an address"},
		"over the wire":  {"http://cron.example/", "s3cret", exitError, "", "use https"},
		"does not exist": {"http://127.0.0.1:1/?key=s3cret", "", exitError, "", "127.0.0.1:1 does not answer"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			d := surroundings(t, env{"CRON_URL": c.url, "CRON_TOKEN": c.token})
			call(t, d, "sync", "--entity", "returns").expect(t, c.code, []string{c.out}, []string{c.log})
		})
	}
}
