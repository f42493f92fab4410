package oracle_test

import (
	"context"
	"database/sql"
	"encoding/json"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gitlab.com/eshopbox-team/return-sync/shared/localdb/localdbtest"
	"gitlab.com/eshopbox-team/return-sync/shared/sample"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/entity"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/oracle"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/source/mysql"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/store"
)

func TestMain(m *testing.M) { localdbtest.Main(m) }

// returns gives a database with sample returns, the definition, and the records
// as the pipeline would write them.
func returns(t *testing.T) (*sql.DB, entity.Definition, map[string]map[string]any) {
	t.Helper()
	dsn := localdbtest.New(t)
	db, err := sql.Open("mysql", dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	if err := sample.Migrate(t.Context(), db); err != nil {
		t.Fatal(err)
	}
	now := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
	if _, err := sample.Generate(t.Context(), db, sample.GenerateOptions{Rows: 40, Seed: 3, Now: now}); err != nil {
		t.Fatal(err)
	}
	defs, err := entity.Load("")
	if err != nil {
		t.Fatal(err)
	}
	src, err := mysql.Open(dsn, 2)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = src.Close() })
	var ids []uint64
	for id := range uint64(41) {
		ids = append(ids, id)
	}
	rows, err := src.Rows(t.Context(), defs[0], ids)
	if err != nil {
		t.Fatal(err)
	}
	docs := map[string]map[string]any{}
	for _, r := range rows.Records {
		doc := map[string]any{}
		if err := json.Unmarshal(r.Body, &doc); err != nil {
			t.Fatal(err)
		}
		doc[defs[0].Stamp] = 12345.0
		docs[r.ID] = doc
	}
	return db, defs[0], docs
}

// browse returns a browser over documents.
func browse(docs map[string]map[string]any) oracle.Browser {
	return func(_ context.Context, each func(map[string]any) error) error {
		for _, doc := range docs {
			if err := each(maps.Clone(doc)); err != nil {
				return err
			}
		}
		return nil
	}
}

// TestCompareNamesExactlyTheDifferences tampers with an index in every way.
func TestCompareNamesExactlyTheDifferences(t *testing.T) {
	db, d, docs := returns(t)
	r, err := oracle.Compare(t.Context(), db, d, browse(docs), nil)
	if err != nil || r.Differences() != 0 || r.Records != len(docs) || r.Records == 0 {
		t.Fatalf("an index that is right: %v, %v", r, err)
	}
	var ids []string
	for id := range docs {
		ids = append(ids, id)
	}
	gone, changed, parked, nested := ids[0], ids[1], ids[2], ids[3]
	delete(docs, gone)
	delete(docs, parked)
	docs[changed]["status"] = "ELSE"
	docs[nested]["item"] = map[string]any{"sku": "other"}
	docs["R999-1"] = map[string]any{"objectID": "R999-1"}
	r, err = oracle.Compare(t.Context(), db, d, browse(docs), map[string]bool{parked: true})
	if err != nil {
		t.Fatal(err)
	}
	different := []string{min(changed, nested), max(changed, nested)}
	want := oracle.Report{Records: len(ids), Missing: []string{gone}, Different: different, Orphaned: []string{"R999-1"}}
	if diff := cmp.Diff(want, r); diff != "" {
		t.Error(diff)
	}
	if text := r.String(); !strings.Contains(text, gone) || !strings.Contains(text, "R999-1") {
		t.Error(text)
	}
}

// TestSumsSeesEveryBrokenAccount breaks the tables in every way that Sums detects.
func TestSumsSeesEveryBrokenAccount(t *testing.T) {
	dsn := localdbtest.New(t)
	db, err := sql.Open("mysql", dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	own, err := store.Open(dsn, 2, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = own.Close() }()
	if _, err := own.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	exec := func(statement string) {
		t.Helper()
		if _, err := db.ExecContext(t.Context(), statement); err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}
	exec(`INSERT INTO order_return_algolia_sync (id, job_type, status, date_range_end) VALUES (1, 'RETURN_JOB', 0, '2026-11-01 00:15:00')`)
	exec(`INSERT INTO sync_run (id, entity, state, claim_id, claim_token, window_from, window_to, pages_total, pages_done, found, saved)
		VALUES (1, 'returns', 'synced', 1, 'a', '2026-11-01', '2026-11-01 00:15:00', 1, 1, 5, 5)`)
	exec(`INSERT INTO sync_page (run_id, page, state, roots, found, saved) VALUES (1, 1, 2, 3, 5, 5)`)
	if problems, err := oracle.Sums(t.Context(), db); err != nil || len(problems) != 0 {
		t.Fatalf("tables that are right: %v, %v", problems, err)
	}
	for want, pair := range map[string][2]string{
		"run 1: found":                   {"UPDATE sync_run SET parked = 1", "UPDATE sync_run SET parked = 0"},
		"page 1 of run 1: found":         {"UPDATE sync_page SET saved = 4", "UPDATE sync_page SET saved = 5"},
		"not every page is done":         {"UPDATE sync_page SET state = 1", "UPDATE sync_page SET state = 2"},
		"its pages found another number": {"UPDATE sync_page SET found = 6, deleted = 1", "UPDATE sync_page SET found = 5, deleted = 0"},
		"the watermark is not the end":   {"UPDATE order_return_algolia_sync SET date_range_end = '2026-11-02'", "UPDATE order_return_algolia_sync SET date_range_end = '2026-11-01 00:15:00'"},
	} {
		exec(pair[0])
		problems, err := oracle.Sums(t.Context(), db)
		if err != nil || len(problems) != 1 || !strings.Contains(problems[0], want) {
			t.Errorf("after %q: %q, %v", pair[0], problems, err)
		}
		exec(pair[1])
	}
}
