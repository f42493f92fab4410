package verify

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/transfer"
	"gitlab.com/eshopbox-team/return-sync/shared/transfer/transfertest"
)

// open are the records of studio with an open job.
type open []int64

func (o open) Open(_ context.Context, system transfer.Side, _ string, id int64) (bool, error) {
	return system == transfer.Studio && slices.Contains(o, id), nil
}

// world is a model on both sides.
type world struct {
	*testing.T
	studio, online *transfertest.Memory
	flow           transfer.Flow
	at             time.Time
}

// newWorld has some pairs that agree.
func newWorld(t *testing.T, pairs int) *world {
	t.Helper()
	flows, err := transfer.Shipped()
	if err != nil {
		t.Fatal(err)
	}
	w := &world{T: t, studio: transfertest.NewMemory(0, time.Now), online: transfertest.NewMemory(10000, time.Now), at: transfer.Micro(time.Now())}
	w.flow, _ = flows.Named("dbo.Person")
	for range pairs {
		w.pair("Müller", "Müller", 0)
	}
	return w
}

// pair stores a pair whose online date is later.
func (w *world) pair(studio, online string, later time.Duration) (a, b int64) {
	a = w.studio.Put("dbo.Person", transfer.Record{WriteDate: &w.at, Fields: map[string]any{"Name": studio, "Plz": ""}})
	at := w.at.Add(later)
	b = w.online.Put("res.partner", transfer.Record{ForeignID: a, WriteDate: &at, Fields: map[string]any{"lastname": online, "zip": nil, "getresponse_tag_ids": []int64{}}})
	w.studio.Put("dbo.Person", transfer.Record{ID: a, ForeignID: b, WriteDate: &w.at, Fields: map[string]any{"Name": studio, "Plz": ""}})
	return a, b
}

// run compares in slices of 7.
func (w *world) run(jobs Jobs) (Result, []Difference) {
	w.Helper()
	var list []Difference
	c := &Comparison{Studio: w.studio, Online: w.online, Flow: w.flow, Jobs: jobs, Slice: 7, Each: func(_ context.Context, d Difference) error {
		list = append(list, d)
		return nil
	}}
	r, err := c.Run(w.Context())
	if err != nil {
		w.Fatal(err)
	}
	return r, list
}

// TestDeepConvertsEveryRecord finds what only a conversion shows: a day, a further table,
// a country by its code, a word of a list; and nothing where both sides say the same.
func TestDeepConvertsEveryRecord(t *testing.T) {
	w := newWorld(t, 3)
	land := w.studio.Put("dbo.Land", transfer.Record{Fields: map[string]any{"ISO2": "AT"}})
	country := w.online.Put("res.country", transfer.Record{Fields: map[string]any{"code": "AT"}})
	a, b := w.pair("x", "x", 0)
	w.studio.Put("dbo.PersonAdresse", transfer.Record{WriteDate: &w.at, Fields: map[string]any{"PersonID": a, "Ort": "Wien", "LandID": land}})
	studio := transfer.Record{ID: a, ForeignID: b, WriteDate: &w.at, Fields: map[string]any{"Name": "x", "Plz": "", "GeschlechttypID": int64(290), "Geburtsdatum": time.Date(1980, 5, 1, 0, 0, 0, 0, time.UTC)}}
	online := func(city string, land int64, gender, born string) {
		w.studio.Put("dbo.Person", studio)
		w.online.Put("res.partner", transfer.Record{ID: b, ForeignID: a, WriteDate: &w.at, Fields: map[string]any{
			"lastname": "x", "city": city, "country_id": land, "gender": gender, "birthdate_web": born, "getresponse_tag_ids": []int64{},
		}})
	}
	deep := func() (Result, []Difference) {
		t.Helper()
		var list []Difference
		c := &Comparison{Studio: w.studio, Online: w.online, Flow: w.flow, Jobs: open{}, Slice: 7, Deep: true, Each: func(_ context.Context, d Difference) error {
			list = append(list, d)
			return nil
		}}
		r, err := c.Run(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return r, list
	}
	online("Wien", country, "male", "1980-05-01")
	if r, list := deep(); r.Same != 4 || len(list) != 0 {
		t.Errorf("%+v, %+v", r, list)
	}
	online("Graz", country+1, "female", "1980-05-02")
	if r, list := deep(); r.Differences != 1 || list[0].Says != "the dates agree, and these fields do not: birthdate_web, city, country_id, gender" {
		t.Errorf("%+v, %+v", r, list)
	}
	if r, list := w.run(open{}); len(list) != 0 {
		t.Errorf("a comparison that is not deep converts: %+v, %+v", r, list)
	}
	studio.Fields["Geburtsdatum"] = "no day"
	online("Wien", country, "male", "1980-05-01")
	if _, list := deep(); len(list) != 1 || !strings.Contains(list[0].Says, "no day is no date") {
		t.Errorf("%+v", list)
	}
}

func TestEveryDifferenceIsNamed(t *testing.T) {
	w := newWorld(t, 20)
	if r, list := w.run(open{}); r.Same != 20 || r.Differences != 0 || len(list) != 0 || r.Studio != 20 || r.Online != 20 {
		t.Fatalf("%+v, %+v", r, list)
	}
	lone := w.studio.Put("dbo.Person", transfer.Record{})
	other := w.online.Put("res.partner", transfer.Record{})
	newer, _ := w.pair("a", "b", time.Hour)
	older, _ := w.pair("a", "b", -time.Hour)
	same, _ := w.pair("a", "b", 0)
	one, _ := w.pair("x", "x", 0)
	two, b := w.pair("y", "y", 0)
	w.studio.Put("dbo.Person", transfer.Record{ID: one, ForeignID: b, WriteDate: &w.at, Fields: map[string]any{"Name": "x"}}) // refers to the other's twin
	waits := w.studio.Put("dbo.Person", transfer.Record{})
	r, list := w.run(open{waits})
	want := map[Kind]int64{OnlyStudio: 1, OnlyOnline: 1, Dates: 2, Fields: 1, Links: 1}
	if fmt.Sprint(r.Kinds) != fmt.Sprint(want) || r.Pending != 1 || r.Differences != 6 {
		t.Errorf("%+v\n%+v", r, list)
	}
	for _, d := range list {
		draft, ok := d.Draft(w.flow, 1000, "")
		switch d.Kind {
		case OnlyStudio:
			if d.Studio != lone || draft.System != transfer.Studio || draft.RecordID != lone {
				t.Errorf("%+v, %+v", d, draft)
			}
		case OnlyOnline:
			if d.Online != other || draft.System != transfer.Online || draft.Model != "res.partner" {
				t.Errorf("%+v, %+v", d, draft)
			}
		case Dates:
			from := map[int64]transfer.Side{newer: transfer.Online, older: transfer.Studio}[d.Studio]
			if draft.System != from {
				t.Errorf("%+v, %+v", d, draft)
			}
		case Fields:
			if d.Studio != same || ok || !strings.Contains(d.Says, "lastname") {
				t.Errorf("%+v", d)
			}
		case Links:
			if d.Studio != one && d.Studio != two {
				t.Errorf("%+v", d)
			}
		}
	}
}

// TestChangesUnderWayAreNoDifference changes a record between its reading and the
// comparison: it is read again, and agrees.
func TestChangesUnderWayAreNoDifference(t *testing.T) {
	w := newWorld(t, 3)
	a, b := w.pair("old", "new", time.Hour)
	w.online.Fail = func(call, _ string) error {
		if call == "search" { // studio was read; the transfer ends now
			at := w.at.Add(time.Hour)
			w.studio.Put("dbo.Person", transfer.Record{ID: a, ForeignID: b, WriteDate: &at, Fields: map[string]any{"Name": "new"}})
		}
		return nil
	}
	if r, list := w.run(open{}); r.Differences != 0 || r.Same != 4 {
		t.Errorf("%+v, %+v", r, list)
	}
}

// TestOneWayFlowsLackNothing leaves out records that a flow does not carry.
func TestOneWayFlowsLackNothing(t *testing.T) {
	w := newWorld(t, 2)
	w.studio.Put("dbo.Person", transfer.Record{})
	w.online.Put("res.partner", transfer.Record{})
	for direction, want := range map[transfer.Direction]map[Kind]int64{
		transfer.Both: {OnlyStudio: 1, OnlyOnline: 1}, transfer.ToOnline: {OnlyStudio: 1}, transfer.ToStudio: {OnlyOnline: 1},
	} {
		w.flow.Direction = direction
		if r, _ := w.run(open{}); fmt.Sprint(r.Kinds) != fmt.Sprint(want) {
			t.Errorf("%s: %+v", direction, r)
		}
	}
}

// TestSideThatDoesNotAnswerIsAnError compares with a side that fails half-way.
func TestSideThatDoesNotAnswerIsAnError(t *testing.T) {
	w := newWorld(t, 20)
	calls := 0
	w.online.Fail = func(string, string) error {
		if calls++; calls == 2 {
			return context.DeadlineExceeded
		}
		return nil
	}
	c := &Comparison{Studio: w.studio, Online: w.online, Flow: w.flow, Jobs: open{}, Slice: 7}
	if _, err := c.Run(t.Context()); err == nil {
		t.Error("half a comparison counts as one")
	}
}
