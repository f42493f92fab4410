package claim

import (
	"encoding/json"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/fault"
)

// timeLayout is how the owner's tasks write times: UTC, without a zone.
const timeLayout = "2006-01-02 15:04:05"

// Task is the body of a window task: the claimed row as JSON, in the owner's
// field names, and the token that proves the claim. Dates are in UTC and cut to
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
		StartDate: stamp(r.RangeStart), EndDate: stamp(r.Watermark), CreatedAt: stamp(&r.CreatedAt), Now: stamp(&r.Now),
	}
}

// stamp formats a time as the owner does; nil is empty.
func stamp(t *time.Time) string {
	if t == nil || t.IsZero() {
		return ""
	}
	return t.UTC().Format(timeLayout)
}

// ParseTask reads a window task's body. A body that cannot be read will not be
// readable later either, so the error is of kind fault.Invalid.
func ParseTask(body []byte) (Task, error) {
	var t Task
	if err := json.Unmarshal(body, &t); err != nil {
		return Task{}, fault.Wrap(err, fault.Invalid, "bad-task", "the window task's body is not the JSON of a claimed row")
	}
	switch {
	case t.ID <= 0:
		return Task{}, fault.New(fault.Invalid, "bad-task", "the window task has no id: want the id of a claimed order_return_algolia_sync row").WithParam("id")
	case t.JobType == "":
		return Task{}, fault.New(fault.Invalid, "bad-task", "the window task has no jobType, such as RETURN_JOB").WithParam("jobType")
	case t.Token == "":
		return Task{}, fault.New(fault.Invalid, "bad-task", "the window task has no token: it was not sent by a claim").WithParam("token")
	}
	return t, nil
}
