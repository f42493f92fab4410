// Package entity holds definitions of synced data, so that another table is synced
// without writing Go.
//
// A definition is a folder:
//
//	entity.yaml    name, job type, index, page size, limits, types
//	changed.sql    the ids of the roots that changed in [:from, :to)
//	rows.sql       the current records of the roots :ids, one row a record
//	roots.sql      the ids of all roots in (:after, :upto], whatever their age (optional)
//	settings.json  settings of the index (optional)
//
// changed.sql must give one column, _root, and must find a root whose row or any of
// whose children changed. rows.sql gives the columns that package record describes; it
// leaves out rows that should not be in the index. Parameters are named (:from, :to,
// :ids) and always sent apart from the text. Where entity.yaml names an account, every
// record carries the account's key (see record.AccountKey) and the settings are
// completed for the key; secretIds: true gives records ids that nobody can guess.
// returns is embedded; a folder of the operator's adds or replaces definitions.
//
// Roots are whole numbers, or with rootType keys of other kinds and of several columns;
// package source/mysql then has a map give each key a number. A key of several columns
// stands in _root1, _root2 and so on, rows.sql compares it as a tuple, (a, b) IN (:ids),
// and roots.sql takes no parameters.
package entity

import (
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/sync/ledger"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/record"
)

// ScheduleKind is the kind by which schedules name an entity (target_kind).
const ScheduleKind = "entity"

// Definition is one entity, checked as far as it can be without a database.
type Definition struct {
	Name    string
	JobType string // job_type of order_return_algolia_sync
	Index   string
	Account string // the field that names the tenant; every search is filtered by it

	PageSize    int           // roots a page
	RecordLimit int           // bytes of a record as compact JSON
	Overlap     time.Duration // how far a window reaches back behind the watermark
	FirstFrom   time.Time     // the beginning of the first window
	// TrustVersions means: (1) a _version column changes with every change of a record,
	// to the microsecond, and (2) changed.sql finds every change. Rows at the pushed
	// version are then not read again, and the re-read after a push asks only for roots
	// that changed.sql finds. A joined table without a version column breaks (1).
	TrustVersions bool
	Stamp         string // a field that gets the time of the push in epoch ms; not part of the content
	Types         map[string]record.Kind
	// Format is the form of records beyond rows.sql. An index that was filled earlier
	// may have an older format than the files, see target.Catalog.
	Format record.Format
	// SecretIDs gives an index that is filled from the beginning ids that nobody can
	// guess (see record.IDs).
	SecretIDs bool `json:",omitempty"`
	// Hasher makes the hashes of the ledger. Its key belongs to a target and is made when
	// that is first filled; none is in the files.
	Hasher ledger.Hasher `json:",omitzero"`
	// RootField is the record's field with its root's id, empty if none has it. A
	// comparison of the index needs the field to assign records to roots.
	RootField string
	// Key is the kinds of the columns of a root's key; nil where roots are numbers.
	Key []Part `json:",omitempty"`
	// Follow is the tables whose rows name a root, for changes that are seen when they
	// happen (package follow). It is about the source, so stored definitions of rebuilt
	// indices have none: the files' counts.
	Follow []Followed `json:"-"`

	Changed  Query
	Rows     Query
	Roots    Query  // empty without a roots.sql
	Settings []byte // JSON, nil without a settings.json
	Source   string // the file of the definition, for errors

	plain []byte // Settings without those that the account's key needs
}

// Followed is a table and the column of its rows that holds the root's id.
type Followed struct {
	Table  string // with its database before a point, or in the source's own
	Column string
}

// InFormat returns the definition for an index whose records have a format; a format
// without the account's key has no settings for the key.
func (d Definition) InFormat(f record.Format) Definition {
	d.Format = f
	if !f.AccountKey && d.plain != nil {
		d.Settings = d.plain
	}
	return d
}

// The limits of a definition's values.
const (
	MaxPageSize    = 20_000
	maxRecordLimit = 100_000
	minOverlap     = time.Minute
)

// The defaults of a definition's values.
const (
	defaultPageSize    = 500
	defaultRecordLimit = 10_000 // the smallest plan's
	defaultOverlap     = 30 * time.Minute
)
