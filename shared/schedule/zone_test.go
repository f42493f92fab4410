package schedule

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"
)

// TestAYearByTheClocks plays a year of schedules in zones with and without summer time:
// each date has one start, at the time that the clocks show, and the job's grid has it.
func TestAYearByTheClocks(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	from := time.Date(2025, 12, 31, 23, 0, 0, 0, time.UTC)
	for _, name := range []string{"Europe/Berlin", "America/New_York", "Asia/Kolkata", "Asia/Kathmandu", "Australia/Lord_Howe", "America/St_Johns", "Pacific/Apia", "Africa/Casablanca", "UTC"} {
		l, err := location(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, run := range []Run{Daily, Weekly} {
			for _, minutes := range []int{0, 90, 2*60 + 30, 3 * 60, 23*60 + 59, random.IntN(day)} {
				s := Spec{ID: 1, Run: run, Minutes: minutes, ZoneName: name, Weekday: time.Sunday}
				st, seen, grid := State{Anchor: from}, map[int64]bool{}, strings.Split(strings.Fields(s.Cron(State{}))[0], "-")[0]
				for _, at := range s.Upcoming(st, from, 366) {
					here := at.In(l)
					if seen[dateBy(l, at)] {
						t.Fatalf("%v starts twice on a date, at %v", s, here)
					}
					seen[dateBy(l, at)] = true
					if off := here.Hour()*60 + here.Minute() - minutes; off != 0 {
						_, before := at.Add(-2 * time.Hour).In(l).Zone()
						if _, after := here.Zone(); off < 0 || off*60 != after-before {
							t.Errorf("%v starts at %v", s, here)
						}
					}
					if run == Weekly && here.Weekday() != time.Sunday {
						t.Errorf("%v starts on a %v", s, here.Weekday())
					}
					if fmt.Sprint(at.Minute()%30) != grid {
						t.Errorf("%v starts at minute %d, and its job calls at %s", s, at.Minute(), s.Cron(State{}))
					}
					if due, ok := s.Due(st, at.Add(time.Minute)); !ok || !due.Equal(at) {
						t.Errorf("%v is due at %v, %v; want %v", s, due, ok, at)
					}
					st.LastFired = at
				}
				if want := map[Run]int{Daily: 366, Weekly: 366}[run]; len(seen) != want {
					t.Errorf("%v starts on %d dates, want %d", s, len(seen), want)
				}
			}
		}
	}
}

// TestTimesThatClocksSkipAndRepeat names the two nights of a year that differ.
func TestTimesThatClocksSkipAndRepeat(t *testing.T) {
	s := Spec{ID: 1, Run: Daily, Minutes: 2*60 + 30, ZoneName: "Europe/Berlin"}
	for day, want := range map[string]string{
		"2026-03-28T12:00:00Z": "2026-03-29T01:30:00Z 2026-03-30T00:30:00Z", // 02:30 is skipped: 03:30 of summer
		"2026-10-24T12:00:00Z": "2026-10-25T00:30:00Z 2026-10-26T01:30:00Z", // 02:30 comes twice: the first
	} {
		from, err := time.Parse(time.RFC3339, day)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, at := range s.Upcoming(State{Anchor: from}, from, 2) {
			got = append(got, at.Format(time.RFC3339))
		}
		if strings.Join(got, " ") != want {
			t.Errorf("after %s: %v, want %s", day, got, want)
		}
	}
}

// FuzzParseZone reads what people type for a zone: what is accepted makes a Spec.
func FuzzParseZone(f *testing.F) {
	for _, text := range []string{"Asia/Kolkata", "UTC", "-7", "+05:30", "Local", "../etc/passwd", "Europe/", "EST", " Europe/Berlin "} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		e := Edit{Name: "n", TargetKind: "entity", Target: "x", Run: "Daily", Time: "02:30"}
		if e.ParseZone(text) != nil {
			return
		}
		s, err := Row{Edit: e}.Parse()
		if err != nil || e.Fits() != nil {
			t.Fatalf("%q was accepted: %v, %v", text, err, e.Fits())
		}
		if len(s.Upcoming(State{}, time.Unix(1e9, 0), 3)) != 3 {
			t.Errorf("%q has no starts", text)
		}
	})
}
