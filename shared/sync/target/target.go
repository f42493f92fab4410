// Package target holds the words and rules of a target: one index that an entity
// is synced into.
//
// An entity has one target, its definition's index, until it is rebuilt. A
// rebuild makes another: an index of its own, with a claim, a watermark, a ledger
// and runs of its own, all under the target's name. Every tick feeds every
// target, so the old index stays true while the new one is built, and still after
// they have changed places.
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
//	         the one that searches see now
//	drop     it is fed no more; its index and its rows are removed
//
// Searches see the live target. Which that is stands in one row, so the change is
// at once and whole, and undoing it is the same change.
package target

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/sync/entity"
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
	// written; that of others is in Packed.
	AccountKey bool       `json:"-"`
	IDSecret   []byte     `json:"-"`
	CreatedAt  time.Time  `json:"createdAt"`
	LiveAt     *time.Time `json:"liveAt,omitempty"` // when it last became live
}

// mark stands in a target's name between the entity's name and the id. No
// entity's name has it.
const mark = "~"

// nameForm is the name or the job type of a target that is not an entity's first.
var nameForm = regexp.MustCompile(`^.+` + mark + `([0-9]{1,18})$`)

// IDOf returns the id in a target's name or job type; false for an entity's own.
func IDOf(name string) (int64, bool) {
	m := nameForm.FindStringSubmatch(name)
	if m == nil {
		return 0, false
	}
	id, err := strconv.ParseInt(m[1], 10, 64)
	return id, err == nil
}

// EntityOf returns the entity of a name: the name itself if it is an entity's.
func EntityOf(name string) string {
	if _, ok := IDOf(name); !ok {
		return name
	}
	return name[:strings.LastIndex(name, mark)]
}

// First reports whether this is the entity's first target.
func (t Target) First() bool { return len(t.Packed) == 0 }

// Name returns the name under which the target is synced: the entity's own for
// its first.
func (t Target) Name() string {
	if t.First() {
		return t.Entity
	}
	return NameOf(t.Entity, t.ID)
}

// NameOf returns the name that means one target of an entity and no other: that of
// the first one is understood, but nothing is kept under it.
func NameOf(entity string, id int64) string { return entity + mark + strconv.FormatInt(id, 10) }

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
		return first.InFormat(f), nil
	}
	d, err := entity.Unpack(t.Packed)
	if err != nil {
		return d, fmt.Errorf("target %s: %w", t.Name(), err)
	}
	d.Name, d.JobType, d.Index = t.Name(), d.JobType+mark+strconv.FormatInt(t.ID, 10), t.Index
	d.Source += mark + strconv.FormatInt(t.ID, 10) // what is known of its columns is not the files'
	return d, nil
}
