package transfer

import (
	"context"
	"fmt"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"gitlab.com/eshopbox-team/return-sync/functions/cmd/internal/cli"
	service "gitlab.com/eshopbox-team/return-sync/functions/internal/wings/transfer"
	"gitlab.com/eshopbox-team/return-sync/shared/transfer"
	"gitlab.com/eshopbox-team/return-sync/shared/transfer/verify"
)

// try says what a job would do.
func try(a *cli.App) *cobra.Command {
	var asJSON bool
	cmd := keyed(&cobra.Command{
		Use: "try ID", Args: cli.Args, Short: "Say what one transfer job would do, without doing it",
		Long: `try runs a job as the worker does, between both systems, and keeps every write to
itself: it prints what would be read, decided and written, for the records that the job's
record refers to as well. Records that would be created have negative ids.`,
		Example: "  returnsync transfers try 4711\n  returnsync transfers try 4711 --conf dadi.ini --json",
		RunE: one(a, true, func(ctx context.Context, b *service.Between, id int64) error {
			t, err := b.Try(ctx, id)
			if err != nil {
				return err
			}
			if asJSON {
				return cli.JSON(a.Out, t)
			}
			var p printer
			for _, c := range t.Calls {
				switch {
				case c.Plan != nil:
					p.line("would write %s: %s %s %s", c.Side, c.Call, c.Model, cli.OneLine(fmt.Sprint(c.Plan)))
				case c.Problem != "":
					p.line("%s %s %s %d: %s", c.Side, c.Call, c.Model, c.ID, c.Problem)
				default:
					p.line("%s %s %s %d: %s", c.Side, c.Call, c.Model, c.ID, cli.OneLine(fmt.Sprint(c.Found)))
				}
			}
			for line := range strings.Lines(string(t.Job.Log)) {
				p.line("decided: %s", strings.TrimSpace(line))
			}
			p.line("job %d of %s would be %s, with %d writes", id, t.Job, t.Job.State, len(t.Writes()))
			_, err = fmt.Fprint(a.Out, p.String())
			return err
		}),
	}, false)
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

// printer collects lines.
type printer struct{ strings.Builder }

// line adds a line.
func (p *printer) line(format string, args ...any) { fmt.Fprintf(p, format+"\n", args...) }

// slice is how many records verify reads at once.
const slice = 500

// verifyCmd compares a model on both sides.
func verifyCmd(a *cli.App) *cobra.Command {
	var asJSON, repair, deep bool
	var from string
	var limit int
	cmd := keyed(&cobra.Command{
		Use: "verify MODEL", Args: cli.Args, Short: "Compare a model on both sides, record by record",
		Long: `verify reads a model of both systems by slices and names the records that differ:
those that only one side has, whose foreign ids or dates disagree, or whose fields disagree
although their dates agree. A record with an open job is pending and no difference.

--repair stores a job for each record that differs. Records with equal dates get none,
because nothing says which side is right, unless --from names the side.`,
		Example:     "  returnsync transfers verify dbo.Person\n  returnsync transfers verify res.partner --conf dadi.ini --repair\n  returnsync transfers verify dbo.Person --repair --from studio",
		Annotations: cli.Attention("records differ"),
		RunE: reading(a, true, func(ctx context.Context, b *service.Between, args []string) error {
			flow, known := b.Flows.Named(args[0])
			if !known {
				return fmt.Errorf("%q is the model of no flow", args[0])
			}
			sides := map[string]transfer.Side{"": "", "studio": transfer.Studio, "online": transfer.Online}
			if _, known := sides[from]; !known || from != "" && !repair {
				return fmt.Errorf("--from is %q: want studio or online, beside --repair", from)
			}
			c := &comparing{Between: b, flow: flow, repair: repair, forced: sides[from], deep: deep, limit: limit}
			r, err := c.run(ctx)
			if err != nil {
				return err
			}
			if asJSON {
				err = cli.JSON(a.Out, struct {
					verify.Result
					Jobs        int                 `json:"jobs"`
					Differences []verify.Difference `json:"records"`
				}{r, c.made, c.list})
			} else {
				err = c.print(a, r)
			}
			if err == nil && r.Differences > 0 {
				err = cli.ErrAttention
			}
			return err
		}),
	}, false)
	f := cmd.Flags()
	f.BoolVar(&asJSON, "json", false, "print JSON")
	f.BoolVar(&deep, "deep", false, "convert every record as a transfer would, and compare all fields; else those that both sides hold as they are")
	f.BoolVar(&repair, "repair", false, "store a job for each record that differs")
	f.StringVar(&from, "from", "", "with --repair: the side, studio or online, whose data counts where the dates agree")
	cli.Number(f, &limit, "limit", 50, "how many records are named at most")
	return cmd
}

// comparing is a comparison with the jobs that it stores.
type comparing struct {
	*service.Between
	flow   transfer.Flow
	repair bool
	forced transfer.Side
	deep   bool
	limit  int
	list   []verify.Difference
	drafts []transfer.Draft
	made   int
}

// run compares, and stores jobs in parts.
func (c *comparing) run(ctx context.Context) (verify.Result, error) {
	c.list = []verify.Difference{}
	v := &verify.Comparison{Studio: c.Studio, Online: c.Online, Flow: c.flow, Jobs: c.Jobs, Slice: slice, Deep: c.deep, Each: c.each}
	r, err := v.Run(ctx)
	if err == nil {
		err = c.store(ctx)
	}
	if err == nil && c.made > 0 {
		err = c.Created(ctx, "records of "+c.flow.Studio+" that differ", c.made)
	}
	return r, err
}

// each keeps a difference.
func (c *comparing) each(ctx context.Context, d verify.Difference) error {
	if len(c.list) < c.limit {
		c.list = append(c.list, d)
	}
	if draft, ok := d.Draft(c.flow, c.flow.Priority, c.forced); ok && c.repair {
		c.drafts = append(c.drafts, draft)
	}
	if len(c.drafts) < slice {
		return nil
	}
	return c.store(ctx)
}

// store stores the jobs that are due.
func (c *comparing) store(ctx context.Context) error {
	if len(c.drafts) == 0 {
		return nil
	}
	ids, err := c.Jobs.Create(ctx, c.drafts)
	c.made += len(ids)
	c.drafts = nil
	return err
}

// print prints what was found.
func (c *comparing) print(a *cli.App, r verify.Result) error {
	w := tabwriter.NewWriter(a.Out, 0, 0, 2, ' ', 0)
	if len(c.list) > 0 {
		fmt.Fprintln(w, "STUDIO\tONLINE\tKIND\tPROBLEM")
	}
	for _, d := range c.list {
		fmt.Fprintf(w, "%d\t%d\t%s\t%s\n", d.Studio, d.Online, d.Kind, d.Says)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	var p printer
	if r.Differences > int64(len(c.list)) {
		p.line("There are more: --limit shows more of them.")
	}
	p.line("%s and %s: %d and %d records, %d agree, %d are pending, %d differ.", c.flow.Studio, c.flow.Online, r.Studio, r.Online, r.Same, r.Pending, r.Differences)
	if c.repair {
		p.line("%d jobs were stored.", c.made)
	}
	_, err := fmt.Fprint(a.Out, p.String())
	return err
}
