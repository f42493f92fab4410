package verify

import (
	"context"
	"slices"

	"golang.org/x/sync/errgroup"

	"gitlab.com/eshopbox-team/return-sync/shared/sync/source"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/store"
)

// The usual sizes of the pass; see Options.
const (
	pageRoots = 1000
	workers   = 2
)

// segment is a range of roots with the rows of source and ledger in the range.
type segment struct {
	roots  []uint64
	ledger []store.PackedRow
}

// compareLedger is the first pass.
func (c *check) compareLedger(ctx context.Context) error {
	group, ctx := errgroup.WithContext(ctx)
	segments := make(chan segment)
	suspects := make(chan uint64, pageRoots)
	group.Go(func() error {
		defer close(segments)
		return c.segments(ctx, func(s segment) error {
			select {
			case segments <- s:
				return nil
			case <-ctx.Done():
				return ctx.Err()
			}
		})
	})
	group.Go(func() error {
		defer close(suspects)
		comparing, ctx := errgroup.WithContext(ctx)
		for range c.opts.Workers {
			comparing.Go(func() error { return c.compareSegments(ctx, segments, suspects) })
		}
		return comparing.Wait()
	})
	group.Go(func() error { return c.settleLedger(ctx, suspects) })
	return group.Wait()
}

// segments divides the roots and calls each with one segment after the other. A segment
// ends at the end of the shorter reading, so that neither side holds more than a page,
// however far apart the two are.
func (c *check) segments(ctx context.Context, each func(segment) error) error {
	at, count := c.opts.Roots, 0
	for at.After < at.Upto {
		// Index filters compare doubles, so a part of the index ends below maxExact.
		if c.opts.Most > 0 && count >= c.opts.Most && at.After < maxExact {
			c.report.Range.Upto = at.After
			return nil
		}
		roots, err := c.Roots.Roots(ctx, c.def, at, c.opts.AtOnce)
		if err != nil {
			return err
		}
		rows, err := c.Ledger.LedgerPage(ctx, c.def.Name, at, c.opts.AtOnce)
		if err != nil {
			return err
		}
		end := at.Upto
		if len(roots) == c.opts.AtOnce {
			end = min(end, roots[c.opts.AtOnce-1])
		}
		if len(rows) == c.opts.AtOnce {
			end = min(end, rows[c.opts.AtOnce-1].Root)
		}
		s := segment{roots: roots, ledger: rows}
		s.cut(end)
		count += max(len(s.roots), len(s.ledger))
		at.After = end
		if err := each(s); err != nil {
			return err
		}
	}
	c.report.Ended = at.Upto == source.MaxRoot
	return nil
}

// cut drops the rows behind a root.
func (s *segment) cut(end uint64) {
	if end == source.MaxRoot {
		return
	}
	n, _ := slices.BinarySearch(s.roots, end+1)
	s.roots = s.roots[:n]
	n, _ = slices.BinarySearchFunc(s.ledger, end+1, func(r store.PackedRow, root uint64) int {
		switch {
		case r.Root < root:
			return -1
		case r.Root > root:
			return 1
		}
		return 0
	})
	s.ledger = s.ledger[:n]
}

// compareSegments compares segments until none is left.
func (c *check) compareSegments(ctx context.Context, segments <-chan segment, suspects chan<- uint64) error {
	own := newTable()
	for s := range segments {
		rows, err := c.Rows.Rows(ctx, c.def, s.roots)
		if err != nil {
			return err
		}
		t := segmentComparison{check: c, table: own}
		if err := t.segment(s, byRoot(rows.Records)); err != nil {
			return err
		}
		for _, root := range t.suspects {
			select {
			case suspects <- root:
			case <-ctx.Done():
				return ctx.Err()
			}
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.wanted.merge(own)
	return nil
}

// byRoot divides records by their root. The records of one root stay in order.
func byRoot(records []source.Record) map[uint64][]source.Record {
	if !slices.IsSortedFunc(records, compareRoots) {
		slices.SortStableFunc(records, compareRoots)
	}
	groups := make(map[uint64][]source.Record, len(records)/2)
	for start := 0; start < len(records); {
		end := start + 1
		for end < len(records) && records[end].Root == records[start].Root {
			end++
		}
		groups[records[start].Root] = records[start:end]
		start = end
	}
	return groups
}

// compareRoots orders records by their roots.
func compareRoots(a, b source.Record) int {
	switch {
	case a.Root < b.Root:
		return -1
	case a.Root > b.Root:
		return 1
	}
	return 0
}

// segmentComparison is the comparison of one segment.
type segmentComparison struct {
	*check
	table           *table
	suspects        []uint64
	parked          []string
	parkedCorrectly int64
	records         int64
}

// segment compares a segment and adds it to the report.
func (t *segmentComparison) segment(s segment, records map[uint64][]source.Record) error {
	packed := make(map[uint64][]byte, len(s.ledger))
	roots := len(s.roots)
	for _, row := range s.ledger {
		packed[row.Root] = row.Packed
		if _, known := slices.BinarySearch(s.roots, row.Root); !known {
			roots++
			if err := t.root(row.Root, nil, row.Packed); err != nil {
				return err
			}
		}
	}
	for _, root := range s.roots {
		if err := t.root(root, records[root], packed[root]); err != nil {
			return err
		}
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.report.Roots += int64(roots)
	t.report.Records += t.records
	t.report.Parked += t.parkedCorrectly
	for _, id := range t.parked {
		t.check.parked[id] = true
	}
	t.progress("source and ledger")
	return nil
}

// root compares one root.
func (t *segmentComparison) root(root uint64, records []source.Record, packed []byte) error {
	v := compareRoot(t.def, records, packed)
	if t.opts.Account != "" && len(records) > 0 && !t.mine(accountOfAny(t.def, records)) {
		return nil
	}
	t.records += int64(len(records))
	t.parkedCorrectly += v.parkedCorrectly
	if len(v.findings) > 0 {
		t.suspects = append(t.suspects, root)
	}
	if !t.opts.Deep {
		return nil
	}
	t.parked = append(t.parked, v.parked...)
	for i := range records {
		r := &records[i]
		if !indexable(t.def, r) || slices.Contains(v.parked, r.ID) {
			continue
		}
		doc, err := read(t.def, r.Body)
		if err != nil {
			return err
		}
		t.table.add(t.sliceAt(t.table, doc.account, r.Root, r.ID), doc.sum)
	}
	return nil
}
