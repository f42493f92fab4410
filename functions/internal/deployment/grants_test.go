package deployment_test

import (
	"fmt"
	"go/constant"
	"io/fs"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/go/ssa"

	"gitlab.com/eshopbox-team/return-sync/functions/internal/wings"
	"gitlab.com/eshopbox-team/return-sync/functions/internal/wire"
	"gitlab.com/eshopbox-team/return-sync/shared/grants"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/store"
)

// folderOf returns the folder below functions of a role.
func folderOf(role string) string {
	if role == grants.Operator {
		return "cmd/returnsync"
	}
	return role
}

// TestGrantsAreWhatTheProgramUses reads, for every role, the SQL of all functions
// that can run in it, and compares the tables and verbs with what is granted: too
// little would be refused by the server, too much is more than it needs.
func TestGrantsAreWhatTheProgramUses(t *testing.T) {
	p := loadProgram(t)
	for _, role := range grants.Roles() {
		t.Run(role, func(t *testing.T) {
			start := p.roots[folderOf(role)]
			if start == nil {
				t.Fatalf("functions/%s starts nothing", folderOf(role))
			}
			reached := p.reach(start)
			u := usage{}
			reads := false
			for f := range reached {
				u.read(f)
				reads = reads || asksSource.MatchString(f.String())
			}
			if reads != grants.ReadsSource(role) {
				t.Errorf("reads the source: %v, granted: %v", reads, grants.ReadsSource(role))
			}
			for table := range u.versions() {
				u[table+" SELECT"] = "sqldb.DB.SchemaVersions"
			}
			for _, table := range grants.Tables() {
				u.compare(t, role, table)
			}
		})
	}
}

// asksSource are the functions that ask a definition's queries.
var asksSource = regexp.MustCompile(`shared/sync/source/mysql\.Source\)\.(EachChanged|CountChanged|ChangedSince|Roots|Rows|Versions)$`)

// unissued are statements that can be reached and are never sent, and why.
var unissued = map[string]string{
	"operator transfer_job DELETE":         servesAlone,
	"operator transfer_job_archive INSERT": servesAlone,
	"operator transfer_lease UPDATE":       servesAlone,
	"operator transfer_note UPDATE":        servesAlone,
	"operator sync_ledger INSERT":          servesNone,
	"operator sync_ledger UPDATE":          servesNone,
	"operator sync_parked INSERT":          servesNone,
}

// servesNone is why the operator's user needs no right of a function that a wing opens.
const servesNone = "the command line knows the wings and serves none of their functions"

// servesAlone is why the operator's user needs no right that a worker of transfers has.
const servesAlone = "returnsync transfers serve works on the database of its own file, as that file's user"

// usage is which functions need which privilege on which table: "sync_run UPDATE".
type usage map[string]string

// syncRoles are the roles that run sync's own code alone.
var syncRoles = []string{"cron", "window", "process", "search", "verify", "schedules", "scopes", "watch", "console", grants.Operator}

// verbs are the words that stand before a table's name.
var verbs = regexp.MustCompile(`\b(INSERT(?: IGNORE)? INTO|UPDATE|DELETE FROM|FROM|JOIN)\s+(\w+)`)

// read notes what a function's SQL needs.
func (u usage) read(f *ssa.Function) {
	texts := textsOf(f)
	all := strings.Join(texts, "\n")
	note := func(table string, privileges ...string) {
		for _, p := range privileges {
			u[table+" "+p] = f.String()
		}
	}
	if strings.HasSuffix(f.String(), "sqldb.DB).SchemaVersions") {
		u["versions"] = f.String()
	}
	for _, text := range texts {
		if strings.HasSuffix(text, "_schema") && slices.Contains(grants.Tables(), text) {
			u["list "+text] = f.String()
		}
		if slices.Contains(grants.Tables(), text) && strings.Contains(all, "DELETE FROM \n") {
			note(text, "DELETE", "SELECT") // the verb and the name stand apart
		}
		for _, m := range verbs.FindAllStringSubmatch(text, -1) {
			switch verb, table := m[1], m[2]; {
			case verb == "UPDATE":
				note(table, "UPDATE", "SELECT")
			case verb == "DELETE FROM":
				note(table, "DELETE", "SELECT")
			case verb == "FROM" || verb == "JOIN":
				note(table, "SELECT")
				if strings.Contains(text, "FOR UPDATE") {
					note(table, "FOR UPDATE")
				}
			case strings.Contains(all, "ON DUPLICATE KEY UPDATE"):
				note(table, "INSERT", "UPDATE", "SELECT")
			default:
				note(table, "INSERT")
			}
		}
	}
}

// versions returns the tables of versions that are read: all whose lists can be
// reached, if versions are read at all.
func (u usage) versions() map[string]bool {
	found := map[string]bool{}
	if _, asked := u["versions"]; !asked {
		return found
	}
	for what := range u {
		if table, ok := strings.CutPrefix(what, "list "); ok {
			found[table] = true
		}
	}
	return found
}

// textsOf returns the texts that stand in a function.
func textsOf(f *ssa.Function) []string {
	var texts []string
	for _, b := range f.Blocks {
		for _, in := range b.Instrs {
			for _, op := range in.Operands(nil) {
				if c, ok := (*op).(*ssa.Const); ok && c.Value != nil && c.Value.Kind() == constant.String {
					texts = append(texts, constant.StringVal(c.Value))
				}
			}
		}
	}
	return texts
}

// compare compares what is used of a table with what is granted on it.
func (u usage) compare(t *testing.T, role, table string) {
	t.Helper()
	granted := grants.On(table, role)
	for _, p := range []string{"SELECT", "INSERT", "UPDATE", "DELETE"} {
		by, used := u[table+" "+p]
		used = used && unissued[role+" "+table+" "+p] == ""
		switch holds := slices.Contains(granted, p); {
		case used && !holds:
			t.Errorf("%s needs %s on %s, which is not granted: %s", role, p, table, by)
		// What a wing's registration runs in sync's functions cannot be followed from them.
		case holds && !used && strings.HasPrefix(table, "sync_") && slices.Contains(syncRoles, role):
			t.Errorf("%s is granted %s on %s, and nothing of it uses that", role, p, table)
		}
	}
	// MySQL wants more than SELECT of who locks rows, MariaDB does not.
	if by, locks := u[table+" FOR UPDATE"]; locks && !slices.Contains(granted, "UPDATE") && !slices.Contains(granted, "DELETE") {
		t.Errorf("%s locks rows of %s and may neither UPDATE nor DELETE: %s", role, table, by)
	}
}

// TestUsageIsSeen holds the reading of SQL to statements of every form.
func TestUsageIsSeen(t *testing.T) {
	p := loadProgram(t)
	u := usage{}
	for f := range p.reach(p.roots["cmd/server"]) {
		u.read(f)
	}
	for _, want := range []string{
		"sync_ledger UPDATE", "sync_ledger INSERT", // by a function that is kept in a field
		"sync_target SELECT", "sync_audit INSERT", // by a closure in a field, by a table of actions
		"sync_drift UPDATE", "sync_change DELETE", "sync_alert_notice DELETE",
	} {
		if u[want] == "" {
			t.Errorf("%s is not seen", want)
		}
	}
}

// made is a table that a migration makes.
var made = regexp.MustCompile(`(?i)CREATE TABLE(?: IF NOT EXISTS)? +(\w+)`)

// TestEveryTableIsDecided compares the tables that the migrations make with those
// of which package grants says who may do what.
func TestEveryTableIsDecided(t *testing.T) {
	var want []string
	for _, list := range append(wire.WingTables(wings.All()), store.Migrations()) {
		want = append(want, list.Table) // made by the library that migrates
		err := fs.WalkDir(list.Files, ".", func(path string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() {
				return err
			}
			text, err := fs.ReadFile(list.Files, path)
			for _, m := range made.FindAllStringSubmatch(string(text), -1) {
				want = append(want, m[1])
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	slices.Sort(want)
	have := grants.Tables()
	slices.Sort(have)
	if diff := cmp.Diff(want, have); diff != "" {
		t.Errorf("tables (-migrations +shared/grants): each needs a line of matrix:\n%s", diff)
	}
	if roles := grants.Roles(); len(roles) != len(load(t, terraform, required()).modules())+1 {
		t.Errorf("the roles are %v: want one a function, and the operator", fmt.Sprint(roles))
	}
}
