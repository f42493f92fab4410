package wire

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/doctor"
	"gitlab.com/eshopbox-team/return-sync/shared/judge"
	"gitlab.com/eshopbox-team/return-sync/shared/queue"
	"gitlab.com/eshopbox-team/return-sync/shared/queue/cloudtasks"
	"gitlab.com/eshopbox-team/return-sync/shared/schedule"
	"gitlab.com/eshopbox-team/return-sync/shared/sqldb"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/member"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/store"
	"gitlab.com/eshopbox-team/return-sync/shared/watch"
)

// Wing is what one wing beside sync adds to the deployed product. A wing's package
// functions/internal/wings/NAME returns it, and one line of package wings joins it; its
// commands and its part of cmd/local are a tool.Tool. Every field but Name and Title
// may be empty.
//
// The setting WINGS names the wings that an installation uses. Functions, tables and
// rights exist for all known wings; the fields that open something are asked only of
// the wings in use.
type Wing struct {
	// Name is the wing's word: in WINGS, in addresses and as cmd/local's flag. Small
	// letters.
	Name string
	// Title heads the wing's page in the console.
	Title string
	// Settings are the environment's names that the wing reads, for the file and the help
	// of the command line.
	Settings []Setting
	// Functions are the wing's entry points. Open of the function in functions/NAME is
	// openName in the wing's package, or open if the wing has that function alone: the
	// tests of rights and of Terraform find the folder by it (FolderOf).
	Functions []Function
	// Queues are the wing's queues of Cloud Tasks.
	Queues []Queue
	// Ticks are the jobs with which Cloud Scheduler calls the wing's functions.
	Ticks []Tick
	// Tables are the wing's migrations; without files the wing has none. The rights on
	// the tables are a file of package grants.
	Tables sqldb.List
	// Kinds opens the kinds of targets that schedules may start. Without start they
	// are only checked.
	Kinds func(ctx context.Context, o Opening, start bool) (schedule.Kinds, error)
	// Members opens the starter of the wing's targets as members of scopes.
	Members func(ctx context.Context, o Opening) (member.Other, error)
	// Findings opens the reader of what is wrong in the wing. Status, console and
	// alerts show the same findings.
	Findings func(ctx context.Context, o Opening) (func(context.Context) ([]judge.Further, error), error)
	// Alerts are the kinds of those findings; each has its paragraph in terraform/README.md.
	Alerts []judge.Kind
	// Watched opens what the wing does after each round of the watcher, such as a sign of
	// life outside of our tables; alive says whether the application gives one here. Its
	// errors are logged, because they say nothing about the syncs. A nil func does nothing.
	Watched func(ctx context.Context, o Opening) (func(ctx context.Context, alive bool, now time.Time) error, error)
	// Checks opens the wing's checks of doctor.
	Checks func(ctx context.Context, o Opening) ([]doctor.Check, error)
	// Publisher opens what keeps copies of an entity's records, written by the process
	// function in each page's transaction; nil without an error keeps none.
	Publisher func(ctx context.Context, o Opening) (store.Publisher, error)
	// Page opens the wing's page of the console, whose paths begin with a slash. The
	// console has checked the caller: who may read gets GET; the rest takes an operator
	// and the header of changes. PersonOf names the caller.
	Page func(ctx context.Context, o Opening) (http.Handler, error)
}

// Opening is what a wing opens its parts with.
type Opening struct {
	*Env
	// Pool is our own tables.
	Pool *sqldb.DB
}

// Setting is a setting of the environment.
type Setting struct {
	Name, Help string
}

// Queue is a queue of Cloud Tasks.
type Queue struct {
	Name   string // as Terraform names it
	AtOnce int    // the most tasks delivered at once in a rehearsal
}

// Tick is a job of Cloud Scheduler.
type Tick struct {
	Job      string // its name
	Cron     string // when, in UTC
	Function string // the name of the function that it calls
	Query    string // of the call, such as sweep=1
}

// FolderOf returns the folder below functions of what opens a function, given as
// package.open or wing.openName.
func FolderOf(open string) string {
	pkg, name, _ := strings.Cut(open, ".")
	if name == "open" {
		return pkg
	}
	return strings.ToLower(strings.TrimPrefix(name, "open"))
}

// UsedWings holds the environment's choice of wings.
type UsedWings struct {
	// Names are the wings beside sync that this installation uses.
	Names []string `env:"WINGS"`
}

// Used returns the known wings that the environment names.
func (e *Env) Used(ctx context.Context) ([]Wing, error) {
	var named UsedWings
	if err := Configure(ctx, e.Lookup, &named); err != nil {
		return nil, err
	}
	var used []Wing
	for _, w := range e.Wings {
		if slices.Contains(named.Names, w.Name) {
			used = append(used, w)
		}
	}
	if len(used) == len(named.Names) {
		return used, nil
	}
	var known []string
	for _, w := range e.Wings {
		known = append(known, w.Name)
	}
	return nil, fmt.Errorf("WINGS is %q: name each wing once, of: %s", strings.Join(named.Names, ","), strings.Join(known, ", "))
}

// publish joins the publishers of the wings in use to the store of pages.
func (e *Env) publish(ctx context.Context, db *store.DB) error {
	used, err := e.Used(ctx)
	if err != nil {
		return err
	}
	for _, w := range used {
		if w.Publisher == nil {
			continue
		}
		p, err := w.Publisher(ctx, Opening{e, db.Pool()})
		if err != nil {
			return err
		}
		if p != nil {
			db.Pages.PublishTo(p)
		}
	}
	return nil
}

// kinds adds the wings' kinds to those of entities and scopes.
func (e *Env) kinds(ctx context.Context, pool *sqldb.DB, base schedule.Kinds, start bool) (schedule.Kinds, error) {
	used, err := e.Used(ctx)
	problems := []error{err}
	for _, w := range used {
		if w.Kinds != nil {
			more, err := w.Kinds(ctx, Opening{e, pool}, start)
			base, problems = append(base, more...), append(problems, err)
		}
	}
	return base, errors.Join(problems...)
}

// Lookers opens the findings of the wings in use. A wing whose tables are outdated is
// itself a finding.
func (e *Env) Lookers(ctx context.Context, pool *sqldb.DB) ([]judge.Looker, error) {
	used, err := e.Used(ctx)
	problems := []error{err}
	var list []judge.Looker
	for _, w := range used {
		if w.Findings == nil {
			continue
		}
		look, err := w.Findings(ctx, Opening{e, pool})
		problems = append(problems, err)
		list = append(list, judge.Looker{Wing: w.Name, Look: func(ctx context.Context) ([]judge.Further, error) {
			if outdated, err := w.outdated(ctx, pool); err != nil || outdated != nil {
				return outdated, err
			}
			return look(ctx)
		}})
	}
	return list, errors.Join(problems...)
}

// watched opens what the wings in use do after each round of the watcher.
func (e *Env) watched(ctx context.Context, pool *sqldb.DB) ([]watch.After, error) {
	used, err := e.Used(ctx)
	problems := []error{err}
	var list []watch.After
	for _, w := range used {
		if w.Watched == nil {
			continue
		}
		after, err := w.Watched(ctx, Opening{e, pool})
		if problems = append(problems, err); after != nil {
			list = append(list, watch.After{Wing: w.Name, Do: after})
		}
	}
	return list, errors.Join(problems...)
}

// outdated finds tables that do not fit this program.
func (w Wing) outdated(ctx context.Context, pool *sqldb.DB) ([]judge.Further, error) {
	if w.Tables.Files == nil {
		return nil, nil
	}
	have, want, err := pool.Schema(ctx, w.Tables)
	if err != nil || have == want {
		return nil, err
	}
	do := "run: returnsync migrate"
	if have > want {
		do = "install the newer returnsync"
	}
	return []judge.Further{{Finding: judge.Finding{
		Kind: "schema", Problem: fmt.Sprintf("the tables of %s are at version %d and this program knows %d", w.Name, have, want), Do: do,
	}}}, nil
}

// StateTables is the name of doctor's check of sync's tables, which the checks of a
// wing's tables need.
const StateTables = "state tables"

// WingChecks opens doctor's checks of the wings in use.
func (e *Env) WingChecks(ctx context.Context, pool *sqldb.DB) ([]doctor.Check, error) {
	var l Looking
	err := Configure(ctx, e.Lookup, &l)
	used, unknown := e.Used(ctx)
	problems := []error{err, unknown}
	var list []doctor.Check
	for _, w := range used {
		list = append(list, w.pathChecks(l)...)
		if w.Tables.Files != nil {
			list = append(list, doctor.Check{Name: w.Name + " tables", Needs: StateTables, Run: func(ctx context.Context) []doctor.Finding {
				return doctor.Schema(ctx, tablesOf{pool, w.Tables})
			}})
		}
		if w.Checks != nil {
			more, err := w.Checks(ctx, Opening{e, pool})
			list, problems = append(list, more...), append(problems, err)
		}
	}
	return list, errors.Join(problems...)
}

// pathChecks returns the checks of the wing's queues and of its jobs at the scheduler.
func (w Wing) pathChecks(l Looking) []doctor.Check {
	var missing []string
	if l.Tasks == "" {
		missing = []string{"TASKS_LOCATION"}
	}
	var list []doctor.Check
	for _, q := range w.Queues {
		name := l.Installation + q.Name
		list = append(list, doctor.Check{Name: "queue " + name, Missing: missing, Run: func(ctx context.Context) []doctor.Finding {
			return doctor.Queues(ctx, name, doctor.Pace{RunLease: longestBackoff}, l.Queue)
		}})
	}
	if l.Scheduler != "" {
		missing = nil
	}
	for _, t := range w.Ticks {
		expected := doctor.Expected{Name: l.Installation + t.Job, Effect: "nothing calls " + t.Function, Function: t.Function, Now: time.Now()}
		list = append(list, doctor.Check{Name: "job " + expected.Name, Missing: missing, Run: func(ctx context.Context) []doctor.Finding {
			return doctor.Schedule(ctx, expected, l.Job)
		}})
	}
	return list
}

// longestBackoff is the pause between two attempts from which on a wing's queue is slow.
const longestBackoff = time.Hour

// tablesOf is a wing's tables for doctor.
type tablesOf struct {
	pool *sqldb.DB
	list sqldb.List
}

// Schema returns the tables' version and the program's.
func (t tablesOf) Schema(ctx context.Context) (have, want int64, err error) {
	return t.pool.Schema(ctx, t.list)
}

// WingTables returns the migrations of wings.
func WingTables(wings []Wing) []sqldb.List {
	var lists []sqldb.List
	for _, w := range wings {
		if w.Tables.Files != nil {
			lists = append(lists, w.Tables)
		}
	}
	return lists
}

// Tasks opens the queues for a wing with the wing's own routes.
func (e *Env) Tasks(ctx context.Context, routes queue.Routes) (queue.Sender, error) {
	var c cloudtasks.Config
	if err := Configure(ctx, e.Lookup, &c); err != nil {
		return nil, err
	}
	s, err := cloudtasks.Open(ctx, c, routes)
	if err != nil {
		return nil, err
	}
	e.closing(s.Close)
	return s, nil
}

// Opened opens our own tables for a wing's function, from STATE_DSN, or from SOURCE_DSN
// where STATE_DSN is empty.
func (e *Env) Opened(ctx context.Context) (Opening, error) {
	var cfg struct {
		State  string `env:"STATE_DSN"`
		Source string `env:"SOURCE_DSN"`
		Most   int    `env:"DB_MAX_CONNECTIONS, default=8"`
	}
	if err := Configure(ctx, e.Lookup, &cfg); err != nil {
		return Opening{}, err
	}
	d := Databases{SourceDSN: cfg.Source, StateDSN: cfg.State, MaxConnections: cfg.Most}
	if d.State() == "" {
		return Opening{}, errors.New("the configuration is not complete:\n  STATE_DSN is missing: the database of our own tables")
	}
	db, err := e.Store(d)
	if err != nil {
		return Opening{}, err
	}
	return Opening{e, db.Pool()}, nil
}

// Closing registers what a wing opened, to be closed with the environment.
func (e *Env) Closing(close func() error) { e.closing(close) }
