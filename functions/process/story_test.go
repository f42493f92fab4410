package process_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strconv"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gitlab.com/eshopbox-team/return-sync/functions/cron"
	"gitlab.com/eshopbox-team/return-sync/functions/internal/wire"
	"gitlab.com/eshopbox-team/return-sync/functions/process"
	"gitlab.com/eshopbox-team/return-sync/functions/window"
	"gitlab.com/eshopbox-team/return-sync/shared/queue"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/account"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/claim"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/closing"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/destination"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/entity"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/flow"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/ledger"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/owner"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/page"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/rootlist"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/run"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/source"
	span "gitlab.com/eshopbox-team/return-sync/shared/window"
)

// clock is the time of everything here.
var clock = time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)

// returns is the definition.
var returns = entity.Definition{Name: "returns", JobType: "RETURN_JOB", Index: "returns", RecordLimit: 10_000, PageSize: 10, Overlap: time.Minute}

// tables are our own tables in memory, with all that one window without a mishap
// needs of them. It implements the interfaces that the
// three steps declare.
type tables struct {
	row     claim.Row
	run     run.Run
	roots   []uint64
	outcome account.Outcome
}

// Begin, List, Finish and Publish advance the run.
func (x *tables) Begin(_ context.Context, name string, c claim.Row, w span.Window) (run.Run, error) {
	x.run = run.Run{ID: 1, Entity: name, Kind: run.Window, State: run.Windowing, Token: c.Token, Window: w}
	return x.run, nil
}

func (x *tables) List(context.Context, run.Run, entity.Definition, rootlist.Lister) (int, error) {
	x.run.State, x.run.PagesTotal = run.Processing, 1
	return 1, nil
}

func (x *tables) Finish(_ context.Context, _ page.Held, o account.Outcome) (run.Run, error) {
	x.outcome, x.run.PagesDone, x.run.Counts, x.run.LastTaskID = o, 1, o.Counts, o.TaskID
	return x.run, nil
}

func (x *tables) Publish(context.Context, run.Run) error {
	x.run.State, x.row.Status, x.row.Watermark = run.Synced, claim.Free, &x.run.Window.To
	return nil
}

// ClaimAll and Claimed advance the claim.
func (x *tables) ClaimAll(_ context.Context, _ []claim.Row, g []claim.Grant) ([]bool, error) {
	x.row.Status, x.row.Token = claim.Claimed, g[0].Token
	return []bool{true}, nil
}

func (x *tables) Claimed(context.Context, claim.Task, time.Duration) (claim.Row, error) {
	x.row.Status = claim.Processing
	return x.row, nil
}

// The rest reads, or has nothing to do.
func (x *tables) NewestOf(_ context.Context, jobTypes []string, _ time.Duration) (map[string]claim.Row, claim.Agenda, error) {
	x.row.JobType = jobTypes[0]
	return map[string]claim.Row{jobTypes[0]: x.row}, claim.Agenda{}, nil
}

func (x *tables) TakePage(_ context.Context, t page.Task, token string, _ time.Duration) (page.Held, error) {
	return page.Held{Run: x.run, Number: t.Page, State: page.Taken, Token: token, Attempts: 1}, nil
}

func (x *tables) Known(context.Context, string, []uint64) (map[uint64]ledger.Row, error) {
	return nil, nil
}

func (x *tables) Doubts(context.Context, string, []uint64) (map[uint64]ledger.Unconfirmed, error) {
	return nil, nil
}

func (x *tables) Newest(context.Context, string) (claim.Row, error)             { return x.row, nil }
func (x *tables) Run(context.Context, int64) (run.Run, error)                   { return x.run, nil }
func (x *tables) Changed(context.Context, int64, int) ([]uint64, error)         { return x.roots, nil }
func (x *tables) Beat(context.Context, string) error                            { return nil }
func (x *tables) Renew(context.Context, int64, string, time.Duration) error     { return nil }
func (x *tables) WriteJournal(context.Context, page.Held, ledger.Journal) error { return nil }
func (x *tables) Prune(context.Context, string, int) error                      { return nil }

// errMishap is what no step may call when nothing goes wrong.
var errMishap = errors.New("one window without a mishap does not call this")

func (x *tables) TakeOver(context.Context, claim.Row, claim.Grant) (int64, bool, error) {
	return 0, false, errMishap
}
func (x *tables) Fail(context.Context, run.Run, string) error          { return errMishap }
func (x *tables) FailJob(context.Context, int64, string) (bool, error) { return false, errMishap }
func (x *tables) Conclude(context.Context, run.Run) error              { return errMishap }
func (x *tables) PutBack(context.Context, page.Held, string) error     { return errMishap }
func (x *tables) GiveUp(context.Context, page.Held, string) (run.Run, error) {
	return run.Run{}, errMishap
}
func (x *tables) Probe(context.Context, []claim.Look) ([]claim.Probe, error) { return nil, errMishap }
func (x *tables) CloseIdle(context.Context, []claim.Idle) (int64, int64, error) {
	return 0, 0, errMishap
}

// Fed, Job, Named and Fixed find the one definition; no record changes its root.
func (x *tables) Fed(context.Context, string) (entity.List, error)           { return nil, errMishap }
func (x *tables) Job(context.Context, string) (entity.Definition, error)     { return returns, nil }
func (x *tables) Named(context.Context, string) (entity.Definition, error)   { return returns, nil }
func (x *tables) Fixed(context.Context, string) (entity.Definition, error)   { return returns, nil }
func (x *tables) Check(context.Context, entity.Definition, owner.Page) error { return nil }
func (x *tables) Plan(_ context.Context, _ entity.Definition, p owner.Page, roots []uint64, rows source.Rows) (func() error, error) {
	return func() error { return nil }, p.Plan(roots, rows, nil)
}

// rows are the source: one record a root.
type rows struct{ flow.Clock }

func (rows) Now(context.Context) (time.Time, error) { return clock, nil }

func (rows) Rows(_ context.Context, _ entity.Definition, ids []uint64) (source.Rows, error) {
	all := source.Rows{Versions: map[uint64]uint64{}}
	for _, id := range ids {
		objectID := "R" + strconv.FormatUint(id, 10)
		all.Records = append(all.Records, source.Record{Root: id, ID: objectID, Body: []byte(`{"objectID":"` + objectID + `"}`)})
	}
	return all, nil
}

func (rows) Versions(context.Context, entity.Definition, []uint64) (map[uint64]uint64, error) {
	return nil, nil
}

func (rows) ChangedSince(context.Context, entity.Definition, time.Time, []uint64) (map[uint64]bool, error) {
	return nil, nil
}

// index is an index that takes every record.
type index map[string]bool

// Push implements destination.Index.
func (x index) Push(_ context.Context, _ string, ops []destination.Op) (destination.Result, error) {
	for _, op := range ops {
		x[op.ID] = op.Body != nil
	}
	return destination.Result{TaskID: 1, Operations: int64(len(ops))}, nil
}

// Wait implements destination.Index.
func (index) Wait(context.Context, string, int64) error { return nil }

// tasks is a queue.Sender that keeps its tasks.
type tasks []queue.Task

// Send implements queue.Sender.
func (q *tasks) Send(_ context.Context, t queue.Task) error {
	*q = append(*q, t)
	return nil
}

// TestOneWindow follows one window from the scheduler's call to the index, by the
// three functions' handlers and the flow, without a database. All files that it
// runs under shared/sync and functions are the story of the sync:
//
//	go test ./functions/process -run TestOneWindow -coverprofile=story.cov \
//		-coverpkg=./shared/sync/...,./functions/...
func TestOneWindow(t *testing.T) {
	log := slog.New(slog.DiscardHandler)
	cfg := flow.Config{RunLease: time.Minute, PageLease: 20 * time.Second, PageAttempts: 3, EnqueueSenders: 1}
	db, sent, held := &tables{row: claim.Row{ID: 1}, roots: []uint64{1, 2}}, &tasks{}, index{}
	closer := closing.Closer{Runs: db, Jobs: db, Log: log}
	call := func(h http.Handler, body []byte) {
		t.Helper()
		r := httptest.NewRequest(http.MethodPost, "/", bytes.NewReader(body))
		r.Header.Set("X-CloudScheduler-ScheduleTime", clock.Format(time.RFC3339))
		w := httptest.NewRecorder()
		if h.ServeHTTP(w, r); w.Code != http.StatusOK {
			t.Fatalf("%d: %s", w.Code, w.Body)
		}
	}
	call(cron.Handler(&wire.Cron{Cron: &flow.Cron{Claims: db, Definitions: db, Queue: sent, Entities: entity.List{returns}, Config: cfg, Log: log}}), nil)
	call(window.Handler(&wire.Window{Window: &flow.Window{Claims: db, Runs: db, Changes: db, Definitions: db, Closer: closer, Source: rows{}, Queue: sent, Config: cfg, Log: log}}), (*sent)[0].Body)
	call(process.Handler(&flow.Process{Pages: db, Ledger: db, Changes: db, Claims: db, Runs: db, Definitions: db, Owners: db, Closer: closer, Source: rows{}, Index: held, Config: cfg, Log: log}, nil), (*sent)[1].Body)

	if want := (run.Counts{Found: 2, Saved: 2, Operations: 2}); db.run.State != run.Synced || db.run.Counts != want || !db.row.Watermark.Equal(clock) {
		t.Errorf("%s, %v, as of %v; want synced, %v, as of %v", db.run.State, db.run.Counts, db.row.Watermark, want, clock)
	}
	if diff := cmp.Diff(index{"R1": true, "R2": true}, held); diff != "" {
		t.Errorf("the index (-want +got):\n%s", diff)
	}
	if len(db.outcome.Ledger) != 2 || len(*sent) != 2 {
		t.Errorf("%d rows of the ledger, %d tasks", len(db.outcome.Ledger), len(*sent))
	}
}
