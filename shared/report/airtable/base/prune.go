package base

import (
	"context"
	"fmt"
	"slices"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/report/airtable"
)

// The pace of pruning.
const (
	pruneEvery = time.Hour
	mostPruned = 200 // records of a table that a round deletes: 20 requests
)

// prune deletes from the base what is older than Keep: entries of the log, and reports
// that have neither changed since nor failed. A plan bounds a base's records. Our own
// tables keep the reports, and one that changes comes back.
func (b *Base) prune(ctx context.Context, now time.Time, sum *Summary) error {
	if b.Keep <= 0 {
		return nil
	}
	last, err := b.Store.Cursor(ctx, "pruned")
	if err != nil || now.Sub(last.At) < pruneEvery {
		return err
	}
	before := "DATETIME_PARSE(" + airtable.Quote(now.Add(-b.Keep).UTC().Format(time.RFC3339)) + ")"
	whole := true
	for _, one := range []struct {
		sheet  Sheet
		filter string
	}{
		{logs, fmt.Sprintf("IS_BEFORE({Time}, %s)", before)},
		{reports, fmt.Sprintf("AND(NOT({Fail}), IS_BEFORE(LAST_MODIFIED_TIME(), %s))", before)},
	} {
		n, err := b.pruneSheet(ctx, one.sheet, one.filter)
		sum.Pruned += n
		if err != nil {
			return err
		}
		whole = whole && n < mostPruned
	}
	if !whole {
		return nil // the next round goes on
	}
	return b.Store.Move(ctx, "pruned", Cursor{At: now})
}

// pruneSheet deletes records of a table for which a formula holds, and their shadows.
func (b *Base) pruneSheet(ctx context.Context, s Sheet, filter string) (n int, err error) {
	var ids, keys []string
	for r, err := range b.Client.List(ctx, s.Name, airtable.Query{Filter: filter, Fields: []string{s.Key}}) {
		if err != nil {
			return 0, err
		}
		ids, keys = append(ids, r.ID), append(keys, s.keyOf(r))
		if len(ids) == mostPruned {
			break
		}
	}
	// A shadow without its record would stand for a record that a person deleted.
	if err := b.Store.Drop(ctx, s.Name, keys); err != nil {
		return 0, err
	}
	for batch := range slices.Chunk(ids, airtable.MaxRecords) {
		if err := b.Client.Delete(ctx, s.Name, batch...); err != nil {
			return n, err
		}
		n += len(batch)
	}
	return n, nil
}
