package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/spf13/cobra"

	"gitlab.com/eshopbox-team/return-sync/functions/cmd/internal/cli"
	"gitlab.com/eshopbox-team/return-sync/functions/cmd/internal/tools"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/entity"
)

// options are the values of the flags.
type options struct {
	dsn      string
	dir      string
	keep     bool
	port     int
	data     string
	rows     int
	seed     int64
	once     bool
	soak     time.Duration
	every    time.Duration
	churn    float64
	workers  int
	pageSize int
	entities string
	verbose  bool
	logJSON  bool
	wings    map[string]*bool // whether a wing plays, by its name

	dataChosen bool // a flag says which data is wanted
	soakChosen bool
}

const examples = `  go run ./functions/cmd/local                                   everything, until Ctrl-C
  go run ./functions/cmd/local --once                            one sync, checked; JSON on the last line
  go run ./functions/cmd/local --once --rows 100000              the same on 100,000 invented returns
  go run ./functions/cmd/local --once --data ../shared/data/dev  the same on returns from CSV files
  go run ./functions/cmd/local --entities testdata/entities      with entities of your own, searched too
  go run ./functions/cmd/local --every 5s --churn 50             tick every 5 s, 50 changes a second
  go run ./functions/cmd/local --soak 2m --seed 7                everything goes wrong at once, then must be right
  go run ./functions/cmd/local --dsn 'root:pw@tcp(127.0.0.1:3306)/'  in a database of yours`

// newCommand returns the command; out takes results, log the progress.
func newCommand(out, log io.Writer) *cobra.Command {
	var o options
	cmd := &cobra.Command{
		Use:   "local",
		Short: "Run the whole product on this machine",
		Long: `local starts a private database, loads sample returns, starts emulators of Cloud
Tasks, Cloud Scheduler and Algolia and every function as a process of its own,
syncs at once, and then keeps ticking while a simulated warehouse changes rows.

With --once it makes one sync, checks that the index holds exactly the
records of the database and that a second sync changes nothing, prints a summary as JSON
on its last line, and exits 0 only if every check held.

With --soak it lets everything go wrong at once for that long: tasks delivered
twice, late, in another order or not at all, answers lost, the index throttling,
failing and refusing, processes killed between any two steps, while rows change.
Then the faults end, open work drains, and the index must hold exactly the
records of the database. The same --seed draws the same faults.`,
		Example:       examples,
		Args:          cobra.NoArgs,
		SilenceUsage:  true,
		SilenceErrors: true,
		RunE: func(cmd *cobra.Command, _ []string) error {
			o.dataChosen = cmd.Flags().Changed("data") || cmd.Flags().Changed("rows") || cmd.Flags().Changed("seed")
			o.soakChosen = cmd.Flags().Changed("soak")
			for _, t := range tools.All() {
				// --once shows one sync; what is on by itself would take the changes before it.
				if t.Play.On && o.once && !cmd.Flags().Changed(t.Play.Name) {
					*o.wings[t.Play.Name] = false
				}
			}
			if err := o.check(cmd.Flags().Changed("port")); err != nil {
				return err
			}
			return play(cmd.Context(), o, out, log)
		},
	}
	cmd.SetFlagErrorFunc(cli.FlagError)
	f := cmd.Flags()
	f.StringVar(&o.dsn, "dsn", "", "use this database instead of a private one (go-sql-driver form; it must be empty or made by local, and is created if it is missing)")
	f.StringVar(&o.dir, "dir", "", "the private database's directory (default: a temporary one)")
	f.BoolVar(&o.keep, "keep", false, "leave the database's directory when it ends; needs --dir")
	f.IntVar(&o.port, "port", 8080, "the port to open in a browser or call; 0 is any free one")
	f.StringVar(&o.data, "data", "", "a folder with returns.csv and return_items.csv (or .csv.gz) to load")
	f.IntVar(&o.rows, "rows", 2000, "how many returns to invent when there is no --data")
	f.Int64Var(&o.seed, "seed", 1, "chooses among all possible samples and changes")
	f.BoolVar(&o.once, "once", false, "one sync, checked, then end")
	f.DurationVar(&o.soak, "soak", 0, "let everything go wrong for this long, then check")
	f.DurationVar(&o.every, "every", 15*time.Second, "how often the scheduler ticks")
	f.Float64Var(&o.churn, "churn", 5, "changes a second that the simulated warehouse makes")
	f.IntVar(&o.workers, "workers", 4, "how many pages are worked at once")
	f.IntVar(&o.pageSize, "page-size", 0, "returns a page (default: the definition's)")
	f.StringVar(&o.entities, "entities", "", "a folder with further entity definitions; a file tables.sql in it makes and fills their tables")
	o.wings = map[string]*bool{}
	for _, t := range tools.All() {
		if t.Play.Open != nil {
			o.wings[t.Play.Name] = f.Bool(t.Play.Name, t.Play.On, t.Play.Help)
		}
	}
	f.BoolVar(&o.logJSON, "log-json", false, "show what the functions log as JSON, a line an entry")
	f.BoolVarP(&o.verbose, "verbose", "v", false, "show what the functions log")
	return cmd
}

// check refuses flags that make no sense, and lets --once and --soak use any
// free port, which nobody needs to know.
func (o *options) check(portChosen bool) error {
	switch {
	case o.rows < 0:
		return fmt.Errorf("--rows is %d; want 0 or more", o.rows)
	case o.every < time.Second:
		return fmt.Errorf("--every is %v; want at least 1s", o.every)
	case o.churn < 0:
		return fmt.Errorf("--churn is %v; want 0 or more changes a second", o.churn)
	case o.workers < 1:
		return fmt.Errorf("--workers is %d; want at least 1", o.workers)
	case o.port < 0 || o.port > 65535:
		return fmt.Errorf("--port is %d; want 0 to 65535", o.port)
	case o.pageSize < 0 || o.pageSize > entity.MaxPageSize:
		return fmt.Errorf("--page-size is %d; want 1 to %d, or 0 for the definition's", o.pageSize, entity.MaxPageSize)
	case o.soakChosen && o.soak <= 0 || o.soak > 0 && o.once:
		return fmt.Errorf("--soak is %v; want a time such as 2m, and not together with --once", o.soak)
	case o.keep && o.dir == "":
		return fmt.Errorf("--keep needs --dir, or nobody will find what was kept")
	}
	// Before a database is set up for them.
	if err := errors.Join(folder("--data", o.data), folder("--entities", o.entities)); err != nil {
		return err
	}
	for _, t := range tools.All() {
		if t.Play.Open != nil && *o.wings[t.Play.Name] && o.soak > 0 && !t.Play.Soaks {
			return fmt.Errorf("--%s takes no part in --soak yet; use it with --once, or without both", t.Play.Name)
		}
	}
	if (o.once || o.soak > 0) && !portChosen {
		o.port = 0
	}
	return nil
}

// folder refuses a path of a flag that is no folder; an empty one was not given.
func folder(flag, path string) error {
	if path == "" {
		return nil
	}
	if info, err := os.Stat(path); err != nil || !info.IsDir() {
		return fmt.Errorf("%s is %s; want a folder that can be read", flag, path)
	}
	return nil
}
