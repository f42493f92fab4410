package store_test

import (
	"database/sql"
	"fmt"
	"log/slog"
	"testing"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/fault"
	"gitlab.com/eshopbox-team/return-sync/shared/localdb/localdbtest"
	"gitlab.com/eshopbox-team/return-sync/shared/sample"
	"gitlab.com/eshopbox-team/return-sync/shared/sqldb"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/claim"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/entity"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/flow"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/page"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/run"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/source/mysql"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/store"
	"gitlab.com/eshopbox-team/return-sync/shared/window"
)

func TestMain(m *testing.M) { localdbtest.Main(m) }

const job = "RETURN_JOB"

// The window of the tests; inside lies in it.
var (
	from   = time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	to     = time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC)
	inside = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	before = from.Add(-time.Hour)
)

// bench is a migrated database with empty source tables.
type bench struct {
	*store.DB
	dsn string
	t   *testing.T
	def entity.Definition
	src *mysql.Source
}

// newBench returns a bench on a fresh database.
func newBench(t *testing.T) *bench {
	t.Helper()
	dsn := localdbtest.New(t)
	b := &bench{DB: openStore(t, dsn), dsn: dsn, t: t}
	if _, err := b.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := sample.Migrate(t.Context(), b.SQL()); err != nil {
		t.Fatal(err)
	}
	defs, err := entity.Load("")
	if err != nil {
		t.Fatal(err)
	}
	b.def = defs[0]
	b.def.PageSize = 2
	b.src = openSource(t, dsn)
	return b
}

// openSource opens a pool for the source's tables.
func openSource(t *testing.T, dsn string, dial ...sqldb.Dial) *mysql.Source {
	t.Helper()
	src, err := mysql.Open(dsn, 4, dial...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = src.Close() })
	return src
}

// list lists a run's window as the window step does.
func (b *bench) list(r run.Run) (pages int, err error) {
	return flow.ListChanges(b.t.Context(), b.Changes, b.src, r, b.def)
}

// openStore opens a pool of its own.
func openStore(t *testing.T, dsn string) *store.DB {
	t.Helper()
	db, err := store.Open(dsn, 20, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

// exec runs a statement that must not fail.
func (b *bench) exec(query string, args ...any) {
	b.t.Helper()
	if _, err := b.SQL().Exec(query, args...); err != nil {
		b.t.Fatalf("%s: %v", query, err)
	}
}

// number returns the only number of a query.
func (b *bench) number(query string, args ...any) int64 {
	b.t.Helper()
	var n int64
	if err := b.SQL().QueryRow(query, args...).Scan(&n); err != nil {
		b.t.Fatalf("%s: %v", query, err)
	}
	return n
}

// text returns the only text of a query, empty for NULL.
func (b *bench) text(query string, args ...any) string {
	b.t.Helper()
	var s sql.NullString
	if err := b.SQL().QueryRow(query, args...).Scan(&s); err != nil {
		b.t.Fatalf("%s: %v", query, err)
	}
	return s.String
}

// addReturn inserts a return with one item, last changed at the time.
func (b *bench) addReturn(id uint64, at time.Time) {
	b.t.Helper()
	b.exec(`INSERT INTO order_return (id, account_slug, customer_return_number, customer_order_number, created_at, updated_at)
		VALUES (?, 'acme', ?, 'O-1', ?, ?)`, id, fmt.Sprint("RN-", id), at, at)
	b.exec(`INSERT INTO order_return_item (id, order_return_id, line_no, sku, quantity, created_at, updated_at)
		VALUES (?, ?, 1, 'SKU', 1, ?, ?)`, 10*id, id, at, at)
}

// claimed claims the job afresh.
func (b *bench) claimed() claim.Row {
	b.t.Helper()
	row, err := b.Claims.Newest(b.t.Context(), job)
	if err != nil {
		b.t.Fatal(err)
	}
	g := store.Grant{Token: claim.NewToken(), Lease: time.Hour}
	ok, err := b.Claims.Claim(b.t.Context(), row, g)
	if err != nil || !ok {
		b.t.Fatalf("Claim = %v, %v", ok, err)
	}
	row.Token = g.Token
	return row
}

// begun claims and begins a run over the window of the tests.
func (b *bench) begun() run.Run {
	b.t.Helper()
	row, err := b.Claims.Claimed(b.t.Context(), claim.TaskOf(b.claimed()), time.Hour)
	if err != nil {
		b.t.Fatal(err)
	}
	r, err := b.Runs.Begin(b.t.Context(), b.def.Name, row, window.Window{From: from, To: to})
	if err != nil {
		b.t.Fatal(err)
	}
	return r
}

// listed begins a run over n returns and lists it, two returns a page.
func (b *bench) listed(n int) run.Run {
	b.t.Helper()
	for id := range n {
		b.addReturn(uint64(id+1), inside)
	}
	r := b.begun()
	pages, err := b.list(r)
	if err != nil || pages != (n+1)/2 {
		b.t.Fatalf("List = %d, %v; want %d pages", pages, err, (n+1)/2)
	}
	return b.run(r.ID)
}

// run reads a run.
func (b *bench) run(id int64) run.Run {
	b.t.Helper()
	r, err := b.Runs.Run(b.t.Context(), id)
	if err != nil {
		b.t.Fatal(err)
	}
	return r
}

// take takes a page that must be free.
func (b *bench) take(r run.Run, n int) store.Page {
	b.t.Helper()
	p, err := b.Pages.TakePage(b.t.Context(), page.Task{RunID: r.ID, Page: n}, claim.NewToken(), time.Hour)
	if err != nil || p.State != page.Taken {
		b.t.Fatalf("TakePage(%d) = state %d, %v", n, p.State, err)
	}
	return p
}

// finish finishes a page with so many records saved.
func (b *bench) finish(p store.Page, saved int64) run.Run {
	b.t.Helper()
	roots, err := b.Changes.Changed(b.t.Context(), p.Run.ID, p.Number)
	if err != nil {
		b.t.Fatal(err)
	}
	r, err := b.Pages.Finish(b.t.Context(), p, store.Outcome{Roots: len(roots), Counts: run.Counts{Found: saved, Saved: saved, Operations: saved}, TaskID: 7})
	if err != nil {
		b.t.Fatal(err)
	}
	return r
}

// finished lists n returns and finishes all pages, so that the run can be
// published.
func (b *bench) finished(n int) run.Run {
	b.t.Helper()
	r := b.listed(n)
	for p := range r.PagesTotal {
		r = b.finish(b.take(r, p+1), 2)
	}
	return r
}

// wantKind fails unless err has the kind.
func wantKind(t *testing.T, err error, want fault.Kind) {
	t.Helper()
	if err == nil || fault.KindOf(err) != want {
		t.Fatalf("error %v has kind %d, want %d", err, fault.KindOf(err), want)
	}
}
