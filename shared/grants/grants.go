// Package grants holds the rights of each part of the product on our tables. The
// statements in terraform/README.md are written from it, doctor compares an account with
// it, and a test compares it with the program's own SQL.
//
// A new table is one line in its wing's file below tables.
package grants

import (
	"embed"
	"io/fs"
	"slices"
	"strings"
	"sync"
)

// Operator is the command line's role, which also migrates.
const Operator = "operator"

// Search is the role of the function that serves other tenants' customers; with
// passwords it has a user of its own.
const Search = "search"

// Follow is the role of the function that reads the source's binlog.
const Follow = "follow"

// Replica are the privileges on the whole source server with which its binlog is read. Each
// has several names: MariaDB calls the second one BINLOG MONITOR, and takes the other name
// in GRANT.
var Replica = []struct{ Names []string }{
	{[]string{"REPLICATION SLAVE", "REPLICATION REPLICA"}},
	{[]string{"REPLICATION CLIENT", "BINLOG MONITOR"}},
}

// tables holds one file a wing, named as the wing. A file is a matrix: a line a table
// and a column a role, which is the folder of a function, or the command line. A letter
// is a privilege; a dash is none. A wing's file may name tables of sync.txt again, for the
// wing's own roles.
//
//go:embed tables/*.txt
var tables embed.FS

// source are the roles that read the source's tables, named by the definitions.
var source = []string{"window", "process", "verify", "console", Follow, Operator}

// Migrating are the operator's further rights on each of our tables: MySQL lets a user
// alter a table only with the right to insert.
var Migrating = []string{"CREATE", "ALTER", "INSERT"}

// privileges are the letters of matrix.
var privileges = []struct{ letter, name string }{{"s", "SELECT"}, {"i", "INSERT"}, {"u", "UPDATE"}, {"d", "DELETE"}}

// line is a table's line of a file: the letters by role.
type line struct {
	table string
	roles []string // in the file's order
	held  map[string]string
}

// lines returns the lines of all files, sync's first.
var lines = sync.OnceValue(func() []line {
	files, err := fs.Glob(tables, "tables/*.txt")
	if err != nil || len(files) == 0 {
		panic("the files of rights are embedded")
	}
	const first = "tables/sync.txt"
	files = append([]string{first}, slices.DeleteFunc(files, func(f string) bool { return f == first })...)
	var all []line
	for _, file := range files {
		text, err := tables.ReadFile(file)
		if err != nil {
			panic(err) // the file is embedded
		}
		all = append(all, read(string(text))...)
	}
	return all
})

// read reads a file, its header first.
func read(text string) []line {
	var all []line
	var roles []string
	for one := range strings.Lines(strings.TrimSpace(text)) {
		fields := strings.Fields(one)
		if roles == nil {
			roles = fields[1:]
			continue
		}
		l := line{fields[0], roles, map[string]string{}}
		for i, letters := range fields[1:] {
			l.held[roles[i]] = letters
		}
		all = append(all, l)
	}
	return all
}

// Roles returns the roles: the functions, and the operator as the last.
func Roles() []string {
	var names []string
	for _, l := range lines() {
		for _, role := range l.roles {
			if role != Operator && !slices.Contains(names, role) {
				names = append(names, role)
			}
		}
	}
	return append(names, Operator)
}

// Tables returns our own tables.
func Tables() []string {
	var names []string
	for _, l := range lines() {
		if !slices.Contains(names, l.table) { // a wing's file may give its roles rights on a shared table
			names = append(names, l.table)
		}
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
	for _, p := range privileges {
		for _, l := range lines() {
			for _, role := range roles {
				if l.table == table && strings.Contains(l.held[role], p.letter) && !slices.Contains(held, p.name) {
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
