package transfertest

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/fault"
	"gitlab.com/eshopbox-team/return-sync/shared/lease"
	"gitlab.com/eshopbox-team/return-sync/shared/transfer"
)

func claims(t *testing.T, b *bench) {
	id := b.create(Draft(1, nil))[0]
	if j := b.claim(id); j.Runs != 1 || j.State != transfer.InProgress || j.Start == nil {
		t.Errorf("%+v", j)
	}
	if j := b.claim(id); j.Runs != 2 { // a worker that died left it in progress
		t.Errorf("%+v", j)
	}
	b.finish(id, transfer.Done, nil)
	if _, err := b.Claim(t.Context(), b.token, id); fault.CodeOf(err) != "job-closed" {
		t.Errorf("a job that is done was claimed: %v", err)
	}
}

func fencing(t *testing.T, b *bench) {
	ctx := t.Context()
	ids := b.create(Draft(1, nil), Draft(2, nil))
	j := b.claim(ids[0])
	old := b.token
	if err := b.Release(ctx, old); err != nil {
		t.Fatal(err)
	}
	b.token = lease.NewToken()
	if ok, err := b.Hold(ctx, "next", b.token, time.Hour); err != nil || !ok {
		t.Fatal(ok, err)
	}
	if _, err := b.Claim(ctx, old, ids[1]); !errors.Is(err, transfer.ErrLost) {
		t.Errorf("a claim without the lease: %v", err)
	}
	b.claim(ids[0])
	j.State = transfer.Done
	_, finished := b.Finish(ctx, old, j)
	_, child := b.Child(ctx, old, j, Draft(3, nil))
	for name, err := range map[string]error{"finish": finished, "note": b.Note(ctx, old, j), "child": child} {
		if !errors.Is(err, transfer.ErrLost) {
			t.Errorf("%s by a worker that was taken over: %v", name, err)
		}
	}
	if j := b.read(ids[0]); j.State != transfer.InProgress || j.Runs != 2 {
		t.Errorf("%+v", j)
	}
}

func oneLease(t *testing.T, b *bench) {
	ctx := t.Context()
	if h, err := b.Holder(ctx); err != nil || h.Token != b.token || h.Owner != "test" || !h.Until.After(h.Now) {
		t.Errorf("%+v, %v", h, err)
	}
	other := lease.NewToken()
	if ok, err := b.Hold(ctx, "other", other, time.Hour); err != nil || ok {
		t.Errorf("two hold the lease: %v", err)
	}
	if err := b.Release(ctx, other); err != nil {
		t.Fatal(err)
	}
	if ok, err := b.Hold(ctx, "test", b.token, time.Microsecond); err != nil || !ok {
		t.Errorf("a lease was not renewed: %v", err)
	}
	var won atomic.Int32
	var wait sync.WaitGroup
	for range 10 { // the lease is over: one of many takes it
		wait.Go(func() {
			if ok, err := b.Hold(context.WithoutCancel(ctx), "many", lease.NewToken(), time.Hour); err != nil {
				t.Error(err)
			} else if ok {
				won.Add(1)
			}
		})
	}
	wait.Wait()
	if won.Load() != 1 {
		t.Errorf("%d took the lease", won.Load())
	}
}

func closing(t *testing.T, b *bench) {
	dated := func(record int64, n int) transfer.Draft {
		return Draft(record, func(j *transfer.Job) { j.WriteDate = at(n) })
	}
	tree := dated(1, 2)
	tree.Children = []transfer.Draft{Draft(77, nil)}
	ids := b.create(dated(1, 1), dated(1, 2), dated(1, 3), dated(1, 3), dated(1, 4), dated(2, 1), Draft(1, nil), tree)
	b.finish(ids[0], transfer.Failed, nil)
	b.finish(ids[1], transfer.Done, nil)
	j := b.claim(ids[2])
	j.State = transfer.Retry
	if n, err := b.Finish(t.Context(), b.token, j); err != nil || n != 0 {
		t.Errorf("a job that will be tried again closed %d: %v", n, err)
	}
	if _, err := b.RetryFailed(t.Context(), 0); err != nil {
		t.Fatal(err)
	}
	j = b.claim(ids[2])
	j.State = transfer.Failed
	n, err := b.Finish(t.Context(), b.token, j)
	if err != nil || n != 2 {
		t.Errorf("closed %d, %v; want the tree of two", n, err)
	}
	states := ""
	for _, id := range ids {
		states += string(b.read(id).State) + " "
	}
	if want := "skipped done error new new new new skipped "; states != want {
		t.Errorf("%s, want %s", states, want)
	}
	if first := b.read(ids[7]); first.ClosedBy == nil || *first.ClosedBy != ids[2] || first.End == nil || first.Log == "" {
		t.Errorf("%+v", first)
	}
}

func retries(t *testing.T, b *bench) {
	ctx := t.Context()
	ids := b.create(Draft(1, nil), Draft(2, nil), Draft(3, nil), Draft(4, func(j *transfer.Job) { j.Date = time.Now().UTC().Truncate(time.Microsecond) }))
	past, future := time.Now().UTC().Add(-time.Hour), time.Now().UTC().Add(time.Hour)
	b.finish(ids[0], transfer.Retry, func(j *transfer.Job) { j.RetryAt = &past })
	b.finish(ids[1], transfer.Retry, func(j *transfer.Job) { j.RetryAt = &future })
	b.finish(ids[2], transfer.Failed, nil)
	b.finish(ids[3], transfer.Failed, nil)
	if n, err := b.Due(ctx); err != nil || n != 1 || b.read(ids[0]).State != transfer.New || b.read(ids[0]).RetryAt != nil {
		t.Errorf("%d, %v", n, err)
	}
	if n, err := b.RetryFailed(ctx, 1); err != nil || n != 1 || b.read(ids[1]).State != transfer.New {
		t.Errorf("%d, %v; want the one that waits, none that used up its run", n, err)
	}
	old := time.Since(*at(0)) > 100*24*time.Hour
	if n, err := b.RetryFailed(ctx, 5); err != nil || b.read(ids[3]).State != transfer.New || old && (n != 1 || b.read(ids[2]).State != transfer.Failed) {
		t.Errorf("%d, %v; want the failed job of today", n, err)
	}
	if old {
		if err := b.RetryJob(ctx, ids[2]); err != nil || b.read(ids[2]).State != transfer.New || b.read(ids[2]).Runs != 0 {
			t.Errorf("a retry by hand: %v", err)
		}
	}
	if err := b.RetryJob(ctx, ids[2]); fault.KindOf(err) != fault.Superseded {
		t.Errorf("a job that did not fail: %v", err)
	}
	if err := b.RetryJob(ctx, 1<<40); !errors.Is(err, transfer.ErrNoJob) {
		t.Errorf("a job that never was: %v", err)
	}
}
