package main

import (
	"context"
	"fmt"
	"io"
	"strconv"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"gitlab.com/eshopbox-team/return-sync/functions/internal/health"
	"gitlab.com/eshopbox-team/return-sync/functions/internal/operate"
	"gitlab.com/eshopbox-team/return-sync/functions/internal/wire"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/rework"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/store"
)

const jobsHelp = `jobs shows and steers the work beside the syncs: backfills, repairs, and single
records. A job is worked off by the functions; whatever happens to them, a tick
wakes it, and it goes on where it was.`

// jobOptions are what the flags of these commands say.
type jobOptions struct {
	json, wait, all bool
	timeout         time.Duration
	entity          string
	limit           int
}

// jobs is the commands about jobs.
func (a *app) jobs() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "jobs",
		Short:   "Show, pause, resume and cancel backfills and repairs",
		Long:    jobsHelp,
		Example: "  returnsync jobs list\n  returnsync jobs show 7\n  returnsync jobs pause 7",
		Args:    cobra.NoArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(a.jobsList(), a.jobsShow(),
		a.jobsMove("pause", "Send no more pages of a job; what is under way is finished", (*session).pauseJob),
		a.jobsMove("resume", "Let a paused job go on where it was", (*session).resumeJob),
		a.jobsMove("cancel", "End a job for good; what it has synced stays synced", (*session).cancelJob))
	return cmd
}

// jobsList is the command that lists jobs.
func (a *app) jobsList() *cobra.Command {
	var o jobOptions
	cmd := &cobra.Command{
		Use: "list", Short: "List the jobs, newest first", Args: cobra.NoArgs,
		Long:    "list shows the jobs that run or are paused; with --all those that have ended, too.",
		Example: "  returnsync jobs list\n  returnsync jobs list --all --json",
		RunE:    a.run(func(ctx context.Context, s *session, _ []string) error { return s.listJobs(ctx, o) }),
	}
	cmd.Flags().BoolVar(&o.json, "json", false, "print JSON, for programs")
	cmd.Flags().BoolVar(&o.all, "all", false, "those that have ended, too")
	cmd.Flags().StringVar(&o.entity, "entity", "", "of this entity alone")
	cmd.Flags().IntVar(&o.limit, "limit", 50, "at most this many")
	return cmd
}

// jobsShow is the command that shows one job.
func (a *app) jobsShow() *cobra.Command {
	var o jobOptions
	cmd := &cobra.Command{
		Use: "show ID", Short: "Show a job, how far it is, and its account", Args: cobra.ExactArgs(1),
		Example: "  returnsync jobs show 7\n  returnsync jobs show 7 --wait",
		RunE: a.run(func(ctx context.Context, s *session, args []string) error {
			db, j, _, err := s.job(ctx, args[0])
			if err != nil {
				return err
			}
			if o.wait && !j.State.Final() {
				return s.followJob(ctx, db, j, o)
			}
			return s.printJob(ctx, db, j, o)
		}),
	}
	cmd.Flags().BoolVar(&o.json, "json", false, "print JSON, for programs")
	cmd.Flags().BoolVar(&o.wait, "wait", false, "follow it until it has ended")
	cmd.Flags().DurationVar(&o.timeout, "timeout", 24*time.Hour, "how long to wait with --wait")
	return cmd
}

// jobsMove is a command that changes a job's state.
func (a *app) jobsMove(name, short string, do func(*session, context.Context, string) error) *cobra.Command {
	cmd := &cobra.Command{
		Use: name + " ID", Short: short, Args: cobra.ExactArgs(1),
		Example: "  returnsync jobs " + name + " 7",
		RunE:    a.run(func(ctx context.Context, s *session, args []string) error { return do(s, ctx, args[0]) }),
	}
	if name == "resume" {
		addSettings(cmd.Flags(), onSync)
	}
	return cmd
}

// job reads the job that an argument names.
func (s *session) job(ctx context.Context, text string) (*store.DB, rework.Job, wire.Definitions, error) {
	var defs wire.Definitions
	id, err := strconv.ParseInt(text, 10, 64)
	if err != nil || id <= 0 {
		return nil, rework.Job{}, defs, fmt.Errorf("%q is no job's number: see returnsync jobs list --all", text)
	}
	d, err := s.configure(ctx, need{targets: []any{&defs}})
	if err != nil {
		return nil, rework.Job{}, defs, err
	}
	db, err := s.migrated(ctx, d)
	if err != nil {
		return nil, rework.Job{}, defs, err
	}
	j, err := db.Job(ctx, id)
	return db, j, defs, err
}

// listJobs prints the jobs.
func (s *session) listJobs(ctx context.Context, o jobOptions) error {
	if o.limit < 1 {
		return fmt.Errorf("--limit is %d; want 1 or more", o.limit)
	}
	d, err := s.configure(ctx, need{})
	if err != nil {
		return err
	}
	db, err := s.migrated(ctx, d)
	if err != nil {
		return err
	}
	list, err := db.Jobs(ctx, o.entity, !o.all, o.limit)
	if err != nil {
		return err
	}
	shown := make([]health.Job, len(list))
	for i, j := range list {
		if shown[i], err = health.ReportJob(ctx, db, j); err != nil {
			return err
		}
	}
	if o.json {
		return printJSON(s.out, shown)
	}
	return printJobs(s.out, shown, o.all)
}

// printJobs writes jobs for people.
func printJobs(to io.Writer, list []health.Job, all bool) error {
	if len(list) == 0 {
		words := "no job is open; those that have ended: returnsync jobs list --all"
		if all {
			words = "there was never a job"
		}
		_, err := fmt.Fprintln(to, words)
		return err
	}
	w := tabwriter.NewWriter(to, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(w, "JOB\tENTITY\tKIND\tSTATE\tDONE\tSAVED\tDELETED\tOPERATIONS\tBEGUN (UTC)\tNOTE")
	for _, r := range list {
		_, _ = fmt.Fprintf(w, "%d\t%s\t%s\t%s\t%s\t%d\t%d\t%d\t%s\t%s\n", r.ID, r.Entity, r.Kind, r.State, shareOf(r),
			r.Progress.Counts.Saved, r.Progress.Counts.Deleted, r.Progress.Counts.Operations, r.CreatedAt.UTC().Format(clock), oneLine(r.Note))
	}
	return w.Flush()
}

// shareOf says how much of a job is done.
func shareOf(r health.Job) string {
	switch {
	case r.State == rework.Done:
		return "all"
	case r.Roots == 0:
		return fmt.Sprintf("%d roots", r.Progress.Roots)
	}
	return fmt.Sprintf("%d of %d roots (%d %%)", r.Progress.Roots, r.Roots, min(100*r.Progress.Roots/r.Roots, 100))
}

// printJob prints one job.
func (s *session) printJob(ctx context.Context, db *store.DB, j rework.Job, o jobOptions) error {
	r, err := health.ReportJob(ctx, db, j)
	if err != nil {
		return err
	}
	if o.json {
		return printJSON(s.out, r)
	}
	_, _ = fmt.Fprintf(s.out, "%v: %s, %s done\n", j, j.State, shareOf(r))
	if r.From != nil {
		_, _ = fmt.Fprintf(s.out, "  from %s to %s (UTC)\n", r.From.Format(clock), r.To.Format(clock))
	}
	if p := r.Progress; p.Until != nil && r.From != nil {
		_, _ = fmt.Fprintf(s.out, "  done until %s (UTC)\n", p.Until.Format(clock))
	}
	_, _ = fmt.Fprintf(s.out, "  %v\n  runs: %d ended well, %d did not\n", r.Progress.Counts, r.Progress.Runs, r.Progress.Failed)
	for _, line := range []struct{ label, text string }{{"note", r.Note}, {"last error", r.Progress.LastError}, {"asked for by", r.By}} {
		if line.text != "" {
			_, _ = fmt.Fprintf(s.out, "  %s: %s\n", line.label, oneLine(line.text))
		}
	}
	return nil
}

// move is an act that changes a job's state.
type move func(operate.Acts, context.Context, operate.Actor, int64) (rework.Job, error)

// steered reads the job that an argument names and has do change its state.
func (s *session) steered(ctx context.Context, text, words string, do move) (rework.Job, error) {
	db, j, defs, err := s.job(ctx, text)
	if err != nil {
		return j, err
	}
	acts, err := s.acts(db, defs)
	if err != nil {
		return j, err
	}
	j, err = do(acts, ctx, s.actor(), j.ID)
	if err == nil {
		_, _ = fmt.Fprintf(s.out, "%v %s\n", j, words)
	}
	return j, err
}

// pauseJob pauses a job.
func (s *session) pauseJob(ctx context.Context, text string) error {
	_, err := s.steered(ctx, text, "is paused; go on with: returnsync jobs resume "+text, operate.Acts.PauseJob)
	return err
}

// resumeJob lets a job go on.
func (s *session) resumeJob(ctx context.Context, text string) error {
	j, err := s.steered(ctx, text, "goes on", operate.Acts.ResumeJob)
	if err != nil {
		return err
	}
	return s.wake(ctx, j)
}

// cancelJob ends a job.
func (s *session) cancelJob(ctx context.Context, text string) error {
	_, err := s.steered(ctx, text, "is cancelled; what it has synced stays synced", operate.Acts.CancelJob)
	return err
}
