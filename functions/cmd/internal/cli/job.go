package cli

import (
	"context"
	"fmt"
	"time"

	"gitlab.com/eshopbox-team/return-sync/functions/internal/health"
	"gitlab.com/eshopbox-team/return-sync/functions/internal/progress"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/rework"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/store"
)

// JobOptions are the flags of commands that show or follow a job.
type JobOptions struct {
	Wait
	JSON bool
}

// Launch has a new job begun and, if asked to, follows it.
func (s *Session) Launch(ctx context.Context, db *store.DB, j rework.Job, o JobOptions) error {
	_, _ = fmt.Fprintf(s.Err, "%v is open; see returnsync jobs show %d\n", j, j.ID)
	if err := s.Wake(ctx, j); err != nil {
		return err
	}
	switch {
	case o.Wait.Wait:
		return s.FollowJob(ctx, db, j, o)
	case o.JSON:
		return s.PrintJob(ctx, db, j, true)
	}
	return nil
}

// Wake sends a job's first task from here, if the queues are configured; otherwise the
// next tick does.
func (s *Session) Wake(ctx context.Context, j rework.Job) error {
	if _, ok := s.Env.Lookup.Lookup("TASKS_LOCATION"); !ok {
		_, _ = fmt.Fprintln(s.Err, "the next tick begins it; to begin it from here set TASKS_LOCATION and WINDOW_URL (see returnsync help config)")
		return nil
	}
	c, err := s.OpenCron(s.Env, ctx)
	if err != nil {
		return err
	}
	return c.Wake(ctx, j.ID)
}

// FollowJob shows the progress of a job until it has ended.
func (s *Session) FollowJob(ctx context.Context, db *store.DB, j rework.Job, o JobOptions) error {
	if err := o.Check(); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, o.Timeout)
	defer cancel()
	show := progress.New(s.Err, s.Terminal, j.String(), s.Now)
	begun := s.Now()
	var first *int64 // roots done at the first look: the rate is counted from there
	err := s.Await(ctx, Work{Name: j.String(), Look: fmt.Sprint("returnsync jobs show ", j.ID)}, func() (bool, error) {
		now, err := db.Jobs.Job(ctx, j.ID)
		if err != nil {
			return false, err
		}
		if j = now; j.State.Final() {
			return true, nil
		}
		p, err := db.Jobs.Progress(ctx, j)
		if err != nil {
			return false, err
		}
		if first == nil {
			first = &p.Roots
		}
		show.Set(int(p.Roots), int(j.Roots), jobWords(j, p, pace{done: p.Roots - *first, took: s.Now().Sub(begun)}))
		return false, nil
	})
	if err != nil {
		return err
	}
	show.End()
	if err := s.PrintJob(ctx, db, j, o.JSON); err != nil {
		return err
	}
	if j.State != rework.Done {
		return fmt.Errorf("%v ended %s: %s", j, j.State, OrNone(j.Note))
	}
	return nil
}

// pace is how far a job came since the first look.
type pace struct {
	done int64
	took time.Duration
}

// jobWords says how far a job is, how fast it goes and how long it still takes.
func jobWords(j rework.Job, p store.JobProgress, seen pace) string {
	words := fmt.Sprintf("%d of %d roots, %d records", p.Roots, j.Roots, p.Counts.Found)
	switch {
	case j.State == rework.Paused:
		return words + ", paused"
	case j.Note != "":
		return words + ", " + OneLine(j.Note)
	case seen.done == 0 || seen.took < time.Second:
		return words
	}
	rate := float64(seen.done) / seen.took.Seconds()
	left := time.Duration(float64(max(j.Roots-p.Roots, 0)) / rate * float64(time.Second))
	return fmt.Sprintf("%s, %.0f roots/s, %s left", words, rate, Age(left))
}

// PrintJob prints one job.
func (s *Session) PrintJob(ctx context.Context, db *store.DB, j rework.Job, asJSON bool) error {
	r, err := health.ReportJob(ctx, db, j)
	if err != nil {
		return err
	}
	if asJSON {
		return JSON(s.Out, r)
	}
	_, _ = fmt.Fprintf(s.Out, "%v: %s, %s done\n", j, j.State, ShareOf(r))
	if r.From != nil {
		_, _ = fmt.Fprintf(s.Out, "  from %s to %s (UTC)\n", Moment(r.From), Moment(r.To))
	}
	if p := r.Progress; p.Until != nil && r.From != nil {
		_, _ = fmt.Fprintf(s.Out, "  done until %s (UTC)\n", Moment(p.Until))
	}
	_, _ = fmt.Fprintf(s.Out, "  %v\n  runs: %d ended well, %d failed\n", r.Progress.Counts, r.Progress.Runs, r.Progress.Failed)
	for _, line := range []struct{ label, text string }{{"note", r.Note}, {"last error", r.Progress.LastError}, {"asked for by", r.By}} {
		if line.text != "" {
			_, _ = fmt.Fprintf(s.Out, "  %s: %s\n", line.label, OneLine(line.text))
		}
	}
	return nil
}

// ShareOf says how much of a job is done.
func ShareOf(r health.Job) string {
	switch {
	case r.State == rework.Done:
		return "all"
	case r.Roots == 0:
		return fmt.Sprintf("%d roots", r.Progress.Roots)
	}
	return fmt.Sprintf("%d of %d roots (%d %%)", r.Progress.Roots, r.Roots, min(100*r.Progress.Roots/r.Roots, 100))
}
