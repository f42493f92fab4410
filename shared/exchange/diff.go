package exchange

import (
	"iter"

	"gitlab.com/eshopbox-team/return-sync/shared/fault"
)

// Diff compares two ascending streams of ids and returns those that only there has
// (adds) and those that only here has (deletes), both ascending.
func Diff(there []ID, here iter.Seq2[ID, error]) (adds, deletes []ID, err error) {
	if err := ascending(there); err != nil {
		return nil, nil, err
	}
	at := 0
	for id, err := range here {
		if err != nil {
			return nil, nil, err
		}
		for at < len(there) && less(there[at], id) {
			adds = append(adds, there[at])
			at++
		}
		if at < len(there) && there[at] == id {
			at++
			continue
		}
		deletes = append(deletes, id)
	}
	return append(adds, there[at:]...), deletes, nil
}

// ascending refuses ids of the other side that are not in strictly ascending order.
func ascending(ids []ID) error {
	for i := 1; i < len(ids); i++ {
		if !less(ids[i-1], ids[i]) {
			return fault.New(fault.Invalid, "ids-unordered", "the ids are not in ascending order, or one of them comes twice")
		}
	}
	return nil
}

// merged returns ascending ids without some and with others. without and with are
// ascending.
func merged(ids iter.Seq2[ID, error], without, with []ID) iter.Seq2[ID, error] {
	return func(yield func(ID, error) bool) {
		add, drop := 0, 0
		for id, err := range ids {
			if err != nil {
				yield(id, err)
				return
			}
			for ; add < len(with) && less(with[add], id); add++ {
				if !yield(with[add], nil) {
					return
				}
			}
			for drop < len(without) && less(without[drop], id) {
				drop++
			}
			if drop < len(without) && without[drop] == id {
				continue
			}
			if !yield(id, nil) {
				return
			}
		}
		for ; add < len(with); add++ {
			if !yield(with[add], nil) {
				return
			}
		}
	}
}

// Each turns a list into a stream without errors.
func Each(ids []ID) iter.Seq2[ID, error] {
	return func(yield func(ID, error) bool) {
		for _, id := range ids {
			if !yield(id, nil) {
				return
			}
		}
	}
}
