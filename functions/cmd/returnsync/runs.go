package main

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strconv"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"gitlab.com/eshopbox-team/return-sync/functions/internal/wire"
	"gitlab.com/eshopbox-team/return-sync/shared/runlog"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/page"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/run"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/store"
)

// runs is the commands about runs.
func (a *app) runs() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "runs",
		Short:   "Show the runs, and how one went",
		Example: "  returnsync runs list --entity returns\n  returnsync runs show 1043",
		Args:    cobra.NoArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(a.runsList(), a.runsShow())
	return cmd
}

// runsOptions are what the flags say.
type runsOptions struct {
	json   bool
	entity string
	limit  int
}

// runsList is the command that lists runs.
func (a *app) runsList() *cobra.Command {
	var o runsOptions
	cmd := &cobra.Command{
		Use:     "list",
		Short:   "List the runs, newest first",
		Long:    "list shows the newest runs of each entity, or of one.\n\nExit codes: 0 the runs were shown, 1 they could not be read.",
		Example: "  returnsync runs list --entity returns --limit 50\n  returnsync runs list --json | jq '.[] | select(.state==\"failed\")'",
		Args:    cobra.NoArgs,
		RunE:    a.run(func(ctx context.Context, s *session, _ []string) error { return s.listRuns(ctx, o) }),
	}
	cmd.Flags().BoolVar(&o.json, "json", false, "print JSON, for programs")
	cmd.Flags().StringVar(&o.entity, "entity", "", "of this entity alone")
	cmd.Flags().IntVar(&o.limit, "limit", 20, "at most this many of an entity")
	return cmd
}

// listRuns prints the newest runs.
func (s *session) listRuns(ctx context.Context, o runsOptions) error {
	if o.limit < 1 {
		return fmt.Errorf("--limit is %d; want 1 or more", o.limit)
	}
	var defs wire.Definitions
	d, err := s.configure(ctx, need{targets: []any{&defs}})
	if err != nil {
		return err
	}
	entities, err := definitions(defs, o.entity)
	if err != nil {
		return err
	}
	db, err := s.migrated(ctx, d)
	if err != nil {
		return err
	}
	list := []wire.Answer{}
	for _, d := range entities {
		runs, err := db.Runs(ctx, d.Name, o.limit)
		if err != nil {
			return err
		}
		for _, r := range runs {
			list = append(list, wire.RunAnswer(r))
		}
	}
	slices.SortStableFunc(list, func(a, b wire.Answer) int { return int(b.RunID - a.RunID) })
	if o.json {
		return printJSON(s.out, list)
	}
	return printRuns(s.out, list)
}

// printRuns writes runs for people.
func printRuns(to io.Writer, list []wire.Answer) error {
	if len(list) == 0 {
		_, err := fmt.Fprintln(to, "There has been no run yet; start one: returnsync sync --wait")
		return err
	}
	w := tabwriter.NewWriter(to, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(w, "RUN\tENTITY\tSTATE\tBEGAN (UTC)\tTOOK\tPAGES\tFOUND\tSAVED\tDELETED\tUNCHANGED\tPARKED\tERROR")
	for _, a := range list {
		_, _ = fmt.Fprintf(w, "%d\t%s\t%s\t%s\t%s\t%d/%d\t%d\t%d\t%d\t%d\t%d\t%s\n", a.RunID, a.Entity, a.State, a.CreatedAt.UTC().Format(clock),
			took(a), a.PagesDone, a.PagesTotal, a.Counts.Found, a.Counts.Saved, a.Counts.Deleted, a.Counts.Unchanged, a.Counts.Parked, short(a.LastError))
	}
	return w.Flush()
}

// took says how long a run took; nothing while it is under way.
func took(a wire.Answer) string {
	if a.ClosedAt == nil {
		return "-"
	}
	if d := a.ClosedAt.Sub(a.CreatedAt); d < time.Minute {
		return fmt.Sprintf("%.1fs", max(d, 0).Seconds())
	}
	return age(a.ClosedAt.Sub(a.CreatedAt))
}

// short is an error's first words, for a table.
func short(text string) string {
	const most = 60
	letters := []rune(oneLine(text))
	if len(letters) <= most {
		return string(letters)
	}
	return string(letters[:most-3]) + "..."
}

const runsShowHelp = `show tells all that is kept of one run: its window, its account, its pages (those
that did not go well first), and its entries of the run log. Pages are kept for
KEEP_DAYS days.

Exit codes: 0 the run is under way or synced, 1 it could not be read, 2 it ended
failed or interrupted.`

// runsShow is the command that shows one run.
func (a *app) runsShow() *cobra.Command {
	var asJSON bool
	var pages int
	cmd := &cobra.Command{
		Use:     "show RUN",
		Short:   "Show one run: its account, its pages, its log",
		Long:    runsShowHelp,
		Example: "  returnsync runs show 1043\n  returnsync runs show 1043 --pages 500 --json",
		Args:    cobra.ExactArgs(1),
		RunE: a.run(func(ctx context.Context, s *session, args []string) error {
			id, err := strconv.ParseInt(args[0], 10, 64)
			if err != nil || id < 1 {
				return fmt.Errorf("%q is no run: want its number, from returnsync runs list", args[0])
			}
			if pages < 1 {
				return fmt.Errorf("--pages is %d; want 1 or more", pages)
			}
			return s.showRun(ctx, id, pages, asJSON)
		}),
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON, for programs")
	cmd.Flags().IntVar(&pages, "pages", 20, "at most this many pages")
	return cmd
}

// runReport is all that is kept of a run.
type runReport struct {
	wire.Answer
	Kind  run.Kind        `json:"kind"`
	Pages []store.PageRow `json:"pages"`
	Log   []runlog.Entry  `json:"log"`
}

// showRun prints a run.
func (s *session) showRun(ctx context.Context, id int64, pages int, asJSON bool) error {
	db, err := s.about(ctx, "")
	if err != nil {
		return err
	}
	r, err := db.Run(ctx, id)
	if err != nil {
		return err
	}
	report := runReport{Answer: wire.RunAnswer(r), Kind: r.Kind, Pages: []store.PageRow{}, Log: []runlog.Entry{}}
	list, err := db.Pages(ctx, id, pages)
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
		err = printJSON(s.out, report)
	} else {
		err = s.printRun(report)
	}
	if err == nil && (r.State == run.Failed || r.State == run.Interrupted) {
		err = errAttention
	}
	return err
}

// pageStates are the states of pages in words.
var pageStates = map[page.State]string{
	page.Pending: "waiting", page.Taken: "taken", page.Done: "done", page.Failed: "failed", page.Abandoned: "abandoned",
}

// printRun writes a run for people.
func (s *session) printRun(r runReport) error {
	w := tabwriter.NewWriter(s.out, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintf(w, "run %d\t%s, %s: %s\n", r.RunID, r.Entity, r.Kind, r.State)
	_, _ = fmt.Fprintf(w, "  window\t%s to %s\n", r.From.UTC().Format(clock), r.To.UTC().Format(clock))
	_, _ = fmt.Fprintf(w, "  began\t%s, took %s\n", r.CreatedAt.UTC().Format(clock), took(r.Answer))
	_, _ = fmt.Fprintf(w, "  account\t%v\n", r.Counts)
	_, _ = fmt.Fprintf(w, "  pages\t%d of %d done, %d failed\n", r.PagesDone, r.PagesTotal, r.PagesFailed)
	if r.LastError != "" {
		_, _ = fmt.Fprintf(w, "  error\t%s\n", oneLine(r.LastError))
	}
	if len(r.Pages) > 0 {
		_, _ = fmt.Fprintln(w, "\nPAGE\tSTATE\tROOTS\tTRIES\tFOUND\tSAVED\tDELETED\tUNCHANGED\tPARKED\tERROR")
	}
	for _, p := range r.Pages {
		c := p.Counts
		_, _ = fmt.Fprintf(w, "%d\t%s\t%d\t%d\t%d\t%d\t%d\t%d\t%d\t%s\n", p.Page, pageStates[p.State], p.Roots, p.Attempts,
			c.Found, c.Saved, c.Deleted, c.Unchanged, c.Parked, short(p.LastError))
	}
	if hidden := r.PagesTotal - len(r.Pages); hidden > 0 && len(r.Pages) > 0 {
		_, _ = fmt.Fprintf(w, "and %d more: --pages %d\n", hidden, r.PagesTotal)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	if len(r.Log) > 0 {
		_, _ = fmt.Fprintln(s.out)
	}
	s.printLog(r.Log, false)
	return nil
}
