package transfer

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"time"

	"gitlab.com/eshopbox-team/return-sync/functions/internal/operate"
	"gitlab.com/eshopbox-team/return-sync/functions/internal/wire"
	"gitlab.com/eshopbox-team/return-sync/shared/clock"
	"gitlab.com/eshopbox-team/return-sync/shared/sqldb"
	"gitlab.com/eshopbox-team/return-sync/shared/transfer"
	"gitlab.com/eshopbox-team/return-sync/shared/transfer/store"
	"gitlab.com/eshopbox-team/return-sync/shared/transfer/worker"
)

// Between is both sides with the table of jobs, for commands: those of a Linux service or
// of the product.
type Between struct {
	Studio, Online transfer.System
	Flows          transfer.Flows
	Jobs           *store.Store
	// Retry gives a failed job another run, and Created says that jobs were stored.
	Retry    func(ctx context.Context, id int64) (said string, err error)
	Created  func(ctx context.Context, what string, n int) error
	Settings worker.Settings
	guard    *clock.Guard
}

// BetweenFile opens what an INI file names. Without the need for sides, only the database
// of the jobs has to be right in it.
func BetweenFile(ctx context.Context, path string, flags map[string]string, needSides bool) (b *Between, closing func() error, err error) {
	c, problem := Read(path, flags)
	if !needSides {
		c, problem = ReadDatabase(path, flags)
	}
	if problem != nil {
		return nil, nil, problem
	}
	log := slog.New(slog.DiscardHandler)
	db, jobs, err := OpenJobs(ctx, c, log)
	if err != nil {
		return nil, nil, err
	}
	b = &Between{Jobs: jobs, Flows: c.Flows, Settings: c.Worker, guard: guardOf(c.Drift, c.NTP, log), Created: func(context.Context, string, int) error { return nil }}
	b.Retry = func(ctx context.Context, id int64) (string, error) {
		j, err := jobs.Job(ctx, id)
		if err == nil {
			err = jobs.RetryJob(ctx, id)
		}
		return fmt.Sprintf("job %d of %s is tried again", id, j), err
	}
	if needSides {
		both, problem := openSides(c.Sides, c.Flows, &sideTables{db: db, dialect: c.Dialect, log: log})
		if problem != nil {
			return nil, nil, errors.Join(problem, db.Close())
		}
		b.Studio, b.Online = both.studio, both.online
	}
	return b, db.Close, nil
}

// BetweenProduct opens the product's; its changes are audited.
func BetweenProduct(ctx context.Context, o wire.Opening, by operate.Actor, needSides bool) (*Between, error) {
	acts, err := actsOf(ctx, o, by)
	if err != nil {
		return nil, err
	}
	b := &Between{Jobs: acts.jobs, Retry: acts.Retry, Created: acts.created, Settings: worker.Defaults()}
	if !needSides {
		return b, nil
	}
	var c cloudConfig
	if err := wire.Configure(ctx, o.Lookup, &c); err != nil {
		return nil, err
	}
	if err := c.check(); err != nil {
		return nil, err
	}
	if b.Flows, err = ReadFlows(c.Flows, c.Dir); err != nil {
		return nil, err
	}
	both, err := openSides(c.sideConfig, b.Flows, &sideTables{db: o.Pool.DB, dialect: sqldb.MySQL, log: o.Log})
	if err != nil {
		return nil, err
	}
	b.Studio, b.Online, b.guard = both.studio, both.online, guardOf(c.Drift, c.servers(), o.Log)
	return b, nil
}

// Try says what a job would do.
func (b *Between) Try(ctx context.Context, id int64) (worker.Trial, error) {
	j, err := b.Jobs.Job(ctx, id)
	if err != nil {
		return worker.Trial{}, err
	}
	below, err := b.Jobs.Views.Below(ctx, j)
	if err != nil {
		return worker.Trial{}, err
	}
	w := worker.New(worker.Parts{
		Jobs: b.Jobs, Studio: b.Studio, Online: b.Online, Flows: b.Flows, Settings: b.Settings, Owner: owner("trial"), Now: time.Now, Log: slog.New(slog.DiscardHandler),
	})
	return w.Try(ctx, j, below)
}

// Found is one examination of Check.
type Found struct {
	What    string `json:"what"`
	OK      bool   `json:"ok"`
	Problem string `json:"problem,omitempty"`
	Records string `json:"records,omitempty"`
}

// Check asks both sides for each model of each flow what transfers ask them for, and
// reads the clocks. It writes nothing.
func (b *Between) Check(ctx context.Context) (list []Found) {
	asked := asksOf(b.Flows)
	for _, k := range slices.SortedFunc(maps.Keys(asked), func(a, b place) int { return strings.Compare(a.String(), b.String()) }) {
		list = append(list, b.checkModel(ctx, k, asked[k]))
	}
	if len(b.guard.Sources.Times) > 0 {
		r := b.guard.Sources.Read(ctx)
		found := Found{What: "clocks", OK: r.Known() && r.Worst() <= b.guard.Bound, Records: fmt.Sprintf("at most %s apart", r.Worst().Round(time.Millisecond))}
		if !found.OK {
			found.Problem = fmt.Sprintf("the bound is %s; %v", b.guard.Bound, r.Problems)
		}
		list = append(list, found)
	}
	return list
}

// place is a model of a side.
type place struct {
	side  transfer.Side
	model string
}

// String names the place.
func (p place) String() string { return p.side.Word() + " " + p.model }

// asksOf returns the fields that flows read of each model: of their own, of further
// tables, and of those that conversions look into.
func asksOf(flows transfer.Flows) map[place][]string {
	asked := map[place][]string{}
	add := func(side transfer.Side, model string, fields ...string) {
		k := place{side, model}
		asked[k] = append(asked[k], fields...)
	}
	for _, f := range flows {
		tables := map[string]string{}
		for _, t := range f.Tables {
			tables[t.Name] = t.Model
			add(transfer.Studio, t.Model, append(slices.Collect(maps.Keys(t.Equal)), t.Link)...)
		}
		for _, side := range []transfer.Side{transfer.Studio, transfer.Online} {
			add(side, f.On(side))
			for _, p := range f.Parents {
				add(side, f.On(side), p.On(side))
			}
		}
		for _, p := range f.Fields {
			askPair(add, f, p, tables)
		}
	}
	return asked
}

// askPair adds what the conversion of a pair reads. A field that a side only receives need
// not be readable there.
func askPair(add func(transfer.Side, string, ...string), f transfer.Flow, p transfer.Pair, tables map[string]string) {
	if p.Only != transfer.Online {
		add(transfer.Online, f.Online, p.Online)
	}
	if p.Only != transfer.Studio {
		for _, name := range append(slices.Clone(p.Joined), p.Studio) {
			if table, field, dotted := strings.Cut(name, "."); dotted {
				add(transfer.Studio, tables[table], field)
			} else if name != "" {
				add(transfer.Studio, f.Studio, name)
			}
		}
	}
	if p.Lookup != nil {
		for _, side := range []transfer.Side{transfer.Studio, transfer.Online} {
			if at := p.Lookup.On(side); at != nil {
				add(side, at.Model, append(slices.Collect(maps.Keys(at.Equal)), at.Field)...)
			}
		}
	}
	if p.Many != nil {
		add(transfer.Studio, p.Many.Model, p.Many.Link, p.Many.Field)
	}
}

// checkModel reads a record of a model in each way in which transfers read it.
func (b *Between) checkModel(ctx context.Context, k place, fields []string) Found {
	found := Found{What: k.String(), Records: "no record"}
	system := map[transfer.Side]transfer.System{transfer.Studio: b.Studio, transfer.Online: b.Online}[k.side]
	ctx, cancel := context.WithTimeout(ctx, b.Settings.CallTimeout)
	defer cancel()
	list, err := system.Search(ctx, k.model, transfer.Query{Most: 1})
	for _, one := range list {
		found.Records = fmt.Sprintf("record %d", one.ID)
		var again transfer.Record
		if again, err = system.Read(ctx, k.model, one.ID); err == nil {
			err = missingFields(again, fields)
		}
	}
	if _, own := b.Flows.Named(k.model); err == nil && own {
		if _, err = system.Find(ctx, k.model, 1<<31-1); errors.Is(err, transfer.ErrNotFound) {
			err = nil
		}
	}
	if found.OK = err == nil; err != nil {
		found.Problem = err.Error()
	}
	return found
}

// missingFields names fields that a record lacks.
func missingFields(r transfer.Record, fields []string) error {
	var missing []string
	for _, name := range fields {
		if _, there := r.Fields[name]; !there && !slices.Contains(missing, name) {
			missing = append(missing, name)
		}
	}
	if len(missing) > 0 {
		return fmt.Errorf("record %d has no fields %v, which flows name", r.ID, missing)
	}
	return nil
}
