package transfer

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"gitlab.com/eshopbox-team/return-sync/functions/internal/operate"
	"gitlab.com/eshopbox-team/return-sync/functions/internal/wire"
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
	b = &Between{Jobs: jobs, Flows: c.Flows, Settings: c.Worker, Created: func(context.Context, string, int) error { return nil }}
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
		return b, func() error { return errors.Join(both.close(), db.Close()) }, nil
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
	o.Closing(both.close)
	b.Studio, b.Online = both.studio, both.online
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
