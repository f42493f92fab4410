// Package source holds the interface to the database with the truth. Its child rooms
// implement the interface, with one technology each.
package source

import "strconv"

// Rows are the rows of a set of roots, read in one statement and so from one moment.
type Rows struct {
	Records []Record
	// Versions maps each root that has rows to the sum of their versions (see
	// record.Plan.Version). A root without rows is absent.
	Versions map[uint64]uint64
	// Warnings are what the server warned of while it read, such as a text that
	// GROUP_CONCAT cut; the first few, in its own words.
	Warnings []string
	// Bodies is the memory of the records' bodies. Who keeps no body may free it.
	Bodies *Bodies
}

// Nameless returns the id by which the rows of a root without an id are parked, all of
// them together. It is sent to no index.
func Nameless(root uint64) string { return "no objectID: root " + strconv.FormatUint(root, 10) }

// Record is one row of a definition's query as a document of the index.
type Record struct {
	Root uint64
	ID   string
	Body []byte // compact JSON; nil if Problem is set
	// Problem is the reason why the row has no JSON form. Such a record is parked.
	Problem string
}
