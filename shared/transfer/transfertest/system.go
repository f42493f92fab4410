// Package transfertest holds what implementations of the transfer wing's interfaces are
// held to, and a side in memory that passes.
package transfertest

import (
	"errors"
	"slices"
	"testing"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/transfer"
)

// at returns a time n seconds after a fixed one.
func at(n int) *time.Time {
	t := time.Date(2026, 5, 1, 10, 0, n, 123456000, time.UTC)
	return &t
}

// RunSystem holds an implementation of transfer.System. open returns an empty side, and
// model is one that the side knows, with the text field field.
func RunSystem(t *testing.T, model, field string, open func(t *testing.T) transfer.System) {
	c := creator{model, field}
	runReading(t, c, open)
	runWriting(t, c, open)
	runSearch(t, model, field, open)
}

// creator creates records of a model.
type creator struct{ model, field string }

// create creates a record and reads it.
func (c creator) create(t *testing.T, s transfer.System, foreign int64) transfer.Record {
	t.Helper()
	w, err := s.Write(t.Context(), transfer.Write{Verb: transfer.Create, Model: c.model, ForeignID: foreign, WriteDate: at(1), SyncedVersion: at(1), Fields: map[string]any{c.field: "Größe 1"}})
	if err != nil || w.ID == 0 || w.Request == "" {
		t.Fatalf("%+v, %v", w, err)
	}
	r, err := s.Read(t.Context(), c.model, w.ID)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// runReading holds what is read, and what is not there.
func runReading(t *testing.T, c creator, open func(t *testing.T) transfer.System) {
	model, field := c.model, c.field
	t.Run("created and read", func(t *testing.T) {
		s := open(t)
		r := c.create(t, s, 7)
		if r.ForeignID != 7 || !r.Effective().Equal(*at(1)) || r.SyncedVersion == nil || !r.SyncedVersion.Equal(*at(1)) || r.Fields[field] != "Größe 1" || r.ChangedAt.IsZero() {
			t.Errorf("%+v", r)
		}
		found, err := s.Find(t.Context(), model, 7)
		if err != nil || found.ID != r.ID {
			t.Errorf("found %+v, %v", found, err)
		}
	})
	t.Run("not there", func(t *testing.T) {
		s := open(t)
		_, read := s.Read(t.Context(), model, 999)
		_, found := s.Find(t.Context(), model, 999)
		_, written := s.Write(t.Context(), transfer.Write{Verb: transfer.Update, Model: model, ID: 999, WriteDate: at(2), Fields: map[string]any{field: "x"}})
		_, removed := s.Write(t.Context(), transfer.Write{Verb: transfer.Remove, Model: model, ID: 999})
		for name, err := range map[string]error{"read": read, "find": found, "update": written, "remove": removed} {
			if !errors.Is(err, transfer.ErrNotFound) {
				t.Errorf("%s: %v", name, err)
			}
		}
	})
}

// runSearch holds the search of an implementation, whose field field is a text.
func runSearch(t *testing.T, model, field string, open func(t *testing.T) transfer.System) {
	t.Run("searched", func(t *testing.T) {
		s, ids := open(t), []int64{}
		for n, v := range []any{"a%b", "a%b", "aXb", nil, `a"b\c`} {
			w, err := s.Write(t.Context(), transfer.Write{Verb: transfer.Create, Model: model, ForeignID: int64(n + 1), WriteDate: at(1), Fields: map[string]any{field: v}})
			if err != nil {
				t.Fatal(err)
			}
			ids = append(ids, w.ID)
		}
		for name, c := range map[string]struct {
			q    transfer.Query
			want []int64
		}{
			"by value": {transfer.Query{Equal: map[string]any{field: "a%b"}, Most: 9}, ids[:2]}, "at most one": {transfer.Query{Equal: map[string]any{field: "a%b"}, Most: 1}, ids[:1]},
			"after": {transfer.Query{Equal: map[string]any{field: "a%b"}, After: ids[0], Most: 9}, ids[1:2]}, "empty": {transfer.Query{Equal: map[string]any{field: nil}, Most: 9}, ids[3:4]},
			"special": {transfer.Query{Equal: map[string]any{field: `a"b\c`}, Most: 9}, ids[4:]}, "all": {transfer.Query{Most: 9}, ids}, "a slice": {transfer.Query{After: ids[1], Most: 2}, ids[2:4]},
			"none": {transfer.Query{Equal: map[string]any{field: "b"}, Most: 9}, nil},
		} {
			list, err := s.Search(t.Context(), model, c.q)
			var have []int64
			for _, r := range list {
				have = append(have, r.ID)
			}
			if err != nil || !slices.Equal(have, c.want) {
				t.Errorf("%s: %v, %v; want %v", name, have, err, c.want)
			}
		}
	})
}

// Pieces is a model with a text field, whose records are pieces of another model's.
type Pieces struct{ Model, Link, Field string }

// RunParts holds an implementation whose records have parts.
func RunParts(t *testing.T, model, field string, p Pieces, open func(t *testing.T) transfer.System) {
	c := creator{model, field}
	parts := func(t *testing.T, s transfer.System, id int64) []transfer.Record {
		t.Helper()
		list, err := s.Search(t.Context(), p.Model, transfer.Query{Equal: map[string]any{p.Link: id}, Most: 9})
		if err != nil {
			t.Fatal(err)
		}
		return list
	}
	t.Run("parts are written with the record, or nothing is", func(t *testing.T) {
		s := open(t)
		r := c.create(t, s, 7)
		up := transfer.Write{Verb: transfer.Update, Model: model, ID: r.ID, WriteDate: at(3), Fields: map[string]any{field: "new"}, Parts: []transfer.Part{{Model: p.Model, Link: p.Link, Fields: map[string]any{p.Field: "one"}}}}
		if _, err := s.Write(t.Context(), up); err != nil {
			t.Fatal(err)
		}
		list := parts(t, s, r.ID)
		if len(list) != 1 || list[0].Fields[p.Field] != "one" || !list[0].Effective().Equal(*at(3)) {
			t.Fatalf("%+v", list)
		}
		up.Fields, up.WriteDate = map[string]any{field: "newer"}, at(4)
		up.Parts = []transfer.Part{{Model: p.Model, Link: p.Link, Fields: map[string]any{p.Field: "two"}}, {Model: p.Model, ID: list[0].ID, Link: p.Link, Fields: map[string]any{p.Field: "uno"}, If: at(1)}}
		if _, err := s.Write(t.Context(), up); !errors.Is(err, transfer.ErrChanged) {
			t.Errorf("a part that changed meanwhile: %v", err)
		}
		if r, err := s.Read(t.Context(), model, r.ID); err != nil || r.Fields[field] != "new" || len(parts(t, s, r.ID)) != 1 {
			t.Errorf("half of it was written: %+v, %v", r, err)
		}
		up.Parts[1].If = at(3)
		if _, err := s.Write(t.Context(), up); err != nil {
			t.Fatal(err)
		}
		if list := parts(t, s, r.ID); len(list) != 2 || list[0].Fields[p.Field] != "uno" || list[1].Fields[p.Field] != "two" || !list[0].Effective().Equal(*at(4)) {
			t.Errorf("%+v", list)
		}
	})
	t.Run("no second part where one alone is wanted", func(t *testing.T) {
		s := open(t)
		r := c.create(t, s, 9)
		up := transfer.Write{Verb: transfer.Update, Model: model, ID: r.ID, WriteDate: at(3), Fields: map[string]any{field: "new"},
			Parts: []transfer.Part{{Model: p.Model, Link: p.Link, Fields: map[string]any{p.Field: "one"}, Equal: map[string]any{}}}}
		if _, err := s.Write(t.Context(), up); err != nil {
			t.Fatal(err)
		}
		up.Fields = map[string]any{field: "newer"}
		if _, err := s.Write(t.Context(), up); !errors.Is(err, transfer.ErrChanged) {
			t.Errorf("a second part: %v", err)
		}
		if r, err := s.Read(t.Context(), model, r.ID); err != nil || r.Fields[field] != "new" || len(parts(t, s, r.ID)) != 1 {
			t.Errorf("half of it was written: %+v, %v", r, err)
		}
		up.Parts[0].Equal = map[string]any{p.Field: "other"}
		if _, err := s.Write(t.Context(), up); err != nil {
			t.Error(err)
		}
	})
	t.Run("a new record with its parts", func(t *testing.T) {
		s := open(t)
		w, err := s.Write(t.Context(), transfer.Write{Verb: transfer.Create, Model: model, ForeignID: 8, WriteDate: at(1), Fields: map[string]any{field: "x"},
			Parts: []transfer.Part{{Model: p.Model, Link: p.Link, Fields: map[string]any{p.Field: "one"}}}})
		if err != nil || len(parts(t, s, w.ID)) != 1 {
			t.Errorf("%+v, %v", w, err)
		}
	})
}

// runWriting holds every verb.
func runWriting(t *testing.T, c creator, open func(t *testing.T) transfer.System) {
	model, field := c.model, c.field
	t.Run("updated if unchanged", func(t *testing.T) {
		s := open(t)
		r := c.create(t, s, 7)
		up := transfer.Write{Verb: transfer.Update, Model: model, ID: r.ID, WriteDate: at(3), SyncedVersion: at(3), Fields: map[string]any{field: "new"}, If: at(2)}
		if _, err := s.Write(t.Context(), up); !errors.Is(err, transfer.ErrChanged) {
			t.Errorf("an update over another date: %v", err)
		}
		up.If = at(1)
		if _, err := s.Write(t.Context(), up); err != nil {
			t.Fatal(err)
		}
		if r, err := s.Read(t.Context(), model, r.ID); err != nil || r.Fields[field] != "new" || !r.Effective().Equal(*at(3)) || r.ForeignID != 7 {
			t.Errorf("%+v, %v", r, err)
		}
	})
	t.Run("marked without fields", func(t *testing.T) {
		s := open(t)
		r := c.create(t, s, 0)
		if _, err := s.Find(t.Context(), model, 0); !errors.Is(err, transfer.ErrNotFound) {
			t.Errorf("a record without a foreign id was found by 0: %v", err)
		}
		if _, err := s.Write(t.Context(), transfer.Write{Verb: transfer.Mark, Model: model, ID: r.ID, ForeignID: 12, SyncedVersion: at(4)}); err != nil {
			t.Fatal(err)
		}
		if r, err := s.Read(t.Context(), model, r.ID); err != nil || r.ForeignID != 12 || !r.SyncedVersion.Equal(*at(4)) || !r.Effective().Equal(*at(1)) || r.Fields[field] != "Größe 1" {
			t.Errorf("%+v, %v", r, err)
		}
	})
	t.Run("one record a foreign id", func(t *testing.T) {
		s := open(t)
		c.create(t, s, 7)
		_, err := s.Write(t.Context(), transfer.Write{Verb: transfer.Create, Model: model, ForeignID: 7, WriteDate: at(1), Fields: map[string]any{field: "twin"}})
		if !errors.Is(err, transfer.ErrChanged) {
			t.Errorf("a second record of foreign id 7: %v", err)
		}
	})
	t.Run("removed and merged", func(t *testing.T) {
		s := open(t)
		a, b := c.create(t, s, 7), c.create(t, s, 8)
		if _, err := s.Write(t.Context(), transfer.Write{Verb: transfer.Join, Model: model, ID: a.ID, IntoID: b.ID}); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Read(t.Context(), model, a.ID); !errors.Is(err, transfer.ErrNotFound) {
			t.Errorf("the merged record: %v", err)
		}
		if _, err := s.Write(t.Context(), transfer.Write{Verb: transfer.Remove, Model: model, ID: b.ID}); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Read(t.Context(), model, b.ID); !errors.Is(err, transfer.ErrNotFound) {
			t.Errorf("the removed record: %v", err)
		}
	})
}
