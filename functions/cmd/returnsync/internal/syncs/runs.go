package syncs

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"gitlab.com/eshopbox-team/return-sync/functions/cmd/internal/cli"
	"gitlab.com/eshopbox-team/return-sync/shared/runlog"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/page"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/run"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/store"
)

// runsCmd is the commands about runs.
func runsCmd(a *cli.App) *cobra.Command {
	list := cli.List[run.Answer]{
		Command: cobra.Command{
			Short:   "List the runs, newest first",
			Long:    "list shows the newest runs of all entities, or of one.",
			Example: "  returnsync runs list --entity returns --limit 50\n  returnsync runs list --json | jq '.[] | select(.state==\"failed\")'",
		},
		Entity: "the runs of this entity alone", Limit: 20, LimitUnit: " runs in all",
		Read:  readRuns,
		Empty: "There has been no run yet. Start one: returnsync sync --wait",
		Head:  "RUN\tENTITY\tSTATE\tBEGAN (UTC)\tTOOK\tPAGES\tFOUND\tSAVED\tDELETED\tUNCHANGED\tPARKED\tERROR",
		Row: func(a run.Answer) []any {
			return []any{
				a.RunID, a.Entity, a.State, a.CreatedAt, took(a), fmt.Sprintf("%d/%d", a.PagesDone, a.PagesTotal),
				a.Counts.Found, a.Counts.Saved, a.Counts.Deleted, a.Counts.Unchanged, a.Counts.Parked, short(a.LastError),
			}
		},
	}
	return cli.Group(&cobra.Command{
		Use:     "runs",
		Short:   "Show the runs, or one in detail",
		Example: "  returnsync runs list --entity returns\n  returnsync runs show 1043",
	}, list.Build(a), runsShowCmd(a))
}

// readRuns reads the newest runs of the entities that are meant.
func readRuns(ctx context.Context, s *cli.Session, o cli.ListFlags) ([]run.Answer, error) {
	db, entities, err := s.Known(ctx, o.Entity)
	if err != nil {
		return nil, err
	}
	var list []run.Answer
	for _, d := range entities {
		runs, err := db.Runs.Newest(ctx, d.Name, o.Limit)
		if err != nil {
			return nil, err
		}
		for _, r := range runs {
			list = append(list, r.Answer())
		}
	}
	slices.SortStableFunc(list, func(a, b run.Answer) int { return int(b.RunID - a.RunID) })
	return list[:min(o.Limit, len(list))], nil
}

// took says how long a run took; nothing while it is under way.
func took(a run.Answer) string {
	if a.ClosedAt == nil {
		return "-"
	}
	if d := a.ClosedAt.Sub(a.CreatedAt); d < time.Minute {
		return fmt.Sprintf("%.1fs", max(d, 0).Seconds())
	}
	return cli.Age(a.ClosedAt.Sub(a.CreatedAt))
}

// short is an error's first words, for a table.
func short(text string) string {
	const most = 60
	letters := []rune(cli.OneLine(text))
	if len(letters) <= most {
		return string(letters)
	}
	return string(letters[:most-3]) + "..."
}

// runsShowCmd is the command that shows one run.
func runsShowCmd(a *cli.App) *cobra.Command {
	var asJSON bool
	var pages int
	cmd := &cobra.Command{
		Use:   "show RUN",
		Short: "Show one run: its account, its pages, its log",
		Long: `show prints one run: its window, its account, its pages (failed ones first), and
its entries of the run log. Pages are kept for KEEP_DAYS days.`,
		Annotations: cli.Attention("the run failed or was interrupted"),
		Example:     "  returnsync runs show 1043\n  returnsync runs show 1043 --pages 500 --json",
		Args:        cli.Args,
		RunE: a.Run(func(ctx context.Context, s *cli.Session, args []string) error {
			id, err := strconv.ParseInt(args[0], 10, 64)
			if err != nil || id < 1 {
				return fmt.Errorf("%q is not a run's number: see returnsync runs list", args[0])
			}
			return showRun(ctx, s, id, pages, asJSON)
		}),
	}
	cli.JSONFlag(cmd.Flags(), &asJSON)
	cli.Number(cmd.Flags(), &pages, "pages", 20, "show at most this many pages")
	return cmd
}

// RunReport is a run with its pages and its log.
type RunReport struct {
	run.Answer
	Kind  run.Kind        `json:"kind"`
	Pages []store.PageRow `json:"pages"`
	Log   []runlog.Entry  `json:"log"`
}

// showRun prints a run.
func showRun(ctx context.Context, s *cli.Session, id int64, pages int, asJSON bool) error {
	db, _, err := s.Known(ctx, "")
	if err != nil {
		return err
	}
	r, err := db.Runs.Run(ctx, id)
	if err != nil {
		return err
	}
	report := RunReport{Answer: r.Answer(), Kind: r.Kind, Pages: []store.PageRow{}, Log: []runlog.Entry{}}
	list, err := db.Pages.OfRun(ctx, id, pages)
	if err != nil {
		return err
	}
	report.Pages = append(report.Pages, list...)
	entries, err := runlog.New(db.Pool()).ReadLog(ctx, runlog.Filter{Subject: r.Entity, RunID: id, Limit: atOnce})
	if err != nil {
		return err
	}
	report.Log = append(report.Log, entries...)
	if asJSON {
		err = cli.JSON(s.Out, report)
	} else {
		err = printRun(s, report)
	}
	if err == nil && (r.State == run.Failed || r.State == run.Interrupted) {
		err = cli.ErrAttention
	}
	return err
}

// pageStates are the states of pages in words.
var pageStates = map[page.State]string{
	page.Pending: "waiting", page.Taken: "taken", page.Done: "done", page.Failed: "failed", page.Abandoned: "abandoned",
}

// printRun writes a run for people.
func printRun(s *cli.Session, r RunReport) error {
	w := cli.Columns(s.Out)
	_, _ = fmt.Fprintf(w, "run %d\t%s, %s: %s\n", r.RunID, r.Entity, r.Kind, r.State)
	_, _ = fmt.Fprintf(w, "  window\t%s to %s\n", cli.Cell(r.From), cli.Cell(r.To))
	_, _ = fmt.Fprintf(w, "  began\t%s, took %s\n", cli.Cell(r.CreatedAt), took(r.Answer))
	_, _ = fmt.Fprintf(w, "  account\t%v\n", r.Counts)
	_, _ = fmt.Fprintf(w, "  pages\t%d of %d done, %d failed\n", r.PagesDone, r.PagesTotal, r.PagesFailed)
	if r.LastError != "" {
		_, _ = fmt.Fprintf(w, "  error\t%s\n", cli.OneLine(r.LastError))
	}
	if err := w.Flush(); err != nil {
		return err
	}
	if len(r.Pages) > 0 {
		_, _ = fmt.Fprintln(s.Out)
		err := cli.Table(s.Out, "PAGE\tSTATE\tROOTS\tTRIES\tFOUND\tSAVED\tDELETED\tUNCHANGED\tPARKED\tERROR", r.Pages, func(p store.PageRow) []any {
			c := p.Counts
			return []any{p.Page, pageStates[p.State], p.Roots, p.Attempts, c.Found, c.Saved, c.Deleted, c.Unchanged, c.Parked, short(p.LastError)}
		})
		if err != nil {
			return err
		}
		if hidden := r.PagesTotal - len(r.Pages); hidden > 0 {
			_, _ = fmt.Fprintf(s.Out, "and %d more: --pages %d\n", hidden, r.PagesTotal)
		}
	}
	if len(r.Log) > 0 {
		_, _ = fmt.Fprintln(s.Out)
	}
	printLog(s, r.Log, false)
	return nil
}
