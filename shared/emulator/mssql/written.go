package mssql

import (
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/emulator/mssql/internal/rows"
)

// Written is a committed write of the synchronisation.
type Written struct {
	Table         string
	ID            int64
	Made          bool // the row is new
	Data          bool // columns of the data were written, not those of the synchronisation alone
	Foreign       int64
	Date, Version time.Time // zero where the write names none
}

// noteWrite notes a write of the synchronisation for its commit.
func (x *run) noteWrite(table string, id int64, made, data bool, row rows.Row) {
	w := Written{Table: table, ID: id, Made: made, Data: data}
	w.Foreign, _ = row["sosync_fso_id"].(int64) // a write may leave each of them
	w.Date, _ = row["sosync_write_date"].(time.Time)
	w.Version, _ = row["last_sync_version"].(time.Time)
	x.wrote = append(x.wrote, w)
}

// publish passes on what was committed.
func (s *Server) publish(jobs []Job, writes []Written) {
	s.post(jobs)
	for _, w := range writes {
		s.options.Wrote(w)
	}
}
