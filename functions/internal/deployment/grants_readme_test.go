package deployment_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"gitlab.com/eshopbox-team/return-sync/functions/internal/rehearsal"
	"gitlab.com/eshopbox-team/return-sync/shared/grants"
)

var update = flag.Bool("update", false, "write the statements of terraform/README.md")

// TestReadmeGrants compares the statements of terraform/README.md with package
// grants, from which -update writes them.
func TestReadmeGrants(t *testing.T) {
	path := terraform + "/README.md"
	want := rehearsal.Grants{Operator: operatorGrants(), Passwords: passwordGrants(), IAM: iamGrants(), Follow: followGrants()}
	if *update {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		blocks := [][]string{want.Operator, want.Passwords, want.IAM, want.Follow}
		begin := strings.Index(string(text), "### The database's users\n")
		end := begin + strings.Index(string(text)[begin:], "\n## ")
		section := regexp.MustCompile("(?s)```sql\n.*?```").ReplaceAllStringFunc(string(text)[begin:end], func(string) string {
			block := blocks[0]
			blocks = blocks[1:]
			return "```sql\n" + strings.Join(block, ";\n") + ";\n```"
		})
		if err := os.WriteFile(path, []byte(string(text)[:begin]+section+string(text)[end:]), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	have, err := rehearsal.ReadGrants(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, have); diff != "" {
		t.Errorf("statements (-shared/grants +terraform/README.md); run this test with -update:\n%s", diff)
	}
}

// followGrants lets the functions' user read the binlog.
func followGrants() []string {
	var names []string
	for _, p := range grants.Replica {
		names = append(names, p.Names[0])
	}
	return []string{"GRANT " + strings.Join(names, ", ") + " ON *.* TO 'functions'@'%'"}
}

// grant is a statement for one table and some users.
func grant(privileges []string, table string, users ...string) string {
	return fmt.Sprintf("GRANT %s ON warehouse.%s TO '%s'@'%%'", strings.Join(privileges, ", "), table, strings.Join(users, "'@'%', '"))
}

// sourceGrants lets users read what the definition of returns names.
func sourceGrants(users ...string) []string {
	files, err := filepath.Glob(root + "/shared/sync/entity/returns/*.sql")
	if err != nil || len(files) == 0 {
		panic(fmt.Sprint("no definition of returns: ", err))
	}
	names := map[string]bool{}
	for _, f := range files {
		text, err := os.ReadFile(f)
		if err != nil {
			panic(err)
		}
		for _, m := range regexp.MustCompile(`(?i)\b(?:FROM|JOIN)\s+(order_\w+)`).FindAllStringSubmatch(string(text), -1) {
			names[m[1]] = true
		}
	}
	var statements []string
	for name := range names {
		statements = append(statements, grant([]string{"SELECT"}, name, users...))
	}
	slices.Sort(statements)
	return statements
}

// operatorGrants are for the user that migrates.
func operatorGrants() []string {
	list := append([]string{"CREATE USER IF NOT EXISTS 'operator'@'%' IDENTIFIED BY '...'"}, sourceGrants("operator")...)
	for _, table := range grants.Tables() {
		held := append(grants.On(table, grants.Operator), grants.Migrating...)
		inOrder := slices.DeleteFunc([]string{"SELECT", "INSERT", "UPDATE", "DELETE", "CREATE", "ALTER"}, func(p string) bool { return !slices.Contains(held, p) })
		list = append(list, grant(inOrder, table, "operator"))
	}
	return list
}

// passwordGrants are for the functions' users with passwords.
func passwordGrants() []string {
	list := []string{"CREATE USER IF NOT EXISTS 'functions'@'%' IDENTIFIED BY '...'", "CREATE USER IF NOT EXISTS 'searcher'@'%' IDENTIFIED BY '...'"}
	list = append(list, sourceGrants("functions")...)
	for _, table := range grants.Tables() {
		list = append(list, grant(grants.On(table, grants.Shared()...), table, "functions"))
	}
	for _, table := range grants.Tables() {
		if privileges := grants.On(table, grants.Search); privileges != nil {
			list = append(list, grant(privileges, table, "searcher"))
		}
	}
	return list
}

// iamGrants are for the users that Terraform makes, one a function; functions that
// need the same on a table share a statement.
func iamGrants() []string {
	name := func(role string) string { return "return-sync-" + role }
	var readers []string
	for _, role := range grants.Roles() {
		if role != grants.Operator && grants.ReadsSource(role) {
			readers = append(readers, name(role))
		}
	}
	list := sourceGrants(readers...)
	for _, table := range grants.Tables() {
		var order []string
		users := map[string][]string{}
		for _, role := range grants.Roles() {
			privileges := strings.Join(grants.On(table, role), ", ")
			if privileges == "" || role == grants.Operator {
				continue
			}
			if users[privileges] == nil {
				order = append(order, privileges)
			}
			users[privileges] = append(users[privileges], name(role))
		}
		for _, privileges := range order {
			list = append(list, grant([]string{privileges}, table, users[privileges]...))
		}
	}
	return list
}
