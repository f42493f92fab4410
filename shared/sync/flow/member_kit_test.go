package flow_test

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/fault"
	"gitlab.com/eshopbox-team/return-sync/shared/scope"
	"gitlab.com/eshopbox-team/return-sync/shared/scope/scopestore"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/entity"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/flow"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/join"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/member"
)

// group is a database with the entities a, b and c, whose runs the tests begin
// and end themselves.
type group struct {
	*world
	scopes   *member.Scopes
	entities entity.List
}

// newGroup returns a group in which nothing was ever synced.
func newGroup(t *testing.T) *group {
	t.Helper()
	g := &group{world: newWorld(t, definition(t, "stock"))}
	for _, name := range []string{"a", "b", "c"} {
		g.entities = append(g.entities, entity.Definition{Name: name, JobType: "JOB_" + name})
	}
	g.scopes = &member.Scopes{
		Store: scopestore.New(g.Pool()), DB: g.DB, Entities: g.entities, Log: silent, Config: member.Config{StartLease: time.Minute, KeepDays: 30},
		Ticker: join.Cron(&flow.Cron{Queue: g.queue, Entities: g.entities, Config: g.cfg, Log: silent}, g.DB),
	}
	return g
}

// request returns an action's body.
func (g *group) request(action, body string) scope.Request {
	g.t.Helper()
	r, err := scope.ParseRequest(action, []byte(body))
	if err != nil {
		g.t.Fatalf("%s: %v", body, err)
	}
	return r
}

// three is a scope of three members, each with an entity.
const three = `{"instanceId":"s","options":{"members":{"m1":["a"],"m2":["b"],"m3":["c"]}}}`

// start starts a scope, which must work.
func (g *group) start(body string) member.ScopeDone {
	g.t.Helper()
	done, err := g.scopes.Start(g.t.Context(), g.request(scope.StartScope, body), "")
	if err != nil {
		g.t.Fatal(err)
	}
	return done
}

// started starts a scope, which must really start.
func (g *group) started(body string) scope.Answer {
	g.t.Helper()
	done := g.start(body)
	if !done.Started {
		g.t.Fatalf("not started: %s", done.Message)
	}
	return done.Scope
}

// syncEntities plays sync-entities, which must work.
func (g *group) syncEntities(body string) member.EntitiesDone {
	g.t.Helper()
	done, err := g.scopes.SyncEntities(g.t.Context(), g.request(scope.SyncEntities, body))
	if err != nil {
		g.t.Fatal(err)
	}
	return done
}

// begin begins the run of an entity's claim, with two of five pages done.
func (g *group) begin(name string) {
	g.t.Helper()
	g.exec(`UPDATE order_return_algolia_sync SET status = 2 WHERE job_type = ? AND status = 1`, "JOB_"+name)
	g.exec(`INSERT INTO sync_run (entity, state, claim_id, claim_token, window_from, window_to, pages_total, pages_done)
		SELECT ?, 'processing', id, token, NOW(6), NOW(6), 5, 2 FROM order_return_algolia_sync WHERE job_type = ?`, name, "JOB_"+name)
}

// end ends an entity's run: synced or failed, and gives the claim back.
func (g *group) end(name, state string) {
	g.t.Helper()
	if g.text("SELECT COUNT(*) FROM sync_run r JOIN order_return_algolia_sync c ON c.token = r.claim_token WHERE c.job_type = ?", "JOB_"+name) == "0" {
		g.begin(name)
	}
	g.exec(`UPDATE sync_run r JOIN order_return_algolia_sync c ON c.token = r.claim_token SET r.state = ?, r.closed_at = NOW(6), c.status = 0,
		r.pages_done = IF(? = 'synced', 5, r.pages_done), r.last_error = IF(? = 'failed', 'page 3 is out of attempts', NULL) WHERE c.job_type = ?`, state, state, state, "JOB_"+name)
}

// die lets the lease of an entity's claim run out.
func (g *group) die(name string) {
	g.t.Helper()
	g.exec("UPDATE order_return_algolia_sync SET lease_until = NOW(6) - INTERVAL 1 SECOND WHERE job_type = ?", "JOB_"+name)
}

// look refreshes and returns a scope.
func (g *group) look(id string) scope.Answer {
	g.t.Helper()
	if err := g.scopes.Refresh(g.t.Context()); err != nil {
		g.t.Fatal(err)
	}
	s, err := g.scopes.Store.Scope(g.t.Context(), id)
	if err != nil {
		g.t.Fatal(err)
	}
	return s.Answer()
}

// expect looks at a scope: its state, its counts as
// "notStarted/syncing/failed/synced", and its details.
func (g *group) expect(id string, state scope.State, counts string) scope.Answer {
	g.t.Helper()
	s := g.look(id)
	if got := fmt.Sprintf("%d/%d/%d/%d", s.NotStarted, s.Syncing, s.Failed, s.Synced); s.State != state || got != counts {
		g.t.Fatalf("scope %s is %s with %s, want %s with %s", id, s.State, got, state, counts)
	}
	g.sound(id)
	return s
}

// sound holds the stored details to valid JSON with every member in it.
func (g *group) sound(id string) {
	g.t.Helper()
	var details map[string]struct{ State string }
	if err := json.Unmarshal([]byte(g.text("SELECT details FROM sync_scope WHERE id = ?", id)), &details); err != nil {
		g.t.Fatalf("the details of %s: %v", id, err)
	}
	if want := g.text("SELECT COUNT(*) FROM sync_scope_member WHERE scope_id = ?", id); fmt.Sprint(len(details)) != want {
		g.t.Fatalf("the details of %s have %d members of %s", id, len(details), want)
	}
	for member, d := range details {
		if d.State == "" {
			g.t.Fatalf("%s has no state", member)
		}
	}
}

// statuses returns the statuses, oldest first, as "entity state".
func (g *group) statuses() []string {
	g.t.Helper()
	list, err := scopestore.New(g.Pool()).Statuses(g.t.Context(), scopestore.StatusFilter{Limit: 100})
	if err != nil {
		g.t.Fatal(err)
	}
	texts := make([]string, len(list))
	for i, s := range list {
		texts[len(list)-1-i] = s.Entity + " " + string(s.State)
	}
	return texts
}

// gone demands that a scope is not there.
func (g *group) gone(id string) {
	g.t.Helper()
	if _, err := g.scopes.Store.Scope(g.t.Context(), id); fault.KindOf(err) != fault.NotFound {
		g.t.Fatalf("scope %s: %v", id, err)
	}
}

// snapshot returns all rows of scopes, members and statuses as text.
func (g *group) snapshot() string {
	g.t.Helper()
	all := ""
	for _, table := range []string{"sync_scope", "sync_scope_member", "sync_status"} {
		rows, err := g.SQL().Query("SELECT * FROM " + table + " ORDER BY 1, 2")
		if err != nil {
			g.t.Fatal(err)
		}
		all += table + lines(g.t, rows)
	}
	return all
}

// lines returns rows as text.
func lines(t *testing.T, rows *sql.Rows) string {
	t.Helper()
	defer func() { _ = rows.Close() }()
	names, err := rows.Columns()
	if err != nil {
		t.Fatal(err)
	}
	text := ""
	for rows.Next() {
		values, into := make([]sql.NullString, len(names)), make([]any, len(names))
		for i := range values {
			into[i] = &values[i]
		}
		if err := rows.Scan(into...); err != nil {
			t.Fatal(err)
		}
		text += fmt.Sprintln(values)
	}
	return text
}

// tickerFunc is a member.Ticker.
type tickerFunc func(ctx context.Context, t flow.Tick) ([]flow.Started, error)

// Run implements member.Ticker.
func (f tickerFunc) Run(ctx context.Context, t flow.Tick) ([]flow.Started, error) { return f(ctx, t) }
