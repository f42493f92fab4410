package verify

import (
	"context"
	"encoding/json"
	"slices"
	"strings"

	"gitlab.com/eshopbox-team/return-sync/shared/sync/entity"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/source"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/store"
)

// Shares stores the progress of the hourly comparison.
type Shares interface {
	BeginShare(ctx context.Context, entity string) (store.Verify, error)
	EndShare(ctx context.Context, entity string, s store.Share) (bool, error)
	LedgerSize(ctx context.Context, entity string) (int64, error)
}

// stepRoots is the number of roots between two stores of the progress, which a call
// without time loses at most; and the smallest share, so that every call covers a small
// table.
const stepRoots = 20_000

// listed is the most differences of a step that are stored by name.
const listed = 1000

// Share compares the next part of an entity's roots, one of parts, and stores the
// result. It continues where the last call stopped and ends with the round, or after a
// step at whose end more reports that no time is left. Two concurrent calls do no harm:
// if both compared the same roots, one result is stored.
func (v *Verifier) Share(ctx context.Context, d entity.Definition, shares Shares, parts int, more func() bool) (Report, error) {
	all := Report{Entity: d.Name, Differences: []Difference{}}
	state, err := shares.BeginShare(ctx, d.Name)
	if err != nil {
		return all, err
	}
	size, err := shares.LedgerSize(ctx, d.Name)
	if err != nil {
		return all, err
	}
	size = max(size, state.LastRoots)
	left := int(max((size+int64(parts)-1)/int64(parts), stepRoots))
	deep := v.Index != nil && CanSplit(d)
	all.Range = source.Range{After: state.After, Upto: state.After}
	for left > 0 && !all.Ended {
		began := all.Range.Upto
		r, err := v.Run(ctx, d, Options{Deep: deep, Roots: source.Range{After: began, Upto: source.MaxRoot}, Most: min(left, stepRoots), List: listed})
		if err != nil {
			return all, err
		}
		ok, err := shares.EndShare(ctx, d.Name, ShareOf(r))
		if err != nil || !ok {
			return all, err
		}
		all.join(r)
		left -= int(r.Roots)
		if !more() {
			break
		}
	}
	return all, nil
}

// ShareOf returns the part of a comparison that is stored.
func ShareOf(r Report) store.Share {
	s := store.Share{Range: r.Range, Places: []string{string(InLedger)}, Roots: r.Roots, Records: r.Records, Last: r.Ended}
	if r.Deep {
		s.Places = append(s.Places, string(InIndex))
	}
	for _, d := range r.Differences {
		s.Drift = append(s.Drift, store.Drift{Root: d.Root, Place: string(d.Where), ObjectID: d.ID, Kind: string(d.Kind), Account: d.Account, Records: 1})
	}
	s.More = r.Total() - int64(len(r.Differences))
	return s
}

// join adds the report of the following roots.
func (r *Report) join(next Report) {
	r.AsOf, r.Deep, r.Ended, r.Range.Upto = next.AsOf, next.Deep, next.Ended, next.Range.Upto
	r.Roots += next.Roots
	r.Records += next.Records
	r.Indexed += next.Indexed
	r.Slices += next.Slices
	r.Descended += next.Descended
	r.Pending += next.Pending
	r.Parked += next.Parked
	r.Unsynced += next.Unsynced
	r.Ledger.join(next.Ledger)
	r.Index.join(next.Index)
	r.Differences = append(r.Differences, next.Differences[:min(len(next.Differences), max(0, listed-len(r.Differences)))]...)
}

// join adds another tally.
func (t *Tally) join(o Tally) {
	t.Missing += o.Missing
	t.Different += o.Different
	t.Orphaned += o.Orphaned
	t.Unreadable += o.Unreadable
}

// CanSplit reports whether an index can be asked for the records of a range of roots:
// the records must carry their root, and the index must filter by it.
func CanSplit(d entity.Definition) bool {
	if d.RootField == "" {
		return false
	}
	var settings struct {
		Numeric *[]string `json:"numericAttributesForFiltering"`
	}
	if len(d.Settings) > 0 && json.Unmarshal(d.Settings, &settings) != nil {
		return false
	}
	// An index that lists no numeric attributes filters by every number.
	return settings.Numeric == nil || len(*settings.Numeric) == 0 || slices.ContainsFunc(*settings.Numeric, func(s string) bool { return strings.TrimSpace(s) == d.RootField })
}
