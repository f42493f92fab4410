package verify

import (
	"context"
	"slices"

	"gitlab.com/eshopbox-team/return-sync/shared/sync/source"
)

// descent names the differences within unequal slices, in one round. Of several rounds
// each takes a share of the ids, the same on both sides.
type descent struct {
	*check
	table         *table
	dirty         map[slice]bool
	round, rounds uint64
	names         map[string]document // of the index, not yet found in the source
	suspects      map[uint64][]string
	count         int
}

// takes reports whether a record of a slice belongs to this descent.
func (d *descent) takes(s slice, id string) bool {
	return d.dirty[s] && hashOf(id)%d.rounds == d.round
}

// run collects the names of the index, removes those that the source has as well, and
// judges the rest.
func (d *descent) run(ctx context.Context) error {
	d.suspects = map[uint64][]string{}
	err := d.browse(ctx, "differing slices", func(doc document) error {
		if d.takes(d.sliceOf(d.table, doc), doc.id) {
			d.names[doc.id] = doc
		}
		return nil
	})
	if err != nil {
		return err
	}
	for _, r := range d.ranges() {
		if err := d.source(ctx, r); err != nil {
			return err
		}
	}
	if err := d.leftovers(ctx); err != nil {
		return err
	}
	if len(d.suspects) == 0 {
		return nil
	}
	return d.judgeIndex(ctx, d.suspects)
}

// ranges returns the roots whose records may lie in unequal slices.
func (d *descent) ranges() []source.Range {
	if d.def.RootField == "" {
		return []source.Range{d.report.Range}
	}
	var parts []uint64
	high := false
	for s := range d.dirty {
		if high = high || s.stray; !s.stray {
			parts = append(parts, s.part)
		}
	}
	slices.Sort(parts)
	var list []source.Range
	for _, part := range slices.Compact(parts) {
		r := source.Range{Upto: min(source.MaxRoot, part<<d.table.shift|(1<<d.table.shift-1))}
		if part > 0 {
			r.After = part<<d.table.shift - 1
		}
		r.After, r.Upto = max(r.After, d.report.Range.After), min(r.Upto, d.report.Range.Upto)
		if n := len(list); n > 0 && list[n-1].Upto == r.After {
			list[n-1].Upto = r.Upto
		} else if r.After < r.Upto {
			list = append(list, r)
		}
	}
	if r := (source.Range{After: max(maxExact-1, d.report.Range.After), Upto: d.report.Range.Upto}); high && r.After < r.Upto {
		list = append(list, r)
	}
	return list
}

// source reads the source's records of a range and removes the names that agree.
func (d *descent) source(ctx context.Context, at source.Range) error {
	for {
		roots, err := d.Roots.Roots(ctx, d.def, at, pageRoots)
		if err != nil {
			return err
		}
		rows, err := d.Rows.Rows(ctx, d.def, roots)
		if err != nil {
			return err
		}
		for i := range rows.Records {
			if err := d.record(ctx, &rows.Records[i]); err != nil {
				return err
			}
		}
		d.progress("differing slices")
		if len(roots) < pageRoots {
			return nil
		}
		at.After = roots[len(roots)-1]
	}
}

// record compares one record of the source with the names.
func (d *descent) record(ctx context.Context, r *source.Record) error {
	if d.parked[r.ID] || !indexable(d.def, r) {
		return nil
	}
	want, err := read(d.def, r.Body)
	if err != nil {
		return err
	}
	have, there := d.names[r.ID]
	delete(d.names, r.ID)
	if there && have.sum == want.sum || !there && (!d.mine(want.account) || !d.takes(d.sliceAt(d.table, want.account, r.Root, r.ID), r.ID)) {
		return nil
	}
	return d.suspect(ctx, r.Root, r.ID)
}

// suspect queues a record of the index for judgement.
func (d *descent) suspect(ctx context.Context, root uint64, id string) error {
	d.suspects[root] = append(d.suspects[root], id)
	if d.count++; d.count < settleRoots {
		return nil
	}
	batch := d.suspects
	d.suspects, d.count = map[uint64][]string{}, 0
	return d.judgeIndex(ctx, batch)
}

// leftovers judges the names that the source did not have.
func (d *descent) leftovers(ctx context.Context) error {
	if err := d.askLedger(ctx); err != nil {
		return err
	}
	var strays []string
	for id, doc := range d.names {
		if !doc.rooted {
			strays = append(strays, id)
			continue
		}
		if err := d.suspect(ctx, doc.root, id); err != nil {
			return err
		}
	}
	slices.Sort(strays)
	for start := 0; start < len(strays); start += settleRoots {
		if err := d.judgeStrays(ctx, strays[start:min(start+settleRoots, len(strays))]); err != nil {
			return err
		}
	}
	return nil
}

// askLedger looks up the roots of records that do not carry their root.
func (d *descent) askLedger(ctx context.Context) error {
	unknown := 0
	for _, doc := range d.names {
		if !doc.rooted {
			unknown++
		}
	}
	if unknown == 0 {
		return nil
	}
	at := d.report.Range
	for {
		rows, err := d.Ledger.LedgerPage(ctx, d.def.Name, at, pageRoots)
		if err != nil {
			return err
		}
		for _, row := range rows {
			for _, f := range compareRoot(d.def, nil, row.Packed).findings {
				if doc, ok := d.names[f.id]; ok && !doc.rooted {
					doc.root, doc.rooted = row.Root, true
					d.names[f.id] = doc
				}
			}
		}
		if len(rows) < pageRoots {
			return nil
		}
		at.After = rows[len(rows)-1].Root
	}
}

// judgeStrays judges records of unknown roots; see the package comment.
func (d *descent) judgeStrays(ctx context.Context, ids []string) error {
	working, err := d.State.Working(ctx, d.def.Name)
	if err != nil {
		return err
	}
	objects, err := d.Index.Objects(ctx, d.def.Index, ids)
	if err != nil {
		return err
	}
	for _, id := range ids {
		object, there := objects[id]
		if !there {
			continue
		}
		doc, err := read(d.def, object)
		if err != nil {
			return err
		}
		switch {
		case working && (d.def.RootField == "" || doc.large):
			d.wait(0)
		case d.def.RootField != "" && doc.rooted: // repaired in the meantime
		default:
			if err := d.emit(Difference{ID: id, Kind: Orphaned, Where: InIndex, Account: doc.account}); err != nil {
				return err
			}
		}
	}
	return nil
}
