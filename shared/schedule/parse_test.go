package schedule_test

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gitlab.com/eshopbox-team/return-sync/shared/schedule"
)

// TestFieldsAreRead goes through what people write into the columns.
func TestFieldsAreRead(t *testing.T) {
	base := schedule.Edit{Name: "nightly", TargetKind: "entity", Target: "returns", Run: "Daily", Time: "23:30"}
	spec := schedule.Spec{ID: 3, Name: "nightly", Kind: "entity", Target: "returns", Run: schedule.Daily, Minutes: 23*60 + 30, Offset: -420}
	cases := map[string]struct {
		write func(e *schedule.Edit)
		want  func(s *schedule.Spec)
		wrong string
	}{
		"as is":                {func(*schedule.Edit) {}, func(*schedule.Spec) {}, ""},
		"R2 midnight":          {func(e *schedule.Edit) { e.Time = "00:00" }, func(s *schedule.Spec) { s.Minutes = 0 }, ""},
		"R2 last minute":       {func(e *schedule.Edit) { e.Time = " 23:59 " }, func(s *schedule.Spec) { s.Minutes = 1439 }, ""},
		"R2 24:00":             {func(e *schedule.Edit) { e.Time = "24:00" }, nil, `time is "24:00"`},
		"R2 one digit":         {func(e *schedule.Edit) { e.Time = "7:30" }, nil, "such as 07:30"},
		"R2 12-hour":           {func(e *schedule.Edit) { e.Time = "07:30 PM" }, nil, "24-hour"},
		"R2 seconds":           {func(e *schedule.Edit) { e.Time = "07:30:00" }, nil, "HH:MM"},
		"R2 signed":            {func(e *schedule.Edit) { e.Time = "+7:30" }, nil, "HH:MM"},
		"R2 empty":             {func(e *schedule.Edit) { e.Time = "" }, nil, `time is ""`},
		"R3 default":           {func(e *schedule.Edit) { e.Timezone = nil }, func(*schedule.Spec) {}, ""},
		"R3 zero":              {func(e *schedule.Edit) { e.Timezone = hours(0) }, func(s *schedule.Spec) { s.Offset = 0 }, ""},
		"R3 fractional":        {func(e *schedule.Edit) { e.Timezone = hours(5.75) }, func(s *schedule.Spec) { s.Offset = 345 }, ""},
		"R3 west and half":     {func(e *schedule.Edit) { e.Timezone = hours(-3.5) }, func(s *schedule.Spec) { s.Offset = -210 }, ""},
		"R3 the first":         {func(e *schedule.Edit) { e.Timezone = hours(-12) }, func(s *schedule.Spec) { s.Offset = -720 }, ""},
		"R3 the last":          {func(e *schedule.Edit) { e.Timezone = hours(14) }, func(s *schedule.Spec) { s.Offset = 840 }, ""},
		"R3 before the first":  {func(e *schedule.Edit) { e.Timezone = hours(-12.25) }, nil, "from -12 to 14"},
		"R3 behind the last":   {func(e *schedule.Edit) { e.Timezone = hours(14.25) }, nil, "from -12 to 14"},
		"R3 minutes as hours":  {func(e *schedule.Edit) { e.Timezone = hours(330) }, nil, "from -12 to 14"},
		"R3 no whole minute":   {func(e *schedule.Edit) { e.Timezone = hours(5.33) }, nil, "no whole minutes"},
		"R3 no number":         {func(e *schedule.Edit) { e.Timezone = hours(math.NaN()) }, nil, "from -12 to 14"},
		"R4 case":              {func(e *schedule.Edit) { e.Run = " dAILY " }, func(*schedule.Spec) {}, ""},
		"R4 unknown":           {func(e *schedule.Edit) { e.Run = "Hourly" }, nil, "Daily, Weekly or Interval"},
		"R4 empty":             {func(e *schedule.Edit) { e.Run = "" }, nil, "run is"},
		"R4 weekday unused":    {func(e *schedule.Edit) { e.Weekday = "someday" }, func(*schedule.Spec) {}, ""},
		"R4 Monday by default": {func(e *schedule.Edit) { e.Run = "Weekly" }, func(s *schedule.Spec) { s.Run, s.Weekday = schedule.Weekly, time.Monday }, ""},
		"R4 weekday": {func(e *schedule.Edit) { e.Run, e.Weekday = "weekly", " sunday" },
			func(s *schedule.Spec) { s.Run, s.Weekday = schedule.Weekly, time.Sunday }, ""},
		"R4 short weekday": {func(e *schedule.Edit) { e.Run, e.Weekday = "Weekly", "Thu" },
			func(s *schedule.Spec) { s.Run, s.Weekday = schedule.Weekly, time.Thursday }, ""},
		"R4 no weekday": {func(e *schedule.Edit) { e.Run, e.Weekday = "Weekly", "Thurs" }, nil, "weekday is"},
		"R5 interval, zone and weekday unused": {func(e *schedule.Edit) { e.Run, e.Timezone, e.Weekday = "Interval", hours(99), "x" },
			func(s *schedule.Spec) { s.Run, s.Offset = schedule.Interval, 0 }, ""},
		"R5 interval of nothing":   {func(e *schedule.Edit) { e.Run, e.Time = "Interval", "00:00" }, nil, "00:00: an Interval's time is its length"},
		"R6 disabled":              {func(e *schedule.Edit) { e.Disabled = true }, func(s *schedule.Spec) { s.Disabled = true }, ""},
		"description":              {func(e *schedule.Edit) { e.Description = "for people" }, func(*schedule.Spec) {}, ""},
		"a scope":                  {func(e *schedule.Edit) { e.TargetKind, e.Target = "Scope", " all " }, func(s *schedule.Spec) { s.Kind, s.Target = "scope", "all" }, ""},
		"another kind of target":   {func(e *schedule.Edit) { e.TargetKind = "index" }, nil, "write entity or scope"},
		"no target":                {func(e *schedule.Edit) { e.Target = "  " }, nil, "target is empty"},
		"two things wrong at once": {func(e *schedule.Edit) { e.Run, e.Time = "x", "y" }, nil, "run is"},
	}
	for name, c := range cases {
		e, want := base, spec
		c.write(&e)
		got, err := kinds(nil).Parse(t.Context(), schedule.Row{ID: 3, Edit: e})
		if c.wrong != "" {
			if err == nil || !strings.Contains(err.Error(), c.wrong) {
				t.Errorf("%s: %v, want %q", name, err, c.wrong)
			}
			continue
		}
		c.want(&want)
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Errorf("%s: %v\n%s", name, err, diff)
		}
	}
}

func TestZonesAsPeopleTypeThem(t *testing.T) {
	for text, want := range map[string]float64{
		"-7": -7, "+5.5": 5.5, "5.75": 5.75, "+05:45": 5.75, "05:30": 5.5, "-03:30": -3.5, "0": 0, "+14:00": 14, "-12:00": -12, "-00:30": -0.5,
	} {
		if got, err := schedule.ParseTimezone(text); err != nil || got != want {
			t.Errorf("%q: %v, %v; want %v", text, got, err, want)
		}
	}
	for _, text := range []string{"", "PDT", "+-05:30", "5:45", "14:15", "-12:01", "15", "5.333", "NaN", "Inf", "05:45:00", "--7", "+05:20"} {
		if got, err := schedule.ParseTimezone(text); err == nil {
			t.Errorf("%q is taken for %v hours", text, got)
		}
	}
}

func TestSpecsReadWell(t *testing.T) {
	for want, e := range map[string]schedule.Edit{
		`"a" starts entity returns daily at 23:30 UTC-07:00`:                      {Run: "Daily", Time: "23:30"},
		`"a" starts entity returns weekly on Sunday at 06:05 UTC+05:45, disabled`: {Run: "weekly", Time: "06:05", Timezone: hours(5.75), Weekday: "sun", Disabled: true},
		`"a" starts entity returns every 01:30 hours`:                             {Run: "Interval", Time: "01:30"},
		`"a" starts entity returns daily at 00:00 UTC-03:30`:                      {Run: "Daily", Time: "00:00", Timezone: hours(-3.5)},
	} {
		e.Name = "a"
		if got := parsed(t, e).String(); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
}

// TestWhatDoesNotFitIsRefused writes more than the columns hold.
func TestWhatDoesNotFitIsRefused(t *testing.T) {
	long := strings.Repeat("ü", 128)
	fits := schedule.Edit{Name: long, Target: long, Description: strings.Repeat(long, 8), Timezone: hours(-99)}
	if err := fits.Fits(); err != nil {
		t.Error(err)
	}
	for want, e := range map[string]schedule.Edit{
		"name": {Name: long + "ü"}, "target ": {Target: long + "ü"}, "time": {Time: long}, "run": {Run: long}, "weekday": {Weekday: long},
		"description": {Description: strings.Repeat(long, 8) + "!"}, "target_kind": {TargetKind: long}, "UTF-8": {Name: "\xff"},
		"two digits": {Timezone: hours(5.333)}, "NaN": {Timezone: hours(math.NaN())}, "100 hours": {Timezone: hours(100)},
	} {
		if err := e.Fits(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", want, err)
		}
	}
}

// TestAnswers shows rows in all states.
func TestAnswers(t *testing.T) {
	row := schedule.Row{ID: 1, Edit: schedule.Edit{Name: "d", TargetKind: "entity", Target: "returns", Run: "Daily", Time: "12:00", Timezone: hours(0)}}
	if a := row.Answer(epoch); a.State != "pending" || a.Next != nil || a.Says != "" || a.Version != row.Version() {
		t.Errorf("new: %+v", a)
	}
	s, err := row.Parse()
	if err != nil {
		t.Fatal(err)
	}
	row.Applied, row.Anchor = s.Text(), &epoch
	if a := row.Answer(epoch); a.State != "on" || !a.Next.Equal(at(0, "12:00")) || a.Says != s.String() {
		t.Errorf("in force: %+v", a)
	}
	row.Time = "13:00"
	if a := row.Answer(epoch); a.State != "pending" || !a.Next.Equal(at(0, "12:00")) {
		t.Errorf("edited: %+v", a)
	}
	row.Disabled = true
	if a := row.Answer(epoch); a.State != "disabled" || a.Next != nil {
		t.Errorf("disabled: %+v", a)
	}
	row.Time = "noon"
	if a := row.Answer(epoch); a.State != "rejected" || !strings.Contains(a.Message, "noon") {
		t.Errorf("nonsense: %+v", a)
	}
}

// TestVersionsTellContentsApart changes every column that people write.
func TestVersionsTellContentsApart(t *testing.T) {
	var base schedule.Edit
	seen := map[string]string{base.Version(): "nothing"}
	for name, e := range map[string]schedule.Edit{
		"name": {Name: "x"}, "kind": {TargetKind: "x"}, "target": {Target: "x"}, "time": {Time: "x"}, "run": {Run: "x"}, "weekday": {Weekday: "x"},
		"disabled": {Disabled: true}, "description": {Description: "x"}, "zone": {Timezone: hours(0)}, "zone -7": {Timezone: hours(-7)}, "no number": {Timezone: hours(math.NaN())},
	} {
		if other, ok := seen[e.Version()]; ok {
			t.Errorf("a row with another %s has the version of %s", name, other)
		}
		seen[e.Version()] = name
	}
}

// FuzzRow holds every row to one of two ends: a sentence, or a plan whose starts
// come and whose job triggers a check.
func FuzzRow(f *testing.F) {
	f.Add("Daily", "23:30", -7.0, "Mon", "entity")
	f.Add("Interval", "01:30", 99.0, "", "scope")
	f.Add("weekly", "24:60", 5.75, "Sunday", "x")
	f.Fuzz(func(t *testing.T, run, clock string, zone float64, weekday, kind string) {
		e := schedule.Edit{Run: run, Time: clock, Timezone: &zone, Weekday: weekday, TargetKind: kind, Target: "returns"}
		s, err := schedule.Row{ID: 1, Edit: e}.Parse()
		if err != nil {
			if err.Error() == "" {
				t.Error("a row is rejected without a word")
			}
			return
		}
		st := schedule.State{Anchor: epoch}
		next := s.Next(st, epoch)
		if !next.After(epoch) || next.Sub(epoch) > 7*24*time.Hour {
			t.Fatalf("%v starts next at %v", s, next)
		}
		if ticks := triggers(t, s.Cron(st), next, next.Add(time.Minute)); len(ticks) != 1 {
			t.Fatalf("%v: %q does not trigger at %v", s, s.Cron(st), next)
		}
	})
}

// FuzzParseTimezone holds every text to whole minutes between the last zones.
func FuzzParseTimezone(f *testing.F) {
	f.Add("+05:45")
	f.Add("-7")
	f.Fuzz(func(t *testing.T, text string) {
		h, err := schedule.ParseTimezone(text)
		if err == nil && (h < -12 || h > 14 || math.Abs(h*60-math.Round(h*60)) > 1e-6) {
			t.Errorf("%q is taken for %v hours", text, h)
		}
	})
}
