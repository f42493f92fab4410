package transfer

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
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
		both, problem := openSides(c.Sides, &sideTables{db: db, dialect: c.Dialect, log: log})
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
	both, err := openSides(c.sideConfig, &sideTables{db: o.Pool.DB, dialect: sqldb.MySQL, log: o.Log})
	if err != nil {
		return nil, err
	}
	b.Studio, b.Online, b.guard = both.studio, both.online, guardOf(c.Drift, c.servers(), o.Log)
	b.Flows, err = c.flows()
	return b, err
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
	for _, f := range b.Flows {
		for side, system := range map[transfer.Side]transfer.System{transfer.Studio: b.Studio, transfer.Online: b.Online} {
			list = append(list, b.checkModel(ctx, f, side, system))
		}
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

// checkModel reads a record of a model in each way in which transfers read it.
func (b *Between) checkModel(ctx context.Context, f transfer.Flow, side transfer.Side, system transfer.System) Found {
	found := Found{What: side.Word() + " " + f.On(side)}
	ctx, cancel := context.WithTimeout(ctx, b.Settings.CallTimeout)
	defer cancel()
	list, err := system.Search(ctx, f.On(side), transfer.Query{Most: 1})
	found.Records = "no record"
	for _, one := range list {
		found.Records = fmt.Sprintf("record %d", one.ID)
		var again transfer.Record
		if again, err = system.Read(ctx, f.On(side), one.ID); err == nil {
			err = missingFields(f, side, again)
		}
	}
	if err == nil {
		if _, err = system.Find(ctx, f.On(side), 1<<31-1); errors.Is(err, transfer.ErrNotFound) {
			err = nil
		}
	}
	if found.OK = err == nil; err != nil {
		found.Problem = err.Error()
	}
	return found
}

// missingFields names fields of a flow that a record of a side lacks.
func missingFields(f transfer.Flow, side transfer.Side, r transfer.Record) error {
	var missing []string
	look := func(name string) {
		if _, there := r.Fields[name]; name != "" && !there {
			missing = append(missing, name)
		}
	}
	for _, p := range f.Fields {
		name := p.Studio
		if side == transfer.Online {
			name = p.Online
		}
		if p.Only != side { // a field that the side only receives need not be read
			look(name)
		}
	}
	for _, p := range f.Parents {
		look(p.On(side))
	}
	if len(missing) > 0 {
		return fmt.Errorf("record %d has no fields %v, which the flow names", r.ID, missing)
	}
	return nil
}
