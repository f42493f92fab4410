package rehearsal

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/sethvargo/go-envconfig"

	"gitlab.com/eshopbox-team/return-sync/functions/internal/wire"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/claim"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/page"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/rootlist"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/run"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/store"
	"gitlab.com/eshopbox-team/return-sync/shared/window"
)

// TestAFunctionsClockDecidesNothing works pages on a machine whose clock is five
// minutes, and a year, off to either side. The tick and the window step are not
// even given the time; the process step is, and only stamps records with it.
func TestAFunctionsClockDecidesNothing(t *testing.T) {
	t.Parallel() // waits most of the time
	s := start(t, Options{Workers: 1})
	d, err := s.Entity("returns")
	if err != nil {
		t.Fatal(err)
	}
	process := s.process(t)
	for _, off := range []time.Duration{-5 * time.Minute, 5 * time.Minute, -365 * 24 * time.Hour, 365 * 24 * time.Hour} {
		if _, err := s.DB.ExecContext(t.Context(), "UPDATE order_return SET row_version = row_version + 1 WHERE id <= 3"); err != nil {
			t.Fatal(err)
		}
		before := s.list(t)
		now := time.Now().Add(off)
		r, err := process.Run(t.Context(), page.Task{RunID: before.ID, Page: 1}, now)
		if err != nil || r.State != run.Synced || r.Counts.Saved == 0 || r.Window != before.Window {
			t.Errorf("clock off by %v: %v, %v, %v", off, r.State, r.Counts, err)
		}
		if asOf, err := s.Store.Claims.AsOf(t.Context(), d.JobType); err != nil || !asOf.Equal(before.Window.To) {
			t.Errorf("clock off by %v: as of %v, %v; want %v", off, asOf, err, before.Window.To)
		}
		report, err := s.Compare(t.Context(), d)
		if err != nil || report.Differences() != 0 {
			t.Errorf("clock off by %v: %v, %v", off, report, err)
		}
	}
}

// process opens the process step as the function does.
func (s *Stack) process(t *testing.T) interface {
	Run(context.Context, page.Task, time.Time) (run.Run, error)
} {
	t.Helper()
	vars := map[string]string{}
	for _, v := range s.env() {
		name, value, _ := strings.Cut(v, "=")
		vars[name] = value
	}
	e, err := wire.NewEnv(t.Context(), envconfig.MapLookuper(vars), nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = e.Close() })
	p, err := e.Process(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// list claims, begins and lists the next run, over the roots 1 to 3, without sending its
// page's task.
func (s *Stack) list(t *testing.T) run.Run {
	t.Helper()
	ctx := t.Context()
	d, err := s.Entity("returns")
	if err != nil {
		t.Fatal(err)
	}
	row, err := s.Store.Claims.Newest(ctx, d.JobType)
	if err != nil {
		t.Fatal(err)
	}
	grant := store.Grant{Token: claim.NewToken(), Lease: time.Hour}
	if ok, err := s.Store.Claims.Claim(ctx, row, grant); err != nil || !ok {
		t.Fatal(ok, err)
	}
	row.Token = grant.Token
	if row, err = s.Store.Claims.Claimed(ctx, claim.TaskOf(row), time.Hour); err != nil {
		t.Fatal(err)
	}
	r, err := s.Store.Runs.Begin(ctx, d.Name, row, window.Next(row.Watermark, d.FirstFrom, row.Now, d.Overlap))
	if err != nil {
		t.Fatal(err)
	}
	changed := func(_ context.Context, add func([]uint64) error) (rootlist.Listed, error) {
		return rootlist.Listed{}, add([]uint64{1, 2, 3})
	}
	if pages, err := s.Store.Changes.List(ctx, r, d, changed); err != nil || pages != 1 {
		t.Fatal(pages, err)
	}
	return r
}
