package schedule

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math"
	"strings"
	"time"
	"unicode/utf8"

	"gitlab.com/eshopbox-team/return-sync/shared/fault"
)

// Edit is the content of a row as people wrote it: it may be nonsense.
type Edit struct {
	Name       string `json:"name"`
	TargetKind string `json:"targetKind"` // the name of a Kind
	Target     string `json:"target"`
	// Time is 24-hour HH:MM: a time of the day, for an Interval its length.
	Time string `json:"time"`
	// Timezone is the distance from UTC in hours; nil means DefaultTimezone.
	Timezone *float64 `json:"timezone"`
	// Zone is the zone's IANA name, whose clocks count then; empty means Timezone.
	Zone     string `json:"zone,omitempty"`
	Run      string `json:"run"`     // Daily, Weekly or Interval
	Weekday  string `json:"weekday"` // for Weekly; empty means Monday
	Disabled bool   `json:"disabled"`
	// Description is for people alone.
	Description string `json:"description"`
}

// Version is a hash of the content: a row has the same version as long as its
// content is the same, and an edit by plain SQL changes it too.
func (e Edit) Version() string {
	text, err := json.Marshal(e)
	if err != nil { // a Timezone that is no number has no JSON form, and no place in a column
		text = fmt.Append(nil, err)
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:8])
}

// Fits refuses values that the columns cannot hold, in a sentence that names the
// column. A value that fits may still be nonsense; see Parse.
func (e Edit) Fits() error {
	for _, c := range []struct {
		name, text string
		letters    int
	}{
		{"name", e.Name, 128}, {"target_kind", e.TargetKind, 16}, {"target", e.Target, 128}, {"time", e.Time, 16},
		{"zone", e.Zone, 64}, {"run", e.Run, 16}, {"weekday", e.Weekday, 16}, {"description", e.Description, 1024},
	} {
		if n := utf8.RuneCountInString(c.text); n > c.letters || !utf8.ValidString(c.text) {
			return fault.New(fault.Invalid, "does-not-fit", "%s has %d letters: at most %d letters of UTF-8 fit", c.name, n, c.letters).WithParam(c.name)
		}
	}
	if e.Timezone != nil {
		if h := *e.Timezone; !(math.Abs(h) <= 99) || math.Abs(h*100-math.Round(h*100)) > 1e-6 {
			return fault.New(fault.Invalid, "does-not-fit", "timezone is %v hours: two digits fit behind the point, so write quarters such as 5.75", h).WithParam("timezone")
		}
	}
	return nil
}

// Row is a row of table sync_schedule. People write the Edit, this program the
// columns after it.
type Row struct {
	ID int64 `json:"id"`
	Edit
	// Message says why the row is rejected; empty for a good one.
	Message string `json:"message"`
	// Applied is the Spec in force, as text; empty before the first.
	Applied   string     `json:"-"`
	AppliedAt *time.Time `json:"appliedAt"`
	// Anchor is since when the Spec in force counts.
	Anchor *time.Time `json:"anchorAt"`
	// LastFired is the last occurrence that was started.
	LastFired *time.Time `json:"lastFiredAt"`
	CreatedAt time.Time  `json:"createdAt"`
	UpdatedAt time.Time  `json:"updatedAt"` // when people last edited it
}

// State returns the part of the row that its starts depend on.
func (r Row) State() State {
	var s State
	if r.Anchor != nil {
		s.Anchor = *r.Anchor
	}
	if r.LastFired != nil {
		s.LastFired = *r.LastFired
	}
	return s
}

// applied returns the Spec last applied. A row that was copied with all its
// columns carries another row's Spec, which does not count.
func (r Row) applied() (Spec, bool) {
	var s Spec
	if r.Applied == "" || json.Unmarshal([]byte(r.Applied), &s) != nil || s.ID != r.ID {
		return Spec{}, false
	}
	return s, true
}

// InForce returns the Spec that the row runs by: the one last applied, but
// disabled as soon as the row is, because a stop takes effect at once. False means
// that none has been applied yet.
func (r Row) InForce() (Spec, bool) {
	s, ok := r.applied()
	s.Disabled = s.Disabled || r.Disabled
	return s, ok
}

// kindOf returns the name of the kind that people wrote.
func kindOf(text string) string { return strings.ToLower(strings.TrimSpace(text)) }

// Parse returns what the row asks for, or why it is rejected, in a sentence for
// the row. Whether the target can be started is for Kinds.Parse.
func (r Row) Parse() (Spec, error) {
	run, err := ParseRun(r.Run)
	if err != nil {
		return Spec{}, err
	}
	s := Spec{
		ID: r.ID, Name: strings.TrimSpace(r.Name), Kind: kindOf(r.TargetKind),
		Target: strings.TrimSpace(r.Target), Run: run, Disabled: r.Disabled,
	}
	if s.Target == "" {
		return Spec{}, fmt.Errorf("target is empty: write the name of the %s to start", s.Kind)
	}
	if s.Minutes, err = ParseTime(r.Time); err != nil {
		return Spec{}, err
	}
	return s, s.place(r.Edit)
}

// place reads zone and weekday. An Interval has neither, and is not rejected for
// them.
func (s *Spec) place(e Edit) (err error) {
	if s.Run == Interval {
		if s.Minutes == 0 {
			err = fmt.Errorf("time is 00:00: an Interval's time is its length, such as 00:30")
		}
		return err
	}
	if s.ZoneName = strings.TrimSpace(e.Zone); s.ZoneName != "" {
		_, err = location(s.ZoneName)
	} else {
		s.Offset, err = offsetOf(e.Timezone)
	}
	if err != nil || s.Run == Daily {
		return err
	}
	s.Weekday, err = ParseWeekday(e.Weekday)
	return err
}
