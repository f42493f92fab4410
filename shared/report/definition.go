package report

// Definition is what developers ship about a report type, see package definition. Its
// Type holds the properties with which the type's row begins.
type Definition struct {
	Type
	File string // for errors
	// Key are the fields that identify a row in its document; empty: its number.
	Key []string
	// Columns are fields that a document must have; a document without one of them is
	// refused before a destination is touched.
	Columns []string
	// Numbers are fields whose text is a number.
	Numbers []string
	// EmptyIsFine says that a document without rows is no failure.
	EmptyIsFine bool
	Source      Part
	Sinks       []Part
}

// Part is a source or a destination as a definition names it.
type Part struct {
	Kind string
	// Decode reads the part's settings into a struct; an error names file, line and
	// what is wrong.
	Decode func(into any) error
}
