package entity

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestEmbeddedReturns(t *testing.T) {
	defs, err := Load("")
	if err != nil {
		t.Fatal(err)
	}
	if len(defs) != 1 {
		t.Fatalf("%d definitions", len(defs))
	}
	d := defs[0]
	got := []any{d.Name, d.JobType, d.Index, d.Account, d.Overlap, d.RecordLimit}
	if diff := cmp.Diff([]any{"returns", "RETURN_JOB", "es_prod", "account", 30 * time.Minute, 10_000}, got); diff != "" {
		t.Error(diff)
	}
	text, args := d.Changed.Bind(map[string][]any{"from": {1}, "to": {2}})
	if strings.Count(text, "?") != 4 || len(args) != 4 || strings.Contains(text, "--") {
		t.Errorf("%s %v", text, args)
	}
}

// TestReturnsKeepPersonalDataHome reads the query for columns that must never
// leave the database.
func TestReturnsKeepPersonalDataHome(t *testing.T) {
	text, err := embedded.ReadFile("returns/rows.sql")
	if err != nil {
		t.Fatal(err)
	}
	q, err := ParseQuery(string(text), "ids")
	if err != nil {
		t.Fatal(err)
	}
	sql, _ := q.Bind(map[string][]any{"ids": {1}})
	selected, _, _ := strings.Cut(sql, "FROM (")
	for _, column := range []string{"email", "pickup_address", "remarks", "customer_comment", "r.contact_phone  "} {
		if strings.Contains(selected, column) {
			t.Errorf("%s is selected", column)
		}
	}
}

// write puts a definition's files into a folder below dir.
func write(t *testing.T, dir, name string, files map[string]string) {
	t.Helper()
	folder := filepath.Join(dir, name)
	if err := os.MkdirAll(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	for file, text := range files {
		if err := os.WriteFile(filepath.Join(folder, file), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// good is a definition that loads.
func good() map[string]string {
	return map[string]string{
		"entity.yaml": "name: orders\njobType: ORDER_JOB\nindex: orders\n",
		"changed.sql": "SELECT id AS _root FROM orders WHERE updated_at >= :from AND updated_at < :to",
		"rows.sql":    "SELECT id AS _root, updated_at AS _version, CONCAT('O', id) AS objectID FROM orders WHERE id IN (:ids)",
	}
}

func TestLoadAddsAndReplaces(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "orders", good())
	replacement := good()
	replacement["entity.yaml"] = "name: returns\njobType: RETURN_JOB\nindex: other\npageSize: 5\n"
	write(t, dir, "my-returns", replacement)
	defs, err := Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, d := range defs {
		got = append(got, d.Name+" "+d.Index)
	}
	if diff := cmp.Diff([]string{"orders orders", "returns other"}, got); diff != "" {
		t.Error(diff)
	}
}

func TestLoadRefuses(t *testing.T) {
	cases := map[string]struct {
		file, text string
		want       []string
	}{
		"unknown key":       {"entity.yaml", "name: orders\njobType: J\nindex: o\ncolour: red\n", []string{"entity.yaml", "[4:", "colour"}},
		"bad name":          {"entity.yaml", "name: Orders!\njobType: J\nindex: o\n", []string{"name", "small letters"}},
		"bad job":           {"entity.yaml", "name: orders\nindex: o\n", []string{"jobType"}},
		"bad index":         {"entity.yaml", "name: orders\njobType: J\nindex: ../x\n", []string{"index"}},
		"same job":          {"entity.yaml", "name: orders\njobType: RETURN_JOB\nindex: o\n", []string{"each other's claim"}},
		"same job, small":   {"entity.yaml", "name: orders\njobType: return_job\nindex: o\n", []string{"each other's claim"}},
		"same index":        {"entity.yaml", "name: orders\njobType: J\nindex: es_prod\n", []string{"both write index"}},
		"page too large":    {"entity.yaml", "name: orders\njobType: J\nindex: o\npageSize: 1000000\n", []string{"pageSize"}},
		"bad limit":         {"entity.yaml", "name: orders\njobType: J\nindex: o\nrecordLimit: 5\n", []string{"recordLimit"}},
		"bad overlap":       {"entity.yaml", "name: orders\njobType: J\nindex: o\noverlap: 5s\n", []string{"overlap", "longest transaction"}},
		"bad first":         {"entity.yaml", "name: orders\njobType: J\nindex: o\nfirstFrom: 1.1.2020\n", []string{"firstFrom"}},
		"bad type":          {"entity.yaml", "name: orders\njobType: J\nindex: o\ntypes: {a: date}\n", []string{"types: a", "epochMillis"}},
		"unknown parameter": {"rows.sql", "SELECT 1\nFROM o\nWHERE a = :account", []string{"rows.sql", "line 3", ":account"}},
		"missing parameter": {"changed.sql", "SELECT 1 WHERE a > :from", []string{"changed.sql", ":to is missing"}},
		"two statements":    {"rows.sql", "SELECT :ids; DROP TABLE x", []string{"rows.sql", "more than one statement"}},
		"open quote":        {"rows.sql", "SELECT 'a\n:ids", []string{"rows.sql", "does not end"}},
		"bad settings":      {"settings.json", "[]", []string{"settings.json"}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			files := good()
			files[c.file] = c.text
			write(t, dir, "orders", files)
			_, err := Load(dir)
			if err == nil {
				t.Fatal("accepted")
			}
			for _, want := range c.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("%q does not say %q", err, want)
				}
			}
		})
	}
	if _, err := Load(filepath.Join(t.TempDir(), "absent")); err == nil {
		t.Error("a folder that is not there was accepted")
	}
}

func TestParseQueryHonoursQuotesAndComments(t *testing.T) {
	q, err := ParseQuery("SELECT ':ids', \"it''s :x\", `a:b`, '\\':y' -- :z\nFROM t /* :w */ WHERE id IN (:ids) # end :v\n;\n", "ids")
	if err != nil {
		t.Fatal(err)
	}
	text, args := q.Bind(map[string][]any{"ids": {1, 2, 3}})
	want := "SELECT ':ids', \"it''s :x\", `a:b`, '\\':y'  \nFROM t   WHERE id IN (?,?,?)"
	if diff := cmp.Diff(want, strings.TrimRight(text, " ")); diff != "" || len(args) != 3 {
		t.Error(diff, args)
	}
}

func FuzzParseQuery(f *testing.F) {
	f.Add("SELECT a FROM b WHERE c IN (:ids) -- x")
	f.Add("'\\")
	f.Fuzz(func(t *testing.T, text string) {
		q, err := ParseQuery(text, "ids")
		if err != nil {
			return
		}
		if _, args := q.Bind(map[string][]any{"ids": {1, 2}}); len(args) < 2 {
			t.Error("a value was not bound")
		}
	})
}
