package mssql

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/emulator/mssql/internal/rows"
	"gitlab.com/eshopbox-team/return-sync/shared/emulator/mssql/internal/tds"
)

// Job is what the studio's triggers post: a person changed a record.
type Job struct {
	Model    string
	ID       int64
	Date     time.Time
	Kind     string // empty, delete or merge_into
	TargetID int64  // of a record that is gone: its id on the other side; 0 for none
	IntoID   int64  // of a merge
}

// JSON returns the job as the API of transfers takes it.
func (j Job) JSON() map[string]any {
	date := j.Date.UTC().Format("2006-01-02T15:04:05.999999Z")
	body := map[string]any{"job_date": date, "job_source_system": "fs", "job_source_model": j.Model, "job_source_record_id": j.ID, "job_source_sosync_write_date": date}
	if j.Kind != "" {
		body["job_source_type"] = j.Kind
	}
	if j.TargetID != 0 {
		body["job_source_target_record_id"] = j.TargetID
	}
	if j.IntoID != 0 {
		body["job_source_merge_into_record_id"] = j.IntoID
	}
	return body
}

// post passes on the jobs whose changes are committed.
func (s *Server) post(jobs []Job) {
	for _, j := range jobs {
		s.mu.Lock()
		s.stats.Posted[j.Model]++
		s.mu.Unlock()
		s.options.Post(j)
	}
}

// job notes a job of a row that a person changed. A row that is a part of a person's
// record is a change of that record.
func (x *run) job(t *Table, row rows.Row) {
	model, id := t.Name, row[t.Key]
	switch {
	case t.Owner != "":
		model, id = personTable, row[t.Owner]
	case t.Plain:
		return
	}
	n, ok := id.(int64)
	if !ok {
		return
	}
	for i, j := range x.jobs {
		if j.Model == model && j.ID == n {
			x.jobs[i].Date = x.stamp()
			return
		}
	}
	x.jobs = append(x.jobs, Job{Model: model, ID: n, Date: x.stamp()})
}

// dates returns what a person writes, with the dates of a change that is made now.
func (x *run) dates(t *Table, columns rows.Row) rows.Row {
	row := maps.Clone(columns)
	if !t.Plain {
		row["sosync_write_date"], row["write_date"] = x.stamp(), x.stamp()
	}
	return row
}

// edit changes a row as a person does: its dates are now, and a job is posted.
func (x *run) edit(t *Table, id int64, columns rows.Row) (bool, error) {
	row := x.dates(t, columns)
	ok, err := x.tx.Update(x, t.Name, id, nil, row)
	if !ok || err != nil {
		return false, err
	}
	found, err := x.tx.Rows(x, t.Name, t.Key, id)
	if len(found) > 0 {
		x.job(t, found[0])
	}
	return true, err
}

// by runs what a person does, as a transaction of its own that is tried again when it
// loses a dead-lock.
func (s *Server) by(ctx context.Context, do func(x *run) error) error {
	for {
		x := &run{Context: ctx, server: s, tx: s.db.Begin(1), now: s.options.Now().UTC()}
		err := do(x)
		if err == nil {
			x.tx.Commit()
			s.post(x.jobs)
			return nil
		}
		x.tx.Rollback()
		var known *tds.Error
		if !errors.As(err, &known) || known.Number != 1205 {
			return err
		}
	}
}

// Edit changes columns of a row as a person does, or makes a new row for id 0, and returns
// its id. Values are Go's: int64 or int, bool, string, time.Time, []byte, nil; decimals
// and GUIDs are texts.
func (s *Server) Edit(ctx context.Context, table string, id int64, columns map[string]any) (int64, error) {
	t := s.table(table)
	if t == nil {
		return 0, fmt.Errorf("there is no table %s", table)
	}
	form := s.db.Table(t.Name)
	row := rows.Row{}
	for name, v := range columns {
		c, ok := form.Column(name)
		if !ok {
			return 0, fmt.Errorf("the table %s has no column %s", table, name)
		}
		if n, whole := v.(int); whole {
			v = int64(n)
		}
		stored, e := rows.Coerce(v, c.Type, c.Type)
		if e != nil {
			return 0, e
		}
		row[name] = stored
	}
	err := s.by(ctx, func(x *run) error {
		if id != 0 {
			ok, err := x.edit(t, id, row)
			if err == nil && !ok {
				err = fmt.Errorf("there is no row %d in %s", id, table)
			}
			return err
		}
		made := x.dates(t, row)
		if !t.Plain {
			made["create_date"] = x.stamp()
		}
		n, err := x.tx.Insert(x, t.Name, made)
		if err == nil {
			id = n
			made[t.Key] = n
			x.job(t, made)
		}
		return err
	})
	return id, err
}

// Delete deletes a row as a person does: the job names the record's id on the other
// side. The parts of a person go with it.
func (s *Server) Delete(ctx context.Context, table string, id int64) error {
	return s.gone(ctx, table, id, func(x *run, j Job) error {
		if t := s.table(table); t.Plain || t.Owner != "" {
			found, err := x.tx.Rows(x, t.Name, t.Key, id)
			if len(found) > 0 {
				x.job(t, found[0])
			}
			return err
		}
		j.Kind = "delete"
		x.jobs = append(x.jobs, j)
		return nil
	})
}

// Merge merges two records of a table as a person does: rows that refer to the first
// refer to the second from then on, and the first is gone.
func (s *Server) Merge(ctx context.Context, table string, id, into int64) error {
	return s.gone(ctx, table, id, func(x *run, j Job) error {
		j.Kind, j.IntoID = "merge_into", into
		for i := range s.tables {
			other := &s.tables[i]
			for _, r := range other.References {
				if r.Table != table || other.Owner != "" {
					continue
				}
				list, err := x.tx.Rows(x, other.Name, r.Column, id)
				if err != nil {
					return err
				}
				for _, row := range list {
					moved, of := rows.Row{r.Column: into}, row[other.Key].(int64)
					if other.Received {
						_, err = x.tx.Update(x, other.Name, of, nil, moved)
					} else {
						_, err = x.edit(other, of, moved)
					}
					if err != nil {
						return err
					}
				}
			}
		}
		x.jobs = append(x.jobs, j)
		return nil
	})
}

// gone removes a row after what a person did with it.
func (s *Server) gone(ctx context.Context, table string, id int64, with func(*run, Job) error) error {
	t := s.table(table)
	if t == nil {
		return fmt.Errorf("there is no table %s", table)
	}
	return s.by(ctx, func(x *run) error {
		found, err := x.tx.Rows(x, t.Name, t.Key, id)
		if err != nil {
			return err
		}
		if len(found) == 0 {
			return fmt.Errorf("there is no row %d in %s", id, table)
		}
		target, _ := found[0]["sosync_fso_id"].(int64)
		if err := with(x, Job{Model: t.Name, ID: id, Date: x.stamp(), TargetID: target}); err != nil {
			return err
		}
		_, err = x.tx.Delete(x, t.Name, id)
		return err
	})
}

// Rows returns copies of all rows of a table by their keys.
func (s *Server) Rows(table string) map[int64]map[string]any {
	all := map[int64]map[string]any{}
	if t := s.table(table); t != nil {
		for id, row := range s.db.Snapshot(t.Name) {
			all[id] = row
		}
	}
	return all
}
