package airtable

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"

	"gitlab.com/eshopbox-team/return-sync/shared/emulator/internal/control"
)

// Edit is what a person changes in a table by hand. A text is read as the field's type.
type Edit struct {
	Base   string         `json:"base"`  // id or name
	Table  string         `json:"table"` // id or name
	Record string         `json:"record,omitempty"`
	Fields map[string]any `json:"fields,omitempty"` // null clears
	Delete bool           `json:"delete,omitempty"` // the record
}

// Edit changes a table by hand and returns the record's id. It counts as no request.
func (s *Server) Edit(e Edit) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	t, err := s.named(e.Base, e.Table)
	if err != nil {
		return "", err
	}
	r := t.records[e.Record]
	if e.Record != "" && r == nil {
		return "", fmt.Errorf("there is no record %s in %s", e.Record, t.name)
	}
	if e.Delete {
		if r == nil {
			return "", fmt.Errorf("the record to delete is missing")
		}
		t.remove(r)
		return r.id, nil
	}
	fields, err := asJSON(e.Fields)
	if err != nil {
		return "", err
	}
	values, added, err := t.values(fields, true)
	if err != nil {
		return "", err
	}
	c := &call{server: s, table: t}
	return c.apply([]change{{r, values, added}}, false)[0].id, nil
}

// asJSON returns values as they come out of JSON.
func asJSON(values map[string]any) (out map[string]any, err error) {
	text, err := json.Marshal(values)
	if err == nil {
		err = json.Unmarshal(text, &out)
	}
	return out, err
}

// named returns a table of a base by ids or names. The caller holds the lock.
func (s *Server) named(baseName, tableName string) (*table, error) {
	at := slices.IndexFunc(s.bases, func(b *base) bool { return b.id == baseName || b.name == baseName })
	if at < 0 {
		return nil, fmt.Errorf("there is no base %s", baseName)
	}
	t := s.bases[at].table(tableName)
	if t == nil {
		return nil, fmt.Errorf("there is no table %s", tableName)
	}
	return t, nil
}

// Views are the views of a table beside its first.
type Views struct {
	Base  string `json:"base"`
	Table string `json:"table"`
	Views []View `json:"views"`
}

// SetViews replaces the views of a table, except for the first.
func (s *Server) SetViews(v Views) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	t, err := s.named(v.Base, v.Table)
	if err != nil {
		return err
	}
	views := t.views[:1:1]
	for _, one := range v.Views {
		one.ID = newID("viw")
		if _, err := t.filter(t.order, one.FilterByFormula); err != nil {
			return fmt.Errorf("view %s: %w", one.Name, err)
		}
		if err := t.sort(nil, one.Sort); err != nil {
			return fmt.Errorf("view %s: %w", one.Name, err)
		}
		if one.Name == "" || one.Group != "" && t.field(one.Group) == nil {
			return fmt.Errorf("view %q: it needs a name, and its group must be a field", one.Name)
		}
		views = append(views, one)
	}
	t.views = views
	return nil
}

// control mounts the paths of the emulator itself.
func (s *Server) control() {
	door := control.Door[Faults]{
		Faults: s.faults.Faults, SetFaults: s.faults.Replace, Stats: func() any { return s.Stats() }, Keys: http.NotFoundHandler(),
	}
	s.mux.Handle("/_emulator/", http.StripPrefix("/_emulator", door.Handler()))
	s.mux.HandleFunc("PUT /_emulator/edit", func(w http.ResponseWriter, r *http.Request) {
		var e Edit
		put(w, r, &e, func() (any, error) {
			id, err := s.Edit(e)
			return map[string]string{"id": id}, err
		})
	})
	s.mux.HandleFunc("PUT /_emulator/views", func(w http.ResponseWriter, r *http.Request) {
		var v Views
		put(w, r, &v, func() (any, error) { return v, s.SetViews(v) })
	})
}

// put reads a body, applies it and answers.
func put(w http.ResponseWriter, r *http.Request, body any, apply func() (any, error)) {
	err := control.Decode(http.MaxBytesReader(w, r.Body, maxBody), body)
	var answer any
	if err == nil {
		answer, err = apply()
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	control.Write(w, answer)
}
