package store_test

import (
	"database/sql"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gitlab.com/eshopbox-team/return-sync/shared/localdb/localdbtest"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/claim"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/record"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/store"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/store/storetest"
)

func TestMigrateTwiceAppliesOnce(t *testing.T) {
	db := openStore(t, localdbtest.New(t))
	first, err := db.Migrate(t.Context())
	if err != nil || len(first) == 0 {
		t.Fatalf("first: %v, %v", first, err)
	}
	second, err := db.Migrate(t.Context())
	if err != nil || len(second) != 0 {
		t.Fatalf("second: %v, %v; want nothing to do", second, err)
	}
	have, want, err := db.SchemaVersions(t.Context())
	if err != nil || have != want || want != first[len(first)-1].Version {
		t.Errorf("versions %d of %d, %v", have, want, err)
	}
}

func TestSchemaVersionsSaysHowToMigrate(t *testing.T) {
	db := openStore(t, localdbtest.New(t))
	if _, _, err := db.SchemaVersions(t.Context()); err == nil || !strings.Contains(err.Error(), "returnsync migrate") {
		t.Errorf("error %v does not say what to run", err)
	}
}

func TestMigrateFromManyProcesses(t *testing.T) {
	dsn := localdbtest.New(t)
	stores := make([]*store.DB, 8)
	for i := range stores {
		stores[i] = openStore(t, dsn)
	}
	errs := make([]error, len(stores))
	applied := make([]int, len(stores))
	storetest.Together(len(stores), func(i int) {
		steps, err := stores[i].Migrate(t.Context())
		errs[i], applied[i] = err, len(steps)
	})
	total := 0
	for i, err := range errs {
		if err != nil {
			t.Errorf("process %d: %v", i, err)
		}
		total += applied[i]
	}
	var noted int
	if err := stores[0].SQL().QueryRow("SELECT COUNT(*) FROM sync_schema WHERE version_id > 0").Scan(&noted); err != nil || total != noted {
		t.Errorf("all together applied %d steps, want each of %d once, %v", total, noted, err)
	}
}

// TestMigrateAfterADeathAtTheVeryFirst finds the table of migrations empty, as a
// process leaves it that died right after it made the table.
func TestMigrateAfterADeathAtTheVeryFirst(t *testing.T) {
	b := newBench(t)
	b.exec("DELETE FROM sync_schema")
	if _, err := b.Migrate(t.Context()); err != nil {
		t.Error(err)
	}
}

// TestMigrateAgainAfterItsVersionsWereLost plays a migration that died after its
// DDL and before its version was noted.
func TestMigrateAgainAfterItsVersionsWereLost(t *testing.T) {
	b := newBench(t)
	b.exec("DELETE FROM sync_schema WHERE version_id > 1")
	if _, err := b.Migrate(t.Context()); err != nil {
		t.Errorf("the second attempt fails: %v", err)
	}
}

// ownersTable is the owner's table as it is without us: whole seconds, signed
// keys and rows of several job types.
const ownersTable = `CREATE TABLE order_return_algolia_sync (
	id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
	job_type VARCHAR(50) NOT NULL,
	status TINYINT NOT NULL DEFAULT 0,
	date_range_start DATETIME NULL,
	date_range_end DATETIME NULL,
	created_at DATETIME NOT NULL DEFAULT CURRENT_TIMESTAMP,
	updated_at DATETIME NOT NULL DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP
) ENGINE=InnoDB DEFAULT CHARSET=utf8`

func TestMigrateKeepsTheOwnersTable(t *testing.T) {
	dsn := localdbtest.New(t)
	raw, err := sql.Open("mysql", dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = raw.Close() }()
	for _, statement := range []string{ownersTable,
		`INSERT INTO order_return_algolia_sync (job_type, status, date_range_start, date_range_end, created_at) VALUES
			('RETURN_JOB', 0, '2026-01-01 00:00:00', '2026-01-01 00:15:00', '2026-01-01 00:15:00'),
			('RETURN_JOB', 0, '2026-01-02 00:00:00', '2026-01-02 00:15:00', '2026-01-02 00:15:00'),
			('RETURN_JOB', 1, '2025-01-01 00:00:00', '2025-01-01 00:15:00', '2025-01-01 00:15:00'),
			('ORDER_JOB', 1, '2026-02-02 00:00:00', '2026-02-02 00:15:00', '2026-02-02 00:15:00')`} {
		if _, err := raw.Exec(statement); err != nil {
			t.Fatal(err)
		}
	}
	b := &bench{DB: openStore(t, dsn), t: t}
	if _, err := b.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	row, err := b.Claims.Newest(t.Context(), job)
	if err != nil {
		t.Fatal(err)
	}
	watermark := time.Date(2026, 1, 2, 0, 15, 0, 0, time.UTC)
	if row.ID != 2 || row.Status != claim.Free || row.Watermark == nil || !row.Watermark.Equal(watermark) || row.Token != "" {
		t.Errorf("newest row = %+v; want the owner's row 2", row)
	}
	if ok, err := b.Claims.Claim(t.Context(), row, store.Grant{Token: claim.NewToken(), Lease: time.Hour}); !ok || err != nil {
		t.Errorf("the owner's row cannot be claimed: %v, %v", ok, err)
	}
	got := []string{b.text("SELECT GROUP_CONCAT(id, ':', job_type, ':', status ORDER BY id) FROM order_return_algolia_sync")}
	if diff := cmp.Diff([]string{"1:RETURN_JOB:0,2:RETURN_JOB:1,3:RETURN_JOB:1,4:ORDER_JOB:1"}, got); diff != "" {
		t.Errorf("the owner's rows (-want +got):\n%s", diff)
	}
}

// TestOwnersClaimIsTakenOver finds a row that the owner's service left claimed:
// it has neither token nor lease, and nothing would ever free it.
func TestOwnersClaimIsTakenOver(t *testing.T) {
	b := newBench(t)
	b.exec("INSERT INTO order_return_algolia_sync (job_type, status) VALUES (?, 1)", job)
	row, err := b.Claims.Newest(t.Context(), job)
	if err != nil || claim.Decide(row, "tick") != claim.TakeOver {
		t.Fatalf("row %+v, %v: want it to be taken over", row, err)
	}
	dead, ok, err := b.Claims.TakeOver(t.Context(), row, store.Grant{Token: claim.NewToken(), Lease: time.Hour})
	if err != nil || !ok || dead != 0 {
		t.Errorf("TakeOver = %d, %v, %v", dead, ok, err)
	}
}

// TestOldHashesAreInDoubt migrates a ledger from before the hash was another one:
// every root of it is unconfirmed as a whole, also a root that was unconfirmed before.
func TestOldHashesAreInDoubt(t *testing.T) {
	b := newBench(t)
	b.exec("INSERT INTO sync_ledger (entity, root_id, run_id, records) VALUES (?, 1, 1, ''), (?, 2, 1, ''), ('other', 3, 1, '')", b.def.Name, b.def.Name)
	b.exec("INSERT INTO sync_recheck (entity, root_id, stamp, ids, whole) VALUES (?, 2, 'older', '', 0)", b.def.Name)
	b.exec("DELETE FROM sync_schema WHERE version_id >= 18")
	if _, err := b.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	doubts, err := b.Ledger.Doubts(t.Context(), b.def.Name, []uint64{1, 2, 3})
	if err != nil || len(doubts) != 2 || !doubts[1].Whole || !doubts[2].Whole || doubts[2].Stamp == "older" {
		t.Errorf("in doubt: %v, %v", doubts, err)
	}
}

// TestFilledIndicesHaveNoAccountKeys migrates tables from before records carried the
// account's key: what was pushed is marked, once, and what is new is not.
func TestFilledIndicesHaveNoAccountKeys(t *testing.T) {
	b := newBench(t)
	b.exec("ALTER TABLE sync_target DROP COLUMN account_key, DROP COLUMN id_secret")
	b.exec("INSERT INTO sync_ledger (entity, root_id, run_id, records) VALUES ('filled', 1, 1, ''), ('rebuilt~7', 2, 1, ''), ('rebuilt', 2, 1, '')")
	b.exec("INSERT INTO sync_target (entity, role, index_name, packed, live_entity) VALUES ('rebuilt', 'live', 'i', '', 'rebuilt')")
	format := func(name string) bool {
		d := b.def
		d.Name, d.Account, d.Format = name, "account", record.Format{Account: "account", AccountKey: true}
		d, err := openStore(t, b.dsn).Targets.FirstDefinition(t.Context(), d)
		if err != nil || d.Format.Account != "account" {
			t.Fatalf("%s: %+v, %v", name, d.Format, err)
		}
		return d.Format.AccountKey
	}
	for range 2 {
		b.exec("DELETE FROM sync_schema WHERE version_id >= 20")
		if _, err := b.Migrate(t.Context()); err != nil {
			t.Fatal(err)
		}
		if format("filled") || format("rebuilt") || !format("new") {
			t.Errorf("keyed: filled %v, rebuilt %v, new %v", format("filled"), format("rebuilt"), format("new"))
		}
		b.exec("INSERT INTO sync_ledger (entity, root_id, run_id, records) VALUES ('new', 1, 1, '') ON DUPLICATE KEY UPDATE run_id = 1")
	}
	if n := b.number("SELECT COUNT(*) FROM sync_target"); n != 2 {
		t.Errorf("%d targets", n)
	}
}

// TestFilledLedgersHaveNoKey migrates tables from before the ledger's hashes had keys:
// what was filled keeps its hashes, with a note of its target or without, and what is new
// gets a key.
func TestFilledLedgersHaveNoKey(t *testing.T) {
	b := newBench(t)
	b.exec("ALTER TABLE sync_target DROP COLUMN ledger_key")
	b.exec("INSERT INTO sync_ledger (entity, root_id, run_id, records) VALUES ('noted', 1, 1, ''), ('filled', 1, 1, '')")
	b.exec("INSERT INTO sync_target (entity, role, index_name, packed, live_entity) VALUES ('noted', 'live', 'i', '', 'noted')")
	b.exec("DELETE FROM sync_schema WHERE version_id >= 28")
	if _, err := b.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	for name, keyed := range map[string]bool{"noted": false, "filled": false, "new": true} {
		d := b.def
		d.Name = name
		fixed, err := b.Targets.FixFirst(t.Context(), d)
		if err != nil || fixed.Hasher.IsZero() == keyed {
			t.Errorf("%s: keyed is %t, %v", name, !fixed.Hasher.IsZero(), err)
		}
		again, err := openStore(t, b.dsn).Targets.FirstDefinition(t.Context(), d)
		if err != nil || again.Hasher.Of(nil) != fixed.Hasher.Of(nil) {
			t.Errorf("%s: another process has another key, %v", name, err)
		}
	}
}
