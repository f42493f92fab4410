package odoo

import "strings"

// Written is a write of the synchronisation that took effect.
type Written struct {
	Model         string
	ID            int64
	Made          bool // the record is new
	Data          bool // fields of the data were written, not those of the synchronisation alone
	Foreign       int64
	Date, Version string // empty where the write names none
}

// note tells of a write of the synchronisation.
func (s *Server) note(c named, answer any) {
	if s.options.Wrote == nil || c.table.Plain || !c.quiet() {
		return
	}
	w := Written{Model: c.table.Name}
	var given any
	switch c.name {
	case "create":
		w.ID, _ = answer.(int64)
		w.Made, given = true, c.arg(0, "vals")
	case "write":
		ids, _ := c.records(c.arg(0, "ids")) // the call read them
		if len(ids) != 1 {
			return
		}
		w.ID, given = ids[0], c.arg(1, "vals")
	default:
		return
	}
	values, _ := given.(map[string]any) // the call read them too
	for name := range values {
		w.Data = w.Data || !strings.HasPrefix(name, "sosync_")
	}
	w.Foreign, _ = values["sosync_fs_id"].(int64)
	w.Date, _ = values["sosync_write_date"].(string)
	w.Version, _ = values["sosync_synced_version"].(string)
	s.options.Wrote(w)
}
