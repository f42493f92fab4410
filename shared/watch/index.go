package watch

import (
	"context"

	"gitlab.com/eshopbox-team/return-sync/shared/judge"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/entity"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/store"
)

// Asker reads an index's own figures. Its errors hold no key.
type Asker interface {
	// Records returns an index's number of records, and whether the index exists.
	Records(ctx context.Context, index string) (records int64, exists bool, err error)
	// Settings returns the settings of a definition's index, and of its replicas,
	// that differ from the definition's.
	Settings(ctx context.Context, d entity.Definition) (differ []string, err error)
}

// Check compares an index with the ledger and the definition by two cheap calls.
type Check struct {
	Store *store.DB
	Ask   Asker
}

// Run asks the index and returns its answer, and the ledger's count with which the
// answer was compared. Run writes nothing. An index without an answer is no error: the
// result says so.
func (c Check) Run(ctx context.Context, d entity.Definition) (judge.Index, store.Basis, error) {
	var x judge.Index
	_, basis, err := c.Store.Indices.KeptIndex(ctx, d.Name)
	if err != nil {
		return x, store.Basis{}, err
	}
	// The expected count is read before and after the index is asked: records that
	// arrive in between are within the wider bounds.
	before, err := c.Store.Indices.Expect(ctx, d.Name, basis)
	if err != nil {
		return x, store.Basis{}, err
	}
	n, exists, problem := c.Ask.Records(ctx, d.Index)
	after, err := c.Store.Indices.Expect(ctx, d.Name, &before.Basis)
	if err != nil {
		return x, store.Basis{}, err
	}
	x.Records, x.Exists, x.Least, x.Most = n, exists, min(before.Least, after.Least), max(before.Most, after.Most)
	switch {
	case problem != nil:
		x.Problem = problem.Error()
	case exists:
		if x.Settings, problem = c.Ask.Settings(ctx, d); problem != nil {
			x.SettingsProblem = problem.Error()
		}
	}
	x.At, err = c.Store.Now(ctx)
	return x, after.Basis, err
}

// Keep is Run, and stores the answer for the console, the alerts and the search
// function.
func (c Check) Keep(ctx context.Context, d entity.Definition) (judge.Index, error) {
	x, basis, err := c.Run(ctx, d)
	if err != nil {
		return x, err
	}
	return x, c.Store.Indices.KeepIndex(ctx, d.Name, x, basis)
}
