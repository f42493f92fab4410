package syncs

import (
	"bytes"
	"context"
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"gitlab.com/eshopbox-team/return-sync/functions/cmd/internal/cli"
	"gitlab.com/eshopbox-team/return-sync/functions/internal/health"
)

const statusHelp = `status says first whether all is well and, if not, what to do. Then it shows for
each entity: how fresh its index is, the state of its claim, the run under way, the
last run, the parked records, the open jobs, and what comparisons have found.

It reads our own tables, asks the live index for its number of records and its
settings, and changes nothing. It asks the index with ALGOLIA_CHECK_KEY (rights
search and settings) or another key that is set; without a key it judges the last
answer that the watch function kept.

With --watch it shows the report again every second, and exits with 0 at Ctrl-C.`

const statusAttention = `our tables want migrating, an entity was never synced or is too far
     behind, a sync is silent, the last run failed, a page failed, records are
     parked, a job failed within a day or waits for the operations budget, most of
     that budget is used, records differ, the index has other records or settings
     than it should, or the index was not checked lately`

// statusOptions are the flags.
type statusOptions struct {
	json, watch bool
	entity      string
}

// statusCmd is the command that reports how the syncs are doing.
func statusCmd(a *cli.App) *cobra.Command {
	var o statusOptions
	cmd := &cobra.Command{
		Use:         "status",
		Short:       "Report how the syncs are doing, and what to do",
		Long:        statusHelp,
		Annotations: cli.Attention(statusAttention),
		Example: `  returnsync status
  returnsync status --entity returns --stale-after 1h
  returnsync status --watch
  returnsync status --json | jq .attention`,
		Args: cli.Args,
		RunE: a.Run(func(ctx context.Context, s *cli.Session, _ []string) error { return showStatus(ctx, s, o) }),
	}
	cli.JSONFlag(cmd.Flags(), &o.json)
	cmd.Flags().StringVar(&o.entity, "entity", "", "this entity alone")
	cmd.Flags().BoolVar(&o.watch, "watch", false, "show it again every second until Ctrl-C; on a terminal in place")
	cmd.MarkFlagsMutuallyExclusive("json", "watch")
	cli.AddSettings(cmd.Flags(), cli.OnStatus)
	return cmd
}

// showStatus prints the report.
func showStatus(ctx context.Context, s *cli.Session, o statusOptions) error {
	look, err := s.Health(ctx, o.entity)
	if err != nil {
		return err
	}
	if o.watch {
		return watchStatus(ctx, s, look)
	}
	r, err := look(ctx)
	if err != nil {
		return err
	}
	if o.json {
		err = cli.JSON(s.Out, r)
	} else {
		err = PrintStatus(s.Out, r)
	}
	if err == nil && !r.OK {
		err = cli.ErrAttention
	}
	return err
}

// inPlace returns a frame for a terminal: it is written over the last one, line by line,
// so that nothing is blank in between.
func inPlace(frame []byte) []byte {
	const home, restOfLine, rest = "\x1b[H", "\x1b[K\n", "\x1b[J"
	return slices.Concat([]byte(home), bytes.ReplaceAll(frame, []byte("\n"), []byte(restOfLine)), []byte(rest))
}

// watchStatus prints the report again and again until ctx ends. An error is shown in the
// report's place, since the next look may succeed.
func watchStatus(ctx context.Context, s *cli.Session, look func(context.Context) (health.Report, error)) error {
	_, terminal := s.Out.(*cli.Screen)
	return s.Repeat(ctx, func() error {
		r, err := look(ctx)
		if ctx.Err() != nil {
			return nil
		}
		var frame bytes.Buffer
		if err != nil {
			_, _ = fmt.Fprintf(&frame, "The status cannot be read: %v\nTrying again; Ctrl-C ends.\n", err)
		} else if err := PrintStatus(cli.On(s.Out, &frame), r); err != nil {
			return err
		}
		if terminal {
			_, err = s.Out.Write(inPlace(frame.Bytes()))
			return err
		}
		frame.WriteString("\n")
		_, err = s.Out.Write(frame.Bytes())
		return err
	})
}
