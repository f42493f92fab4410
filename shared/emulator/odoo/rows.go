package odoo

import "maps"

// Rows returns copies of all records of a model by their ids, as they are kept: an empty
// field is nil, a reference an id.
func (s *Server) Rows(model string) map[int64]map[string]any {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := map[int64]map[string]any{}
	if t := s.tables[model]; t != nil {
		for id, row := range t.rows {
			all[id] = maps.Clone(row)
		}
	}
	return all
}
