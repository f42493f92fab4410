package mssql

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/transfer"
)

// Finding is a statement that was run on a real server, and what differs from what the
// model expects.
type Finding struct {
	What    string `json:"what"` // such as "dbo.Person update", or "server"
	Detail  string `json:"detail"`
	Differs bool   `json:"differs"`
}

// noRecord is an id that no record has.
const noRecord = -1

// Check runs every statement of every model on the server, each in a transaction that is
// rolled back, and says what differs: statements that fail, columns of other types, texts
// that are shorter than the model says. Reading looks at one record of each table; changes
// and deletions name an id that no record has. With create a record is made in each table
// and changed, before the rollback: numbers of identity columns are used up, and triggers
// see it. An error is one of the connection.
func (s *Side) Check(ctx context.Context, now func() time.Time, create bool) ([]Finding, error) {
	list, err := s.server(ctx, now)
	if err != nil {
		return nil, err
	}
	for _, name := range slices.Sorted(maps.Keys(s.models)) {
		m := s.models[name]
		for _, step := range s.steps(m, create) {
			f := Finding{What: m.Name + " " + step.name}
			f.Detail, err = s.rolled(ctx, step.do)
			if err != nil {
				if ctx.Err() != nil {
					return list, judge(ctx, ctx.Err(), "check")
				}
				f.Detail, f.Differs = judge(ctx, err, step.name+" "+m.Name).Error(), true
			}
			list = append(list, f)
		}
	}
	return list, nil
}

// maxApart is how far the server's clock may be from ours before it is named: dates of
// records decide which side is newer.
const maxApart = 50 * time.Millisecond

// server asks what the server is, and compares the clocks.
func (s *Side) server(ctx context.Context, now func() time.Time) ([]Finding, error) {
	var version, database, collation sql.NullString
	var at time.Time
	begun := now()
	err := s.db.QueryRowContext(ctx, "SELECT CAST(@@VERSION AS nvarchar(400)) AS [version], CAST(DB_NAME() AS nvarchar(128)) AS [database], "+
		"CAST(DATABASEPROPERTYEX(DB_NAME(), 'Collation') AS nvarchar(128)) AS [collation], SYSUTCDATETIME() AS [now]").Scan(&version, &database, &collation, &at)
	if err != nil {
		return nil, judge(ctx, err, "name its version")
	}
	ended := now()
	apart := at.Sub(begun.Add(ended.Sub(begun) / 2))
	first, _, _ := strings.Cut(version.String, "\n")
	return []Finding{
		{What: "server", Detail: fmt.Sprintf("%s; database %s, collation %s", strings.TrimSpace(first), database.String, collation.String)},
		{What: "clock", Detail: fmt.Sprintf("%s from this machine's, measured within %s", apart.Round(time.Millisecond), ended.Sub(begun).Round(time.Millisecond)),
			Differs: apart.Abs() > maxApart+ended.Sub(begun)},
	}, nil
}

// step is a statement to try; it says what it found.
type step struct {
	name string
	do   func(ctx context.Context, tx *sql.Tx) (string, error)
}

// steps are the statements of a model.
func (s *Side) steps(m *Model, create bool) []step {
	list := []step{
		{"read", func(ctx context.Context, tx *sql.Tx) (string, error) {
			return m.columns(ctx, tx, m.SQL.Read, sql.Named("id", noRecord))
		}},
		{"search", func(ctx context.Context, tx *sql.Tx) (string, error) {
			found, err := m.records(ctx, tx, m.search(nil, nil), sql.Named("after", noRecord), sql.Named("most", 1))
			return fmt.Sprintf("%d record read", len(found)), err
		}},
	}
	if m.Plain {
		return list
	}
	write := func(name string, w transfer.Write) step {
		w.Model, w.ID = m.Name, noRecord
		return step{name, func(ctx context.Context, tx *sql.Tx) (string, error) {
			_, err := s.write(ctx, tx, m, w, new([]string))
			if !errors.Is(err, transfer.ErrNotFound) {
				return "", errors.Join(errors.New("a record was found that does not exist"), err)
			}
			return "runs", nil
		}}
	}
	list = append(list,
		step{"find", func(ctx context.Context, tx *sql.Tx) (string, error) {
			return m.columns(ctx, tx, m.SQL.Find, sql.Named("foreign", noRecord))
		}},
		step{"unlinked", func(ctx context.Context, tx *sql.Tx) (string, error) {
			return m.columns(ctx, tx, m.SQL.Unlinked, sql.Named("after", noRecord), sql.Named("most", 1))
		}},
		write("update", transfer.Write{Verb: transfer.Update, Fields: m.nothing()}),
		write("mark", transfer.Write{Verb: transfer.Mark}),
		write("delete", transfer.Write{Verb: transfer.Remove}),
		step{"triggers", m.triggers},
	)
	if create {
		list = append(list, step{"create", func(ctx context.Context, tx *sql.Tx) (string, error) { return s.made(ctx, tx, m) }})
	}
	return list
}

// nothing are all columns that are written, empty.
func (m *Model) nothing() map[string]any {
	fields := map[string]any{}
	for _, c := range m.written() {
		fields[c.Name] = nil
	}
	return fields
}

// rolled runs something in a transaction that is rolled back.
func (s *Side) rolled(ctx context.Context, do func(context.Context, *sql.Tx) (string, error)) (string, error) {
	tx, err := s.db.BeginTx(ctx, nil)
	if err != nil {
		return "", err
	}
	text, err := do(ctx, tx)
	return text, errors.Join(err, ignoreDone(tx.Rollback()))
}

// ignoreDone ignores that the server has rolled a transaction back already.
func ignoreDone(err error) error {
	if errors.Is(err, sql.ErrTxDone) {
		return nil
	}
	return err
}

// triggers counts the triggers of a table: without one the studio posts no jobs.
func (m *Model) triggers(ctx context.Context, tx *sql.Tx) (string, error) {
	var n int
	err := tx.QueryRowContext(ctx, "SELECT COUNT(*) AS [triggers] FROM sys.triggers WHERE [parent_id] = OBJECT_ID(@table) AND [is_disabled] = 0", sql.Named("table", m.Name)).Scan(&n)
	if err == nil && n == 0 {
		err = errors.New("the table has no trigger that is on, so its changes post no jobs")
	}
	return fmt.Sprintf("%d on", n), err
}

// made makes a record, reads it, changes it and deletes it.
func (s *Side) made(ctx context.Context, tx *sql.Tx, m *Model) (string, error) {
	at := time.Date(2026, 1, 2, 3, 4, 5, 123456000, time.UTC)
	var texts []string
	id, err := s.write(ctx, tx, m, transfer.Write{Verb: transfer.Create, WriteDate: &at, SyncedVersion: &at, Fields: m.nothing()}, &texts)
	if err != nil {
		return "", err
	}
	r, err := one(m.records(ctx, tx, m.SQL.Read, sql.Named("id", id)))
	if err != nil {
		return "", fmt.Errorf("the record that was created cannot be read: %w", err)
	}
	if !r.Effective().Equal(at) || r.SyncedVersion == nil || !r.SyncedVersion.Equal(at) {
		return "", fmt.Errorf("the dates came back as %v and %v, not as %v: a trigger or a type changes them", r.Effective(), r.SyncedVersion, at)
	}
	other := at.Add(time.Microsecond)
	update := transfer.Write{Verb: transfer.Update, ID: id, WriteDate: &other, Fields: m.nothing(), If: &other}
	if _, err := s.write(ctx, tx, m, update, &texts); !errors.Is(err, transfer.ErrChanged) {
		return "", errors.Join(errors.New("a change under another date was not refused"), err)
	}
	update.If = &at
	if _, err := s.write(ctx, tx, m, update, &texts); err != nil {
		return "", fmt.Errorf("a change under the record's date: %w", err)
	}
	if _, err := s.write(ctx, tx, m, transfer.Write{Verb: transfer.Remove, ID: id}, &texts); err != nil {
		return "", fmt.Errorf("the record that was created cannot be deleted: %w", err)
	}
	return "created, read, changed and deleted, all rolled back", nil
}

// columns runs a statement that reads, and compares the columns of its answer with the
// model.
func (m *Model) columns(ctx context.Context, tx *sql.Tx, text string, args ...any) (string, error) {
	rows, err := tx.QueryContext(ctx, text, args...)
	if err != nil {
		return "", err
	}
	defer func() { _ = rows.Close() }()
	have, err := rows.ColumnTypes()
	if err != nil {
		return "", err
	}
	want := []Column{{Name: m.Key, kind: integers, Type: "int"}}
	if !m.Plain {
		want = append(want, Column{Name: own[0], kind: integers, Type: "int"})
		for _, name := range own[1:4] {
			want = append(want, Column{Name: name, kind: moments, Type: "datetime2"})
		}
	}
	want = append(want, m.Columns...)
	var problems []error
	for i, c := range want {
		if i >= len(have) {
			problems = append(problems, fmt.Errorf("the column %s is missing", c.Name))
			continue
		}
		problems = append(problems, c.compare(have[i])...)
	}
	if len(have) > len(want) {
		problems = append(problems, fmt.Errorf("%d columns are answered, not %d", len(have), len(want)))
	}
	return fmt.Sprintf("%d columns", len(have)), errors.Join(append(problems, rows.Err())...)
}

// compare says how a column of the server differs.
func (c Column) compare(have *sql.ColumnType) (problems []error) {
	if have.Name() != c.Name {
		problems = append(problems, fmt.Errorf("the column %s is answered in the place of %s", have.Name(), c.Name))
	}
	name := have.DatabaseTypeName()
	if kinds[strings.ToLower(name)] != c.kind {
		return append(problems, fmt.Errorf("the column %s has the type %s, not %s", c.Name, name, c.Type))
	}
	const max = 1 << 30 // a (max) type says 2^31 - 1, or half of it
	if n, ok := have.Length(); ok && (c.kind == texts || c.kind == binaries) && (c.most == 0 && n < max || c.most > 0 && n < int64(c.most)) {
		problems = append(problems, fmt.Errorf("the column %s holds %d, not %s", c.Name, n, c.Type))
	}
	if strings.EqualFold(name, "datetime") {
		problems = append(problems, fmt.Errorf("the column %s is of type datetime, which rounds to 1/300 s; dates of records then differ between the sides", c.Name))
	}
	return problems
}
