package main

import (
	"context"
	"errors"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"
)

// options are the values of the flags.
type options struct {
	dsn      string
	rows     []int
	repeat   int
	workers  int
	limiters int
	latency  time.Duration
	pageSize int
	narrow   bool
	poolMB   int
	seed     int64
	json     bool
	profile  string
	only     []string
}

const examples = `  go run ./functions/cmd/bench                             everything on 200,000 returns, five times
  go run ./functions/cmd/bench --rows 20000 --repeat 3     quickly
  go run ./functions/cmd/bench --only limit,first          some of it
  go run ./functions/cmd/bench --json | tail -1            for a program
  go run ./functions/cmd/bench --profile /tmp/profiles --only first --repeat 1
  go run ./functions/cmd/bench scale --rows 10000,1000000  what a tick costs on tables of these sizes
  go run ./functions/cmd/bench fresh                       from COMMIT to searchable
  go run ./functions/cmd/bench start                       the server's size, start and memory at rest`

const long = `bench starts a private database and every function as a process of its own, invents
returns, and measures, each thing in turn and all of it again --repeat times:

  limit       what this machine can do at best: a minimal program that reads the same
              rows with the same SQL, appends JSON and posts it
  go          what a Go team would write: structs and SaveObjects of Algolia's client
              v3, no accounting (testdata/peers/go)
  first       the first sync of all returns: every function, queue, ledger, accounting
  node        what a Node team would write: mysql2 and algoliasearch 5 (testdata/peers/node)
  second      the same window again: nothing has changed
  tick        a tick after 0.1 % of the returns changed
  idle        a tick after nothing changed

and each of them with an index that takes --latency to answer, as limit_50ms,
first_50ms and so on, and on a database of its own with durable settings (every
commit flushed, row binlog flushed), as limit_durable, first_durable and so on.
Limit and scripts have as many senders as our run has pages at once, and send a page
as one request. The Go script is built and the packages of the Node script are
fetched with npm; where that cannot be done, their rows say NOT RUN and why.

In place of the index stands a sink that only counts. Ratios are of records a second,
in the same round and scenario. CPU seconds are of all processes together (database,
functions or program, and bench itself: sink, queue, proxy). MB are those of the
bodies that the index receives. The figures are medians, with the lowest and the
highest in parentheses; peak MiB is the highest of the process function, or of the
program. The process function is the deployed program, which is built first; with
--profile it is part of this one.`

// planner plans a study by its flags; dir is for files that live as long as the study.
type planner func(ctx context.Context, o options, dir string, log io.Writer) (*study, error)

// newCommand returns the command; out takes results, log the progress.
func newCommand(out, log io.Writer) *cobra.Command {
	var o options
	command := func(cmd *cobra.Command, rows []int, repeat int, plan planner) *cobra.Command {
		own := options{}
		cmd.Flags().IntSliceVar(&own.rows, "rows", rows, "how many returns the table has")
		cmd.Flags().IntVar(&own.repeat, "repeat", repeat, "how many rounds are measured")
		cmd.Args, cmd.SilenceUsage, cmd.SilenceErrors = cobra.NoArgs, true, true
		cmd.RunE = func(cmd *cobra.Command, _ []string) error {
			asked := o
			asked.rows, asked.repeat = own.rows, own.repeat
			return asked.measure(cmd.Context(), plan, out, log)
		}
		return cmd
	}
	cmd := command(&cobra.Command{Use: "bench", Short: "Measure speed and cost beside the limit of the machine", Long: long, Example: examples},
		[]int{200_000}, 5, syncStudy)
	f := cmd.Flags()
	f.IntVar(&o.workers, "workers", 4, "pages worked at once without latency, and senders of the programs: what one instance of the function takes")
	f.IntVar(&o.limiters, "workers-latency", 15, "pages worked at once with latency, and senders of the programs: what the queue lets run")
	f.DurationVar(&o.latency, "latency", 50*time.Millisecond, "how long the slow index takes to answer")
	f.IntVar(&o.pageSize, "page-size", 0, "returns a page (default: the definition's)")
	f.StringVar(&o.profile, "profile", "", "write CPU and allocation profiles of the process function into this folder")
	f.StringSliceVar(&o.only, "only", nil, "measure only these: "+strings.Join(names(), ", "))
	p := cmd.PersistentFlags()
	p.StringVar(&o.dsn, "dsn", "", "use this database server instead of a private one (go-sql-driver form)")
	p.IntVar(&o.poolMB, "buffer-pool", 1024, "MiB of cache of the private database")
	p.Int64Var(&o.seed, "seed", 1, "chooses among all possible samples")
	p.BoolVar(&o.json, "json", false, "end with a line of JSON")
	scale := command(&cobra.Command{Use: "scale", Short: "Measure what a tick costs on tables of several sizes", Long: scaleLong,
		Example: "  go run ./functions/cmd/bench scale --rows 10000,1000000,5000000 --buffer-pool 4096\n" +
			"  go run ./functions/cmd/bench scale --narrow --rows 10000,50000000 --buffer-pool 10240"}, []int{10_000, 1_000_000, 5_000_000}, 15, scaleStudy)
	scale.Flags().BoolVar(&o.narrow, "narrow", false, "rows of four columns instead of returns")
	cmd.AddCommand(
		capacityCmd(out),
		scale,
		command(&cobra.Command{Use: "fresh", Short: "Measure the time from COMMIT to searchable", Long: freshLong}, []int{2000}, 50, freshStudy),
		command(&cobra.Command{Use: "start", Short: "Measure the server's size, start and memory at rest", Long: startLong}, []int{1000}, 10, startStudy),
	)
	return cmd
}

// measure measures a study in a folder of its own.
func (o options) measure(ctx context.Context, plan planner, out, log io.Writer) (err error) {
	if o.repeat < 1 {
		return errors.New("--repeat must be at least 1")
	}
	dir, err := os.MkdirTemp("", "bench-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	s, err := plan(ctx, o, dir, log)
	if err != nil {
		return err
	}
	return s.run(ctx, o, out, log)
}
