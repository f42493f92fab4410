package worker_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/transfer"
)

// TestTrialSaysWhatTheWorkerThenDoes tries jobs of every kind, finds both sides and the
// table unchanged, and then runs them: the writes are those that the trial named.
func TestTrialSaysWhatTheWorkerThenDoes(t *testing.T) {
	w := newWorld(t, nil)
	ctx := t.Context()
	person := w.person("new")
	email := w.studio.Put("dbo.PersonEmail", transfer.Record{Fields: map[string]any{"PersonID": person, "AnredeLang": "Liebe"}})
	changed := w.person("old")
	w.job(transfer.Studio, "dbo.Person", changed, nil)
	gone := w.person("gone")
	w.job(transfer.Studio, "dbo.Person", gone, nil)
	w.work()
	now := transfer.Micro(time.Now())
	r, err := w.studio.Read(ctx, "dbo.Person", changed)
	if err != nil {
		t.Fatal(err)
	}
	r.WriteDate, r.Fields = &now, map[string]any{"Name": "newer"}
	w.studio.Put("dbo.Person", r)
	jobs := []int64{
		w.job(transfer.Studio, "dbo.PersonEmail", email, nil),
		w.job(transfer.Studio, "dbo.Person", changed, nil),
		w.job(transfer.Studio, "dbo.Person", gone, func(j *transfer.Job) { j.Kind = transfer.Delete }),
		w.job(transfer.Studio, "dbo.Person", 4242, nil),
	}
	for i, want := range []struct {
		state  transfer.State
		writes string
	}{
		{transfer.Done, "online create res.partner, studio mark dbo.Person, online create frst.personemail, studio mark dbo.PersonEmail"},
		{transfer.Done, "online update res.partner, studio mark dbo.Person"},
		{transfer.Done, "online delete res.partner"},
		{transfer.Failed, ""},
	} {
		before := fmt.Sprint(w.studio.Writes, w.online.Writes)
		trial, err := w.Try(ctx, w.read(jobs[i]), nil)
		if err != nil || trial.Job.State != want.state {
			t.Fatalf("job %d would be %s: %s, %v", i, trial.Job.State, trial.Job.ErrorText, err)
		}
		var plan []string
		for _, c := range trial.Writes() {
			plan = append(plan, c.Side+" "+c.Call+" "+c.Model)
		}
		if got := strings.Join(plan, ", "); got != want.writes {
			t.Errorf("job %d would write %s, want %s", i, got, want.writes)
		}
		if after := fmt.Sprint(w.studio.Writes, w.online.Writes); after != before {
			t.Errorf("a trial wrote: %s, then %s", before, after)
		}
		w.want(jobs[i], transfer.New, "")
		if children := w.children(jobs[i]); children != 0 {
			t.Errorf("a trial stored %d jobs", children)
		}
	}
	w.work()
	for i, state := range []transfer.State{transfer.Done, transfer.Done, transfer.Done, transfer.Failed} {
		if j := w.read(jobs[i]); j.State != state {
			t.Errorf("job %d is %s", i, j.State)
		}
	}
	if got := fmt.Sprint(w.online.Writes); got != "map[create:4 delete:1 update:1]" {
		t.Errorf("the worker wrote %s", got)
	}
	// Of a job that is done a trial says that nothing is left.
	trial, err := w.Try(ctx, w.read(jobs[0]), nil)
	if err != nil || len(trial.Writes()) != 0 || !strings.Contains(string(trial.Job.Log), "up to date") {
		t.Errorf("%+v, %v", trial, err)
	}
}

// children counts the jobs below a job.
func (w *world) children(id int64) (n int) {
	w.t.Helper()
	if err := w.db.Each(w.t.Context(), func(j transfer.Job) error {
		if j.ParentID != nil && *j.ParentID == id {
			n++
		}
		return nil
	}); err != nil {
		w.t.Fatal(err)
	}
	return n
}
