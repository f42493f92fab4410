package matrix_test

import (
	"encoding/json"
	"maps"
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"testing"

	"gitlab.com/eshopbox-team/return-sync/shared/search"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/entity"
)

// TestDraftsSync proposes a definition for each table of the matrix and syncs by it as it
// is, but for the names that this test's world has. The view is proposed by its table.
func TestDraftsSync(t *testing.T) {
	first := regexp.MustCompile(`CREATE TABLE (\w+)`)
	for _, name := range slices.Sorted(maps.Keys(tables)) {
		shape := tables[name]
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			probe := newWorld(t, setup{}, numbered(false, false), shape.create...)
			proposed, err := probe.src.Describe(t.Context(), first.FindStringSubmatch(shape.create[0])[1])
			if err != nil {
				t.Fatal(err)
			}
			f, err := entity.Draft(proposed, nil, "entities")
			if err != nil {
				t.Fatal(err)
			}
			draft := files(f)
			draft["entity.yaml"] = regexp.MustCompile(`(?m)^(name|index): .*$`).ReplaceAllString(draft["entity.yaml"], "$1: thing")
			shape.def = draft
			playTable(t, setup{}, shape)
		})
	}
}

// TestDraftOfAChild proposes records of a child's rows, and leaves personal data out.
func TestDraftOfAChild(t *testing.T) {
	create := []string{
		`CREATE TABLE shop_order (id INT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY, tenant VARCHAR(20) NOT NULL, customer_email VARCHAR(90) NULL, note JSON NULL,
			updated_at TIMESTAMP(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6) ON UPDATE CURRENT_TIMESTAMP(6), deleted_at DATETIME NULL) CHARSET=utf8mb4`,
		`CREATE TABLE shop_line (id INT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY, order_id INT UNSIGNED NOT NULL, sku VARCHAR(30) NOT NULL, gift TINYINT(1) NOT NULL DEFAULT 0, photo BLOB NULL,
			updated_at TIMESTAMP(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6) ON UPDATE CURRENT_TIMESTAMP(6)) CHARSET=utf8mb4`,
	}
	probe := newWorld(t, setup{}, numbered(false, false), create...)
	order, err := probe.src.Describe(t.Context(), "shop_order")
	probe.must(err)
	line, err := probe.src.Describe(t.Context(), "shop_line")
	probe.must(err)
	f, err := entity.Draft(order, &entity.DraftChild{DraftTable: line, Column: "order_id"}, "entities")
	probe.must(err)
	for file, words := range map[string][]string{
		"entity.yaml": {"Columns that may be it: tenant", "note: json", "shop_line.gift: bool", "rootField: id"},
		"changed.sql": {"UNION", "shop_line"}, "rows.sql": {"customer_email`: it may be personal data", "photo`: a blob has no JSON form", "deleted_at` IS NULL"},
	} {
		for _, word := range words {
			if file == "entity.yaml" && strings.Contains(word, "json") && !strings.Contains(scalar(t, probe.tables, "SELECT VERSION()"), "MariaDB") {
				continue // MySQL's driver says what is JSON
			}
			if !strings.Contains(f[file], word) {
				t.Errorf("%s does not say %q:\n%s", file, word, f[file])
			}
		}
	}
	if strings.Contains(strings.SplitN(f["rows.sql"], "SELECT", 2)[1], "email") {
		t.Errorf("personal data is selected:\n%s", f["rows.sql"])
	}
	f["entity.yaml"] = regexp.MustCompile(`(?m)^(name|index): .*$`).ReplaceAllString(f["entity.yaml"], "$1: thing")
	f["entity.yaml"] = strings.Replace(f["entity.yaml"], "#account: ", "account: tenant", 1)
	w := newWorld(t, setup{}, f, create...)
	if _, err := search.NewSchema(search.Schema{Index: w.def.Index, Account: w.def.Account, Format: w.def.Format}, w.def.Settings); err != nil {
		t.Errorf("with the account that the comment asks for, the proposal cannot be searched: %v", err)
	}
	w.exec(`INSERT INTO shop_order (tenant, customer_email, note) VALUES ('acme', 'a@example.com', '{"a": 1}'), ('acme', NULL, NULL)`)
	w.exec("INSERT INTO shop_line (order_id, sku, gift) VALUES (1, 'A', 1), (1, 'B', 0), (2, 'C', 0)")
	w.sync()
	w.agrees("after the first sync")
	w.exec("UPDATE shop_line SET gift = 1 WHERE id = 3")
	w.exec("UPDATE shop_order SET deleted_at = NOW() WHERE id = 1")
	w.sync()
	w.agrees("after changes")
}

// TestDraftsThatCannotBe names what a table lacks.
func TestDraftsThatCannotBe(t *testing.T) {
	w := newWorld(t, setup{}, numbered(false, false),
		"CREATE TABLE no_key (a INT, updated_at DATETIME)", "CREATE TABLE no_stamp (id INT PRIMARY KEY, name TEXT)")
	for table, words := range map[string]string{"no_key": "no primary key", "no_stamp": "when a row changed"} {
		described, err := w.src.Describe(t.Context(), table)
		w.must(err)
		if _, err := entity.Draft(described, nil, "entities"); err == nil || !strings.Contains(err.Error(), words) {
			t.Errorf("%s: %v", table, err)
		}
	}
	if _, err := w.src.Describe(t.Context(), "nothing"); err == nil {
		t.Error("a missing table was described")
	}
}

// oddNames are column names that mean something to YAML, SQL, JSON or ourselves.
var oddNames = []string{
	"on", "yes", "null", "~", "1", "1e3", "-", "a.b", "a_b", "A.c", "select", "größe", "with space", "colon: x", "#hash", "it's", `"dq"`, "back`tick", "item", "objectid", "accountKey", "_root", "_version", "_version_x",
	"%s", "{x}", "[y]", "?", ":ids", ":from", "semi;colon", "-- dash", "/*c*/", "*star", "&amp", "!bang", "|", ">", "@at", "\\n", "tab\there", "true", "name", "index", "types", "plain",
}

// TestDraftsOfOddTables proposes definitions for tables with odd columns of random types,
// alone and with a child of the name of a column, and syncs by the proposals as they are.
func TestDraftsOfOddTables(t *testing.T) {
	dice := rand.New(rand.NewPCG(17, 12))
	quote := func(name string) string { return "`" + strings.ReplaceAll(name, "`", "``") + "`" }
	named := regexp.MustCompile(`(?m)^(name|index): .*$`)
	order := dice.Perm(len(oddNames))
	const atOnce = 9
	for start := 0; start < len(order); start += atOnce {
		var columns []string
		for _, n := range order[start:min(start+atOnce, len(order))] {
			columns = append(columns, quote(oddNames[n])+" "+[]string{"INT", "TINYINT(1)", "VARCHAR(30)", "DATETIME", "DECIMAL(9,2)", "ENUM('a','b')", "JSON", "DATE", "BLOB"}[dice.IntN(9)]+" NULL")
		}
		withChild := dice.IntN(2) == 0
		t.Run(strings.ReplaceAll(strings.Join(columns, ", "), "/", ""), func(t *testing.T) {
			t.Parallel()
			create := []string{"CREATE TABLE thing (id INT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY, " + strings.Join(columns, ", ") + ", updated_at TIMESTAMP(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6) ON UPDATE CURRENT_TIMESTAMP(6)) CHARSET=utf8mb4",
				"CREATE TABLE item (id INT NOT NULL AUTO_INCREMENT PRIMARY KEY, thing_id INT UNSIGNED NOT NULL, " + strings.Join(columns, ", ") + ", KEY (thing_id)) CHARSET=utf8mb4"}
			w := newWorld(t, setup{}, numbered(false, false), create...)
			parent, err := w.src.Describe(t.Context(), "thing")
			w.must(err)
			var child *entity.DraftChild
			if withChild {
				child = &entity.DraftChild{Column: "thing_id"}
				child.DraftTable, err = w.src.Describe(t.Context(), "item")
				w.must(err)
			}
			f, err := entity.Draft(parent, child, "entities")
			w.must(err)
			f["entity.yaml"] = named.ReplaceAllString(f["entity.yaml"], "$1: thing")
			var settings map[string][]string
			w.must(json.Unmarshal([]byte(f["settings.json"]), &settings))
			settings["attributesForFaceting"] = append(settings["attributesForFaceting"], "filterOnly(tenant)")
			withTenant, _ := json.Marshal(settings)
			if _, err := search.NewSchema(search.Schema{Index: "thing", Account: "tenant"}, withTenant); err != nil {
				t.Errorf("%v: %s", err, withTenant)
			}
			w.def, err = load(t, f)
			w.must(err)
			w.must(w.client.ApplySettings(t.Context(), w.def.Index, w.def.Settings))
			w.must(w.src.Check(t.Context(), w.def))
			w.exec("INSERT INTO thing (id) VALUES (1), (2), (3)")
			w.exec("INSERT INTO item (thing_id) VALUES (1), (2), (2)")
			w.sync()
			w.agrees("at first")
		})
	}
}
