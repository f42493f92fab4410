// Package transfer is the transfer wing's part of the programs of people: the commands
// returnsync transfers, and cmd/local --transfer with emulators of a SQL Server and an
// Odoo, whose records a simulated office edits.
package transfer

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"strconv"
	"syscall"
	"text/tabwriter"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"gitlab.com/eshopbox-team/return-sync/functions/cmd/internal/cli"
	"gitlab.com/eshopbox-team/return-sync/functions/cmd/internal/tool"
	"gitlab.com/eshopbox-team/return-sync/functions/internal/rehearsal"
	service "gitlab.com/eshopbox-team/return-sync/functions/internal/wings/transfer"
	"gitlab.com/eshopbox-team/return-sync/shared/transfer"
	"gitlab.com/eshopbox-team/return-sync/shared/transfer/store"
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
		Use: "transfers", Short: "Serve, list and retry transfers of single records",
		Long:    "transfers serves transfer jobs, each of which brings one record of a system to the other, and shows them.",
		Example: "  returnsync transfers serve --conf dadi.ini\n  returnsync transfers list --conf dadi.ini",
	}, serve(a), list(a), show(a), retry(a), check(a))}
}

// keyed adds --conf, and the keys of the INI file as flags.
func keyed(cmd *cobra.Command, all bool) *cobra.Command {
	f := cmd.Flags()
	f.StringP("conf", "c", "", "the INI file of the service")
	_ = cmd.MarkFlagRequired("conf") // the flag is there
	if all {
		for _, k := range service.Keys() {
			f.String(k.Name, "", k.Help)
		}
	}
	return cmd
}

// given returns the path of the INI file and the keys that flags set.
func given(cmd *cobra.Command) (string, map[string]string) {
	keys := map[string]string{}
	known := map[string]bool{}
	for _, k := range service.Keys() {
		known[k.Name] = true
	}
	cmd.Flags().Visit(func(f *pflag.Flag) {
		if known[f.Name] {
			keys[f.Name] = f.Value.String()
		}
	})
	path, _ := cmd.Flags().GetString("conf") // it is a string
	return path, keys
}

// serve is the service.
func serve(a *cli.App) *cobra.Command {
	return keyed(&cobra.Command{
		Use: "serve", Args: cli.Args, Short: "Run the service: API, worker and protocol",
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

// reading returns a RunE that opens the table of jobs.
func reading(do func(cmd *cobra.Command, jobs *store.Store, args []string) error) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, args []string) (err error) {
		path, keys := given(cmd)
		c, err := service.ReadDatabase(path, keys)
		if err != nil {
			return err
		}
		var db *sql.DB
		db, jobs, err := service.OpenJobs(cmd.Context(), c, slog.New(slog.DiscardHandler))
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, db.Close()) }()
		return do(cmd, jobs, args)
	}
}

// errEnough ends a list.
var errEnough = errors.New("enough")

// list lists jobs.
func list(a *cli.App) *cobra.Command {
	var state string
	var limit int
	cmd := keyed(&cobra.Command{
		Use: "list", Args: cli.Args, Short: "List transfer jobs",
		Long:    "list shows transfer jobs, those in the archive first, in the order of their numbers.",
		Example: "  returnsync transfers list --conf dadi.ini\n  returnsync transfers list --conf dadi.ini --state error",
		RunE: reading(func(cmd *cobra.Command, jobs *store.Store, _ []string) error {
			w := tabwriter.NewWriter(a.Out, 0, 0, 2, ' ', 0)
			fmt.Fprintln(w, "JOB\tSTATE\tRUNS\tDATE (UTC)\tRECORD\tCODE")
			n := 0
			err := jobs.Each(cmd.Context(), func(j transfer.Job) error {
				if state != "" && string(j.State) != state {
					return nil
				}
				if n++; n > limit {
					return errEnough
				}
				fmt.Fprintf(w, "%d\t%s\t%d\t%s\t%s\t%s\n", j.ID, j.State, j.Runs, j.Date.UTC().Format("2006-01-02 15:04:05"), j, j.ErrorCode)
				return nil
			})
			if flushed := w.Flush(); flushed != nil {
				return flushed
			}
			if errors.Is(err, errEnough) {
				fmt.Fprintf(a.Out, "There are more than %d: --limit shows more of them.\n", limit)
				return nil
			}
			return err
		}),
	}, false)
	cmd.Flags().StringVar(&state, "state", "", "new, inprogress, done, skipped, error or error_retry; empty for all")
	cmd.Flags().IntVar(&limit, "limit", 50, "how many jobs at most")
	return cmd
}

// show shows one job.
func show(a *cli.App) *cobra.Command {
	return keyed(&cobra.Command{
		Use: "show ID", Args: cli.Args, Short: "Show all of one transfer job",
		Long:    "show prints a transfer job as JSON: what it saw, what it wrote, and why it failed.",
		Example: "  returnsync transfers show 4711 --conf dadi.ini",
		RunE: reading(func(cmd *cobra.Command, jobs *store.Store, args []string) error {
			j, err := byID(cmd.Context(), jobs, args[0])
			if err != nil {
				return err
			}
			e := json.NewEncoder(a.Out)
			e.SetIndent("", "  ")
			return e.Encode(j)
		}),
	}, false)
}

// byID reads the job that an argument names.
func byID(ctx context.Context, jobs *store.Store, arg string) (transfer.Job, error) {
	id, err := strconv.ParseInt(arg, 10, 64)
	if err != nil {
		return transfer.Job{}, fmt.Errorf("%q is not the number of a job", arg)
	}
	return jobs.Job(ctx, id)
}

// retry gives one job another run.
func retry(a *cli.App) *cobra.Command {
	return keyed(&cobra.Command{
		Use: "retry ID", Args: cli.Args, Short: "Try a failed transfer job again",
		Long:    "retry makes a job in error or error_retry new, with its failed children, whatever the number of its runs. The running service takes it up.",
		Example: "  returnsync transfers retry 4711 --conf dadi.ini",
		RunE: reading(func(cmd *cobra.Command, jobs *store.Store, args []string) error {
			j, err := byID(cmd.Context(), jobs, args[0])
			if err == nil {
				err = jobs.RetryJob(cmd.Context(), j.ID)
			}
			if err != nil {
				return err
			}
			_, err = fmt.Fprintf(a.Out, "Job %d of %s will be tried again.\n", j.ID, j)
			return err
		}),
	}, false)
}
