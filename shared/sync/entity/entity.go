// Package entity holds definitions of what is synced, so that another table is
// synced without writing Go.
//
// A definition is a folder:
//
//	entity.yaml    name, job type, index, page size, limits, types
//	changed.sql    the ids of the roots that changed in [:from, :to)
//	rows.sql       the current records of the roots :ids, one row a record
//	roots.sql      the ids of all roots in (:after, :upto], whatever their age (optional)
//	settings.json  settings of the index (optional)
//
// changed.sql must give one column, _root, and must find a root whose row or
// any of whose children changed. rows.sql gives the columns that package record
// describes; a row that should not be in the index is a row that the query does
// not give. Parameters are named (:from, :to, :ids) and always sent apart from
// the text. Where entity.yaml names an account, every record carries its key (see
// record.AccountKey) and the settings are completed for it; secretIds: true gives
// records ids that cannot be guessed. returns is embedded; a folder of the operator's adds others or
// replaces it.
package entity

import (
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/sync/record"
)

// Definition is one entity, checked as far as it can be without a database.
type Definition struct {
	Name    string
	JobType string // job_type of order_return_algolia_sync
	Index   string
	Account string // the field that names the tenant; every search is fenced by it

	PageSize    int           // roots a page
	RecordLimit int           // bytes of a record as compact JSON
	Overlap     time.Duration // how far a window reaches back behind the watermark
	FirstFrom   time.Time     // where the first window begins
	// TrustVersions means: (1) a _version column changes with every change of a record,
	// to the microsecond, and (2) changed.sql finds every change. Rows at the pushed
	// version are then not read again, and the re-read after a push asks only for roots
	// that changed.sql finds. A joined table without a version column breaks (1).
	TrustVersions bool
	Stamp         string // a field that gets the time of the push in epoch ms; not part of the content
	Types         map[string]record.Kind
	// Format is how records are written beyond what rows.sql says. That of an index
	// that was filled before is not the files', see target.Catalog.
	Format record.Format
	// SecretIDs gives an index that is filled from the beginning ids that cannot be
	// guessed (see record.IDs).
	SecretIDs bool `json:",omitempty"`
	// RootField is the record's field that holds its root's id, empty if none
	// does. Comparing the index needs it to know whose a record is.
	RootField string

	Changed  Query
	Rows     Query
	Roots    Query  // empty without a roots.sql
	Settings []byte // JSON, nil without a settings.json
	Source   string // where the definition was read, for errors

	plain []byte // Settings without what the account's key needs
}

// InFormat returns the definition for an index whose records are written in a
// format; one without the account's key has no settings for it.
func (d Definition) InFormat(f record.Format) Definition {
	d.Format = f
	if !f.AccountKey && d.plain != nil {
		d.Settings = d.plain
	}
	return d
}

// The limits that a definition may choose within.
const (
	maxPageSize    = 20_000
	maxRecordLimit = 100_000
	minOverlap     = time.Minute
)

// The values of what a definition leaves out.
const (
	defaultPageSize    = 500
	defaultRecordLimit = 10_000 // the smallest plan's
	defaultOverlap     = 30 * time.Minute
)
