// Package jobs is the commands about work beside the syncs: backfills, the jobs
// themselves, and the parked records that a job can send once more.
package jobs

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"gitlab.com/eshopbox-team/return-sync/functions/cmd/internal/cli"
	"gitlab.com/eshopbox-team/return-sync/functions/internal/health"
	"gitlab.com/eshopbox-team/return-sync/functions/internal/operate"
	"gitlab.com/eshopbox-team/return-sync/functions/internal/wire"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/rework"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/store"
)

// Commands returns the commands of this group.
func Commands(a *cli.App) []*cobra.Command {
	return []*cobra.Command{backfillCmd(a), jobsCmd(a), parkedCmd(a)}
}

const jobsHelp = `jobs shows and steers the work that runs next to syncs: backfills, repairs, and retries of
single records. The functions do the work of a job. If they fail, the next tick
continues the job from its last finished page.`

// jobsCmd is the commands about jobs.
func jobsCmd(a *cli.App) *cobra.Command {
	list := cli.List[health.Job]{
		Command: cobra.Command{
			Short:   "List the jobs, newest first",
			Long:    "list shows the jobs that run or are paused; with --all those that have ended, too.",
			Example: "  returnsync jobs list\n  returnsync jobs list --all --json",
		},
		All: "include jobs that have ended", Entity: "the jobs of this entity alone", Limit: 50, LimitUnit: " jobs",
		Read:     readJobs,
		Empty:    "no job is open; to see those that have ended: returnsync jobs list --all",
		EmptyAll: "there was never a job",
		Head:     "JOB\tENTITY\tKIND\tSTATE\tDONE\tSAVED\tDELETED\tOPERATIONS\tBEGUN (UTC)\tNOTE",
		Row: func(r health.Job) []any {
			c := r.Progress.Counts
			return []any{r.ID, r.Entity, r.Kind, r.State, cli.ShareOf(r), c.Saved, c.Deleted, c.Operations, r.CreatedAt, r.Note}
		},
	}
	return cli.Group(&cobra.Command{
		Use:     "jobs",
		Short:   "Show, pause, resume and cancel backfills and repairs",
		Long:    jobsHelp,
		Example: "  returnsync jobs list\n  returnsync jobs show 7\n  returnsync jobs pause 7",
	}, list.Build(a), jobsShowCmd(a),
		moveCmd(a, "pause", "Send no more pages of a job; pages under way are finished", "is paused; to continue it: returnsync jobs resume %d", operate.Acts.PauseJob),
		resumeCmd(a),
		moveCmd(a, "cancel", "End a job for good; records that it has synced stay synced", "is cancelled; records that it has synced stay synced", operate.Acts.CancelJob))
}

// readJobs reads the jobs with their progress.
func readJobs(ctx context.Context, s *cli.Session, o cli.ListFlags) ([]health.Job, error) {
	db, err := s.Tables(ctx)
	if err != nil {
		return nil, err
	}
	list, err := db.Jobs.Newest(ctx, o.Entity, !o.All, o.Limit)
	if err != nil {
		return nil, err
	}
	return health.ReportJobs(ctx, db, list)
}

// jobsShowCmd is the command that shows one job.
func jobsShowCmd(a *cli.App) *cobra.Command {
	var o cli.JobOptions
	cmd := &cobra.Command{
		Use: "show JOB", Short: "Show a job, its progress and its account", Args: cli.Args,
		Annotations: cli.Failure(map[string]string{}, "with --wait the job did not end done"),
		Example:     "  returnsync jobs show 7\n  returnsync jobs show 7 --wait",
		RunE: a.Run(func(ctx context.Context, s *cli.Session, args []string) error {
			db, j, _, err := openJob(ctx, s, args[0])
			if err != nil {
				return err
			}
			if o.Wait.Wait && !j.State.Final() {
				return s.FollowJob(ctx, db, j, o)
			}
			return s.PrintJob(ctx, db, j, o.JSON)
		}),
	}
	cli.JSONFlag(cmd.Flags(), &o.JSON)
	o.Add(cmd.Flags(), 24*time.Hour)
	return cmd
}

// openJob opens our own tables and reads the job that an argument names.
func openJob(ctx context.Context, s *cli.Session, text string) (*store.DB, rework.Job, wire.Definitions, error) {
	var defs wire.Definitions
	id, err := strconv.ParseInt(text, 10, 64)
	if err != nil || id <= 0 {
		return nil, rework.Job{}, defs, fmt.Errorf("%q is not a job's number: see returnsync jobs list --all", text)
	}
	db, err := s.Tables(ctx, &defs)
	if err != nil {
		return nil, rework.Job{}, defs, err
	}
	j, err := db.Jobs.Job(ctx, id)
	return db, j, defs, err
}

// move is an act that changes a job's state.
type move func(operate.Acts, context.Context, operate.Actor, int64) (rework.Job, error)

// moveCmd is a command that changes a job's state and reports that in words, which may
// name the job's number.
func moveCmd(a *cli.App, verb, short, words string, do move) *cobra.Command {
	return &cobra.Command{
		Use: verb + " JOB", Short: short, Args: cli.Args,
		Example: "  returnsync jobs " + verb + " 7",
		RunE: a.Run(func(ctx context.Context, s *cli.Session, args []string) error {
			_, err := moved(ctx, s, args[0], words, do)
			return err
		}),
	}
}

// resumeCmd is the command that continues a paused job, and begins it from here if the
// queues are configured.
func resumeCmd(a *cli.App) *cobra.Command {
	cmd := moveCmd(a, "resume", "Continue a paused job from its last finished page", "", nil)
	cmd.RunE = a.Run(func(ctx context.Context, s *cli.Session, args []string) error {
		j, err := moved(ctx, s, args[0], "is running again", operate.Acts.ResumeJob)
		if err != nil {
			return err
		}
		return s.Wake(ctx, j)
	})
	cli.AddSettings(cmd.Flags(), cli.OnSync)
	return cmd
}

// moved changes the state of the job that an argument names.
func moved(ctx context.Context, s *cli.Session, text, words string, do move) (rework.Job, error) {
	db, j, defs, err := openJob(ctx, s, text)
	if err != nil {
		return j, err
	}
	entities, err := defs.Load()
	if err != nil {
		return j, err
	}
	j, err = do(operate.Acts{Store: db, Entities: entities}, ctx, s.Actor(), j.ID)
	if err != nil {
		return j, err
	}
	_, err = fmt.Fprintf(s.Out, "%v %s\n", j, strings.ReplaceAll(words, "%d", fmt.Sprint(j.ID)))
	return j, err
}
