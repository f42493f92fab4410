package engine

import "strings"

// facetColumn holds the values of one attribute for faceting: pairs of slot and
// value, in slot order because slots only grow. Counting or filtering is one
// pass over the pairs.
type facetColumn struct {
	faceting
	ids    map[string]uint32
	names  []string
	folded map[string][]uint32 // lower-case value -> value ids
	slots  []uint32
	values []uint32
}

func newFacetColumn(f faceting, path string) *facetColumn {
	f.path = path
	return &facetColumn{faceting: f, ids: map[string]uint32{}, folded: map[string][]uint32{}}
}

func (c *facetColumn) add(slot uint32, value string) {
	id, ok := c.ids[value]
	if !ok {
		id = uint32(len(c.names))
		c.ids[value] = id
		c.names = append(c.names, value)
		low := strings.ToLower(value)
		c.folded[low] = append(c.folded[low], id)
	}
	for i := len(c.slots) - 1; i >= 0 && c.slots[i] == slot; i-- {
		if c.values[i] == id {
			return
		}
	}
	c.slots, c.values = append(c.slots, slot), append(c.values, id)
}

// mark sets the slots that hold one of the value ids.
func (c *facetColumn) mark(into bitmap, ids []uint32) {
	switch len(ids) {
	case 0:
	case 1:
		for i, v := range c.values {
			if v == ids[0] {
				into.set(c.slots[i])
			}
		}
	default:
		wanted := newBitmap(len(c.names))
		for _, id := range ids {
			wanted.set(id)
		}
		for i, v := range c.values {
			if wanted.has(v) {
				into.set(c.slots[i])
			}
		}
	}
}

// numberColumn holds the numbers of one attribute, as pairs in slot order.
type numberColumn struct {
	slots  []uint32
	values []float64
}

func (c *numberColumn) add(slot uint32, v float64) {
	c.slots, c.values = append(c.slots, slot), append(c.values, v)
}

// sortValue is what a record is sorted by: numbers before texts, nothing last.
type sortValue struct {
	kind   uint8 // 0 missing, 1 text, 2 number
	number float64
	text   string
}

// maxSortText is how many bytes of a text take part in sorting.
const maxSortText = 50

// sortColumn holds one sort value a slot.
type sortColumn struct {
	path   string
	values []sortValue
}

func (c *sortColumn) put(slot uint32, v sortValue) {
	for len(c.values) <= int(slot) {
		c.values = append(c.values, sortValue{})
	}
	if c.values[slot].kind == 0 {
		c.values[slot] = v
	}
}

func (c *sortColumn) at(slot uint32) sortValue {
	if int(slot) < len(c.values) {
		return c.values[slot]
	}
	return sortValue{}
}

// compare returns -1 when a comes before b in the wanted direction.
func (a sortValue) compare(b sortValue, descending bool) int {
	if a.kind != b.kind {
		if a.kind > b.kind {
			return -1
		}
		return 1
	}
	order := strings.Compare(a.text, b.text)
	if a.kind == 2 && a.number != b.number {
		order = 1
		if a.number < b.number {
			order = -1
		}
	}
	if descending {
		return -order
	}
	return order
}
