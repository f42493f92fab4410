// Package grants holds the rights of each part of the product on our tables. The
// statements in terraform/README.md are written from it, doctor compares an account with
// it, and a test compares it with the program's own SQL.
//
// A new table is one line of matrix.
package grants

import (
	"slices"
	"strings"
)

// Operator is the command line's role, which also migrates.
const Operator = "operator"

// Search is the role of the function that serves other tenants' customers; with
// passwords it has a user of its own.
const Search = "search"

// matrix has a line a table and a column a role: the functions by their folders,
// and the command line. A letter is a privilege; a dash is none.
const matrix = `
table                      cron  window  process  search  verify  schedules  scopes  watch  console  operator
order_return_algolia_sync  siu   siu     su       s       s       siu        siu     s      siu      siu
sync_alert                 -     -       -        -       -       -          -       siud   s        s
sync_alert_notice          -     -       -        -       -       -          -       siud   s        s
sync_audit                 siu   siu     -        -       -       siu        siu     -      siu      siu
sync_change                -     sid     sd       -       s       -          -       -      -        s
sync_drift                 -     -       -        -       siud    -          -       s      s        siud
sync_heartbeat             siu   -       -        -       -       siu        siu     siu    siu      siu
sync_index                 -     -       -        s       -       -          -       siu    s        siu
sync_job                   su    siu     su       -       -       su         su      s      siu      siu
sync_job_root              -     s       sd       -       -       -          -       -      siu      siu
sync_ledger                -     -       siud     -       s       -          -       s      -        sd
sync_log                   i     i       i        -       -       i          i       sid    si       si
sync_owner                 -     -       siud     -       -       -          -       -      -        sd
sync_page                  su    siu     sud      -       -       su         su      s      su       su
sync_parked                -     -       siu      -       -       -          -       s      s        sud
sync_recheck               siu   siu     siud     -       s       siu        siu     s      siu      siud
sync_run                   su    siu     su       -       s       su         su      s      su       su
sync_schedule              -     -       -        -       -       su         -       s      siud     siud
sync_schedule_poll         -     -       -        -       -       siu        -       s      s        siu
sync_schema                -     -       -        -       -       -          -       -      s        s
sync_scope                 -     -       -        -       -       siu        siud    -      siu      siud
sync_scope_member          -     -       -        -       -       sid        siud    -      sid      siud
sync_status                -     -       -        -       -       siud       siud    -      siu      siu
sync_target                s     s       siu      s       s       s          s       s      s        siu
sync_verify                -     -       -        -       siu     -          -       s      s        siu
`

// source are the roles that read the source's tables, named by the definitions.
var source = []string{"window", "process", "verify", Operator}

// Migrating are the operator's further rights on each of our tables: MySQL lets a user
// alter a table only with the right to insert.
var Migrating = []string{"CREATE", "ALTER", "INSERT"}

// privileges are the letters of matrix.
var privileges = []struct{ letter, name string }{{"s", "SELECT"}, {"i", "INSERT"}, {"u", "UPDATE"}, {"d", "DELETE"}}

// lines returns the fields of matrix, the header first.
func lines() [][]string {
	var all [][]string
	for line := range strings.Lines(strings.TrimSpace(matrix)) {
		all = append(all, strings.Fields(line))
	}
	return all
}

// Roles returns the roles: the functions, and the operator as the last.
func Roles() []string { return lines()[0][1:] }

// Tables returns our own tables.
func Tables() []string {
	var names []string
	for _, line := range lines()[1:] {
		names = append(names, line[0])
	}
	return names
}

// Shared returns the roles that share a user where users have passwords.
func Shared() []string {
	return slices.DeleteFunc(Roles(), func(role string) bool { return role == Search || role == Operator })
}

// ReadsSource reports whether one of the roles reads the source's tables.
func ReadsSource(roles ...string) bool {
	return slices.ContainsFunc(roles, func(role string) bool { return slices.Contains(source, role) })
}

// On returns the roles' privileges on one of our tables, in the order SELECT, INSERT,
// UPDATE, DELETE; none for an unknown table.
func On(table string, roles ...string) []string {
	var held []string
	all := lines()
	for _, p := range privileges {
		for _, line := range all[1:] {
			for i, letters := range line[1:] {
				if line[0] == table && slices.Contains(roles, all[0][i+1]) && strings.Contains(letters, p.letter) && !slices.Contains(held, p.name) {
					held = append(held, p.name)
				}
			}
		}
	}
	return held
}

// RolesOf returns the roles of an account by the names in terraform/README.md, with or
// without a prefix such as return-sync-; none for an unknown name.
func RolesOf(user string) []string {
	switch user {
	case "functions":
		return Shared()
	case "searcher":
		return []string{Search}
	}
	for _, role := range Roles() {
		if user == role || strings.HasSuffix(user, "-"+role) {
			return []string{role}
		}
	}
	return nil
}
