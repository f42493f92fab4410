package transfer_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gitlab.com/eshopbox-team/return-sync/shared/fault"
	"gitlab.com/eshopbox-team/return-sync/shared/transfer"
)

// records is a Looker over records by side and model.
type records map[string][]transfer.Record

func (s records) Look(_ context.Context, side transfer.Side, model string, id int64) (transfer.Record, error) {
	for _, r := range s[string(side)+" "+model] {
		if r.ID == id {
			return r, nil
		}
	}
	return transfer.Record{}, transfer.ErrNotFound
}

func (s records) LookFor(_ context.Context, side transfer.Side, model string, q transfer.Query) (list []transfer.Record, err error) {
	if model == "down" {
		return nil, context.DeadlineExceeded
	}
	for _, r := range s[string(side)+" "+model] {
		if r.Holds(q) && len(list) < q.Most {
			list = append(list, r)
		}
	}
	return list, nil
}

// flowOf parses a flow with these fields.
func flowOf(t testing.TB, fields string) transfer.Flow {
	t.Helper()
	flows, err := transfer.ParseFlows([]byte("- {studio: dbo.Tag, online: gr.tag}\n- studio: S\n  online: o\n  tables: [{name: T, model: dbo.T, link: SID, equal: {Art: 1}}]\n  fields:\n    - " + fields))
	if err != nil {
		t.Fatal(err)
	}
	return flows[1]
}

type fields = map[string]any

func TestConversions(t *testing.T) {
	noon := time.Date(2026, 7, 1, 12, 0, 0, 0, time.UTC)
	world := records{
		"fs dbo.Land": {{ID: 1, Fields: fields{"ISO2": "AT"}}, {ID: 2, Fields: fields{"ISO2": "DE"}}, {ID: 3, Fields: fields{"ISO2": "DE"}}, {ID: 4}}, "fso res.country": {{ID: 13, Fields: fields{"code": "AT"}}},
		"fs dbo.STag": {{ID: 1, Fields: fields{"SID": int64(5), "TagID": 8}}, {ID: 2, Fields: fields{"SID": int64(5), "TagID": 7}}, {ID: 3, Fields: fields{"SID": int64(6), "TagID": 9}}, {ID: 4, Fields: fields{"SID": int64(7), "TagID": 99}}},
		"fs dbo.Tag":  {{ID: 7, ForeignID: 70}, {ID: 8, ForeignID: 80}, {ID: 9}},
	}
	const (
		land   = "{studio: x, online: y, lookup: {studio: {model: dbo.Land, field: ISO2}, online: {model: res.country, field: code}}}"
		kind   = "{studio: x, online: y, lookup: {studio: {model: dbo.Land, field: ISO2}}}"
		gender = "{studio: x, online: y, values: [{studio: 290, online: male}, {studio: 291, online: female}], otherwise: other}"
		mail   = `{joined: [Vor, Nach], by: "@", online: y}`
		tags   = "{online: y, only: fso, many: {model: dbo.STag, link: SID, field: TagID, of: dbo.Tag}}"
	)
	for name, c := range map[string]struct {
		field   string
		to      transfer.Side
		id      int64
		in, out fields
		refused string
		target  fields // nil for no record
	}{
		"plain":                  {"{studio: x, online: y}", "fso", 1, fields{"x": 3}, fields{"y": 3}, "", nil},
		"plain, empty":           {"{studio: x, online: y}", "fs", 1, fields{"y": nil}, fields{"x": nil}, "", nil},
		"plain, not there":       {"{studio: x, online: y}", "fs", 1, fields{}, fields{}, "", nil},
		"only the other way":     {"{studio: x, online: y, only: fs}", "fso", 1, fields{"x": 3}, fields{}, "", nil},
		"date of a time":         {"{studio: x, online: y, as: date}", "fso", 1, fields{"x": noon}, fields{"y": "2026-07-01"}, "", nil},
		"date of a text":         {"{studio: x, online: y, as: date}", "fs", 1, fields{"y": "2026-07-01"}, fields{"x": "2026-07-01"}, "", nil},
		"no date":                {"{studio: x, online: y, as: date}", "fs", 1, fields{"y": "soon"}, nil, "no date", nil},
		"summer to UTC":          {"{studio: x, online: y, as: local-time}", "fso", 1, fields{"x": noon}, fields{"y": noon.Add(-2 * time.Hour)}, "", nil},
		"winter to UTC":          {"{studio: x, online: y, as: local-time}", "fso", 1, fields{"x": "2026-01-01T12:00:00Z"}, fields{"y": time.Date(2026, 1, 1, 11, 0, 0, 0, time.UTC)}, "", nil},
		"from UTC":               {"{studio: x, online: y, as: local-time}", "fs", 1, fields{"y": noon}, fields{"x": noon.Add(2 * time.Hour)}, "", nil},
		"the same second":        {"{studio: x, online: y, as: local-time}", "fs", 1, fields{"y": noon}, fields{}, "", fields{"x": noon.Add(2*time.Hour + time.Millisecond)}},
		"another second":         {"{studio: x, online: y, as: local-time}", "fs", 1, fields{"y": noon}, fields{"x": noon.Add(2 * time.Hour)}, "", fields{"x": noon}},
		"the hour that is twice": {"{studio: x, online: y, as: local-time}", "fs", 1, fields{"y": time.Date(2026, 10, 25, 1, 30, 0, 0, time.UTC)}, fields{"x": time.Date(2026, 10, 25, 2, 30, 0, 0, time.UTC)}, "", nil},
		"no time":                {"{studio: x, online: y, as: local-time}", "fs", 1, fields{"y": 5}, nil, "no time", nil},
		"value":                  {gender, "fso", 1, fields{"x": 291}, fields{"y": "female"}, "", nil},
		"another value":          {gender, "fso", 1, fields{"x": 5}, fields{"y": "other"}, "", nil},
		"no value":               {gender, "fso", 1, fields{"x": nil}, fields{"y": "other"}, "", nil},
		"value back":             {gender, "fs", 1, fields{"y": "male"}, fields{"x": int64(290)}, "", nil},
		"otherwise back":         {gender, "fs", 1, fields{"y": "other"}, fields{"x": nil}, "", fields{"x": 290}},
		"otherwise stands":       {gender, "fs", 1, fields{"y": "other"}, fields{}, "", fields{"x": 292}},
		"an unknown value":       {gender, "fs", 1, fields{"y": "x"}, nil, "stands for none", nil},
		"looked up on both":      {land, "fso", 1, fields{"x": 1}, fields{"y": int64(13)}, "", nil},
		"looked up back":         {land, "fs", 1, fields{"y": 13}, fields{"x": int64(1)}, "", nil},
		"nothing to look up":     {land, "fs", 1, fields{"y": nil}, fields{"x": nil}, "", nil},
		"0 to look up":           {land, "fso", 1, fields{"x": 0}, fields{"y": nil}, "", nil},
		"no such country":        {land, "fso", 1, fields{"x": 2}, nil, "0 records of res.country have code DE", nil},
		"no such land":           {land, "fso", 1, fields{"x": 9}, nil, "dbo.Land 9 does not exist", nil},
		"a land without a code":  {land, "fso", 1, fields{"x": 4}, nil, "has no ISO2", nil},
		"no id":                  {land, "fso", 1, fields{"x": "a"}, nil, "is no id", nil},
		"id to name":             {kind, "fso", 1, fields{"x": 2}, fields{"y": "DE"}, "", nil},
		"name to id":             {kind, "fs", 1, fields{"y": "AT"}, fields{"x": int64(1)}, "", nil},
		"a name that is twice":   {kind, "fs", 1, fields{"y": "DE"}, nil, "2 records of dbo.Land have ISO2 DE", nil},
		"joined":                 {mail, "fso", 1, fields{"Vor": "a", "Nach": "b.at"}, fields{"y": "a@b.at"}, "", nil},
		"joined, empty":          {mail, "fso", 1, fields{"Vor": nil, "Nach": ""}, fields{"y": nil}, "", nil},
		"joined, half":           {mail, "fso", 1, fields{"Vor": "a", "Nach": nil}, nil, "one is empty", nil},
		"parted":                 {mail, "fs", 1, fields{"y": `"a@x"@b.at`}, fields{"Vor": `"a@x"`, "Nach": "b.at"}, "", nil},
		"parted, empty":          {mail, "fs", 1, fields{"y": nil}, fields{"Vor": nil, "Nach": nil}, "", nil},
		"no two parts":           {mail, "fs", 1, fields{"y": "a"}, nil, "no two parts", nil},
		"an empty part":          {mail, "fs", 1, fields{"y": "a@"}, nil, "no two parts", nil},
		"many":                   {tags, "fso", 5, fields{}, fields{"y": []int64{70, 80}}, "", nil},
		"many, none":             {tags, "fso", 1, fields{}, fields{"y": []int64{}}, "", nil},
		"a tag without an id":    {tags, "fso", 6, fields{}, nil, "dbo.Tag 9 has no id online", nil},
		"a tag that is gone":     {tags, "fso", 7, fields{}, nil, "dbo.Tag 99 does not exist", nil},
	} {
		f := flowOf(t, c.field)
		var target *transfer.Record
		if c.target != nil {
			target = &transfer.Record{ID: 2, Fields: c.target}
		}
		m, err := f.Map(t.Context(), world, transfer.Record{ID: c.id, Fields: c.in}, target, c.to)
		if c.refused != "" {
			if err == nil || !strings.Contains(err.Error(), c.refused) || fault.KindOf(err) != fault.Invalid || !strings.Contains(err.Error(), "the field y") {
				t.Errorf("%s: %v (kind %d), %v", name, err, fault.KindOf(err), m.Fields)
			}
			continue
		}
		if diff := cmp.Diff(c.out, m.Fields); err != nil || diff != "" {
			t.Errorf("%s: %v %s", name, err, diff)
		}
	}
	down := flowOf(t, "{online: y, only: fso, many: {model: down, link: SID, field: TagID, of: dbo.Tag}}")
	if _, err := down.Map(t.Context(), world, transfer.Record{ID: 1}, nil, transfer.Online); !errors.Is(err, context.DeadlineExceeded) || !fault.Retryable(err) {
		t.Errorf("a side that does not answer is no wrong data: %v", err)
	}
}

// TestFurtherTables are read with the record, and written where something differs.
func TestFurtherTables(t *testing.T) {
	f := flowOf(t, "{studio: T.Ort, online: city}\n    - {studio: Name, online: name}")
	old, newer := *sec(5), *sec(20)
	world := records{"fs dbo.T": {
		{ID: 1, WriteDate: &old, Fields: fields{"SID": 5, "Art": 1, "Ort": "Linz"}}, {ID: 2, WriteDate: &newer, Fields: fields{"SID": 5, "Art": 1, "Ort": "Wien"}}, {ID: 3, WriteDate: sec(90), Fields: fields{"SID": 5, "Art": 2, "Ort": "Graz"}},
	}}
	studio, err := f.Compose(t.Context(), world, transfer.Record{ID: 5, WriteDate: sec(10), Fields: fields{"Name": "a"}})
	if err != nil || studio.Fields["T.Ort"] != "Wien" || !studio.Effective().Equal(newer) || !studio.Own().Equal(*sec(10)) {
		t.Fatalf("%+v, %v", studio, err)
	}
	m, err := f.Map(t.Context(), world, studio, nil, transfer.Online)
	if diff := cmp.Diff(fields{"city": "Wien", "name": "a"}, m.Fields); err != nil || diff != "" || m.Parts != nil {
		t.Errorf("%v %s", err, diff)
	}
	alone, err := f.Compose(t.Context(), world, transfer.Record{ID: 6, WriteDate: sec(10), Fields: fields{"Name": "b"}})
	if err != nil {
		t.Fatal(err)
	}
	if m, err := f.Map(t.Context(), world, alone, nil, transfer.Online); err != nil || !cmp.Equal(m.Fields, fields{"city": nil, "name": "b"}) {
		t.Errorf("a missing row empties the fields: %v, %v", m.Fields, err)
	}
	for name, c := range map[string]struct {
		city   any
		date   int
		target *transfer.Record
		want   []transfer.Part
	}{
		"changed":               {"Graz", 30, &studio, []transfer.Part{{Model: "dbo.T", ID: 2, Link: "SID", Fields: fields{"Ort": "Graz"}, If: &newer}}},
		"emptied":               {nil, 30, &studio, []transfer.Part{{Model: "dbo.T", ID: 2, Link: "SID", Fields: fields{"Ort": nil}, If: &newer}}},
		"equal":                 {"Wien", 30, &studio, nil},
		"equal, the row newer":  {"Wien", 15, &studio, []transfer.Part{{Model: "dbo.T", ID: 2, Link: "SID", Fields: fields{"Ort": "Wien"}, If: &newer}}},
		"new":                   {"Graz", 30, &alone, []transfer.Part{{Model: "dbo.T", Link: "SID", Fields: fields{"Ort": "Graz", "Art": int64(1)}, Equal: fields{"Art": int64(1)}}}},
		"with a new record":     {"Graz", 30, nil, []transfer.Part{{Model: "dbo.T", Link: "SID", Fields: fields{"Ort": "Graz", "Art": int64(1)}, Equal: fields{"Art": int64(1)}}}},
		"nothing for a new one": {nil, 30, nil, nil},
	} {
		m, err := f.Map(t.Context(), world, transfer.Record{ID: 9, WriteDate: sec(c.date), Fields: fields{"city": c.city, "name": "c"}}, c.target, transfer.Studio)
		if diff := cmp.Diff(c.want, m.Parts); err != nil || diff != "" || !cmp.Equal(m.Fields, fields{"Name": "c"}) {
			t.Errorf("%s: %v %v %s", name, err, m.Fields, diff)
		}
	}
}

// TestTimesComeBack: a time that goes to the other side and back is the same, for every
// hour of a year, except where the clock of the zone is set.
func TestTimesComeBack(t *testing.T) {
	f := flowOf(t, "{studio: x, online: y, as: local-time}")
	set := 0
	for h := range 366 * 24 {
		utc := time.Date(2026, 1, 1, h, rand.IntN(60), rand.IntN(60), 0, time.UTC)
		local, err := f.Map(t.Context(), nil, transfer.Record{Fields: fields{"y": utc}}, nil, transfer.Studio)
		if err != nil {
			t.Fatal(err)
		}
		back, err := f.Map(t.Context(), nil, transfer.Record{Fields: local.Fields}, nil, transfer.Online)
		if err != nil {
			t.Fatal(err)
		}
		if have := back.Fields["y"].(time.Time); !have.Equal(utc) {
			if set++; have.Sub(utc).Abs() != time.Hour || utc.Month() != time.October || utc.Day() != 25 {
				t.Errorf("%v came back as %v", utc, have)
			}
			// What stands online already is not written again.
			again, err := f.Map(t.Context(), nil, transfer.Record{Fields: local.Fields}, &transfer.Record{Fields: fields{"y": utc}}, transfer.Online)
			if err != nil || len(again.Fields) != 0 {
				t.Errorf("%v, %v", again.Fields, err)
			}
		}
	}
	if set != 1 {
		t.Errorf("%d hours came back as others, want the one that is twice", set)
	}
}

// TestJoinedComesBack for addresses at random.
func TestJoinedComesBack(t *testing.T) {
	f := flowOf(t, `{joined: [Vor, Nach], by: "@", online: y}`)
	for range 2000 {
		mail := fmt.Sprintf("%c%s@%c.at", rune('a'+rand.IntN(26)), strings.Repeat("@ä", rand.IntN(3)), rune('a'+rand.IntN(26)))
		parted, err := f.Map(t.Context(), nil, transfer.Record{Fields: fields{"y": mail}}, nil, transfer.Studio)
		if err != nil {
			t.Fatal(err)
		}
		joined, err := f.Map(t.Context(), nil, transfer.Record{Fields: parted.Fields}, nil, transfer.Online)
		if err != nil || joined.Fields["y"] != mail || strings.Contains(parted.Fields["Nach"].(string), "@") {
			t.Errorf("%s: %v, %v, %v", mail, parted.Fields, joined.Fields, err)
		}
	}
}

func TestMatching(t *testing.T) {
	flows, err := transfer.Shipped()
	if err != nil {
		t.Fatal(err)
	}
	mail, _ := flows.Named("frst.personemail")
	online := fields{"email": "a@b", "partner_id": int64(9), "state": "x"}
	studio := fields{"EmailVor": "a", "EmailNach": "b", "PersonID": int64(5)}
	for name, c := range map[string]struct {
		f    transfer.Flow
		in   fields
		to   transfer.Side
		want fields
	}{
		"online": {mail, online, "fso", fields{"email": "a@b", "partner_id": int64(9)}}, "studio": {mail, studio, "fs", studio}, "a value is empty": {mail, fields{"email": "a@b"}, "fso", nil}, "no match": {transfer.Flow{}, online, "fso", nil},
	} {
		q, ok := c.f.Matching(c.in, c.to)
		if ok != (c.want != nil) || ok && !cmp.Equal(q.Equal, c.want) {
			t.Errorf("%s: %v, %v", name, q.Equal, ok)
		}
	}
}
