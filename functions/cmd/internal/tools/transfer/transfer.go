// Package transfer is the transfer wing's part of the programs of people: the commands
// returnsync transfers, and cmd/local --transfer with emulators of a SQL Server and an
// Odoo, whose records a simulated office edits.
package transfer

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"strconv"
	"syscall"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"gitlab.com/eshopbox-team/return-sync/functions/cmd/internal/cli"
	"gitlab.com/eshopbox-team/return-sync/functions/cmd/internal/tool"
	"gitlab.com/eshopbox-team/return-sync/functions/internal/rehearsal"
	service "gitlab.com/eshopbox-team/return-sync/functions/internal/wings/transfer"
	"gitlab.com/eshopbox-team/return-sync/functions/internal/wire"
	"gitlab.com/eshopbox-team/return-sync/shared/transfer"
)

// Tool returns the wing's part of the programs of people.
func Tool() tool.Tool {
	return tool.Tool{Commands: commands, Play: rehearsal.Wing{
		Name: service.Name, Help: "also transfer single records both ways, between an emulated SQL Server and an emulated Odoo that people edit", Soaks: true, Open: openPlay,
	}}
}

// commands returns the group transfers.
func commands(a *cli.App) []*cobra.Command {
	return []*cobra.Command{cli.Group(&cobra.Command{
		Use: "transfers", Short: "Serve, list, try and compare transfers of single records",
		Long:    "transfers serves transfer jobs, each of which brings one record of a system to the other, and shows them.",
		Example: "  returnsync transfers serve --conf dadi.ini\n  returnsync transfers list --conf dadi.ini",
	}, serve(a), list(a), show(a), retry(a), try(a), verifyCmd(a), check(a), flows(a))}
}

// keys are those of the service's INI file.
var keys = service.Keys

// keyed adds --conf, and the keys of the INI file as flags of the service.
func keyed(cmd *cobra.Command, service bool) *cobra.Command {
	if !service {
		cmd.Flags().StringP("conf", "c", "", "the INI file of the Linux service; without it the product's own tables are meant")
		return cmd
	}
	cmd.Flags().StringP("conf", "c", "", "the INI file of the service (required)")
	_ = cmd.MarkFlagRequired("conf") // the flag is there
	for _, k := range keys() {
		cmd.Flags().String(k.Name, "", k.Help)
	}
	return cmd
}

// given returns the path of the INI file and the keys that flags set.
func given(cmd *cobra.Command) (string, map[string]string) {
	set := map[string]string{}
	known := map[string]bool{}
	for _, k := range keys() {
		known[k.Name] = true
	}
	cmd.Flags().Visit(func(f *pflag.Flag) {
		if known[f.Name] {
			set[f.Name] = f.Value.String()
		}
	})
	path, _ := cmd.Flags().GetString("conf") // it is a string
	return path, set
}

// serve is the service.
func serve(a *cli.App) *cobra.Command {
	return keyed(&cobra.Command{
		Use: "serve", Args: cli.Args, Annotations: cli.Endless(), Short: "Run the service: API, worker and protocol",
		Long: `serve runs the transfer service until it gets SIGTERM. The file has one section,
[sosync]; each of its keys is also a flag, and flags stand above the file. Whatever is
wrong with the configuration, the database or the addresses is listed at once.

sides = systems are a SQL Server and an Odoo; sides = rehearsal keeps both in tables.`,
		Example: "  returnsync transfers serve --conf /etc/sosync/dadi.ini\n  returnsync transfers serve -c dadi.ini --max_threads 4 --log_level=Debug",
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx, stop := signal.NotifyContext(cmd.Context(), syscall.SIGTERM, os.Interrupt)
			defer stop()
			path, keys := given(cmd)
			return service.Serve(ctx, path, keys, a.Err, nil)
		},
	}, true)
}

// opened is a command on what an INI file or the product has.
type opened func(ctx context.Context, b *service.Between, args []string) error

// reading returns a RunE that opens the table of jobs: that of an INI file, or without one
// the product's, whose changes are audited. With sides it opens both systems too.
func reading(a *cli.App, sides bool, do opened) func(*cobra.Command, []string) error {
	ofProduct := a.Run(func(ctx context.Context, s *cli.Session, args []string) error {
		db, err := s.Tables(ctx)
		if err != nil {
			return err
		}
		b, err := service.BetweenProduct(ctx, wire.Opening{Env: s.Env, Pool: db.Pool()}, s.Actor(), sides)
		if err != nil {
			return err
		}
		return do(ctx, b, args)
	})
	return func(cmd *cobra.Command, args []string) (err error) {
		path, set := given(cmd)
		if path == "" {
			return ofProduct(cmd, args)
		}
		b, closing, err := service.BetweenFile(cmd.Context(), path, set, sides)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, closing()) }()
		return do(cmd.Context(), b, args)
	}
}

// list lists jobs.
func list(a *cli.App) *cobra.Command {
	var state string
	var limit int
	cmd := keyed(&cobra.Command{
		Use: "list", Args: cli.Args, Short: "List transfer jobs",
		Long:    "list shows transfer jobs, the newest first, those in the archive among them. Jobs of records that another one refers to are not listed.",
		Example: "  returnsync transfers list\n  returnsync transfers list --conf dadi.ini --state error",
		RunE: reading(a, false, func(ctx context.Context, b *service.Between, _ []string) error {
			states := transfer.States()
			if state != "" {
				states = []transfer.State{transfer.State(state)}
				if !slices.Contains(transfer.States(), states[0]) {
					return fmt.Errorf("--state is %q: want one of %v", state, transfer.States())
				}
			}
			var jobs []transfer.Job
			for _, one := range states {
				list, err := b.Jobs.Views.Latest(ctx, one, limit+1)
				if err != nil {
					return err
				}
				jobs = append(jobs, list...)
			}
			return print(a.Out, jobs, limit)
		}),
	}, false)
	cmd.Flags().StringVar(&state, "state", "", "new, inprogress, done, skipped, error or error_retry; empty for all")
	cli.Number(cmd.Flags(), &limit, "limit", 50, "how many jobs at most")
	return cmd
}

// print prints at most limit jobs, the newest first.
func print(out io.Writer, jobs []transfer.Job, limit int) error {
	slices.SortFunc(jobs, func(a, b transfer.Job) int { return cmp.Compare(b.ID, a.ID) })
	err := cli.Table(out, "JOB\tSTATE\tRUNS\tDATE (UTC)\tRECORD\tCODE\tPROBLEM", jobs[:min(limit, len(jobs))], func(j transfer.Job) []any {
		return []any{j.ID, j.State, j.Runs, j.Date, j, j.ErrorCode, string(j.ErrorText)}
	})
	if err != nil {
		return err
	}
	if len(jobs) > limit {
		_, err := fmt.Fprintf(out, "There are more than %d: --limit shows more of them.\n", limit)
		return err
	}
	return nil
}

// show shows one job.
func show(a *cli.App) *cobra.Command {
	return keyed(&cobra.Command{
		Use: "show ID", Args: cli.Args, Short: "Show all of one transfer job",
		Long:    "show prints a transfer job as JSON: what it saw, what it wrote, and why it failed.",
		Example: "  returnsync transfers show 4711\n  returnsync transfers show 4711 --conf dadi.ini",
		RunE: one(a, false, func(ctx context.Context, b *service.Between, id int64) error {
			j, err := b.Jobs.Job(ctx, id)
			if err != nil {
				return err
			}
			return cli.JSON(a.Out, j)
		}),
	}, false)
}

// one returns a RunE for the job whose number is the argument.
func one(a *cli.App, sides bool, do func(ctx context.Context, b *service.Between, id int64) error) func(*cobra.Command, []string) error {
	return reading(a, sides, func(ctx context.Context, b *service.Between, args []string) error {
		id, err := strconv.ParseInt(args[0], 10, 64)
		if err != nil {
			return fmt.Errorf("%q is not the number of a job", args[0])
		}
		err = do(ctx, b, id)
		if errors.Is(err, transfer.ErrNoJob) { // its words are those of the service's answer
			err = fmt.Errorf("there is no transfer job %d; to list them: returnsync transfers list", id)
		}
		return err
	})
}

// retry gives one job another run.
func retry(a *cli.App) *cobra.Command {
	return keyed(&cobra.Command{
		Use: "retry ID", Args: cli.Args, Short: "Try a failed transfer job again",
		Long:    "retry makes a job in error or error_retry new, with its failed children, whatever the number of its runs. The worker takes it up.",
		Example: "  returnsync transfers retry 4711\n  returnsync transfers retry 4711 --conf dadi.ini",
		RunE: one(a, false, func(ctx context.Context, b *service.Between, id int64) error {
			said, err := b.Retry(ctx, id)
			if err == nil {
				_, err = fmt.Fprintln(a.Out, said)
			}
			return err
		}),
	}, false)
}
