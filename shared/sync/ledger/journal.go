package ledger

import (
	"encoding/binary"
	"slices"
	"sort"
)

// Journal lists, for every root, the ids of records that are about to be sent.
//
// It is the write-ahead intent of a push: the ledger is written after the push, so a
// process that dies in between leaves an index that the ledger does not describe. The
// journal lists the unconfirmed roots and the ids that may be in the index. The next
// attempt sends those roots again whatever the ledger says, and deletes the ids whose
// rows have vanished.
type Journal map[uint64][]string

// Unconfirmed is a root some of whose records may or may not be in the index: the
// outcome of a push is unknown.
type Unconfirmed struct {
	IDs   []string // what may be in the index
	Stamp string   // of this entry; a newer one of the same root has another
	Whole bool     // every record of the root is unconfirmed, and not only IDs
}

// Add notes ids of a root and skips ids that are already listed.
func (j Journal) Add(root uint64, ids ...string) {
	if len(ids) > few {
		j.addMany(root, ids)
		return
	}
	list := j[root]
	for _, id := range ids {
		if !slices.Contains(list, id) {
			list = append(list, id)
		}
	}
	j[root] = list
}

// few is the number of ids up to which lists are searched one by one: records are added
// singly, and a map for each root would cost more than all its other work.
const few = 16

// addMany is Add for many ids at once.
func (j Journal) addMany(root uint64, ids []string) {
	list := j[root]
	known := make(map[string]bool, len(list)+len(ids))
	for _, id := range list {
		known[id] = true
	}
	for _, id := range ids {
		if !known[id] {
			known[id] = true
			list = append(list, id)
		}
	}
	j[root] = list
}

// Merge adds the contents of another journal.
func (j Journal) Merge(other Journal) {
	for root, ids := range other {
		j.Add(root, ids...)
	}
}

// Pack returns the packed form: for each root its id, the number of its
// records and their ids, all lengths as uvarints, roots in order.
func (j Journal) Pack() []byte {
	roots := make([]uint64, 0, len(j))
	for root := range j {
		roots = append(roots, root)
	}
	sort.Slice(roots, func(a, b int) bool { return roots[a] < roots[b] })
	b := []byte{formatVersion}
	for _, root := range roots {
		b = binary.AppendUvarint(b, root)
		b = binary.AppendUvarint(b, uint64(len(j[root])))
		for _, id := range j[root] {
			b = binary.AppendUvarint(b, uint64(len(id)))
			b = append(b, id...)
		}
	}
	return b
}

// UnpackJournal reads the packed form. An empty value is an empty journal.
func UnpackJournal(b []byte) (Journal, error) {
	j := Journal{}
	if len(b) == 0 {
		return j, nil
	}
	r := reader{b: b[1:]}
	for len(r.b) > 0 && !r.bad {
		root, count := r.uvarint(), r.uvarint()
		j.Add(root)
		for i := uint64(0); i < count && !r.bad; i++ {
			if id := r.text(); !r.bad {
				j[root] = append(j[root], id)
			}
		}
	}
	if b[0] != formatVersion || r.bad {
		return nil, errTruncated
	}
	return j, nil
}

// reader takes values off a packed journal and remembers a broken one.
type reader struct {
	b   []byte
	bad bool
}

// uvarint takes a number.
func (r *reader) uvarint() uint64 {
	n, used := binary.Uvarint(r.b)
	if used <= 0 {
		r.bad, r.b = true, nil
		return 0
	}
	r.b = r.b[used:]
	return n
}

// text takes a text with its length before it.
func (r *reader) text() string {
	n := r.uvarint()
	if n > maxIDLength || n > uint64(len(r.b)) {
		r.bad, r.b = true, nil
		return ""
	}
	s := string(r.b[:n])
	r.b = r.b[n:]
	return s
}
