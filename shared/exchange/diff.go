package exchange

import (
	"iter"

	"gitlab.com/eshopbox-team/return-sync/shared/fault"
)

// Diff compares two ascending streams of ids. It returns those that only there has and
// calls surplus with each that only here has, in ascending order both.
func Diff(there []ID, here iter.Seq2[ID, error], surplus func(ID) error) (adds []ID, err error) {
	if err := ascending(there); err != nil {
		return nil, err
	}
	at := 0
	for id, err := range here {
		if err != nil {
			return nil, err
		}
		for at < len(there) && less(there[at], id) {
			adds = append(adds, there[at])
			at++
		}
		if at < len(there) && there[at] == id {
			at++
		} else if err := surplus(id); err != nil {
			return nil, err
		}
	}
	return append(adds, there[at:]...), nil
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
