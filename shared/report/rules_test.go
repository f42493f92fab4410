package report

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

// TestAYearOfReportsAgreesWithAnIndependentCalendar replays 200 types over 365 days:
// each day each type starts once at its own time of its own zone, unless the process
// is down; what is fetched and repeated is compared with dates that package time
// calculates with fixed zones, without a line of ours.
func TestAYearOfReportsAgreesWithAnIndependentCalendar(t *testing.T) {
	const types, days = 200, 365
	random := rand.New(rand.NewPCG(11, 28))
	begin := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	for n := range types {
		zone := Zone(random.IntN(26*4+1)*15 - 12*60)
		place := time.FixedZone("", int(zone)*60)
		typ := Type{Name: fmt.Sprintf("type%d", n), Edit: Edit{Active: true, Offset: random.IntN(9) - 4, RepeatAfter: random.IntN(4) * random.IntN(15)}}
		minutes := time.Duration(random.IntN(24*60)) * time.Minute
		rows := map[string]*Report{}
		fetched, repeated := map[string]string{}, map[string]string{} // slot -> local date of the start
		down := random.IntN(300)
		for day := range days {
			if day >= down && day < down+random.IntN(20) {
				continue // no process ran
			}
			local := time.Date(begin.Year(), 1, 1+day, 0, 0, 0, 0, place).Add(minutes)
			now := local.UTC()
			key := typ.Today(zone, now)
			if rows[key.Slot] == nil {
				rows[key.Slot] = &Report{Key: key, State: Done, LastUpdated: &now}
				fetched[key.Slot] = local.Format(time.DateOnly)
			}
			var waiting []Report
			for _, r := range rows {
				if typ.RepeatAfter > 0 && r.UpdateRepeated == nil {
					waiting = append(waiting, *r)
				}
			}
			_, repeat := typ.Plan(zone, now, waiting)
			if !slices.IsSortedFunc(repeat, func(a, b Report) int { return int(dateOf(t, a) - dateOf(t, b)) }) {
				t.Fatalf("%s: repeats are not oldest first", typ.Name)
			}
			for _, r := range repeat {
				if repeated[r.Slot] != "" {
					t.Fatalf("%s %s was repeated twice", typ.Name, r.Slot)
				}
				repeated[r.Slot] = local.Format(time.DateOnly)
				rows[r.Slot].UpdateRepeated = &now
			}
		}
		judgeYear(t, typ, place, fetched, repeated)
	}
}

// dateOf returns a dated report's date.
func dateOf(t *testing.T, r Report) Date {
	d, ok := r.Date()
	if !ok {
		t.Fatalf("%s has no date", r.Key)
	}
	return d
}

// judgeYear compares a type's year with package time's calendar.
func judgeYear(t *testing.T, typ Type, place *time.Location, fetched, repeated map[string]string) {
	t.Helper()
	starts := map[string]bool{} // local dates on which the type started
	for _, on := range fetched {
		starts[on] = true
	}
	for slot, on := range fetched {
		start, err := time.ParseInLocation(time.DateOnly, on, place)
		if err != nil {
			t.Fatal(err)
		}
		if want := start.AddDate(0, 0, typ.Offset).Format(time.DateOnly); slot != want {
			t.Fatalf("%s at %s: date %s, want %s", typ.Name, on, slot, want)
		}
		date, err := time.ParseInLocation(time.DateOnly, slot, place)
		if err != nil {
			t.Fatal(err)
		}
		// The repeat comes at the first start on or after D + N.
		want := ""
		for day := date.AddDate(0, 0, typ.RepeatAfter); typ.RepeatAfter > 0 && !day.After(time.Date(2026, 12, 31, 0, 0, 0, 0, place)); day = day.AddDate(0, 0, 1) {
			if text := day.Format(time.DateOnly); starts[text] && text >= on {
				want = text
				break
			}
		}
		if repeated[slot] != want {
			t.Fatalf("%s (offset %d, repeat %d) %s fetched %s: repeated %q, want %q", typ.Name, typ.Offset, typ.RepeatAfter, slot, on, repeated[slot], want)
		}
	}
}

// TestTheFailedReportProcedure plays the three scenarios of the owner's document.
func TestTheFailedReportProcedure(t *testing.T) {
	at := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
	typ := Type{Name: "sales", Edit: Edit{Active: true, RepeatAfter: 21}}
	key := Key{"sales", "2026-10-01"}
	for name, c := range map[string]struct {
		row         Report
		act         Act
		state       State
		fail        bool
		run, repeat bool // at the next scheduled time
	}{
		"A, Fail unchecked":                   {Report{}, Act{UncheckFail: true}, Due, false, true, false},
		"A, nothing done":                     {Report{}, Act{}, Failed, true, false, false},
		"B, Fail unchecked alone":             {Report{LastUpdated: &at}, Act{UncheckFail: true}, Failed, false, false, false},
		"B, Last Updated cleared alone":       {Report{LastUpdated: &at}, Act{ClearLastUpdated: true}, Failed, true, false, false},
		"B, cleared and unchecked":            {Report{LastUpdated: &at}, Retry, Due, false, true, false},
		"C, Fail unchecked":                   {Report{LastUpdated: &at, DocumentID: "d", Repeating: true}, Act{UncheckFail: true}, Done, false, false, true},
		"C, nothing done":                     {Report{LastUpdated: &at, DocumentID: "d", Repeating: true}, Act{}, Failed, true, false, false},
		"C, retried: Last Updated stays":      {Report{LastUpdated: &at, DocumentID: "d", Repeating: true}, Retry, Done, false, false, true},
		"C, repeated before and failed again": {Report{LastUpdated: &at, DocumentID: "d", UpdateRepeated: &at}, Retry, Done, false, false, false},
	} {
		t.Run(name, func(t *testing.T) {
			row := c.row
			row.Key, row.State, row.Fail = key, Failed, true
			after := row.Operate(c.act)
			if after.State != c.state || after.Fail != c.fail {
				t.Errorf("state %s, fail %t; want %s, %t", after.State, after.Fail, c.state, c.fail)
			}
			run, repeat := typ.Plan(0, at, []Report{after})
			if (len(run) == 1) != c.run || (len(repeat) == 1) != c.repeat {
				t.Errorf("the next start runs %d and repeats %d", len(run), len(repeat))
			}
			if after.Follows() == "" {
				t.Error("nothing is said")
			}
		})
	}
	// B in two steps, in either order.
	row := Report{Key: key, State: Failed, Fail: true, LastUpdated: &at}
	for _, order := range [][]Act{{{UncheckFail: true}, {ClearLastUpdated: true}}, {{ClearLastUpdated: true}, {UncheckFail: true}}} {
		if after := row.Operate(order[0]).Operate(order[1]); after.State != Due || after.Fail {
			t.Errorf("%v: %+v", order, after)
		}
	}
}

// TestPlanLeavesAloneWhatIsNotDue holds Plan to R14, R15 and R18.
func TestPlanLeavesAloneWhatIsNotDue(t *testing.T) {
	now := time.Date(2026, 11, 22, 5, 0, 0, 0, time.UTC)
	done := Report{Key: Key{"sales", "2026-11-01"}, State: Done, LastUpdated: &now}
	for name, c := range map[string]struct {
		typ  Edit
		zone Zone
		want int
	}{
		"due at D + 21":                  {Edit{Active: true, RepeatAfter: 21}, 0, 1},
		"not yet in the zone":            {Edit{Active: true, RepeatAfter: 21}, -7 * 60, 0},
		"overdue":                        {Edit{Active: true, RepeatAfter: 3}, 0, 1},
		"not yet":                        {Edit{Active: true, RepeatAfter: 22}, 0, 0},
		"no N":                           {Edit{Active: true}, 0, 0},
		"inactive at D + N":              {Edit{RepeatAfter: 21}, 0, 0},
		"a real-time type never repeats": {Edit{Active: true, RepeatAfter: 21, RealTime: true}, 0, 0},
	} {
		if _, repeat := (Type{Name: "sales", Edit: c.typ}).Plan(c.zone, now, []Report{done}); len(repeat) != c.want {
			t.Errorf("%s: %d repeats, want %d", name, len(repeat), c.want)
		}
		if bound, repeats := (Type{Edit: c.typ}).RepeatBound(c.zone, now); !repeats && bound.String() != "1970-01-01" {
			t.Errorf("%s: reports up to %s would be read for nothing", name, bound)
		}
	}
	done.UpdateRepeated = &now
	if _, repeat := (Type{Name: "sales", Edit: Edit{Active: true, RepeatAfter: 21}}).Plan(0, now, []Report{done}); len(repeat) != 0 {
		t.Error("a report was repeated twice")
	}
}

// TestPeopleAreNotifiedOfAbsenceByReportDate holds Alarm to R13 to R17 and R22.
func TestPeopleAreNotifiedOfAbsenceByReportDate(t *testing.T) {
	due := time.Date(2026, 11, 20, 8, 0, 0, 0, time.UTC)
	day, failed := due.Add(AlertAfter), due.Add(time.Hour)
	e := Expected{Key{"sales", "2026-11-20"}, due}
	on := Edit{Active: true, NotifyOnFail: true}
	for name, c := range map[string]struct {
		edit Edit
		row  *Report
		now  time.Time
		want bool
	}{
		"absent for 24 hours":                 {on, nil, day, true},
		"absent for less":                     {on, nil, day.Add(-time.Microsecond), false},
		"failed, within 24 hours":             {on, &Report{State: Failed, Fail: true, FailedAt: &failed}, failed, false},
		"failed, after 24 hours":              {on, &Report{State: Failed, Fail: true, FailedAt: &failed}, day, true},
		"still under way after 24 hours":      {on, &Report{State: Requested}, day, true},
		"done":                                {on, &Report{State: Done}, day, false},
		"inactive":                            {Edit{NotifyOnFail: true}, nil, day, false},
		"not to notify":                       {Edit{Active: true}, nil, day, false},
		"Fail unchecked":                      {on, &Report{State: Due, RetriedAt: &failed}, day, false},
		"Fail unchecked, not cleared":         {on, &Report{State: Failed, RetriedAt: &failed}, day, false},
		"fails again":                         {on, &Report{State: Failed, Fail: true, FailedAt: &failed, RetriedAt: &failed}, failed, true},
		"the repeat failed":                   {on, &Report{State: Failed, Fail: true, FailedAt: &failed, Repeating: true, DocumentID: "d"}, failed, true},
		"a repeat is under way":               {on, &Report{State: Due, DocumentID: "d"}, day, false},
		"another date's report does not help": {on, nil, day.Add(time.Hour), true},
	} {
		if _, got := (Type{Name: "sales", Edit: c.edit}).Alarm(e, c.row, c.now); got != c.want {
			t.Errorf("%s: %t, want %t", name, got, c.want)
		}
	}
	later := failed.Add(time.Hour)
	first, _ := (Type{Edit: on}).Alarm(e, &Report{State: Failed, Fail: true, FailedAt: &failed}, day)
	again, _ := (Type{Edit: on}).Alarm(e, &Report{State: Failed, Fail: true, FailedAt: &later, RetriedAt: &later}, day)
	if first.Subject >= again.Subject {
		t.Errorf("subjects %d and %d: a report that fails again is no new alert", first.Subject, again.Subject)
	}
}
