package store_test

import (
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gitlab.com/eshopbox-team/return-sync/shared/fault"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/ledger"
	syncjob "gitlab.com/eshopbox-team/return-sync/shared/sync/rework"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/run"
	"gitlab.com/eshopbox-team/return-sync/shared/window"
)

// addJob makes a job in a state.
func (b *bench) addJob(kind run.Kind, state syncjob.State) syncjob.Job {
	b.t.Helper()
	j, err := b.Jobs.CreateJob(b.t.Context(), syncjob.Job{
		Entity: b.def.Name, Kind: kind, State: state, Window: window.Window{From: from, To: to}, Chunk: 90 * time.Minute, Rate: 7, Roots: 12, Note: "n", By: "me",
	})
	if err != nil {
		b.t.Fatal(err)
	}
	return j
}

func TestJobRoundTrip(t *testing.T) {
	b := newBench(t)
	made := b.addJob(run.Backfill, syncjob.Running)
	read, err := b.Jobs.Job(t.Context(), made.ID)
	if err != nil || cmp.Diff(made, read) != "" {
		t.Errorf("%s, %v", cmp.Diff(made, read), err)
	}
	if read.Chunk != 90*time.Minute || read.Window != (window.Window{From: from, To: to}) || read.Rate != 7 || read.Roots != 12 || read.By != "me" || read.ClosedAt != nil {
		t.Errorf("%+v", read)
	}
	_, err = b.Jobs.Job(t.Context(), made.ID+1)
	wantKind(t, err, fault.NotFound)
}

func TestJobsAreListed(t *testing.T) {
	b := newBench(t)
	var ids []int64
	for _, state := range []syncjob.State{syncjob.Running, syncjob.Done, syncjob.Paused, syncjob.Failed} {
		ids = append(ids, b.addJob(run.Backfill, state).ID)
	}
	b.exec("INSERT INTO sync_job (entity, kind, state, window_from, window_to) VALUES ('other', 'repair', 'running', NOW(6), NOW(6))")
	for _, c := range []struct {
		entity string
		open   bool
		limit  int
		want   []int64
	}{
		{b.def.Name, false, 10, []int64{ids[3], ids[2], ids[1], ids[0]}},
		{b.def.Name, true, 10, []int64{ids[2], ids[0]}},
		{b.def.Name, false, 1, []int64{ids[3]}},
		{"", true, 10, []int64{ids[3] + 1, ids[2], ids[0]}},
		{"nobody", false, 10, nil},
	} {
		list, err := b.Jobs.Newest(t.Context(), c.entity, c.open, c.limit)
		var got []int64
		for _, j := range list {
			got = append(got, j.ID)
		}
		if diff := cmp.Diff(c.want, got); diff != "" || err != nil {
			t.Errorf("%+v: %v\n%s", c, err, diff)
		}
	}
	same, err := b.Jobs.SameBackfill(t.Context(), syncjob.Job{Entity: b.def.Name, Kind: run.Backfill, Window: window.Window{From: from, To: to}})
	if err != nil || same == nil || same.ID != ids[0] {
		t.Errorf("the open backfill of the range: %+v, %v", same, err)
	}
	if same, err = b.Jobs.SameBackfill(t.Context(), syncjob.Job{Entity: b.def.Name, Kind: run.Backfill, Window: window.Window{From: from, To: to.Add(time.Second)}}); err != nil || same != nil {
		t.Errorf("of another range: %+v, %v", same, err)
	}
}

// TestMoveJobFollowsTheDiagram tries every change of state.
func TestMoveJobFollowsTheDiagram(t *testing.T) {
	b := newBench(t)
	all := []syncjob.State{syncjob.Running, syncjob.Paused, syncjob.Done, syncjob.Failed, syncjob.Cancelled}
	for _, was := range all {
		for _, to := range all {
			j := b.addJob(run.Repair, was)
			want := false
			for _, from := range syncjob.Sources(to) {
				want = want || from == was
			}
			ok, err := b.Jobs.MoveJob(t.Context(), j.ID, to, "why")
			if err != nil || ok != want {
				t.Errorf("%s to %s: %v, %v; want %v", was, to, ok, err, want)
			}
			now, err := b.Jobs.Job(t.Context(), j.ID)
			if err != nil || want && (now.State != to || now.Note != "why" || (now.ClosedAt != nil) != to.Final()) || !want && now.State != was {
				t.Errorf("%s to %s: then %+v, %v", was, to, now, err)
			}
		}
	}
}

func TestMoveJobHasOneWinner(t *testing.T) {
	b := newBench(t)
	j := b.addJob(run.Backfill, syncjob.Running)
	var won atomic.Int32
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			ok, err := b.Jobs.MoveJob(t.Context(), j.ID, syncjob.Paused, "")
			if err != nil {
				t.Error(err)
			}
			if ok {
				won.Add(1)
			}
		})
	}
	all.Wait()
	if won.Load() != 1 {
		t.Errorf("%d paused it", won.Load())
	}
}

// TestSilentJobs has the very next tick begin what nobody has begun: a job that was
// made, and one that was resumed.
func TestSilentJobs(t *testing.T) {
	b := newBench(t)
	silent := func() (ids []int64) {
		t.Helper()
		list, err := b.Jobs.SilentJobs(t.Context(), 2*time.Minute)
		if err != nil {
			t.Fatal(err)
		}
		for _, j := range list {
			ids = append(ids, j.ID)
		}
		return ids
	}
	j := b.addJob(run.Backfill, syncjob.Running)
	b.addJob(run.Backfill, syncjob.Paused)
	if diff := cmp.Diff([]int64{j.ID}, silent()); diff != "" {
		t.Errorf("made: %s", diff)
	}
	turn, ok, err := b.Jobs.Kick(t.Context(), j.ID)
	if turn != 1 || !ok || err != nil || silent() != nil {
		t.Errorf("kicked: turn %d, %v, %v; silent %v", turn, ok, err, silent())
	}
	j.Turn, j.Note = 2, "it waits"
	if err := b.Jobs.Turn(t.Context(), j, time.Minute); err != nil {
		t.Fatal(err)
	}
	if read, err := b.Jobs.Job(t.Context(), j.ID); err != nil || read.Turn != 2 || read.Note != "it waits" {
		t.Errorf("%+v, %v", read, err)
	}
	j.Turn = 1
	if err := b.Jobs.Turn(t.Context(), j, time.Minute); err != nil {
		t.Fatal(err)
	}
	if read, err := b.Jobs.Job(t.Context(), j.ID); err != nil || read.Turn != 2 {
		t.Errorf("a turn went back: %+v, %v", read, err)
	}
	for _, state := range []syncjob.State{syncjob.Paused, syncjob.Running} {
		if ok, err := b.Jobs.MoveJob(t.Context(), j.ID, state, ""); err != nil || !ok {
			t.Fatal(ok, err)
		}
		if state == syncjob.Paused && silent() != nil {
			t.Errorf("a paused job is woken")
		}
	}
	if diff := cmp.Diff([]int64{j.ID}, silent()); diff != "" {
		t.Errorf("resumed: %s", diff)
	}
	if _, err := b.Jobs.MoveJob(t.Context(), j.ID, syncjob.Done, ""); err != nil {
		t.Fatal(err)
	}
	if _, ok, err := b.Jobs.Kick(t.Context(), j.ID); ok || err != nil {
		t.Errorf("a job that is done was kicked: %v", err)
	}
}

func TestJobRootsAreCountedOnce(t *testing.T) {
	b := newBench(t)
	j := b.addJob(run.Repair, syncjob.Paused)
	roots := make([]uint64, 2500)
	for i := range roots {
		roots[i] = uint64(i)
	}
	for range 2 {
		if err := b.Jobs.AddJobRoots(t.Context(), j, roots, ledger.Journal{7: {"R7-1"}}); err != nil {
			t.Fatal(err)
		}
	}
	if read, err := b.Jobs.Job(t.Context(), j.ID); err != nil || read.Roots != 2500 {
		t.Errorf("%+v, %v", read, err)
	}
	doubts, err := b.Ledger.Doubts(t.Context(), b.def.Name, []uint64{6, 7})
	if d := doubts[7]; err != nil || len(doubts) != 1 || d.Whole || len(d.IDs) != 1 || d.IDs[0] != "R7-1" {
		t.Errorf("%+v, %v", doubts, err)
	}
}

// TestProgressAddsUp adds up the runs of a job that ended well and the one that is
// open, and counts how many have failed in a row.
func TestProgressAddsUp(t *testing.T) {
	b := newBench(t)
	j := b.addJob(run.Backfill, syncjob.Running)
	for i, state := range []run.State{run.Synced, run.Interrupted, run.Synced, run.Failed, run.Failed, run.Processing} {
		b.exec(`INSERT INTO sync_run (entity, kind, job_id, state, claim_id, claim_token, window_from, window_to, pages_total, pages_done, found, saved, operations, last_error)
			VALUES (?, 'backfill', ?, ?, 1, ?, ?, ?, 1, 1, 5, 5, 5, ?)`, b.def.Name, j.ID, state, "token"+string(rune('a'+i)), from, from.Add(time.Duration(i+1)*time.Hour), state)
		b.exec("INSERT INTO sync_page (run_id, page, roots, state) SELECT MAX(id), 1, 3, 2 FROM sync_run")
	}
	p, err := b.Jobs.Progress(t.Context(), j)
	if err != nil || p.Runs != 2 || p.Failed != 3 || p.Streak != 2 || p.Roots != 9 || p.Open == nil || p.LastError != "failed" {
		t.Errorf("%+v, %v", p, err)
	}
	if want := (run.Counts{Found: 15, Saved: 15, Operations: 15}); p.Counts != want || p.Until == nil || !p.Until.Equal(from.Add(3*time.Hour)) {
		t.Errorf("%v until %v", p.Counts, p.Until)
	}
	day, month, err := b.Runs.Spent(t.Context())
	if err != nil || day != 30 || month != 30 {
		t.Errorf("spent %d and %d, %v", day, month, err)
	}
	b.exec("UPDATE sync_run SET created_at = NOW(6) - INTERVAL 2 DAY ORDER BY id LIMIT 1")
	b.exec("UPDATE sync_run SET created_at = NOW(6) - INTERVAL 31 DAY ORDER BY id DESC LIMIT 1")
	if day, month, err = b.Runs.Spent(t.Context()); err != nil || day != 20 || month != 25 {
		t.Errorf("spent %d in a day and %d in a month, %v", day, month, err)
	}
}
