package main

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"gitlab.com/eshopbox-team/return-sync/functions/console"
	"gitlab.com/eshopbox-team/return-sync/functions/internal/rehearsal"
	"gitlab.com/eshopbox-team/return-sync/functions/process"
	"gitlab.com/eshopbox-team/return-sync/functions/window"
)

// TestTaskOfAddingAnEntity plays what an operator types to have another table synced: three
// command lines, of which the last ends when the index holds the table's rows. The console
// then shows the entity by itself.
func TestTaskOfAddingAnEntity(t *testing.T) {
	dir := t.TempDir()
	s, d := stack(t, 5, rehearsal.Options{Every: time.Hour, HoldTicks: true, Workers: 2, Env: []string{"ENTITIES_DIR=" + dir}})
	exec(t, s.DB, "CREATE TABLE product (id INT PRIMARY KEY, name VARCHAR(40) NOT NULL, updated_at DATETIME(6) NOT NULL, KEY (updated_at))")
	exec(t, s.DB, "INSERT INTO product VALUES (1, 'lamp', UTC_TIMESTAMP(6) - INTERVAL 1 DAY), (2, 'sofa', UTC_TIMESTAMP(6) - INTERVAL 1 DAY)")
	began, typed := time.Now(), 0
	for _, line := range []struct{ words, says string }{
		{"entities init product --into " + dir, "wrote"},
		{"entities check product --entities-dir " + dir, "product: ok"},
		{"", ""}, // the functions notice the folder
		{"sync --entity product --wait --entities-dir " + dir, "synced"},
	} {
		if line.words == "" {
			// They do so within 20 seconds, or at once when they start.
			for _, name := range []string{window.Function.Name, process.Function.Name, console.Function.Name} {
				if err := s.Kill(name); err != nil {
					t.Fatal(err)
				}
				if err := s.Revive(t.Context(), name); err != nil {
					t.Fatal(err)
				}
			}
			continue
		}
		call(t, d, strings.Fields(line.words)...).expect(t, exitOK, []string{line.says}, nil)
		typed += len("returnsync ") + len(strings.ReplaceAll(line.words, dir, "entities"))
	}
	t.Logf("add an entity: 3 command lines, %d keystrokes, %.1f s of waits", typed, time.Since(began).Seconds())
	var n int
	if err := s.DB.QueryRowContext(t.Context(), "SELECT SUM(saved) FROM sync_run WHERE entity = 'product' AND state = 'synced'").Scan(&n); err != nil || n != 2 {
		t.Errorf("%d records of product, %v; want 2", n, err)
	}
	token, err := s.Operator()
	if err != nil {
		t.Fatal(err)
	}
	answered(t, s.ConsoleURL()+"/state", token, func(body string) bool { return strings.Contains(body, `"name":"product"`) })
	if found, err := filepath.Glob(filepath.Join(dir, "product", "*")); err != nil || len(found) != 4 {
		t.Errorf("%v, %v; want four files", found, err)
	}
}
