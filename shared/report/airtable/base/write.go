package base

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"gitlab.com/eshopbox-team/return-sync/shared/fault"
	"gitlab.com/eshopbox-team/return-sync/shared/report/airtable"
)

// pending is a row of ours that goes into the base.
type pending struct {
	row    Row
	record airtable.Record
}

// write writes our rows where the base differs, and stores what both sides agree on.
func (b *Base) write(ctx context.Context, s Sheet, p plan, rows []Row, shadows []Shadow, sum *Summary) error {
	var updates, inserts []pending
	var agreed []Shadow
	before := map[string]Shadow{}
	for _, one := range shadows {
		before[one.Key] = one
	}
	for _, row := range rows {
		record := p.records[row.Key]
		if record == "" {
			inserts = append(inserts, pending{row, airtable.Record{Fields: maps.Clone(row.Values)}})
			continue
		}
		if fields := s.differing(row, p.theirs[row.Key]); len(fields) > 0 {
			updates = append(updates, pending{row, airtable.Record{ID: record, Fields: fields}})
		} else if old, have := before[row.Key]; !have || old.Record != record || len(s.differing(row, old.Values)) > 0 {
			agreed = append(agreed, Shadow{row.Key, record, row.Values})
		}
	}
	if len(agreed) > 0 {
		if err := b.Store.Keep(ctx, s.Name, agreed, nil); err != nil {
			return err
		}
	}
	for _, list := range [][]pending{updates, inserts} {
		for batch := range slices.Chunk(list, airtable.MaxRecords) {
			if err := b.send(ctx, s, batch, sum); err != nil {
				return err
			}
		}
	}
	return b.forget(ctx, s, p, rows, shadows)
}

// send writes a batch. One that Airtable refuses is split until the bad row is alone,
// which is noted.
func (b *Base) send(ctx context.Context, s Sheet, batch []pending, sum *Summary) error {
	records := make([]airtable.Record, len(batch))
	for i, one := range batch {
		records[i] = one.record
	}
	written, err := b.Client.Upsert(ctx, s.Name, []string{s.Key}, true, records...)
	switch kind := fault.KindOf(err); {
	case err != nil && kind != fault.Invalid && kind != fault.TooLarge:
		return err
	case err != nil && len(batch) == 1 && batch[0].record.ID != "":
		// The record may have been deleted: the row is written by its key, as a whole.
		return b.send(ctx, s, []pending{{batch[0].row, airtable.Record{Fields: maps.Clone(batch[0].row.Values)}}}, sum)
	case err != nil && len(batch) == 1:
		sum.Notes++
		// Without a shadow the row is new to the next round, which writes it by its key.
		note := fmt.Sprintf("%s: row %s cannot be written into the base: %v", s.Name, name(batch[0].row), err)
		return fault.Join(b.Store.Keep(ctx, s.Name, nil, []string{note}), b.Store.Drop(ctx, s.Name, []string{batch[0].row.Key}))
	case err != nil:
		half := len(batch) / 2
		if err := b.send(ctx, s, batch[:half], sum); err != nil {
			return err
		}
		return b.send(ctx, s, batch[half:], sum)
	}
	agreed := make([]Shadow, len(batch))
	for i, one := range batch {
		agreed[i] = Shadow{one.row.Key, written[i].ID, one.row.Values}
	}
	sum.Written += len(batch)
	return b.Store.Keep(ctx, s.Name, agreed, nil)
}

// forget deletes rows of the base that were deleted on our side.
func (b *Base) forget(ctx context.Context, s Sheet, p plan, rows []Row, shadows []Shadow) error {
	if s.Name != SchedulesName {
		return nil // types and reports stay where they are
	}
	known := map[string]bool{}
	for _, row := range rows {
		known[row.Key] = true
	}
	gone := map[string]bool{}
	for _, key := range keys(p.gone) {
		gone[key] = true
	}
	for _, one := range shadows {
		if known[one.Key] || gone[one.Key] || one.Values == nil {
			continue
		}
		// A record that is gone already is refused, which is as good.
		if err := b.Client.Delete(ctx, s.Name, one.Record); err != nil && fault.Retryable(err) {
			return err
		}
		if err := b.Store.Drop(ctx, s.Name, []string{one.Key}); err != nil {
			return err
		}
	}
	return nil
}
