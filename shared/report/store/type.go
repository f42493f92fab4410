package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"gitlab.com/eshopbox-team/return-sync/shared/fault"
	"gitlab.com/eshopbox-team/return-sync/shared/report"
	"gitlab.com/eshopbox-team/return-sync/shared/runlog"
	"gitlab.com/eshopbox-team/return-sync/shared/sqldb"
)

// typeColumns and scanType belong together.
const typeColumns = `name, active, real_time, offset_days, notify_on_fail, repeat_after_days,
	report_type_id, add_to_datapoints, zone_minutes, created_at, updated_at`

// scanType reads a row of typeColumns.
func scanType(row sqldb.Row) (report.Type, error) {
	var t report.Type
	err := row.Scan(&t.Name, &t.Active, &t.RealTime, &t.Offset, &t.NotifyOnFail, &t.RepeatAfter,
		&t.TypeID, &t.Datapoints, &t.Zone, &t.CreatedAt, &t.UpdatedAt)
	return t, err
}

// List returns all types by name.
func (s *Types) List(ctx context.Context) ([]report.Type, error) {
	list, err := sqldb.Collect(ctx, s.db, scanType, "SELECT "+typeColumns+" FROM report_type ORDER BY name")
	return list, sqldb.Outage(err, "read the report types")
}

// Named returns a type; its absence is a fault.NotFound.
func (s *Types) Named(ctx context.Context, name string) (report.Type, error) {
	return oneType(s.db.QueryRowContext(ctx, "SELECT "+typeColumns+" FROM report_type WHERE name = ?", name), name)
}

// oneType reads a type.
func oneType(row *sql.Row, name string) (report.Type, error) {
	t, err := scanType(row)
	if errors.Is(err, sql.ErrNoRows) {
		return t, fault.New(fault.NotFound, "unknown-report-type", "there is no report type %q: returnsync reports types shows all", name).WithParam("type")
	}
	return t, sqldb.Outage(err, "read a report type")
}

// Ensure makes a type's row follow its definition: a missing row is inserted with
// the definition's properties, and the developer's properties of an existing one are
// put back. It returns what was put back, in a sentence each, and writes each into the
// run log.
func (s *Types) Ensure(ctx context.Context, want report.Type) (back []string, err error) {
	err = s.db.InTx(ctx, "bring a report type up to date", func(tx *sql.Tx) error {
		back = nil
		_, err := tx.ExecContext(ctx, `INSERT IGNORE INTO report_type
			(name, active, real_time, offset_days, notify_on_fail, repeat_after_days, report_type_id, add_to_datapoints) VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
			want.Name, want.Active, want.RealTime, want.Offset, want.NotifyOnFail, want.RepeatAfter, want.TypeID, want.Datapoints)
		if err != nil {
			return err
		}
		have, err := oneType(tx.QueryRowContext(ctx, "SELECT "+typeColumns+" FROM report_type WHERE name = ? FOR UPDATE", want.Name), want.Name)
		if err != nil {
			return err
		}
		if have.TypeID != want.TypeID {
			back = append(back, fmt.Sprintf("Report Type Id of %s was %q and is the developer's: put back to %q", want.Name, have.TypeID, want.TypeID))
		}
		if have.Datapoints != want.Datapoints {
			back = append(back, fmt.Sprintf("Add to Datapoints of %s was %t and is the developer's: put back to %t", want.Name, have.Datapoints, want.Datapoints))
		}
		if len(back) == 0 {
			return nil
		}
		_, err = tx.ExecContext(ctx, "UPDATE report_type SET report_type_id = ?, add_to_datapoints = ?, updated_at = updated_at WHERE name = ?", want.TypeID, want.Datapoints, want.Name)
		for i := 0; err == nil && i < len(back); i++ {
			err = runlog.Write(ctx, tx, runlog.Entry{Severity: runlog.Warning, Subject: want.Name, Message: back[i]})
		}
		return err
	})
	return back, err
}

// Edit changes what people may change of a type and returns the row as it was
// before. An edit that changes nothing writes nothing; a change is one log entry.
func (s *Types) Edit(ctx context.Context, name string, change func(*report.Edit)) (before report.Type, err error) {
	err = s.db.InTx(ctx, "change a report type", func(tx *sql.Tx) error {
		if before, err = oneType(tx.QueryRowContext(ctx, "SELECT "+typeColumns+" FROM report_type WHERE name = ? FOR UPDATE", name), name); err != nil {
			return err
		}
		e := before.Edit
		change(&e)
		if e == before.Edit {
			return nil
		}
		if err := e.Check(); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, `UPDATE report_type SET active = ?, real_time = ?, offset_days = ?, notify_on_fail = ?, repeat_after_days = ? WHERE name = ?`,
			e.Active, e.RealTime, e.Offset, e.NotifyOnFail, e.RepeatAfter, name)
		if err != nil {
			return err
		}
		return runlog.Write(ctx, tx, runlog.Entry{Subject: name, Message: fmt.Sprintf("report type %s was changed: %s", name, e.Changes(before.Edit))})
	})
	return before, err
}

// SetZone notes the zone of the schedule that starts a type.
func (s *Types) SetZone(ctx context.Context, name string, z report.Zone) error {
	_, err := s.db.ExecContext(ctx, "UPDATE report_type SET zone_minutes = ?, updated_at = updated_at WHERE name = ? AND zone_minutes <> ?", z, name, z)
	return sqldb.Outage(err, "note a report type's zone")
}
