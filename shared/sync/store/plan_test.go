package store_test

import (
	"fmt"
	"log/slog"
	"testing"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/fault"
	"gitlab.com/eshopbox-team/return-sync/shared/localdb/plantest"
	"gitlab.com/eshopbox-team/return-sync/shared/runlog"
	"gitlab.com/eshopbox-team/return-sync/shared/sample"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/claim"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/flow"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/ledger"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/page"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/run"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/store"
	"gitlab.com/eshopbox-team/return-sync/shared/window"
)

// allowedPlans are the statements that may sort or scan.
var allowedPlans = []plantest.Allowed{
	{Part: "AS changed ORDER BY _root", Why: "the change list comes in order, which sorts exactly what changed and nothing else"},
	{Part: "SELECT MIN(p.run_id) FROM sync_page", Why: "it reads the runs of the entity, one row a run"},
	{Part: "r.state IN ('windowing', 'processing') OR", Why: "it reads the runs of the entity, one row a run"},
	{Part: "COALESCE(SUM(operations), 0) FROM sync_run", Why: "the total of all runs of the entity, one row a run"},
	{Part: "ORDER BY last_seen DESC, object_id", Why: "the list for people sorts what is parked"},
}

// TestNoStatementScans plays a run and every look at it on tables that have grown,
// and asks the database how it runs each statement.
func TestNoStatementScans(t *testing.T) {
	b := newBench(t)
	const returns = 2000
	b.grow(returns)
	var rec plantest.Recorder
	db, err := store.Open(b.dsn, 4, slog.New(slog.DiscardHandler), rec.Dial)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	b.def.PageSize = 300
	b.src = openSource(t, b.dsn, rec.Dial)
	b.playAll(db)
	statements := rec.Statements()
	if n := plantest.Check(t, b.SQL(), statements, allowedPlans...); n < 25 {
		t.Errorf("only %d statements were looked at, of %d", n, len(statements))
	}
}

// TestAScanIsFound shows that the check can fail.
func TestAScanIsFound(t *testing.T) {
	b := newBench(t)
	b.grow(2000)
	for _, text := range []string{
		"SELECT COUNT(*) FROM order_return WHERE customer_name = 'x'",
		"SELECT id FROM order_return WHERE id > 0 ORDER BY customer_name LIMIT 5",
	} {
		var silent quiet
		plantest.Check(&silent, b.SQL(), []string{text})
		if silent.errors != 1 {
			t.Errorf("%s: %d complaints; want 1", text, silent.errors)
		}
	}
}

// quiet counts complaints instead of failing.
type quiet struct {
	testing.TB
	errors int
}

func (q *quiet) Helper()               {}
func (q *quiet) Errorf(string, ...any) { q.errors++ }

// grow fills the tables as they are after a long time.
func (b *bench) grow(returns int) {
	b.t.Helper()
	now := time.Date(2026, 3, 20, 0, 0, 0, 0, time.UTC)
	if _, err := sample.Generate(b.t.Context(), b.SQL(), sample.GenerateOptions{Rows: returns, Seed: 1, Now: now}); err != nil {
		b.t.Fatal(err)
	}
	for _, text := range []string{
		"INSERT INTO sync_ledger (entity, root_id, run_id, records) SELECT 'returns', id, 1, '' FROM order_return",
		"INSERT INTO sync_ledger (entity, root_id, run_id, records) SELECT 'others', id, 1, '' FROM order_return",
		`INSERT INTO sync_run (entity, state, claim_id, claim_token, window_from, window_to, created_at, closed_at)
			SELECT IF(id % 2, 'returns', 'others'), 'synced', 1, CONCAT('t', id), NOW(6), NOW(6), NOW(6) - INTERVAL id HOUR, NOW(6) FROM order_return`,
		"INSERT INTO sync_page (run_id, page, roots, state, first_root, last_root, listed) SELECT id, 1, 1, 2, 1, 1, 'x' FROM sync_run",
		"INSERT INTO sync_change (run_id, page, root_id) SELECT id, 1, 1 FROM sync_run",
		`INSERT INTO order_return_algolia_sync (job_type, status, created_at)
			SELECT IF(id % 2, 'RETURN_JOB', 'OTHER_JOB'), 0, NOW(6) - INTERVAL id HOUR FROM order_return`,
		"INSERT INTO sync_recheck (entity, root_id, stamp, ids) SELECT IF(id % 4, 'others', 'returns'), id, 's', '' FROM order_return",
		`INSERT INTO sync_parked (entity, object_id, root_id, run_id, reason, detail, bytes, resolved_at)
			SELECT IF(id % 2, 'returns', 'others'), CONCAT('R', id), id, 1, 'rejected', 'd', 1, IF(id % 5, NOW(6), NULL) FROM order_return`,
		"INSERT INTO sync_log (at, severity, entity, run_id, message) SELECT NOW(6) - INTERVAL id HOUR, 'INFO', 'returns', id, 'm' FROM order_return",
		`ANALYZE TABLE order_return, order_return_item, sync_ledger, sync_run, sync_page, sync_change, sync_recheck, sync_parked,
			sync_log, order_return_algolia_sync`,
	} {
		b.query(text)
	}
}

// query runs a statement whose answer does not matter.
func (b *bench) query(text string) {
	b.t.Helper()
	rows, err := b.SQL().QueryContext(b.t.Context(), text)
	if err != nil {
		b.t.Fatalf("%s: %v", text, err)
	}
	_ = rows.Close()
}

// playAll plays a whole run and reads all that people read.
func (b *bench) playAll(db *store.DB) {
	t, ctx := b.t, b.t.Context()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	_, _, err := db.Claims.NewestOf(ctx, []string{job, "another"}, time.Minute)
	must(err)
	row, err := db.Claims.Newest(ctx, job)
	must(err)
	grant := store.Grant{Token: claim.NewToken(), Lease: time.Minute}
	_, err = db.Claims.Claim(ctx, row, grant)
	must(err)
	row.Token = grant.Token
	task := claim.TaskOf(row)
	since := time.Date(2026, 3, 19, 0, 0, 0, 0, time.UTC)
	_, err = db.Claims.Probe(ctx, []claim.Look{{Task: task, Def: b.def, Window: window.Window{From: since, To: time.Now().UTC()}}})
	must(err)
	claimed, err := db.Claims.Claimed(ctx, task, time.Minute)
	must(err)
	r, err := db.Runs.Begin(ctx, b.def.Name, claimed, window.Window{From: since, To: time.Date(2026, 3, 21, 0, 0, 0, 0, time.UTC)})
	must(err)
	pages, err := flow.ListChanges(ctx, db.Changes, b.src, r, b.def)
	must(err)
	for n := 1; n <= pages; n++ {
		must(b.playPage(db, page.Task{RunID: r.ID, Page: n}))
	}
	r, err = db.Runs.Run(ctx, r.ID)
	must(err)
	must(db.Runs.Publish(ctx, r))
	must(db.Changes.Prune(ctx, b.def.Name, 7))
	must(b.idleTick(db))
	must(b.lookAll(db, r))
}

// idleTick plays a tick over several entities of which nothing changed.
func (b *bench) idleTick(db *store.DB) error {
	ctx := b.t.Context()
	w := window.Window{From: time.Date(2026, 3, 21, 0, 0, 0, 0, time.UTC), To: time.Now().UTC()}
	var rows []claim.Row
	var grants []store.Grant
	for _, name := range []string{"one", "two", "three"} {
		row, err := db.Claims.Newest(ctx, name)
		if err != nil {
			return err
		}
		rows, grants = append(rows, row), append(grants, store.Grant{Token: claim.NewToken(), Lease: time.Minute})
	}
	if _, err := db.Claims.ClaimAll(ctx, rows, grants); err != nil {
		return err
	}
	var looks []claim.Look
	var idle []claim.Idle
	for i, row := range rows {
		row.Token = grants[i].Token
		looks = append(looks, claim.Look{Task: claim.TaskOf(row), Def: b.def, Window: w})
		idle = append(idle, claim.Idle{Entity: row.JobType, Claim: row, Window: w})
	}
	if _, err := db.Claims.Probe(ctx, looks); err != nil {
		return err
	}
	_, closed, err := db.Runs.CloseIdle(ctx, idle)
	if err == nil && closed != int64(len(idle)) {
		err = fmt.Errorf("%d claims were closed", closed)
	}
	return err
}

// playPage plays a page.
func (b *bench) playPage(db *store.DB, task page.Task) error {
	ctx := b.t.Context()
	p, err := db.Pages.TakePage(ctx, task, claim.NewToken(), time.Minute)
	if err != nil {
		return err
	}
	if err := db.Claims.Renew(ctx, p.Run.ClaimID, p.Run.Token, time.Hour); err != nil {
		return err
	}
	roots, err := db.Changes.Changed(ctx, p.Run.ID, p.Number)
	if err != nil {
		return err
	}
	known, err := db.Ledger.Known(ctx, b.def.Name, roots)
	if err != nil {
		return err
	}
	doubts, err := db.Ledger.Doubts(ctx, b.def.Name, roots)
	if err != nil {
		return err
	}
	o := store.Outcome{Roots: len(roots), Settled: doubts, Resolved: []string{"R1"}, Unconfirmed: ledger.Journal{}}
	for i, root := range roots {
		entries := []ledger.Entry{{ID: fmt.Sprintf("R%d-1", root)}}
		if i%3 == 0 {
			entries = nil
		}
		o.Ledger = append(o.Ledger, store.LedgerRow{Root: root, Entries: entries, Run: known[root].Run})
		o.Unconfirmed.Add(root)
	}
	o.Counts = run.Counts{Found: 1, Parked: 1}
	o.Parked = []store.Parked{{ObjectID: "new", Root: roots[0], Reason: store.Rejected, Detail: "d"}}
	if err := db.Pages.WriteJournal(ctx, p, o.Unconfirmed); err != nil {
		return err
	}
	_, err = db.Pages.Finish(ctx, p, o)
	return err
}

// lookAll reads all that people read of a run.
func (b *bench) lookAll(db *store.DB, r run.Run) error {
	ctx := b.t.Context()
	for _, look := range []func() error{
		func() error { _, err := db.Facts.Status(ctx, b.def); return err },
		func() error { _, err := db.Claims.AsOf(ctx, job); return err },
		func() error { _, err := db.Runs.Newest(ctx, b.def.Name, 10); return err },
		func() error { _, err := db.Pages.OfRun(ctx, r.ID, 10); return err },
		func() error { _, err := db.Runs.RunOf(ctx, r.Token); return err },
		func() error { _, err := db.Parked.Open(ctx, b.def.Name, 10); return err },
		func() error { _, err := db.Parked.Count(ctx, b.def.Name); return err },
		func() error { _, err := runlog.New(db.Pool()).ReadLog(ctx, runlog.Filter{Limit: 10}); return err },
		func() error { _, err := db.Pages.OpenPages(ctx, r.ID); return err },
		func() error { _, err := db.Runs.Touching(ctx, b.def.Name, 1500, 10); return err },
		func() error { _, err := db.Comparisons.Busy(ctx, b.def.Name, []uint64{1500}); return err },
	} {
		if err := look(); err != nil && fault.KindOf(err) != fault.Superseded {
			return err
		}
	}
	return nil
}
