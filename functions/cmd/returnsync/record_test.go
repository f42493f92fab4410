package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"gitlab.com/eshopbox-team/return-sync/functions/internal/rehearsal"
	"gitlab.com/eshopbox-team/return-sync/shared/doctor"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/verify"
)

// TestRecordShow asks about records that are found, were never there, and changed.
func TestRecordShow(t *testing.T) {
	s, d := stack(t, 20, rehearsal.Options{})
	synced(t, s)
	var id string
	if err := s.DB.QueryRowContext(t.Context(), "SELECT CONCAT('R', order_return_id, '-', id) FROM order_return_item WHERE order_return_id = 3 LIMIT 1").Scan(&id); err != nil {
		t.Fatal(err)
	}
	call(t, d, "record", "show", id).expect(t, exitOK, []string{id + " of returns", "root        3,", "pushed with its present content", "found       the index holds"}, nil)
	call(t, d, "record", "show", "R999-1").expect(t, exitAttention, []string{"root        unknown", "not found", "no row for it"}, nil)
	exec(t, s.DB, "UPDATE order_return SET customer_name = 'Somebody Else', row_version = row_version + 1, updated_at = NOW(6) WHERE id = 3")
	r := call(t, d, "record", "show", id, "--json")
	r.expect(t, exitAttention, nil, nil)
	var report verify.RecordReport
	if err := json.Unmarshal([]byte(r.out), &report); err != nil || report.Root != 3 || len(report.Differences) == 0 || !report.Waiting {
		t.Errorf("%v: %s", err, r.out)
	}
}

// TestEntitiesPreview prints records, and the schema of their definition.
func TestEntitiesPreview(t *testing.T) {
	dsn, _ := database(t, 30)
	d := inProcess(t, local(dsn))
	r := call(t, d, "entities", "preview", "returns", "--limit", "3")
	r.expect(t, exitOK, nil, nil)
	var p doctor.Preview
	if err := json.Unmarshal([]byte(r.out), &p); err != nil || len(p.Records) < 3 || len(p.Plans["changed.sql"]) == 0 || len(p.Plans["rows.sql"]) == 0 {
		t.Fatalf("%v: %s", err, r.out)
	}
	if one := p.Records[0]; one.Bytes < 100 || one.Parked != "" || !strings.Contains(string(one.Record), one.ID) {
		t.Errorf("%+v", one)
	}
	r = call(t, d, "entities", "preview", "returns", "--id", "7")
	if err := json.Unmarshal([]byte(r.out), &p); err != nil || len(p.Records) == 0 || p.Records[0].Root != "7" {
		t.Errorf("%v: %s", err, r.out)
	}
	call(t, d, "entities", "preview", "nothing").expect(t, exitError, nil, []string{"there is no entity", "returns"})
	call(t, d, "entities", "schema").expect(t, exitOK, []string{`"jobType"`, `"recordLimit"`}, nil)
}

// TestEntitiesInit proposes a definition into a folder, which then loads and fits.
func TestEntitiesInit(t *testing.T) {
	dsn, db := database(t, 1)
	exec(t, db, "CREATE TABLE Product (id INT PRIMARY KEY, name VARCHAR(40) NOT NULL, email VARCHAR(40) NULL, updated_at DATETIME(6) NOT NULL, KEY (updated_at))")
	exec(t, db, "INSERT INTO Product VALUES (1, 'lamp', 'a@example.com', UTC_TIMESTAMP(6))")
	d := inProcess(t, local(dsn))
	into := filepath.Join(t.TempDir(), "definitions")
	call(t, d, "entities", "init", "Product", "--into", into).expect(t, exitOK, []string{"wrote", "rows.sql", "entities check"}, nil)
	call(t, d, "entities", "init", "Product", "--into", into).expect(t, exitError, nil, []string{"exists already"})
	if text, err := os.ReadFile(filepath.Join(into, "product", "entity.yaml")); err != nil || !strings.Contains(string(text), "returnsync entities check product --entities-dir "+into+"\n") {
		t.Errorf("%v: %s", err, text)
	}
	call(t, d, "entities", "check", "product", "--entities-dir", into).expect(t, exitOK, []string{"product: ok"}, nil)
	r := call(t, d, "entities", "preview", "product", "--entities-dir", into)
	r.expect(t, exitOK, []string{`"name": "lamp"`, `"objectID": "P1"`}, nil)
	if strings.Contains(r.out, "example.com") {
		t.Error("personal data is proposed")
	}
	call(t, d, "entities", "init", "nothing").expect(t, exitError, nil, []string{"no table nothing", "grant SELECT on it"})
	call(t, d, "entities", "init", "Product", "--child", "x").expect(t, exitError, nil, []string{"TABLE:COLUMN"})
}
