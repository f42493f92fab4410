package report

import (
	"slices"
	"strings"
	"time"
)

// Today returns the key of the report that a start of the type at a scheduled time is
// about: today in the schedule's zone plus the offset, for a real-time type the run.
func (t Type) Today(z Zone, scheduled time.Time) Key {
	if t.RealTime {
		return RealTimeKey(t.Name, scheduled)
	}
	return DatedKey(t.Name, z.Today(scheduled)+Date(t.Offset))
}

// RepeatBound returns the newest date whose repeat is due at a moment; false, and a
// date before all reports, for a type that is never repeated.
func (t Type) RepeatBound(z Zone, now time.Time) (Date, bool) {
	if t.RepeatAfter <= 0 || t.RealTime || !t.Active {
		return 0, false
	}
	return z.Today(now) - Date(t.RepeatAfter), true
}

// MaxRepeats bounds the repeats of one start: a type that gets its first N may have
// years of reports. The rest follows at the next starts.
const MaxRepeats = 50

// Plan says which of a type's waiting reports (Store.Waiting) a start at a scheduled
// time works on, besides that of today: those that a person retried, and the repeats
// that are due, each oldest date first.
func (t Type) Plan(z Zone, now time.Time, waiting []Report) (run, repeat []Report) {
	bound, repeats := t.RepeatBound(z, now)
	for _, r := range waiting {
		date, dated := r.Date()
		switch {
		case !dated || r.Fail || !t.Active:
		case r.State == Due && r.NextAt == nil:
			run = append(run, r)
		case r.State == Done && repeats && r.UpdateRepeated == nil && r.LastUpdated != nil && date <= bound:
			repeat = append(repeat, r)
		}
	}
	oldest := func(a, b Report) int { return strings.Compare(a.Slot, b.Slot) }
	slices.SortFunc(run, oldest)
	slices.SortFunc(repeat, oldest)
	return run, repeat[:min(len(repeat), MaxRepeats)]
}

// AlertAfter is how long a report may be absent after its due time before people are
// notified; of a weekly type too, once.
const AlertAfter = 24 * time.Hour

// Expected is a report that a schedule has been due to start.
type Expected struct {
	Key
	DueAt time.Time
}

// Alarm is a report that people are to be notified of.
type Alarm struct {
	Key
	// Subject is new for each failure of each report, so that a report that fails
	// again after it was retried is a new alert.
	Subject int64
	DueAt   time.Time
	Attempt int
	State   State // empty: the report's row does not exist
}

// Alarm judges one report: whether it is absent although it was due 24 hours ago, or
// failed again after a person retried it. r is its row, nil if it has none.
func (t Type) Alarm(e Expected, r *Report, now time.Time) (Alarm, bool) {
	a := Alarm{Key: e.Key, DueAt: e.DueAt}
	if r != nil {
		a.State, a.Attempt = r.State, r.Attempt
	}
	if !t.Active || !t.NotifyOnFail {
		return a, false
	}
	a.Subject = e.DueAt.UnixMicro()
	late := !now.Before(e.DueAt.Add(AlertAfter))
	switch {
	case r == nil:
		return a, late
	case r.State == Failed && !r.Fail && !t.RealTime:
		return a, false // a person has taken it up and not cleared Last Updated yet
	case r.State == Failed:
		if r.FailedAt != nil {
			a.Subject = r.FailedAt.UnixMicro()
		}
		return a, late || r.RetriedAt != nil || r.Repeating
	case r.State == Done:
		return a, false
	case r.RetriedAt != nil || r.DocumentID != "":
		return a, false // retried, or a repeat: its earlier alert is over until it fails again
	}
	return a, late
}
