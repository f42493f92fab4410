package odoo

import (
	"encoding/json"
	"fmt"
	"math"
)

// Edit changes a record as a person at a screen does, or creates one where id is 0, and
// returns its id. No fault strikes it, and a transfer job follows. Values are those of
// JSON: a number without a fraction is a whole one where the field is no float.
func (s *Server) Edit(model string, id int64, values map[string]any) (int64, error) {
	given, err := asGiven(values)
	if err != nil {
		return 0, err
	}
	args, method := []any{given}, "create"
	if id != 0 {
		args, method = []any{[]any{id}, given}, "write"
	}
	v, err := s.by(model, method, args)
	if err == nil && id == 0 {
		id, _ = v.(int64)
	}
	return id, err
}

// Remove deletes a record as a person does.
func (s *Server) Remove(model string, id int64) error {
	_, err := s.by(model, "unlink", []any{[]any{id}})
	return err
}

// by calls a method for a person.
func (s *Server) by(model, method string, args []any) (any, error) {
	t := s.tables[model]
	if t == nil {
		return nil, fmt.Errorf("there is no model %s", model)
	}
	return s.apply(named{&call{Server: s, table: t, args: args, kwargs: map[string]any{}}, method})
}

// asGiven returns values as a call would bring them.
func asGiven(values map[string]any) (map[string]any, error) {
	text, err := json.Marshal(values)
	if err != nil {
		return nil, err
	}
	given := map[string]any{}
	if err := json.Unmarshal(text, &given); err != nil {
		return nil, err
	}
	for name, v := range given {
		if f, ok := v.(float64); ok && f == math.Trunc(f) {
			given[name] = int64(f)
		}
	}
	return given, nil
}
