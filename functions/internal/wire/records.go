package wire

import (
	"context"

	"gitlab.com/eshopbox-team/return-sync/shared/sync/entity"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/join"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/store"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/verify"
)

// Records shows single records in source, state and index.
type Records struct {
	verifier verify.Verifier
	source   *Source
	store    *store.DB
}

// OpenRecords opens the parts that show records; the index is read with ALGOLIA_BROWSE_KEY or
// ALGOLIA_ADMIN_KEY.
func OpenRecords(ctx context.Context, e *Env, db Databases, state *store.DB) (*Records, error) {
	v, err := e.Verifier(ctx, db, state, true)
	if err != nil {
		return nil, err
	}
	source, err := e.Source(db)
	return &Records{verifier: v, source: source, store: state}, err
}

// Show reports all that is known of a record. root names its root by id or key where
// nothing else says it; nil for a record whose root is to be found.
func (r *Records) Show(ctx context.Context, d entity.Definition, id string, root *string) (verify.RecordReport, error) {
	var roots []uint64
	if root != nil {
		n, err := r.source.RootNamed(ctx, d, *root)
		if err != nil {
			return verify.RecordReport{}, err
		}
		roots = []uint64{n}
	}
	report, err := r.verifier.Record(ctx, join.Histories(r.store), d, d.Format.IDs.Of(id), roots)
	if err != nil {
		return report, err
	}
	names, err := r.source.RootNames(ctx, d, []uint64{report.Root})
	report.Key = names[report.Root]
	return report, err
}
