package operate

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"gitlab.com/eshopbox-team/return-sync/shared/audit"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/entity"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/flow"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/join"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/rework"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/run"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/verify"
)

// Correction gathers the differences of one entity and, unless only their cost is asked
// for, the job that corrects them.
type Correction struct {
	Def entity.Definition
	// Open begins the job at the first difference; nil for a dry run, which writes nothing.
	Open    func(context.Context, entity.Definition) (*rework.Repairs, error)
	repairs *rework.Repairs
	records map[string]struct{} // each costs one operation, however many differences name it
	roots   map[uint64]struct{}
	// unreadable are the roots with unreadable ledger rows: all their records are sent.
	unreadable []uint64
}

// OpenRepair returns Correction.Open over our tables; by is the job's author.
func (a Acts) OpenRepair(by string) func(context.Context, entity.Definition) (*rework.Repairs, error) {
	return func(ctx context.Context, d entity.Definition) (*rework.Repairs, error) {
		return rework.NewRepairs(ctx, join.Repairs(a.Store), d, run.Repair, by)
	}
}

// Roots is the number of roots that the repair syncs.
func (c *Correction) Roots() int { return len(c.roots) }

// Operations is the number of operations of the index that the repair costs.
func (c *Correction) Operations() int64 { return int64(len(c.records)) }

// Add adds one difference. A record that differs in the index is sent whatever the ledger
// says; a difference in the ledger is corrected when its root is synced.
func (c *Correction) Add(ctx context.Context, diff verify.Difference) (err error) {
	if c.roots == nil {
		c.roots, c.records = map[uint64]struct{}{}, map[string]struct{}{}
	}
	c.roots[diff.Root] = struct{}{}
	if diff.Kind == verify.Unreadable {
		c.unreadable = append(c.unreadable, diff.Root)
	}
	if diff.ID != "" {
		c.records[diff.ID] = struct{}{}
	}
	if c.Open == nil {
		return nil
	}
	if c.repairs == nil {
		if c.repairs, err = c.Open(ctx, c.Def); err != nil {
			return err
		}
	}
	switch {
	case diff.Kind == verify.Unreadable:
		return c.repairs.Forget(ctx, diff.Root)
	case diff.Where == verify.InIndex:
		return c.repairs.Add(ctx, diff.Root, diff.ID)
	}
	return c.repairs.Add(ctx, diff.Root)
}

// CountUnreadable adds the records of roots with unreadable ledger rows to the cost.
func (c *Correction) CountUnreadable(ctx context.Context, src flow.Rows) error {
	const atOnce = 500
	for roots := range slices.Chunk(c.unreadable, atOnce) {
		rows, err := src.Rows(ctx, c.Def, roots)
		if err != nil {
			return err
		}
		for _, one := range rows.Records {
			c.records[one.ID] = struct{}{}
		}
	}
	return nil
}

// Start starts the job that was gathered, without a row of the audit.
func (c *Correction) Start(ctx context.Context) (rework.Job, error) { return c.repairs.Start(ctx) }

// Repair starts the job that was gathered.
func (a Acts) Repair(ctx context.Context, by Actor, c *Correction) (j rework.Job, err error) {
	entry := audit.Entry{Action: Repair, Object: c.Def.Name, Old: fmt.Sprintf("%d roots differ", c.Roots())}
	err = Audited(ctx, audit.New(a.Store.Pool()), by, entry, func(entry *audit.Entry) error {
		var err error
		if j, err = c.Start(ctx); err != nil {
			return err
		}
		entry.New = j.String()
		return a.wake(ctx, j.ID)
	})
	return j, err
}

// Settings pushes settings: push does it and returns the indices that were changed.
func (a Acts) Settings(ctx context.Context, by Actor, object string, push func() ([]string, error)) error {
	return Audited(ctx, audit.New(a.Store.Pool()), by, audit.Entry{Action: PushSettings, Object: object}, func(entry *audit.Entry) error {
		changed, err := push()
		entry.New = strings.Join(changed, " ")
		return err
	})
}
