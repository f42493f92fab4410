package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"gitlab.com/eshopbox-team/return-sync/functions/internal/progress"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/rework"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/store"
)

// launch has a new job begun and, if asked to, follows it.
func (s *session) launch(ctx context.Context, db *store.DB, j rework.Job, o jobOptions) error {
	_, _ = fmt.Fprintf(s.log, "%v is open; look with: returnsync jobs show %d\n", j, j.ID)
	if err := s.wake(ctx, j); err != nil {
		return err
	}
	if !o.wait {
		if o.json {
			return s.printJob(ctx, db, j, o)
		}
		return nil
	}
	return s.followJob(ctx, db, j, o)
}

// wake sends a job's first task from here, if the queues are configured; if not,
// the next tick does.
func (s *session) wake(ctx context.Context, j rework.Job) error {
	if _, ok := s.Lookup.Lookup("TASKS_LOCATION"); !ok {
		_, _ = fmt.Fprintln(s.log, "the next tick begins it; to begin it from here set TASKS_LOCATION and WINDOW_URL (see returnsync help config)")
		return nil
	}
	c, err := s.cron(s.Env, ctx)
	if err != nil {
		return err
	}
	return c.Wake(ctx, j.ID)
}

// followJob shows how a job comes on until it has ended.
func (s *session) followJob(ctx context.Context, db *store.DB, j rework.Job, o jobOptions) error {
	if o.timeout <= 0 {
		return fmt.Errorf("--timeout is %v; want more than 0", o.timeout)
	}
	ctx, cancel := context.WithTimeout(ctx, o.timeout)
	defer cancel()
	show := progress.New(s.log, s.terminal, j.String(), s.now)
	begun := s.now()
	var first *int64 // roots done when we came: the rate is counted from there
	for !j.State.Final() {
		p, err := db.Progress(ctx, j)
		if err != nil {
			return toldJob(ctx, j, err)
		}
		if first == nil {
			first = &p.Roots
		}
		show.Set(int(p.Roots), int(j.Roots), jobWords(j, p, pace{done: p.Roots - *first, took: s.now().Sub(begun)}))
		select {
		case <-ctx.Done():
			return toldJob(ctx, j, ctx.Err())
		case <-time.After(s.poll):
		}
		if j, err = db.Job(ctx, j.ID); err != nil {
			return toldJob(ctx, j, err)
		}
	}
	show.End()
	if err := s.printJob(ctx, db, j, o); err != nil {
		return err
	}
	if j.State != rework.Done {
		return fmt.Errorf("%v ended %s: %s", j, j.State, orNone(j.Note))
	}
	return nil
}

// pace is how fast a job came on while we looked.
type pace struct {
	done int64
	took time.Duration
}

// jobWords says where a job is, how fast it goes and how long it still takes.
func jobWords(j rework.Job, p store.JobProgress, seen pace) string {
	words := fmt.Sprintf("%d of %d roots, %d records", p.Roots, j.Roots, p.Counts.Found)
	switch {
	case j.State == rework.Paused:
		return words + ", paused"
	case j.Note != "":
		return words + ", " + oneLine(j.Note)
	case seen.done == 0 || seen.took < time.Second:
		return words
	}
	rate := float64(seen.done) / seen.took.Seconds()
	left := time.Duration(float64(max(j.Roots-p.Roots, 0)) / rate * float64(time.Second))
	return fmt.Sprintf("%s, %.0f roots/s, %s left", words, rate, age(left))
}

// toldJob says of a wait that ended early that the job goes on.
func toldJob(ctx context.Context, j rework.Job, err error) error {
	look := fmt.Sprintf("it goes on by itself: look with returnsync jobs show %d", j.ID)
	switch ctx.Err() {
	case nil:
		return err
	case context.DeadlineExceeded:
		return fmt.Errorf("%v did not end within --timeout; %s", j, look)
	default:
		return errors.New("the wait was stopped; " + look)
	}
}
