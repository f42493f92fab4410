// Package target holds the words and rules of a target: one index that an entity
// is synced into.
//
// An entity has one target, its definition's index, until it is rebuilt. A
// rebuild makes another: an index of its own, with a claim, a watermark, a ledger
// and runs of its own, all under the target's name (see Key). Every tick syncs
// every target, so the old index stays up to date while the new one is built, and
// after the two have changed places.
//
// # Roles
//
//	          promote           promote another
//	building ---------> live <-----------------> standby
//	    |                                           |
//	    | drop                                      | drop
//	    `---------------> dropping <----------------'
//	                          | gone
//	                          v
//	                       dropped
//
//	promote  in one transaction, and only to a target that is at least as fresh as
//	         the live one
//	drop     ticks no longer sync the target; its index and its rows are removed
//
// Searches see the live target. One row names it, so that a promotion takes effect
// at once and as a whole, and undoing a promotion is another one.
package target

import (
	"fmt"
	"strconv"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/sync/entity"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/ledger"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/record"
)

// Role is what a target is for.
type Role string

// The roles; see the diagram of the package.
const (
	Building Role = "building"
	Live     Role = "live"
	Standby  Role = "standby"
	Dropping Role = "dropping"
	Dropped  Role = "dropped"
)

// Fed reports whether ticks sync a target of this role.
func (r Role) Fed() bool { return r == Building || r == Live || r == Standby }

// Target is a row of sync_target.
type Target struct {
	ID     int64  `json:"id"`
	Entity string `json:"entity"`
	Role   Role   `json:"role"`
	Index  string `json:"index"`
	// Packed is the definition that it is built from, as entity.Pack gives it;
	// empty for an entity's first target, which follows the files.
	Packed []byte `json:"-"`
	// AccountKey and IDSecret are how the records of an entity's first target are
	// written, and LedgerKey is the key of their hashes; those of others are in Packed.
	AccountKey bool       `json:"-"`
	IDSecret   []byte     `json:"-"`
	LedgerKey  []byte     `json:"-"`
	CreatedAt  time.Time  `json:"createdAt"`
	LiveAt     *time.Time `json:"liveAt,omitempty"` // when it last became live
}

// First reports whether this is the entity's first target.
func (t Target) First() bool { return len(t.Packed) == 0 }

// Unnoted returns the first target of an entity whose targets have no rows: its records are
// as the definition says, with ids as rows.sql gives them.
func Unnoted(d entity.Definition) Target {
	return Target{Entity: d.Name, Role: Live, Index: d.Index, AccountKey: d.Format.AccountKey}
}

// Key returns the key by whose text the target is synced.
func (t Target) Key() Key {
	if t.First() {
		return Key{Base: t.Entity}
	}
	return Key{Base: t.Entity, ID: t.ID}
}

// Name returns the name under which the target is synced: the entity's own for
// its first.
func (t Target) Name() string { return t.Key().String() }

// MaxName is how long a target's name may be: what a column holds.
const MaxName = 48

// IndexOf returns the name of the index of the target with an id.
func IndexOf(d entity.Definition, id int64) string {
	return d.Index + "_r" + strconv.FormatInt(id, 10)
}

// Definition returns what the target is synced by; first is the entity's own.
func (t Target) Definition(first entity.Definition) (entity.Definition, error) {
	if t.First() {
		f := first.Format
		f.AccountKey, f.IDs = f.AccountKey && t.AccountKey, record.IDs(t.IDSecret)
		first.Hasher = ledger.HasherOf(t.LedgerKey)
		return first.InFormat(f), nil
	}
	d, err := entity.Unpack(t.Packed)
	if err != nil {
		return d, fmt.Errorf("target %s: %w", t.Name(), err)
	}
	d.Name, d.JobType, d.Index = t.Name(), Key{Base: d.JobType, ID: t.ID}.String(), t.Index
	d.Source = Key{Base: d.Source, ID: t.ID}.String() // its columns are not those of the files'
	return d, nil
}
