// Package claim decides which tick may run an entity's next window. It is package
// lease in the words of the sync: the row is the newest of
// order_return_algolia_sync with the entity's job type, and the idempotency key is the
// tick's time, the same on every retry of one tick.
//
// The right to run is the newest order_return_algolia_sync row of a job type.
// A tick reads it, Decide says what the tick may do, and one conditional UPDATE
// in the store does it: the row's token must still be the one that was read. A
// tick that loses that race does nothing. The lease frees the row of a dead run. The
// occurrence is the tick's idempotency key (the scheduler's time, the same on every
// retry of one tick): a second delivery of a tick does nothing.
//
//	row                               tick does
//	free                              take
//	free, same occurrence             nothing: this tick has run already
//	claimed, lease alive              send its task again under the same name
//	processing, lease alive           nothing: still running
//	claimed or processing, expired    take over
package claim

import (
	"bytes"
	"encoding/json"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/fault"
	"gitlab.com/eshopbox-team/return-sync/shared/lease"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/entity"
	"gitlab.com/eshopbox-team/return-sync/shared/window"
)

// Status is the column status of order_return_algolia_sync, the owner's codes.
type Status uint8

// The owner's codes.
const (
	Free       Status = 0
	Claimed    Status = 1
	Processing Status = 2
)

// Row is the newest order_return_algolia_sync row of a job type.
type Row struct {
	ID         int64
	JobType    string
	Status     Status
	RangeStart *time.Time // of the last closed run
	Watermark  *time.Time // date_range_end: the end of the last closed run
	Token      string     // empty on a row that was never claimed by us
	LeaseUntil *time.Time
	Occurrence string
	CreatedAt  time.Time
	UpdatedAt  time.Time
	Now        time.Time // the database's clock when the row was read
}

// Grant is what a claim writes.
type Grant struct {
	Token      string // fresh, from NewToken
	Occurrence string // the scheduler's tick; empty if it has none
	Lease      time.Duration
}

// Most is how many claims one statement and one task handle.
const Most = 50

// Agenda says what a tick has to do besides claiming windows.
type Agenda struct {
	Rebuilt int64 // targets that rebuilds have made or left
	Silent  int64 // running jobs whose next turn is overdue
}

// Look asks whether there is anything to do for a task's claim.
type Look struct {
	Task Task
	Def  entity.Definition
	// Window is the one that a run would have. Nil leaves the source's tables out.
	Window *window.Window
}

// Probe is what the idle check knows of a claim.
type Probe struct {
	Claim       Row
	Held        bool // the claim is still the task's
	Unknown     bool // the question cannot be answered
	Begun       bool // an earlier delivery has begun its run
	Unconfirmed bool // some roots are unconfirmed
	Changed     bool // the source has changed rows
}

// Idle is a claim that found nothing to do in a window.
type Idle struct {
	Entity string
	Claim  Row
	Window window.Window
}

// Decision is what a tick may do with a row.
type Decision uint8

// The decisions; see the table of the package.
const (
	Take Decision = iota
	TakeOver
	Resend
	Busy
	Duplicate
)

// String names the decision for logs and answers.
func (d Decision) String() string {
	return [...]string{"take", "take over", "resend", "busy", "duplicate"}[d]
}

// Decide says what a tick with an idempotency key may do. A tick without one is
// never a duplicate.
func Decide(r Row, occurrence string) Decision {
	switch lease.Decide(lease.Row{Held: r.Status != Free, Until: r.LeaseUntil, Key: r.Occurrence, Now: r.Now}, occurrence) {
	case lease.Free:
		return Take
	case lease.Duplicate:
		return Duplicate
	case lease.Expired:
		return TakeOver
	}
	if r.Status == Claimed {
		return Resend
	}
	return Busy
}

// NewToken returns 128 random bits in hexadecimal. The holder of a row's token may
// write in the row's name.
func NewToken() string {
	return lease.NewToken()
}

// timeLayout is how the owner's tasks write times: UTC, without a zone.
const timeLayout = "2006-01-02 15:04:05"

// Task is the body of a window task, or one of its list: the claimed row as JSON, in the
// owner's field names, and the token that proves the claim. Dates are in UTC and cut to
// the second; the row in the database, not the task, is what the window uses.
type Task struct {
	ID        int64  `json:"id"`
	JobType   string `json:"jobType"`
	Status    Status `json:"status"`
	StartDate string `json:"startDate,omitempty"`
	EndDate   string `json:"endDate,omitempty"`
	CreatedAt string `json:"createdAt,omitempty"`
	Token     string `json:"token"`
	// Now is the database's clock when the row was claimed.
	Now string `json:"now,omitempty"`
}

// Since returns the end of the last run, cut to the second, and how long that is
// ago; false if there was none.
func (t Task) Since() (end time.Time, ago time.Duration, ok bool) {
	end, err := time.Parse(timeLayout, t.EndDate)
	if err != nil {
		return end, 0, false
	}
	now, err := time.Parse(timeLayout, t.Now)
	return end, now.Sub(end), err == nil
}

// TaskOf returns the task body for a claimed row.
func TaskOf(r Row) Task {
	return Task{
		ID: r.ID, JobType: r.JobType, Status: Claimed, Token: r.Token,
		StartDate: stamp(r.RangeStart), EndDate: stamp(r.Watermark), CreatedAt: stamp(&r.CreatedAt), Now: clock(r.Now),
	}
}

// clockLayout is timeLayout with what an idle check needs of the database's clock.
const clockLayout = timeLayout + ".000000"

// clock formats the database's clock; the zero time is empty.
func clock(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(clockLayout)
}

// stamp formats a time as the owner does; nil is empty.
func stamp(t *time.Time) string {
	if t == nil || t.IsZero() {
		return ""
	}
	return t.UTC().Format(timeLayout)
}

// Body returns the body of a window task: one claimed row, or a list of them.
func Body(tasks []Task) ([]byte, error) {
	if len(tasks) == 1 {
		return json.Marshal(tasks[0])
	}
	return json.Marshal(tasks)
}

// ParseTasks reads a window task's body, one claimed row or a list of up to Most.
// Repeating cannot cure a body that is wrong, so the error is of kind fault.Invalid.
func ParseTasks(body []byte) ([]Task, error) {
	list := make([]Task, 1)
	var into any = &list[0]
	if bytes.HasPrefix(bytes.TrimSpace(body), []byte("[")) {
		into = &list
	}
	if err := json.Unmarshal(body, into); err != nil {
		return nil, fault.Wrap(err, fault.Invalid, "bad-task", "the window task's body is not the JSON of a claimed row, or of a list of them")
	}
	if len(list) == 0 || len(list) > Most {
		return nil, fault.New(fault.Invalid, "bad-task", "the window task lists %d claimed rows: want 1 to %d", len(list), Most)
	}
	for _, t := range list {
		if err := t.check(); err != nil {
			return nil, err
		}
	}
	return list, nil
}

// check finds what a task lacks.
func (t Task) check() error {
	switch {
	case t.ID <= 0:
		return fault.New(fault.Invalid, "bad-task", "the window task has no id: want the id of a claimed order_return_algolia_sync row").WithParam("id")
	case t.JobType == "":
		return fault.New(fault.Invalid, "bad-task", "the window task has no jobType, such as RETURN_JOB").WithParam("jobType")
	case t.Token == "":
		return fault.New(fault.Invalid, "bad-task", "the window task has no token: want the token of the claim that sent it").WithParam("token")
	}
	return nil
}
