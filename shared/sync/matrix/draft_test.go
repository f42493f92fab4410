package matrix_test

import (
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

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
			f, err := entity.Draft(proposed, nil)
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
	f, err := entity.Draft(order, &entity.DraftChild{DraftTable: line, Column: "order_id"})
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
		if _, err := entity.Draft(described, nil); err == nil || !strings.Contains(err.Error(), words) {
			t.Errorf("%s: %v", table, err)
		}
	}
	if _, err := w.src.Describe(t.Context(), "nothing"); err == nil {
		t.Error("a missing table was described")
	}
}
