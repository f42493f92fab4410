package doctor

import (
	"context"
	"database/sql"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// Account says what an account of a database is for.
type Account struct {
	Database Database
	// Writes says that our own tables are there; else the account only reads.
	Writes bool
}

// Privileges compares what an account may do with what it needs. Whether it may
// read what the definitions read is seen by asking their queries.
func Privileges(ctx context.Context, a Account) []Finding {
	list, err := readGrants(ctx, a.Database.SQL)
	if err != nil {
		return blind("the account's privileges", err, "")
	}
	var schema string
	if err := a.Database.SQL.QueryRowContext(ctx, "SELECT DATABASE()").Scan(&schema); err != nil {
		return blind("the account's privileges", err, "")
	}
	var ours []string
	if a.Writes {
		if ours, err = ourTables(ctx, a.Database.SQL); err != nil {
			return blind("our own tables", err, "")
		}
	}
	found := append(list.missing(schema, ours), list.excess(schema, a.Writes)...)
	return orOK(found, "the account may do what it needs, and nothing dangerous beyond")
}

// ourTables returns the names of our own tables; before the first migration that
// of one to come.
func ourTables(ctx context.Context, db *sql.DB) ([]string, error) {
	rows, err := table(ctx, db, `SELECT table_name AS name FROM information_schema.tables
		WHERE table_schema = DATABASE() AND (table_name LIKE 'sync\_%' OR table_name = 'order_return_algolia_sync') ORDER BY table_name`)
	if err != nil || len(rows) == 0 {
		return []string{"sync_run"}, err
	}
	names := make([]string, len(rows))
	for i, row := range rows {
		names[i] = row["name"]
	}
	return names, nil
}

// readGrants reads the session's own grants, those of its roles included.
func readGrants(ctx context.Context, db *sql.DB) (grants, error) {
	query := "SHOW GRANTS"
	var role sql.NullString
	err := db.QueryRowContext(ctx, "SELECT CURRENT_ROLE()").Scan(&role)
	// MySQL answers quoted names or NONE and wants to be told whose grants to
	// show; MariaDB answers a bare name or NULL and shows them anyway.
	if err == nil && strings.HasPrefix(role.String, "`") {
		query += " FOR CURRENT_USER() USING " + role.String
	}
	rows, err := db.QueryContext(ctx, query)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	var list grants
	for rows.Next() {
		var line string
		if err := rows.Scan(&line); err != nil {
			return nil, err
		}
		if g, ok := parseGrant(line); ok {
			list = append(list, g)
		}
	}
	return list, rows.Err()
}

// grant is one line of SHOW GRANTS: privileges on a database and a table, * for
// all of them.
type grant struct {
	privileges []string
	schema     string // a pattern of LIKE
	table      string
}

// grants is what an account may do.
type grants []grant

// The shape of a grant, and the columns to which one is restricted.
var (
	grantForm   = regexp.MustCompile("^GRANT (.+) ON (?:TABLE )?(`(?:[^`]|``)+`|\\*)\\.(`(?:[^`]|``)+`|\\*) TO (.*)$")
	columnsForm = regexp.MustCompile(`[^,(]+\([^)]*\)`)
)

// parseGrant reads a line of SHOW GRANTS; false for one that is not about tables.
// A privilege on some columns alone counts as none.
func parseGrant(line string) (grant, bool) {
	m := grantForm.FindStringSubmatch(line)
	if m == nil {
		return grant{}, false
	}
	g := grant{schema: unquote(m[2]), table: unquote(m[3])}
	for p := range strings.SplitSeq(columnsForm.ReplaceAllString(m[1], ""), ",") {
		if p = strings.ToUpper(strings.TrimSpace(p)); p != "" {
			g.privileges = append(g.privileges, p)
		}
	}
	if strings.Contains(m[4], "WITH GRANT OPTION") {
		g.privileges = append(g.privileges, "GRANT OPTION")
	}
	return g, true
}

// unquote takes the backquotes off a name.
func unquote(s string) string {
	if s == "*" {
		return s
	}
	return strings.ReplaceAll(s[1:len(s)-1], "``", "`")
}

// may reports whether a privilege is held on a table.
func (g grant) may(privilege, schema, table string) bool {
	return (slices.Contains(g.privileges, privilege) || slices.Contains(g.privileges, "ALL PRIVILEGES") || slices.Contains(g.privileges, "ALL")) &&
		(g.schema == "*" || like(g.schema, schema)) && (g.table == "*" || g.table == table)
}

// like reports whether a name fits the pattern of a grant on databases.
func like(pattern, name string) bool {
	var re strings.Builder
	for i := 0; i < len(pattern); i++ {
		switch c := pattern[i]; {
		case c == '\\' && i+1 < len(pattern):
			i++
			re.WriteString(regexp.QuoteMeta(pattern[i : i+1]))
		case c == '%':
			re.WriteString(".*")
		case c == '_':
			re.WriteString(".")
		default:
			re.WriteString(regexp.QuoteMeta(pattern[i : i+1]))
		}
	}
	matched, err := regexp.MatchString("^(?s:"+re.String()+")$", name)
	return err == nil && matched
}

// missing are the findings about what is needed on our own tables.
func (list grants) missing(schema string, tables []string) []Finding {
	var lacking, without []string
	for _, p := range []string{"SELECT", "INSERT", "UPDATE", "DELETE"} {
		for _, t := range tables {
			if slices.ContainsFunc(list, func(g grant) bool { return g.may(p, schema, t) }) {
				continue
			}
			if !slices.Contains(lacking, p) {
				lacking = append(lacking, p)
			}
			if !slices.Contains(without, t) {
				without = append(without, t)
			}
		}
	}
	if lacking == nil {
		return nil
	}
	return one(Fail, fmt.Sprintf("the account may not %s on %d of our %d tables, such as %s", strings.Join(lacking, ", "), len(without), len(tables), without[0]),
		fmt.Sprintf("GRANT SELECT, INSERT, UPDATE, DELETE ON `%s`.* (or on these tables) to it", schema))
}

// dangerous is what nothing of ours needs, wherever it is granted. Migrations
// need CREATE, ALTER, INDEX and DROP, and are for an account of their own.
var dangerous = []string{
	"ALL PRIVILEGES", "SUPER", "FILE", "SHUTDOWN", "RELOAD", "CREATE USER", "GRANT OPTION", "DROP", "CREATE ROLE", "DROP ROLE",
	"CREATE TABLESPACE", "SYSTEM_USER", "SYSTEM_VARIABLES_ADMIN", "CONNECTION_ADMIN", "CONNECTION ADMIN", "SET USER", "FEDERATED ADMIN",
}

// changing is what an account that only reads does not need.
var changing = []string{"INSERT", "UPDATE", "DELETE", "CREATE", "ALTER"}

// excess are the findings about what is not needed.
func (list grants) excess(schema string, writes bool) []Finding {
	var found []Finding
	for _, g := range list {
		var held []string
		for _, p := range g.privileges {
			if slices.Contains(dangerous, p) || !writes && slices.Contains(changing, p) {
				held = append(held, p)
			}
		}
		if len(held) == 0 || g.schema != "*" && !like(g.schema, schema) {
			continue
		}
		where := g.schema + "." + g.table
		found = append(found, Finding{
			Severity: Warn, Message: fmt.Sprintf("the account holds more than it needs on %s: %s", where, strings.Join(held, ", ")),
			Do: fmt.Sprintf("REVOKE %s ON %s from it; run migrations as another account", strings.Join(held, ", "), where),
		})
	}
	return found
}
