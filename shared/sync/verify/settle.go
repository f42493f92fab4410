package verify

import (
	"context"
	"maps"
	"slices"

	"gitlab.com/eshopbox-team/return-sync/shared/sync/source"
)

// settleRoots is how many suspects are looked at again at once.
const settleRoots = 500

// settleLedger judges the suspects of the first pass.
func (c *check) settleLedger(ctx context.Context, suspects <-chan uint64) error {
	var roots []uint64
	for root := range suspects {
		if roots = append(roots, root); len(roots) < settleRoots {
			continue
		}
		if err := c.judgeLedger(ctx, roots); err != nil {
			return err
		}
		roots = roots[:0]
	}
	if len(roots) == 0 || ctx.Err() != nil {
		return ctx.Err()
	}
	return c.judgeLedger(ctx, roots)
}

// evidence is what a second look at some roots has found.
type evidence struct {
	records map[uint64][]source.Record
	packed  map[uint64][]byte
	objects map[string][]byte
	excused map[uint64]bool // roots that cannot be judged now
}

// gather looks again at roots, and at these ids in the index. The order of the
// readings is what the argument in the package comment stands on.
func (c *check) gather(ctx context.Context, roots []uint64, ids []string) (evidence, error) {
	var e evidence
	h, err := c.horizon(ctx)
	if err != nil {
		return e, err
	}
	if e.excused, err = c.State.Busy(ctx, c.def.Name, roots); err != nil {
		return e, err
	}
	rows, err := c.Rows.Rows(ctx, c.def, roots)
	if err != nil {
		return e, err
	}
	e.records = byRoot(rows.Records)
	ledger, err := c.Ledger.LedgerRows(ctx, c.def.Name, roots)
	if err != nil {
		return e, err
	}
	e.packed = make(map[uint64][]byte, len(ledger))
	for _, r := range ledger {
		e.packed[r.Root] = r.Packed
	}
	if len(ids) > 0 {
		if e.objects, err = c.Index.Objects(ctx, c.def.Index, ids); err != nil {
			return e, err
		}
	}
	return e, c.excuse(ctx, h, roots, e, rows.Versions)
}

// excuse notes the roots that moved, or may have, while they were looked at.
func (c *check) excuse(ctx context.Context, h horizon, roots []uint64, e evidence, before map[uint64]uint64) error {
	after, err := c.Rows.Versions(ctx, c.def, roots)
	if err != nil {
		return err
	}
	changed, err := c.Roots.ChangedSince(ctx, c.def, h.since, roots)
	if err != nil {
		return err
	}
	busy, err := c.State.Busy(ctx, c.def.Name, roots)
	if err != nil {
		return err
	}
	maps.Copy(e.excused, changed)
	maps.Copy(e.excused, busy)
	for _, root := range roots {
		if before[root] != after[root] {
			e.excused[root] = true
		}
	}
	return nil
}

// judgeLedger judges roots in the ledger.
func (c *check) judgeLedger(ctx context.Context, roots []uint64) error {
	e, err := c.gather(ctx, roots, nil)
	if err != nil {
		return err
	}
	unsynced, err := c.unsynced(ctx, roots, e)
	if err != nil {
		return err
	}
	slices.Sort(roots)
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, root := range roots {
		v := compareRoot(c.def, e.records[root], e.packed[root])
		switch {
		case len(v.findings) == 0:
			continue
		case e.excused[root] && v.findings[0].kind != Unreadable: // no later run can read the row either
			c.wait(root)
			continue
		case unsynced[root]:
			c.report.Unsynced++
			continue
		}
		for _, f := range v.findings {
			if err := c.emit(Difference{Root: root, ID: f.id, Kind: f.kind, Where: InLedger, Account: f.account}); err != nil {
				return err
			}
		}
	}
	return nil
}

// unsynced returns the roots that nobody promised to sync: they last changed
// before the definition's history begins, and the ledger does not know them.
func (c *check) unsynced(ctx context.Context, roots []uint64, e evidence) (map[uint64]bool, error) {
	old := map[uint64]bool{}
	if c.def.FirstFrom.Unix() <= 0 {
		return old, nil
	}
	var unknown []uint64
	for _, root := range roots {
		if e.packed[root] == nil && len(e.records[root]) > 0 {
			unknown = append(unknown, root)
		}
	}
	changed, err := c.Roots.ChangedSince(ctx, c.def, c.def.FirstFrom, unknown)
	for _, root := range unknown {
		old[root] = !changed[root]
	}
	return old, err
}

// judgeIndex judges records in the index: ids by root.
func (c *check) judgeIndex(ctx context.Context, suspects map[uint64][]string) error {
	roots := slices.Sorted(maps.Keys(suspects))
	var ids []string
	for _, root := range roots {
		ids = append(ids, suspects[root]...)
	}
	e, err := c.gather(ctx, roots, ids)
	if err != nil {
		return err
	}
	unsynced, err := c.unsynced(ctx, roots, e)
	if err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, root := range roots {
		for _, id := range suspects[root] {
			d, wrong, err := c.judgeRecord(e, root, id)
			switch {
			case err != nil:
				return err
			case !wrong || unsynced[root]:
			case e.excused[root]:
				if err := c.waitFor(e, d); err != nil {
					return err
				}
			default:
				if err := c.emit(d); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// waitFor leaves a record of the index to a later comparison. A later run corrects
// the record only if the ledger differs from the source as well; the others are
// counted and handed out, for a repair.
func (c *check) waitFor(e evidence, d Difference) error {
	c.wait(d.Root)
	v := compareRoot(c.def, e.records[d.Root], e.packed[d.Root])
	if slices.ContainsFunc(v.findings, func(f finding) bool { return f.id == d.ID || f.kind == Unreadable }) {
		return nil
	}
	c.report.PendingIndex++
	if c.opts.Pending == nil {
		return nil
	}
	return c.opts.Pending(d)
}

// judgeRecord compares one record of the index with the source's.
func (c *check) judgeRecord(e evidence, root uint64, id string) (d Difference, wrong bool, err error) {
	d = Difference{Root: root, ID: id, Where: InIndex}
	object, there := e.objects[id]
	var have, want document
	if there {
		if have, err = read(c.def, object); err != nil {
			return d, false, err
		}
		d.Account = have.account
	}
	records := e.records[root]
	at := slices.IndexFunc(records, func(r source.Record) bool { return r.ID == id })
	if at < 0 {
		d.Kind = Orphaned
		return d, there, nil
	}
	v := compareRoot(c.def, records, e.packed[root])
	if !indexable(c.def, &records[at]) || slices.Contains(v.parked, id) {
		return d, false, nil
	}
	if want, err = read(c.def, records[at].Body); err != nil {
		return d, false, err
	}
	d.Account, d.Kind = want.account, Different
	if !there {
		d.Kind = Missing
	}
	return d, !there || have.sum != want.sum, nil
}
