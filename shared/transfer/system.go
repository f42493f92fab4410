package transfer

import (
	"context"
	"maps"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/fault"
)

// Record is a record of one side.
type Record struct {
	ID            int64
	ForeignID     int64      // the record's id on the other side; 0 for unknown
	WriteDate     *time.Time // sosync_write_date: the date of the data, carried over by transfers
	ChangedAt     time.Time  // write_date: when the row changed
	SyncedVersion *time.Time // the WriteDate that both sides agreed on last
	// Fields hold nil for empty, bool, int64, float64, string, []byte, []int64 for ids of
	// several records, and time.Time for a point in time whose clock and calendar are
	// those that the side keeps, in UTC. A date without a time is a string, 2006-01-02.
	// After a way through JSON numbers are json.Number and times are strings.
	Fields map[string]any
	// Parts are the records of other models that a flow counts among the record, by their
	// names in the flow. A System leaves them empty.
	Parts map[string]Record
}

// Apply makes the changes of an update: fields that the write names, and of the
// synchronisation's own columns those that it sets.
func (r *Record) Apply(w Write) {
	if r.Fields == nil {
		r.Fields = map[string]any{}
	}
	maps.Copy(r.Fields, w.Fields)
	if w.ForeignID != 0 {
		r.ForeignID = w.ForeignID
	}
	if w.WriteDate != nil {
		r.WriteDate = w.WriteDate
	}
	if w.SyncedVersion != nil {
		r.SyncedVersion = w.SyncedVersion
	}
}

// Effective returns the date by which sides are compared: the newest of the record and
// its parts.
func (r Record) Effective() time.Time {
	newest := r.Own()
	for _, p := range r.Parts {
		if at := p.Own(); at.After(newest) {
			newest = at
		}
	}
	return newest
}

// Own returns the date of the record without its parts.
func (r Record) Own() time.Time {
	if r.WriteDate != nil {
		return Micro(*r.WriteDate)
	}
	return Micro(r.ChangedAt)
}

// Verb is what a write does.
type Verb string

// The verbs. Mark writes the foreign id, the synced version and, where WriteDate is set,
// the record's date, and no field.
const (
	Create Verb = "create"
	Update Verb = "update"
	Mark   Verb = "mark"
	Remove Verb = "delete"
	Join   Verb = "merge" // ID is merged into IntoID and ceases to exist
)

// Write is one write to a side. No write makes the side post a transfer job of its own.
type Write struct {
	Verb          Verb
	Model         string
	ID            int64 // 0 for Create
	IntoID        int64 // of Join
	ForeignID     int64 // 0 leaves it
	WriteDate     *time.Time
	SyncedVersion *time.Time
	Fields        map[string]any
	// If is the effective date that the record must still have; nil does not ask.
	If *time.Time
	// Parts are written with the record in one transaction; ErrChanged of one undoes all.
	Parts []Part
}

// Part is a record of another model that is a piece of the written one, such as a
// person's address. It gets the WriteDate of the Write.
type Part struct {
	Model  string         `json:"model"`
	ID     int64          `json:"id,omitempty"` // 0 creates it
	Link   string         `json:"link"`         // its field that holds the record's id
	Fields map[string]any `json:"fields"`       // without Link
	If     *time.Time     `json:"-"`            // as Write.If
	// Equal are values of the row of which there is to be one alone: a new row is refused
	// with ErrChanged if the record has one with them. nil does not ask.
	Equal map[string]any `json:"-"`
}

// Query asks for records of a model. A record matches if each field of Equal has that
// value; nil asks for an empty field.
type Query struct {
	Equal map[string]any
	After int64 // of records with a larger id
	Most  int   // at most so many, 1 or more
}

// Written is the result of a write: the texts as they went over the wire, without
// credentials.
type Written struct {
	ID      int64
	Request string
	Answer  string
}

// System is one side. Implementations pass transfertest.RunSystem.
//
// An error has the kind that says what may help: ErrNotFound, ErrChanged,
// fault.Invalid and fault.Misconfigured for data or settings that a person has to
// correct, fault.Retry and fault.Throttled for what may pass. After a fault.Retry of
// Write the outcome is unknown.
type System interface {
	// Read returns a record by its id.
	Read(ctx context.Context, model string, id int64) (Record, error)
	// Find returns the record whose ForeignID is foreign.
	Find(ctx context.Context, model string, foreign int64) (Record, error)
	// Search returns the records that a query asks for, in the order of their ids.
	Search(ctx context.Context, model string, q Query) ([]Record, error)
	// Write writes. A Create of a ForeignID that a record has already is refused with
	// ErrChanged where the side can refuse it.
	Write(ctx context.Context, w Write) (Written, error)
}

// Errors of a System, compared with errors.Is.
var (
	// ErrNotFound says that the side has no such record.
	ErrNotFound = fault.New(fault.NotFound, "record-not-found", "the record does not exist")
	// ErrChanged says that the record is not in the state that Write.If names.
	ErrChanged = fault.New(fault.Superseded, "record-changed", "the record was changed meanwhile")
)

// Plan is a write as jobs keep it before it is made.
func (w Write) Plan() map[string]any {
	plan := map[string]any{"verb": w.Verb, "model": w.Model}
	for name, id := range map[string]int64{"id": w.ID, "into_id": w.IntoID, "foreign_id": w.ForeignID} {
		if id != 0 {
			plan[name] = id
		}
	}
	if w.WriteDate != nil {
		plan["sosync_write_date"] = w.WriteDate
	}
	if w.Fields != nil {
		plan["fields"] = w.Fields
	}
	if w.Parts != nil {
		plan["parts"] = w.Parts
	}
	return plan
}
