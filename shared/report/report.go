package report

import (
	"fmt"
	"time"
)

// Key identifies a report. Slot is its date, YYYY-MM-DD; for a run of a real-time type
// the scheduled time of the run, in UTC as RFC 3339.
type Key struct {
	Type string `json:"type"`
	Slot string `json:"slot"`
}

// String names the report for people: sales_report 2026-11-20.
func (k Key) String() string { return k.Type + " " + k.Slot }

// Date returns the report's date; false for a real-time one.
func (k Key) Date() (Date, bool) {
	d, err := ParseDate(k.Slot)
	return d, err == nil
}

// DatedKey returns the key of a type's report of a date.
func DatedKey(typ string, d Date) Key { return Key{typ, d.String()} }

// RealTimeKey returns the key of a real-time type's run.
func RealTimeKey(typ string, at time.Time) Key {
	return Key{typ, at.UTC().Format(time.RFC3339)}
}

// Counts is the account of a report at one destination, in rows.
type Counts struct {
	Written   int64 `json:"written"`
	Unchanged int64 `json:"unchanged"`
	Parked    int64 `json:"parked"`
}

// Sum returns how many rows have a result.
func (c Counts) Sum() int64 { return c.Written + c.Unchanged + c.Parked }

// Add returns the sum of two accounts.
func (c Counts) Add(o Counts) Counts {
	return Counts{c.Written + o.Written, c.Unchanged + o.Unchanged, c.Parked + o.Parked}
}

// String prints the account.
func (c Counts) String() string {
	return fmt.Sprintf("written %d + unchanged %d + parked %d", c.Written, c.Unchanged, c.Parked)
}

// Report is a row of table report_report.
type Report struct {
	ID int64 `json:"-"`
	Key
	Zone  Zone  `json:"zone"` // of the schedule that started it
	State State `json:"state"`
	// Fail, LastUpdated, DocumentID and UpdateRepeated are the operator's fields; see
	// the package comment.
	Fail           bool       `json:"fail"`
	LastUpdated    *time.Time `json:"lastUpdated"`
	DocumentID     string     `json:"documentId"`
	UpdateRepeated *time.Time `json:"updateRepeated"`
	// Repeating says that the present attempt is the repeat after N days.
	Repeating bool `json:"repeating"`
	// Attempt counts orders at the source, from 1; 0 before the first.
	Attempt int `json:"attempt"`
	// IntentAt is when the present attempt was about to be sent to the source. It is
	// the report time: of two payloads of one document the later one stays.
	IntentAt  *time.Time `json:"intentAt"`
	SourceID  string     `json:"sourceId"` // of the order, at the source
	Document  string     `json:"document"` // what Source.Rows reads
	Rows      int64      `json:"rows"`     // of the last loaded document
	Error     string     `json:"error"`    // why it failed; empty otherwise
	DueAt     time.Time  `json:"dueAt"`    // the scheduled time of its first start
	RetriedAt *time.Time `json:"retriedAt"`
	FailedAt  *time.Time `json:"failedAt"`
	Since     time.Time  `json:"since"` // when the present state began
	CreatedAt time.Time  `json:"createdAt"`
	UpdatedAt time.Time  `json:"updatedAt"`
	Turn      int64      `json:"turn"` // of its tasks; each take adds one
	// NextAt is when work goes on; nil for a report that is done or failed, and for one
	// that is due at its type's next scheduled time.
	NextAt *time.Time `json:"nextAt"`
	// Polls counts how often the present order was polled.
	Polls int `json:"polls"`
	// Payload names the loaded rows in our own tables; empty before the state loaded.
	Payload string `json:"-"`
	Chunks  int64  `json:"-"` // of the payload
	// Accounts are those of the present attempt.
	Accounts []Account `json:"accounts,omitempty"`
	// Token is that of the lease that the caller holds; empty for a reader.
	Token string    `json:"-"`
	Now   time.Time `json:"-"` // the database's clock when the row was read
}

// Account is the progress of a report at one destination.
type Account struct {
	Sink string `json:"sink"`
	Counts
	Chunks   int64 `json:"chunks"` // written so far
	Finished bool  `json:"finished"`
}

// Scenario returns the case of the failed-report procedure, A, B or C; empty for a
// report that has not failed.
func (r Report) Scenario() string {
	switch {
	case !r.Fail:
		return ""
	case r.LastUpdated == nil:
		return "A"
	case r.DocumentID == "":
		return "B"
	}
	return "C"
}

// Order returns the request that the report's present attempt makes of its source.
func (r Report) Order(t Type) Order {
	o := Order{Key: r.Key, TypeID: t.TypeID, Attempt: r.Attempt}
	if r.IntentAt != nil {
		o.Stamp = *r.IntentAt
	}
	date, dated := r.Date()
	if o.RealTime = !dated; dated {
		o.From, o.To = r.Zone.Begin(date), r.Zone.Begin(date+1)
	}
	return o
}

// Task is a report that waits for a task.
type Task struct {
	Key
	Turn   int64
	NextAt time.Time
}
