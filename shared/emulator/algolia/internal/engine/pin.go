package engine

import (
	"slices"

	"gitlab.com/eshopbox-team/return-sync/shared/emulator/algolia/internal/params"
)

// pinned is a record that a rule puts at a position.
type pinned struct {
	ranked
	position int
}

// pin takes the records that rules hide and those that rules promote out of mask, and
// returns the promoted ones by position. A promoted record need not match the query, nor
// pass the filters unless a rule says so.
func (x *Index) pin(q *params.Query, mask bitmap) []pinned {
	if len(q.Promoted)+len(q.Hidden) == 0 {
		return nil
	}
	passing := mask.clone()
	for _, id := range q.Hidden {
		if slot, ok := x.byID[id]; ok {
			mask.unset(slot)
		}
	}
	var list []pinned
	for _, p := range q.Promoted {
		slot, ok := x.byID[p.ID]
		if !ok || q.MustMatch && !passing.has(slot) || slices.Contains(q.Hidden, p.ID) {
			continue
		}
		mask.unset(slot)
		if !slices.ContainsFunc(list, func(other pinned) bool { return other.slot == slot }) {
			list = append(list, pinned{ranked{slot: slot, promoted: true}, p.Position})
		}
	}
	slices.SortStableFunc(list, func(a, b pinned) int { return a.position - b.position })
	return list
}

// withPinned puts promoted records at their positions among ranked ones, or behind them
// where there are fewer.
func withPinned(page []ranked, list []pinned) []ranked {
	out := make([]ranked, 0, len(page)+len(list))
	for len(page)+len(list) > 0 {
		if len(list) > 0 && (list[0].position <= len(out) || len(page) == 0) {
			out, list = append(out, list[0].ranked), list[1:]
			continue
		}
		out, page = append(out, page[0]), page[1:]
	}
	return out
}
