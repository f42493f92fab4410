package main

import (
	"cmp"
	"context"
	"fmt"

	"gitlab.com/eshopbox-team/return-sync/functions/internal/operate"
	"gitlab.com/eshopbox-team/return-sync/functions/internal/wire"
	"gitlab.com/eshopbox-team/return-sync/shared/audit"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/store"
)

// actor is who runs this program, for the audit: who --by names, or the user of
// this machine.
func (s *session) actor() operate.Actor {
	return operate.Actor{Who: cmp.Or(s.by, s.user), Via: audit.ViaCLI}
}

// acts returns what does and audits what people may change.
func (s *session) acts(db *store.DB, defs wire.Definitions) (operate.Acts, error) {
	entities, err := defs.Load()
	return operate.Acts{Store: db, Entities: entities}, err
}

// audited does an act that this program alone has, and keeps its row.
func (s *session) audited(ctx context.Context, db operate.Store, a audit.Entry, do func(*audit.Entry) error) error {
	return operate.Audited(ctx, db, s.actor(), a, do)
}

// nowhereKept is where acts are kept that can be done without our own tables.
type nowhereKept struct{}

// Audited implements operate.Store.
func (nowhereKept) Audited(_ context.Context, a audit.Entry, do func(*audit.Entry) error) error {
	return do(&a)
}

// auditTables returns our own tables, or, where no database is configured, what
// keeps nothing: the index's settings can be pushed before there are tables.
func (s *session) auditTables(ctx context.Context) (operate.Store, error) {
	var d databases
	if err := wire.Configure(ctx, s.Lookup, &d); err != nil {
		return nil, err
	}
	if d.Source == "" && d.State == "" {
		_, _ = fmt.Fprintln(s.log, "no database is configured, so this is not kept in the audit: set STATE_DSN or SOURCE_DSN")
		return nowhereKept{}, nil
	}
	if err := d.problems(false); err != nil {
		return nil, err
	}
	db, err := s.migrated(ctx, d)
	if err != nil {
		return nil, err
	}
	return audit.New(db.Pool()), nil
}
