package mssql

import (
	"fmt"
	"strings"

	"gitlab.com/eshopbox-team/return-sync/shared/emulator/mssql/internal/rows"
	"gitlab.com/eshopbox-team/return-sync/shared/emulator/mssql/internal/tds"
)

// known fills the closed table of statements.
func (s *Server) known() error {
	list := s.general()
	for i := range s.tables {
		t := &s.tables[i]
		list = append(append(list, t.forms()...), t.edits()...)
	}
	for _, one := range list {
		if err := s.add(one.text, one.statement); err != nil {
			return err
		}
	}
	return nil
}

// entry is a line of the table of statements.
type entry struct {
	text string
	statement
}

// The parts that statements have in common. The range of a microsecond makes up for the
// seventh digit, which a column has and the synchronisation does not.
const (
	dateOf   = "COALESCE([sosync_write_date], [write_date])"
	unless   = "(@if IS NULL OR " + dateOf + " >= @if AND " + dateOf + " < DATEADD(microsecond, 1, @if))"
	keepSync = "[sosync_fso_id] = COALESCE(@foreign, [sosync_fso_id]), [sosync_write_date] = COALESCE(@date, [sosync_write_date]), " +
		"[last_sync_version] = COALESCE(@version, [last_sync_version]), [noSyncJobSwitch] = 1"
)

// names lists columns in the form of a statement.
func names(form string, columns []Column) string {
	var b strings.Builder
	for _, c := range columns {
		b.WriteString(strings.ReplaceAll(form, "NAME", c.Name))
	}
	return b.String()
}

// written returns the columns that the synchronisation writes.
func (t *Table) written() (list []Column) {
	for _, c := range t.Columns {
		if !c.ReadOnly {
			list = append(list, c)
		}
	}
	return list
}

// forms are the statements on a table that is a model by itself.
func (t *Table) forms() []entry {
	q, w := t.quotedName(), t.written()
	columns := "[" + strings.Join(t.readable(), "], [") + "]"
	found := fmt.Sprintf("(SELECT COUNT(*) FROM %s WHERE [%s] = @id)", q, t.Key)
	update := func(set string) string {
		return fmt.Sprintf("SET NOCOUNT ON; UPDATE %s SET %s%s WHERE [%s] = @id AND %s; SELECT @@ROWCOUNT AS [changed], %s AS [found]", q, set, keepSync, t.Key, unless, found)
	}
	reads := []entry{
		{"SELECT TOP (@most) " + columns + " FROM " + q + " WHERE [" + t.Key + "] > @after" + conditions + " ORDER BY [" + t.Key + "]", statement{name: t.Name + " search", do: t.search}},
		{"SELECT " + columns + " FROM " + q + " WHERE [" + t.Key + "] = @id", statement{name: t.Name + " read", do: t.read(t.Key, "@id")}},
	}
	if t.Plain {
		return reads
	}
	return append(reads, []entry{
		{"SELECT " + columns + " FROM " + q + " WHERE [sosync_fso_id] = @foreign", statement{name: t.Name + " find", do: t.read("sosync_fso_id", "@foreign")}},
		{fmt.Sprintf("SET NOCOUNT ON; INSERT INTO %s (%s[sosync_fso_id], [sosync_write_date], [last_sync_version], [noSyncJobSwitch]) SELECT %s@foreign, @date, @version, 1 "+
			"WHERE @foreign IS NULL OR NOT EXISTS (SELECT 1 FROM %s WITH (UPDLOCK, HOLDLOCK) WHERE [sosync_fso_id] = @foreign); SELECT CAST(SCOPE_IDENTITY() AS bigint) AS [id]",
			q, names("[NAME], ", w), names("@NAME, ", w), q), statement{name: t.Name + " create", do: t.create}},
		{update(names("[NAME] = @NAME, ", w)), statement{name: t.Name + " update", do: t.update(w)}},
		{update(""), statement{name: t.Name + " mark", do: t.update(nil)}},
		{fmt.Sprintf("SET NOCOUNT ON; SET XACT_ABORT ON; BEGIN TRANSACTION; UPDATE %s SET [noSyncJobSwitch] = 1, [noSyncJobOnDeleteSwitch] = 1 WHERE [%s] = @id AND %s; "+
			"DECLARE @changed int = @@ROWCOUNT; DELETE FROM %s WHERE [%s] = @id AND @changed = 1; COMMIT TRANSACTION; SELECT @changed AS [changed], @changed + %s AS [found]",
			q, t.Key, unless, q, t.Key, found), statement{name: t.Name + " delete", do: t.remove}},
	}...)
}

// readable are the columns that a statement answers with when it reads records.
func (t *Table) readable() []string {
	list := []string{t.Key}
	if !t.Plain {
		list = append(list, heads...)
	}
	for _, c := range t.Columns {
		list = append(list, c.Name)
	}
	return list
}

// edits are what people do by hand: one column of one row.
func (t *Table) edits() (list []entry) {
	for _, c := range t.Columns {
		text := fmt.Sprintf("UPDATE %s SET [%s] = @value WHERE [%s] = @id", t.quotedName(), c.Name, t.Key)
		list = append(list, entry{text, statement{name: t.Name + " edit", do: func(x *run) (set, error) {
			v, err := x.value(t.Name, c.Name, "@value")
			if err != nil {
				return set{}, err
			}
			ok, err := x.edit(t, x.id("@id"), rows.Row{c.Name: v})
			if !ok {
				return set{}, err
			}
			return set{count: 1}, err
		}}})
	}
	return list
}

// general are statements that concern no table, and those with which a client looks at
// the server.
func (s *Server) general() []entry {
	text := func(n int) tds.Type { return tds.Type{Kind: tds.NVarChar, Length: n} }
	one := func(columns []tds.Column, row func(x *run) []any) func(*run) (set, error) {
		return func(x *run) (set, error) { return set{columns: columns, rows: [][]any{row(x)}}, nil }
	}
	count := func(name string) []tds.Column { return []tds.Column{{Name: name, Type: tds.Type{Kind: tds.Int}}} }
	return []entry{
		{"BEGIN TRANSACTION", statement{name: "begin", session: func(c *session, a *tds.Answer) *tds.Error {
			if c.tx == nil {
				c.begin(a)
			}
			return nil
		}}},
		{"COMMIT TRANSACTION", statement{name: "commit", session: func(c *session, a *tds.Answer) *tds.Error {
			if c.tx == nil {
				return &tds.Error{Number: 3902, State: 1, Class: 16, Message: "The COMMIT TRANSACTION request has no corresponding BEGIN TRANSACTION."}
			}
			c.commit(a)
			return nil
		}}},
		{"ROLLBACK TRANSACTION", statement{name: "rollback", session: func(c *session, a *tds.Answer) *tds.Error {
			if c.tx == nil {
				return &tds.Error{Number: 3903, State: 1, Class: 16, Message: "The ROLLBACK TRANSACTION request has no corresponding BEGIN TRANSACTION."}
			}
			a.Transaction(tds.ChangeRollback, c.txID)
			c.rollback()
			return nil
		}}},
		{"select 1", statement{name: "ping", do: one(count(""), func(*run) []any { return []any{int64(1)} })}}, // the driver's own
		{"SELECT CAST(@@VERSION AS nvarchar(400)) AS [version], CAST(DB_NAME() AS nvarchar(128)) AS [database], " +
			"CAST(DATABASEPROPERTYEX(DB_NAME(), 'Collation') AS nvarchar(128)) AS [collation], SYSUTCDATETIME() AS [now]",
			statement{name: "server", do: one([]tds.Column{
				{Name: "version", Type: text(400)}, {Name: "database", Type: text(128)}, {Name: "collation", Type: text(128)}, {Name: "now", Type: tds.Type{Kind: tds.DateTime2, Scale: 7}},
			}, func(x *run) []any {
				return []any{"Return-sync's emulator of Microsoft SQL Server", s.options.Database, "Latin1_General_CI_AS", x.now}
			})}},
		{"SELECT COUNT(*) AS [triggers] FROM sys.triggers WHERE [parent_id] = OBJECT_ID(@table) AND [is_disabled] = 0",
			statement{name: "triggers", do: one(count("triggers"), func(x *run) []any {
				if s.table(x.text("@table")) == nil {
					return []any{int64(0)}
				}
				return []any{int64(1)} // the emulator itself behaves as one
			})}},
	}
}

// table returns a table by its name, nil for none.
func (s *Server) table(name string) *Table {
	for i := range s.tables {
		if strings.EqualFold(s.tables[i].Name, name) {
			return &s.tables[i]
		}
	}
	return nil
}
