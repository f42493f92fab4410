package transfertest

import (
	"errors"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gitlab.com/eshopbox-team/return-sync/shared/fault"
	"gitlab.com/eshopbox-team/return-sync/shared/lease"
	"gitlab.com/eshopbox-team/return-sync/shared/transfer"
)

// Draft returns a job of a record of studio.
func Draft(record int64, change func(*transfer.Job)) transfer.Draft {
	j := transfer.Job{Date: *at(0), Priority: transfer.DefaultPriority, System: transfer.Studio, Model: "dbo.Person", RecordID: record, State: transfer.New}
	if change != nil {
		change(&j)
	}
	return transfer.Draft{Job: j}
}

// bench is a table of jobs with a worker's lease.
type bench struct {
	transfer.Jobs
	t     *testing.T
	token string
}

// newBench takes the lease.
func newBench(t *testing.T, j transfer.Jobs) *bench {
	t.Helper()
	b := &bench{Jobs: j, t: t, token: lease.NewToken()}
	if ok, err := j.Hold(t.Context(), "test", b.token, time.Hour); err != nil || !ok {
		t.Fatalf("%v, %v", ok, err)
	}
	return b
}

// create stores drafts.
func (b *bench) create(list ...transfer.Draft) []int64 {
	b.t.Helper()
	ids, err := b.Create(b.t.Context(), list)
	if err != nil || len(ids) != len(list) {
		b.t.Fatalf("%v, %v", ids, err)
	}
	return ids
}

// claim claims a job.
func (b *bench) claim(id int64) transfer.Job {
	b.t.Helper()
	j, err := b.Claim(b.t.Context(), b.token, id)
	if err != nil {
		b.t.Fatal(err)
	}
	return j
}

// finish claims a job and ends its run.
func (b *bench) finish(id int64, state transfer.State, change func(*transfer.Job)) {
	b.t.Helper()
	j := b.claim(id)
	j.State = state
	if change != nil {
		change(&j)
	}
	if _, err := b.Finish(b.t.Context(), b.token, j); err != nil {
		b.t.Fatal(err)
	}
}

// read returns a job.
func (b *bench) read(id int64) transfer.Job {
	b.t.Helper()
	j, err := b.Job(b.t.Context(), id)
	if err != nil {
		b.t.Fatal(err)
	}
	return j
}

// ids returns the jobs of a package.
func (b *bench) ids(n int) (list []int64) {
	b.t.Helper()
	jobs, err := b.Package(b.t.Context(), n, 0)
	if err != nil {
		b.t.Fatal(err)
	}
	for _, j := range jobs {
		list = append(list, j.ID)
	}
	return list
}

// RunJobs holds an implementation of transfer.Jobs. open returns an empty table.
func RunJobs(t *testing.T, open func(t *testing.T) transfer.Jobs) {
	for name, fn := range map[string]func(*testing.T, *bench){
		"a job keeps all that it was given": keepsAll, "trees": trees, "the order of a package": order, "the debounce": debounce,
		"one claim counts one run": claims, "only the holder of the lease changes jobs": fencing, "one lease": oneLease,
		"a finished job closes older ones": closing, "retries": retries, "the archive is read": archive, "the protocol": protocol,
		"children are found again": children, "all jobs are listed": list, "claims at once": together,
	} {
		t.Run(name, func(t *testing.T) { fn(t, newBench(t, open(t))) })
	}
}

func keepsAll(t *testing.T, b *bench) {
	n := int64(5)
	d := Draft(4711, func(j *transfer.Job) {
		j.System, j.Model, j.Kind, j.KindInfo, j.Fields = transfer.Online, "res.partner ÄÖÜ", transfer.Merge, "info", `{"a":"1"}`
		j.WriteDate, j.TargetID, j.MergeIntoID, j.TargetMergeIntoID, j.Priority = at(9), &n, &n, &n, 4500
	})
	j := b.read(b.create(d)[0])
	if j.ParentPath != strconv.FormatInt(j.ID, 10)+"/" || j.Fetched.IsZero() || j.CreatedAt.IsZero() || j.ChangedAt.IsZero() {
		t.Errorf("%+v", j)
	}
	want := d.Job
	want.ID, want.ParentPath, want.Fetched, want.CreatedAt, want.ChangedAt = j.ID, j.ParentPath, j.Fetched, j.CreatedAt, j.ChangedAt
	if diff := cmp.Diff(want, j); diff != "" {
		t.Error(diff)
	}
	j = b.claim(j.ID)
	j.AddLog("first")
	j.AddError(transfer.CodeTimeout, "slow")
	j.Trace = transfer.Trace{SourceSystem: "fs", SourceModel: "dbo.Person", SourceID: &n, SourceMergeIntoID: &n, TargetSystem: "fso", TargetModel: "res.partner", SyncTargetID: &n, SyncMergeIntoID: &n,
		SourceData: "{}", TargetBefore: "b", TargetAfter: "a", Request: "r", Answer: "w", SyncStart: at(1), SyncEnd: at(2), SyncDuration: &n}
	j.ChildStart, j.ChildEnd, j.ChildDuration, j.Duration = at(3), at(4), &n, &n
	if err := b.Note(t.Context(), b.token, j); err != nil {
		t.Fatal(err)
	}
	noted := b.read(j.ID)
	j.State, j.ToProtocol = transfer.Done, true
	if _, err := b.Finish(t.Context(), b.token, j); err != nil {
		t.Fatal(err)
	}
	done := b.read(j.ID)
	if diff := cmp.Diff(j.Trace, noted.Trace); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(j.Trace, done.Trace); diff != "" || done.State != transfer.Done || done.End == nil || *done.Duration != 5 || done.Log != "first" || done.ErrorText != "slow" || !done.ToProtocol || done.ChildEnd == nil {
		t.Errorf("%s\n%+v", diff, done)
	}
	if _, err := b.Job(t.Context(), 1<<40); !errors.Is(err, transfer.ErrNoJob) {
		t.Errorf("a job that never was: %v", err)
	}
}

func trees(t *testing.T, b *bench) {
	leaf := Draft(3, nil)
	branch := Draft(2, nil)
	branch.Children = []transfer.Draft{leaf, Draft(4, nil)}
	root := Draft(1, nil)
	root.Children = []transfer.Draft{branch, Draft(5, nil)}
	ids := b.create(root, Draft(6, nil))
	jobs, err := b.Package(t.Context(), 1, 0)
	if err != nil || len(jobs) == 0 {
		t.Fatal(err)
	}
	byRecord := map[int64]transfer.Job{}
	all, err := b.Package(t.Context(), 10, 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, j := range all {
		byRecord[j.RecordID] = j
	}
	deep := byRecord[3]
	path := ""
	for _, record := range []int64{1, 2, 3} {
		path += strconv.FormatInt(byRecord[record].ID, 10) + "/"
	}
	if len(all) != 6 || deep.ParentPath != path || *deep.RootID != ids[0] || *deep.ParentID != byRecord[2].ID || byRecord[1].ParentID != nil {
		t.Errorf("%d jobs, %+v, want the path %s", len(all), deep, path)
	}
	// All or none: a job that the table refuses takes the others with it.
	bad := Draft(7, func(j *transfer.Job) { j.Model = strings.Repeat("x", 201) })
	if _, err := b.Create(t.Context(), []transfer.Draft{Draft(8, nil), bad}); err == nil {
		t.Error("a model of 201 characters was stored")
	}
	if got := len(b.ids(10)); got != 6 {
		t.Errorf("%d jobs after a list that was refused", got)
	}
}

func order(t *testing.T, b *bench) {
	ids := b.create(
		Draft(1, func(j *transfer.Job) { j.Date = *at(1) }), Draft(2, func(j *transfer.Job) { j.Date = *at(3) }), Draft(3, func(j *transfer.Job) { j.Date = *at(2) }),
		Draft(4, func(j *transfer.Job) { j.Date, j.Priority = *at(0), 4000 }), Draft(5, func(j *transfer.Job) { j.Date, j.Priority = *at(0), 10 }))
	b.claim(ids[4]) // in progress comes first, whatever its priority
	if got, want := b.ids(4), []int64{ids[3], ids[2], ids[1], ids[4]}; !slices.Equal(got, want) {
		t.Errorf("the package is %v, want %v", got, want)
	}
	if got, want := b.ids(2), []int64{ids[3], ids[4]}; !slices.Equal(got, want) {
		t.Errorf("the package of two is %v, want %v", got, want)
	}
}

func debounce(t *testing.T, b *bench) {
	b.create(Draft(1, nil))
	young, err := b.Package(t.Context(), 5, time.Hour)
	if err != nil || len(young) != 0 {
		t.Errorf("%v, %v", young, err)
	}
	if len(b.ids(5)) != 1 {
		t.Error("a job older than the debounce is not there")
	}
}

func archive(t *testing.T, b *bench) {
	root := Draft(1, nil)
	root.Children = []transfer.Draft{Draft(2, nil)}
	ids := b.create(root, Draft(3, nil), Draft(4, nil), Draft(5, nil))
	child := b.ids(10)[1]
	for _, j := range b.ids(10) {
		if b.read(j).RecordID == 2 {
			child = j
		}
	}
	b.finish(child, transfer.Done, nil)
	b.finish(ids[0], transfer.Done, nil)
	b.finish(ids[1], transfer.Skipped, nil)
	b.finish(ids[2], transfer.Failed, nil)
	before := b.read(child)
	for i, want := range []int64{1, 1, 0} {
		if n, err := b.Archive(t.Context(), 1); err != nil || n != want {
			t.Errorf("turn %d moved %d, %v", i, n, err)
		}
	}
	if diff := cmp.Diff(before, b.read(child)); diff != "" {
		t.Errorf("a child in the archive (-before +after):\n%s", diff)
	}
	if got := b.ids(10); !slices.Equal(got, []int64{ids[3]}) {
		t.Errorf("left: %v", got)
	}
	counts, err := b.Count(t.Context(), "")
	if diff := cmp.Diff(map[transfer.State]int64{transfer.Done: 2, transfer.Skipped: 1, transfer.Failed: 1, transfer.New: 1}, counts); diff != "" || err != nil {
		t.Error(err, diff)
	}
	if counts, err := b.Count(t.Context(), transfer.Online); err != nil || len(counts) != 0 {
		t.Error(counts, err)
	}
}

func protocol(t *testing.T, b *bench) {
	ctx := t.Context()
	ids := b.create(Draft(1, nil), Draft(2, nil), Draft(3, nil))
	b.finish(ids[0], transfer.Done, func(j *transfer.Job) { j.ToProtocol = true })
	b.finish(ids[1], transfer.Done, nil)
	if n, err := b.Archive(ctx, 10); err != nil || n != 1 {
		t.Errorf("archived %d, %v; want the one that needs no copy", n, err)
	}
	list, err := b.Unsent(ctx, 10)
	if err != nil || len(list) != 1 || list[0].ID != ids[0] {
		t.Fatalf("%v, %v", list, err)
	}
	if err := b.Sent(ctx, ids[0], 900, list[0].ChangedAt.Add(-time.Second)); err != nil {
		t.Fatal(err)
	}
	if list, err := b.Unsent(ctx, 10); err != nil || len(list) != 1 || *list[0].OnlineJobID != 900 {
		t.Errorf("a version that is old was taken for the newest: %v, %v", list, err)
	}
	if err := b.Sent(ctx, ids[0], 900, list[0].ChangedAt); err != nil {
		t.Fatal(err)
	}
	if list, err := b.Unsent(ctx, 10); err != nil || len(list) != 0 || b.read(ids[0]).ProtocolDate == nil {
		t.Errorf("%v, %v", list, err)
	}
	if n, err := b.Archive(ctx, 10); err != nil || n != 1 {
		t.Errorf("archived %d, %v", n, err)
	}
}

func children(t *testing.T, b *bench) {
	ctx := t.Context()
	parent := b.claim(b.create(Draft(1, nil))[0])
	first, err := b.Child(ctx, b.token, parent, Draft(2, nil))
	if err != nil || *first.ParentID != parent.ID || *first.RootID != parent.ID || first.ParentPath != parent.ParentPath+strconv.FormatInt(first.ID, 10)+"/" {
		t.Fatalf("%+v, %v", first, err)
	}
	b.finish(first.ID, transfer.Skipped, nil)
	if again, err := b.Child(ctx, b.token, parent, Draft(2, nil)); err != nil || again.ID != first.ID || again.State != transfer.Skipped {
		t.Errorf("%+v, %v", again, err)
	}
	second := b.claim(mustChild(t, b, parent, 3).ID)
	if deep := mustChild(t, b, second, 4); *deep.RootID != parent.ID || deep.ParentPath != second.ParentPath+strconv.FormatInt(deep.ID, 10)+"/" {
		t.Errorf("%+v", deep)
	}
}

// mustChild returns the child of a record.
func mustChild(t *testing.T, b *bench, parent transfer.Job, record int64) transfer.Job {
	t.Helper()
	j, err := b.Child(t.Context(), b.token, parent, Draft(record, nil))
	if err != nil {
		t.Fatal(err)
	}
	return j
}

func list(t *testing.T, b *bench) {
	ids := b.create(Draft(1, nil), Draft(2, nil), Draft(3, nil))
	b.finish(ids[1], transfer.Done, nil)
	if _, err := b.Archive(t.Context(), 5); err != nil {
		t.Fatal(err)
	}
	var got []int64
	err := b.Each(t.Context(), func(j transfer.Job) error { got = append(got, j.ID); return nil })
	if want := []int64{ids[1], ids[0], ids[2]}; err != nil || !slices.Equal(got, want) {
		t.Errorf("%v, %v, want %v", got, err, want)
	}
	stop := errors.New("stop")
	if err := b.Each(t.Context(), func(transfer.Job) error { return stop }); !errors.Is(err, stop) {
		t.Errorf("the reader's error became %v", err)
	}
	if open, err := b.Open(t.Context(), transfer.Studio, "dbo.Person", 1); err != nil || !open {
		t.Error(open, err)
	}
	if open, err := b.Open(t.Context(), transfer.Studio, "dbo.Person", 2); err != nil || open {
		t.Error(open, err)
	}
}

// together has many threads claim and finish jobs of the same few records.
func together(t *testing.T, b *bench) {
	drafts := make([]transfer.Draft, 200)
	for i := range drafts {
		drafts[i] = Draft(int64(i%5)+1, func(j *transfer.Job) { j.WriteDate = at(i) })
	}
	jobs := make(chan int64, len(drafts))
	for _, id := range b.create(drafts...) {
		jobs <- id
	}
	close(jobs)
	var wait sync.WaitGroup
	for range 8 {
		wait.Go(func() {
			for id := range jobs {
				j, err := b.Claim(t.Context(), b.token, id)
				if fault.CodeOf(err) == "job-closed" {
					continue
				}
				if err == nil {
					j.State = transfer.Done
					_, err = b.Finish(t.Context(), b.token, j)
				}
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	wait.Wait()
	counts, err := b.Count(t.Context(), "")
	if err != nil || counts[transfer.Done]+counts[transfer.Skipped] != int64(len(drafts)) {
		t.Errorf("%v, %v", counts, err)
	}
}
