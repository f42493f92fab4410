package store_test

import (
	"testing"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/fault"
	"gitlab.com/eshopbox-team/return-sync/shared/transfer"
	"gitlab.com/eshopbox-team/return-sync/shared/transfer/store/storetest"
	"gitlab.com/eshopbox-team/return-sync/shared/transfer/transfertest"
)

// finish ends jobs in states, one each.
func finish(t *testing.T, db storetest.DB, ids []int64, states ...transfer.State) {
	t.Helper()
	if ok, err := db.Hold(t.Context(), "t", "t", time.Hour); err != nil || !ok {
		t.Fatal(ok, err)
	}
	for i, state := range states {
		j, err := db.Claim(t.Context(), "t", ids[i])
		if j.State = state; state == transfer.Retry {
			at := transfer.Micro(time.Now().Add(time.Hour))
			j.RetryAt = &at
		}
		if err == nil {
			_, err = db.Finish(t.Context(), "t", j)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

// drafts returns jobs of different records.
func drafts(n int) (list []transfer.Draft) {
	for i := range n {
		list = append(list, transfertest.Draft(int64(i+1), nil))
	}
	return list
}

func TestNotesAreTheNewest(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db storetest.DB) {
		ctx := t.Context()
		for _, name := range []transfer.NoteName{transfer.NoteThreads, transfer.NoteWorker, transfer.NoteProtocol, transfer.NoteClocks, transfer.NoteRecheck} {
			n, err := db.Notes.Note(ctx, name)
			kept := transfer.Sign{Jobs: 7}
			if err != nil || n.Body != "" || !n.At.IsZero() || n.Now.IsZero() || n.Into(&kept) != nil || kept.Jobs != 7 {
				t.Errorf("%s before anything was left: %+v, %v", name, n, err)
			}
			for _, jobs := range []int64{1, 2} {
				if err := transfer.Leave(ctx, db.Notes, name, transfer.Sign{Running: true, Jobs: jobs, Error: "größer als 1"}); err != nil {
					t.Fatal(err)
				}
			}
			var s transfer.Sign
			n, err = db.Notes.Note(ctx, name)
			if err != nil || n.Into(&s) != nil || s != (transfer.Sign{Running: true, Jobs: 2, Error: "größer als 1"}) || n.Now.Sub(n.At).Abs() > time.Minute {
				t.Errorf("%s: %+v, %+v, %v", name, n, s, err)
			}
		}
		if err := db.Notes.Leave(ctx, "other", "{}"); err == nil {
			t.Error("a note without a row was left")
		}
	})
}

func TestStandingCountsRoots(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db storetest.DB) {
		ctx := t.Context()
		if s, err := db.Views.Standing(ctx); err != nil || s.Waiting+s.Retries+s.Failed+s.Newest != 0 || s.Since != nil || s.RetryAt != nil || s.Now.IsZero() {
			t.Errorf("of an empty table: %+v, %v", s, err)
		}
		list := drafts(6)
		list[5].Children = drafts(3)
		ids, err := db.Create(ctx, list)
		if err != nil {
			t.Fatal(err)
		}
		finish(t, db, ids, transfer.Failed, transfer.Failed, transfer.Retry, transfer.Done)
		s, err := db.Views.Standing(ctx)
		if err != nil || s.Waiting != 2 || s.Retries != 1 || s.Failed != 2 || s.Newest != ids[1] || s.Since == nil || s.Since.After(s.Now) || s.RetryAt == nil || !s.RetryAt.After(s.Now) {
			t.Errorf("%+v, %v", s, err)
		}
		if list, err := db.Views.Latest(ctx, transfer.Failed, 1); err != nil || len(list) != 1 || list[0].ID != ids[1] {
			t.Errorf("%+v, %v", list, err)
		}
		if _, err := db.Archive(ctx, 10); err != nil {
			t.Fatal(err)
		}
		if list, err := db.Views.Latest(ctx, transfer.Done, 9); err != nil || len(list) != 1 || list[0].ID != ids[3] {
			t.Errorf("%+v, %v", list, err)
		}
	})
}

// TestStartsFollowTheirJobs starts twice with one key, and follows the jobs that were there.
func TestStartsFollowTheirJobs(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db storetest.DB) {
		ctx := t.Context()
		ids, err := db.Create(ctx, drafts(3))
		if err != nil {
			t.Fatal(err)
		}
		finish(t, db, ids, transfer.Failed) // before the start
		id, err := db.Starts.Start(ctx, "key")
		again, twice := db.Starts.Start(ctx, "key")
		other, third := db.Starts.Start(ctx, "other")
		if err != nil || twice != nil || third != nil || id != again || id == other {
			t.Fatalf("%d, %d, %d: %v, %v, %v", id, again, other, err, twice, third)
		}
		if _, err := db.Create(ctx, drafts(5)); err != nil { // these came later
			t.Fatal(err)
		}
		demand := func(open, failed int64) {
			t.Helper()
			if p, err := db.Starts.Progress(ctx, id); err != nil || p.Open != open || p.Failed != failed || p.Since < 0 || p.Since > time.Hour {
				t.Errorf("%+v, %v; want %d open and %d failed", p, err, open, failed)
			}
		}
		demand(2, 0)
		finish(t, db, ids[1:], transfer.Done, transfer.Failed)
		demand(0, 1)
		if _, err := db.Starts.Progress(ctx, 1<<40); fault.KindOf(err) != fault.NotFound {
			t.Errorf("a start that never was: %v", err)
		}
	})
}
