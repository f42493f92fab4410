package doctor

import (
	"context"
	"database/sql"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"gitlab.com/eshopbox-team/return-sync/shared/grants"
)

// Account is an account of a database with its purpose.
type Account struct {
	Database Database
	// Writes says that the database holds our own tables; otherwise the account only reads.
	Writes bool
}

// Privileges compares an account's privileges with those that package grants lists for its
// part of the product. The account's name says which part; an account of another name
// needs the privileges of all functions. The check of the definitions' queries covers the
// right to read their tables.
func Privileges(ctx context.Context, a Account) []Finding {
	list, err := readGrants(ctx, a.Database.SQL)
	if err != nil {
		return blind("the account's privileges", err, "")
	}
	var schema, user string
	if err := a.Database.SQL.QueryRowContext(ctx, "SELECT DATABASE(), SUBSTRING_INDEX(CURRENT_USER(), '@', 1)").Scan(&schema, &user); err != nil {
		return blind("the account's privileges", err, "")
	}
	roles := grants.RolesOf(user)
	if !a.Writes {
		return orOK(list.excess(schema, false), "the account has the privileges that it needs, and no dangerous ones")
	}
	if roles == nil {
		found := append(list.missing(schema, grants.Shared()), list.excess(schema, true)...)
		return orOK(found, "the account has the privileges that the functions need, and no dangerous ones")
	}
	found := slices.Concat(list.missing(schema, roles), list.excess(schema, true), list.beyond(schema, roles))
	return orOK(found, "%s has the privileges that %s needs, and no others", user, strings.Join(roles, ", "))
}

// runGrants is the remedy for an account with other privileges than documented.
const runGrants = "run the statements of terraform/README.md, The database's users"

// readGrants reads the session's own grants, those of its roles included.
func readGrants(ctx context.Context, db *sql.DB) (grantList, error) {
	query := "SHOW GRANTS"
	var role sql.NullString
	err := db.QueryRowContext(ctx, "SELECT CURRENT_ROLE()").Scan(&role)
	// MySQL answers quoted names or NONE and shows a role's grants only on request;
	// MariaDB answers a bare name or NULL and always shows them.
	if err == nil && strings.HasPrefix(role.String, "`") {
		query += " FOR CURRENT_USER() USING " + role.String
	}
	rows, err := db.QueryContext(ctx, query)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	var list grantList
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

// grantList is the grants of an account.
type grantList []grant

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

// held reports whether a privilege is held on a table by any of the grants.
func (list grantList) held(privilege, schema, table string) bool {
	return slices.ContainsFunc(list, func(g grant) bool { return g.may(privilege, schema, table) })
}

// missing are the findings about lacking privileges on our own tables. The list of tables
// is ours, not the server's: a server hides tables from an account without a privilege on
// them.
func (list grantList) missing(schema string, roles []string) []Finding {
	var lacking []string
	for _, table := range grants.Tables() {
		for _, p := range grants.On(table, roles...) {
			if !list.held(p, schema, table) {
				lacking = append(lacking, p+" on "+table)
			}
		}
	}
	if lacking == nil {
		return nil
	}
	return one(Fail, fmt.Sprintf("the account lacks %d privileges that %s needs: %s", len(lacking), strings.Join(roles, ", "), listed(lacking)), runGrants)
}

// beyond are the findings about unneeded privileges on our own tables.
func (list grantList) beyond(schema string, roles []string) []Finding {
	var more []string
	for _, table := range grants.Tables() {
		needed := grants.On(table, roles...)
		if slices.Contains(roles, grants.Operator) {
			needed = append(needed, grants.Migrating...)
		}
		for _, p := range []string{"SELECT", "INSERT", "UPDATE", "DELETE", "CREATE", "ALTER", "INDEX"} {
			if list.held(p, schema, table) && !slices.Contains(needed, p) {
				more = append(more, p+" on "+table)
			}
		}
	}
	if more == nil {
		return nil
	}
	return one(Warn, fmt.Sprintf("the account holds %d privileges that %s does not need: %s", len(more), strings.Join(roles, ", "), listed(more)),
		"REVOKE them, and "+runGrants)
}

// listed lists the first few of many.
func listed(all []string) string {
	const few = 5
	if len(all) > few {
		return strings.Join(all[:few], ", ") + " and others"
	}
	return strings.Join(all, ", ")
}

// dangerous are the privileges that no part of the product needs anywhere. Migrations need
// CREATE, ALTER, INDEX and DROP, and have an account of their own.
var dangerous = []string{
	"ALL PRIVILEGES", "SUPER", "FILE", "SHUTDOWN", "RELOAD", "CREATE USER", "GRANT OPTION", "DROP", "CREATE ROLE", "DROP ROLE",
	"CREATE TABLESPACE", "SYSTEM_USER", "SYSTEM_VARIABLES_ADMIN", "CONNECTION_ADMIN", "CONNECTION ADMIN", "SET USER", "FEDERATED ADMIN",
}

// changing are the privileges that an account that only reads does not need.
var changing = []string{"INSERT", "UPDATE", "DELETE", "CREATE", "ALTER"}

// excess are the findings about dangerous and unneeded privileges.
func (list grantList) excess(schema string, writes bool) []Finding {
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
