package mssql

import (
	"context"
	"database/sql"
	"errors"
	"maps"
	"slices"

	"gitlab.com/eshopbox-team/return-sync/shared/fault"
	"gitlab.com/eshopbox-team/return-sync/shared/transfer"
)

// write makes one write and returns the record's id.
func (s *Side) write(ctx context.Context, q querier, m *Model, w transfer.Write, texts *[]string) (int64, error) {
	if m.Plain {
		return 0, m.untouched()
	}
	switch w.Verb {
	case transfer.Create:
		return m.create(ctx, q, w, texts)
	case transfer.Update:
		return w.ID, m.update(ctx, q, w, texts)
	case transfer.Mark:
		return w.ID, m.change(ctx, q, m.SQL.Mark, m.noted(w), texts)
	case transfer.Remove:
		return w.ID, m.change(ctx, q, m.SQL.Delete, []any{sql.Named("id", w.ID), sql.Named("if", date(w.If))}, texts)
	case transfer.Join:
		args := []any{sql.Named("id", w.ID), sql.Named("if", date(w.If))}
		if m.SQL.Merge != m.SQL.Delete {
			args = append(args, sql.Named("into", w.IntoID))
		}
		return w.ID, m.change(ctx, q, m.SQL.Merge, args, texts)
	}
	return 0, fault.New(fault.Invalid, "studio-verb", "the studio knows no write %q", w.Verb)
}

// dated are the arguments with what the synchronisation notes of a record.
func dated(w transfer.Write) []any {
	foreign := sql.NullInt64{Int64: w.ForeignID, Valid: w.ForeignID != 0}
	return []any{sql.Named("foreign", foreign), sql.Named("date", date(w.WriteDate)), sql.Named("version", date(w.SyncedVersion))}
}

// noted are the arguments of a change.
func (m *Model) noted(w transfer.Write) []any {
	return append(dated(w), sql.Named("id", w.ID), sql.Named("if", date(w.If)))
}

// fields are the arguments with the columns that are written. A field that is no column
// is a mistake of the flow.
func (m *Model) fields(fields map[string]any) (args []any, err error) {
	for _, c := range m.written() {
		v, err := c.argument(fields[c.Name])
		if err != nil {
			return nil, fault.Wrap(err, fault.Invalid, "studio-data", "the studio's "+m.Name+" cannot take the data")
		}
		args = append(args, sql.Named(c.Name, v))
	}
	for name := range fields {
		if c, ok := m.column(name); !ok || c.ReadOnly {
			return nil, fault.New(fault.Misconfigured, "studio-model", "the model %s of the studio has no column %s that is written", m.Name, name)
		}
	}
	return args, nil
}

// create makes a record. A foreign id that another record has gives ErrChanged.
func (m *Model) create(ctx context.Context, q querier, w transfer.Write, texts *[]string) (int64, error) {
	args, err := m.fields(w.Fields)
	if err != nil {
		return 0, err
	}
	*texts = append(*texts, m.SQL.Create)
	rows, err := q.QueryContext(ctx, m.SQL.Create, append(args, dated(w)...)...)
	if err != nil {
		return 0, err
	}
	var id sql.NullInt64
	if err := only(rows, &id); err != nil {
		return 0, err
	}
	if !id.Valid {
		return 0, transfer.ErrChanged
	}
	return id.Int64, nil
}

// update changes a record. Columns that the write does not name keep what they have: they
// are read, and the change then asks for the date that was read.
func (m *Model) update(ctx context.Context, q querier, w transfer.Write, texts *[]string) error {
	for tries := 0; ; tries++ {
		change := w
		if !m.names(w.Fields) {
			r, err := one(m.records(ctx, q, m.SQL.Read, sql.Named("id", w.ID)))
			if err != nil {
				return err
			}
			at := r.Effective()
			if w.If != nil && !at.Equal(transfer.Micro(*w.If)) {
				return transfer.ErrChanged
			}
			change.If, change.Fields = &at, map[string]any{}
			for _, c := range m.written() {
				change.Fields[c.Name] = r.Fields[c.Name]
			}
			maps.Copy(change.Fields, w.Fields)
		}
		args, err := m.fields(change.Fields)
		if err != nil {
			return err
		}
		err = m.change(ctx, q, m.SQL.Update, append(args, m.noted(change)...), texts)
		if w.If == nil && errors.Is(err, transfer.ErrChanged) && tries < 3 {
			continue // nobody asked for a date
		}
		return err
	}
}

// names reports whether fields name every column that is written.
func (m *Model) names(fields map[string]any) bool {
	return !slices.ContainsFunc(m.written(), func(c Column) bool {
		_, ok := fields[c.Name]
		return !ok
	})
}

// change runs a statement that answers how many records it changed, and how many there
// are.
func (m *Model) change(ctx context.Context, q querier, text string, args []any, texts *[]string) error {
	*texts = append(*texts, text)
	rows, err := q.QueryContext(ctx, text, args...)
	if err != nil {
		return err
	}
	var changed, found int64
	if err := only(rows, &changed, &found); err != nil {
		return err
	}
	switch {
	case found == 0:
		return transfer.ErrNotFound
	case changed == 0:
		return transfer.ErrChanged
	}
	return nil
}

// only reads the only row of an answer.
func only(rows *sql.Rows, into ...any) error {
	defer func() { _ = rows.Close() }()
	if !rows.Next() {
		if err := rows.Err(); err != nil {
			return err
		}
		return fault.New(fault.Misconfigured, "studio-answer", "a statement of the studio's model answers with no row")
	}
	if err := rows.Scan(into...); err != nil {
		return fault.Wrap(err, fault.Misconfigured, "studio-answer", "a statement of the studio's model answers with other columns")
	}
	if rows.Next() {
		return fault.New(fault.Misconfigured, "studio-answer", "a statement of the studio's model answers with more than one row")
	}
	return rows.Err() // an error that follows the row, such as one of the commit
}
