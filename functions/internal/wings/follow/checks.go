package follow

import (
	"context"

	"gitlab.com/eshopbox-team/return-sync/functions/internal/wire"
	"gitlab.com/eshopbox-team/return-sync/shared/doctor"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/entity"
)

// checks opens doctor's checks: what the source's server lacks, and whether the followed
// columns are there.
func checks(ctx context.Context, o wire.Opening) ([]doctor.Check, error) {
	var db wire.Databases
	var defs wire.Definitions
	if err := wire.Configure(ctx, o.Lookup, &db, &defs); err != nil {
		return nil, err
	}
	entities, err := defs.Load()
	if err != nil {
		return nil, err
	}
	log, err := wire.Binlog(o.Env, db)
	if err != nil {
		return nil, err
	}
	list := []doctor.Check{{Name: "binlog", Run: func(ctx context.Context) []doctor.Finding {
		return doctor.Binlog(ctx, doctor.Database{Name: "source", Setting: "SOURCE_DSN", SQL: log.SQL()})
	}}}
	for _, d := range entities {
		if len(d.Follow) == 0 {
			continue
		}
		list = append(list, doctor.Check{Name: "follow " + d.Name, Needs: "binlog", Run: func(ctx context.Context) []doctor.Finding {
			return doctor.Fits(ctx, d, func(ctx context.Context, d entity.Definition) error { return log.Check(ctx, d.Follow) })
		}})
	}
	return list, nil
}
