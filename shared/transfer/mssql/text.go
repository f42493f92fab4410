package mssql

import (
	"cmp"
	"fmt"
	"strings"
)

// own are the columns of the synchronisation.
var own = []string{"sosync_fso_id", "sosync_write_date", "write_date", "last_sync_version", "noSyncJobSwitch", "noSyncJobOnDeleteSwitch"}

// The parts that statements have in common. A column of type datetime2 has a seventh
// digit, which dates of the synchronisation do not have: one is asked for as a range.
const (
	effective = "COALESCE([sosync_write_date], [write_date])"
	unchanged = "(@if IS NULL OR " + effective + " >= @if AND " + effective + " < DATEADD(microsecond, 1, @if))"
	notes     = "[sosync_fso_id] = COALESCE(@foreign, [sosync_fso_id]), [sosync_write_date] = COALESCE(@date, [sosync_write_date]), " +
		"[last_sync_version] = COALESCE(@version, [last_sync_version]), [noSyncJobSwitch] = 1"
)

// quoted is the table's name in statements.
func (m *Model) quoted() string { return "[" + strings.Replace(m.Name, ".", "].[", 1) + "]" }

// each joins a text for every column, NAME in the place of its name.
func each(columns []Column, form string) string {
	var b strings.Builder
	for _, c := range columns {
		b.WriteString(strings.ReplaceAll(form, "NAME", c.Name))
	}
	return b.String()
}

// selected are the columns that a statement answers with when it reads records.
func (m *Model) selected() string {
	if m.Plain {
		return "[" + m.Key + "]" + each(m.Columns, ", [NAME]")
	}
	return "[" + m.Key + "], [sosync_fso_id], [sosync_write_date], [write_date], [last_sync_version]" + each(m.Columns, ", [NAME]")
}

// statements makes the statements that the definition leaves out. The table has triggers,
// so OUTPUT is not possible and counts of rows that come unasked are not trusted.
func (m *Model) statements() {
	table, columns := m.quoted(), m.written()
	own := "[" + m.Key + "] = @id"
	found := "(SELECT COUNT(*) FROM " + table + " WHERE " + own + ")"
	change := func(set string) string {
		return fmt.Sprintf("SET NOCOUNT ON; UPDATE %s SET %s%s WHERE %s AND %s; SELECT @@ROWCOUNT AS [changed], %s AS [found]", table, set, notes, own, unchanged, found)
	}
	remove := fmt.Sprintf("SET NOCOUNT ON; SET XACT_ABORT ON; BEGIN TRANSACTION; "+
		"UPDATE %s SET [noSyncJobSwitch] = 1, [noSyncJobOnDeleteSwitch] = 1 WHERE %s AND %s; DECLARE @changed int = @@ROWCOUNT; "+
		"DELETE FROM %s WHERE %s AND @changed = 1; COMMIT TRANSACTION; SELECT @changed AS [changed], @changed + %s AS [found]", table, own, unchanged, table, own, found)
	if m.Plain {
		m.SQL = SQL{Read: cmp.Or(m.SQL.Read, "SELECT "+m.selected()+" FROM "+table+" WHERE "+own)}
		return
	}
	for _, s := range []struct {
		into *string
		text string
	}{
		{&m.SQL.Read, "SELECT " + m.selected() + " FROM " + table + " WHERE " + own},
		{&m.SQL.Find, "SELECT " + m.selected() + " FROM " + table + " WHERE [sosync_fso_id] = @foreign"},
		{&m.SQL.Unlinked, "SELECT TOP (@most) " + m.selected() + " FROM " + table + " WHERE [" + m.Key + "] > @after AND [sosync_fso_id] IS NULL ORDER BY [" + m.Key + "]"},
		{&m.SQL.Create, "SET NOCOUNT ON; INSERT INTO " + table + " (" + each(columns, "[NAME], ") + "[sosync_fso_id], [sosync_write_date], [last_sync_version], [noSyncJobSwitch]) " +
			"SELECT " + each(columns, "@NAME, ") + "@foreign, @date, @version, 1 WHERE @foreign IS NULL OR NOT EXISTS (" +
			"SELECT 1 FROM " + table + " WITH (UPDLOCK, HOLDLOCK) WHERE [sosync_fso_id] = @foreign); SELECT CAST(SCOPE_IDENTITY() AS bigint) AS [id]"},
		{&m.SQL.Update, change(each(columns, "[NAME] = @NAME, "))},
		{&m.SQL.Mark, change("")},
		{&m.SQL.Delete, remove},
		{&m.SQL.Merge, remove},
	} {
		*s.into = cmp.Or(*s.into, s.text)
	}
}

// search makes the statement that looks for records, with the columns in the model's
// order. A column of names in empty has to hold nothing.
func (m *Model) search(equal, empty []Column) string {
	var b strings.Builder
	b.WriteString("SELECT TOP (@most) " + m.selected() + " FROM " + m.quoted() + " WHERE [" + m.Key + "] > @after")
	b.WriteString(each(equal, " AND [NAME] = @NAME"))
	for _, c := range empty {
		form := " AND [NAME] IS NULL"
		if c.kind == texts {
			form = " AND ([NAME] IS NULL OR [NAME] = N'')"
		}
		b.WriteString(each([]Column{c}, form))
	}
	return b.String() + " ORDER BY [" + m.Key + "]"
}
