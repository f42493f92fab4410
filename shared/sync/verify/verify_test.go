package verify_test

import (
	"testing"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/sample"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/entity"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/ledger"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/rootlist"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/target"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/verify"
)

// TestCleanAfterASync compares the pipeline's result.
func TestCleanAfterASync(t *testing.T) {
	w := newWorld(t, 300)
	r := w.verify(verify.Options{Deep: true})
	want(t, r)
	if r.Roots != 300 || r.Records < 300 || r.Indexed == 0 || r.Slices == 0 || r.Descended != 0 || r.Pending != 0 || !r.Ended {
		t.Errorf("the report is %+v", r)
	}
	if got := w.requests.Load(); got != r.Indexed {
		t.Errorf("a clean comparison reads the index once: %d records, want %d", got, r.Indexed)
	}
}

// TestNeverSynced expects an error that names the cause.
func TestNeverSynced(t *testing.T) {
	w := emptyWorld(t, "returns")
	_, err := w.verifier().Run(t.Context(), w.def, verify.Options{})
	if !verify.NeverSynced(err) {
		t.Errorf("%v", err)
	}
}

// TestLedgerCorruption names each way in which the ledger can be wrong.
func TestLedgerCorruption(t *testing.T) {
	w := newWorld(t, 60)
	roots := w.numbers(`SELECT r.id FROM order_return r WHERE r.deleted_at IS NULL
		AND (SELECT COUNT(*) FROM order_return_item i WHERE i.order_return_id = r.id AND i.deleted_at IS NULL) > 1 ORDER BY r.id LIMIT 6`)
	account := func(root uint64) string { return w.objects(w.known(root)[0].ID)[0]["account"].(string) }
	var wanted []verify.Difference
	add := func(root uint64, id string, k verify.Kind, account string) {
		wanted = append(wanted, verify.Difference{Root: root, ID: id, Kind: k, Where: verify.InLedger, Account: account})
	}
	known := w.known(roots[0])
	known[1].Hash[3] ^= 1
	add(roots[0], known[1].ID, verify.Different, account(roots[0]))
	w.setLedger(roots[0], ledger.PackVersion(0, known))

	known = w.known(roots[1])
	add(roots[1], known[0].ID, verify.Missing, account(roots[1]))
	w.setLedger(roots[1], ledger.PackVersion(0, known[1:]))

	known = append(w.known(roots[2]), ledger.Entry{ID: "stranger"})
	add(roots[2], "stranger", verify.Orphaned, account(roots[2]))
	w.setLedger(roots[2], ledger.PackVersion(0, known))

	add(roots[3], "", verify.Unreadable, account(roots[3]))
	w.setLedger(roots[3], []byte{99, 1, 2})

	for _, e := range w.known(roots[4]) {
		add(roots[4], e.ID, verify.Missing, account(roots[4]))
	}
	w.exec("DELETE FROM sync_ledger WHERE root_id = ?", roots[4])

	add(999_999, "gone", verify.Orphaned, "")
	w.setLedger(999_999, ledger.PackVersion(0, []ledger.Entry{{ID: "gone"}}))

	// Parked with another content than the row has now: no run will retry the record.
	known = w.known(roots[5])
	known[0].Parked, known[0].Hash[0] = true, known[0].Hash[0]^1
	add(roots[5], known[0].ID, verify.Different, account(roots[5]))
	known[1].Parked = true
	w.setLedger(roots[5], ledger.PackVersion(0, known))

	r := w.verify(verify.Options{})
	want(t, r, wanted...)
	if r.Parked != 1 {
		t.Errorf("%d records are parked with the content that they have, want 1", r.Parked)
	}
	some := w.verify(verify.Options{List: 2})
	if len(some.Differences) != 2 || some.Total() != int64(len(wanted)) {
		t.Errorf("a limit shortens the list alone: %d of %d", len(some.Differences), some.Total())
	}
}

// TestIndexCorruption names each way in which the index can be wrong.
func TestIndexCorruption(t *testing.T) {
	w := newWorld(t, 80)
	roots := w.numbers("SELECT root_id FROM sync_ledger ORDER BY root_id LIMIT 8")
	id := func(n int) string { return w.known(roots[n])[0].ID }
	doc := func(n int) map[string]any { return w.objects(id(n))[0] }
	var wanted []verify.Difference
	add := func(root uint64, id string, k verify.Kind, account any) {
		wanted = append(wanted, verify.Difference{Root: root, ID: id, Kind: k, Where: verify.InIndex, Account: account.(string)})
	}
	change := map[string]map[string]any{}

	d := doc(0)
	add(roots[0], id(0), verify.Missing, d["account"])
	change[id(0)] = nil

	d = doc(1)
	add(roots[1], id(1), verify.Different, d["account"])
	d["returnNumber"] = "changed by hand"
	change[id(1)] = d

	// A record that names another root, another account, or no usable one.
	d = doc(2)
	add(roots[2], id(2), verify.Different, d["account"])
	d["returnId"] = 4_000_000
	change[id(2)] = d
	d = doc(3)
	add(roots[3], id(3), verify.Different, d["account"])
	d["account"] = "somebody-else"
	change[id(3)] = d
	d = doc(4)
	add(roots[4], id(4), verify.Different, d["account"])
	d["returnId"] = "four"
	change[id(4)] = d

	add(roots[5], "stranger-known", verify.Orphaned, "x")
	change["stranger-known"] = map[string]any{"returnId": roots[5], "account": "x"}
	add(5_000_000, "stranger-unknown", verify.Orphaned, "x")
	change["stranger-unknown"] = map[string]any{"returnId": 5_000_000, "account": "x"}
	add(0, "stranger-rootless", verify.Orphaned, "")
	change["stranger-rootless"] = map[string]any{"n": 1}

	w.push(change)
	r := w.verify(verify.Options{Deep: true})
	want(t, r, wanted...)
	if r.Ledger.Total() != 0 || r.Descended == 0 || r.Descended == r.Slices {
		t.Errorf("the report is %+v", r)
	}
	if shallow := w.verify(verify.Options{}); !shallow.Clean() {
		t.Errorf("without --deep the index is not read: %v", shallow)
	}
}

// TestFormattingIsNoDifference writes records with another format and the same content.
func TestFormattingIsNoDifference(t *testing.T) {
	w := newWorld(t, 30)
	root := w.numbers("SELECT MIN(root_id) FROM sync_ledger")[0]
	id := w.known(root)[0].ID
	d := w.objects(id)[0] // json.Marshal sorts its keys
	d["syncedAt"] = 1
	w.push(map[string]map[string]any{id: d})
	r := w.verify(verify.Options{Deep: true})
	want(t, r)
	if r.Descended != 0 {
		t.Errorf("%d slices differ", r.Descended)
	}
}

// TestPendingIsNoDrift changes rows without syncing them.
func TestPendingIsNoDrift(t *testing.T) {
	w := newWorld(t, 50)
	roots := w.numbers("SELECT root_id FROM sync_ledger ORDER BY root_id LIMIT 3")
	w.exec("UPDATE order_return SET customer_return_number = 'NEW' WHERE id = ?", roots[0])
	w.exec("UPDATE order_return_item SET quantity = quantity + 1 WHERE order_return_id = ?", roots[1])
	w.exec("UPDATE order_return SET deleted_at = UTC_TIMESTAMP(6) WHERE id = ?", roots[2])
	r := w.verify(verify.Options{Deep: true})
	want(t, r)
	if r.Pending != 3 {
		t.Errorf("%d roots are pending, want 3", r.Pending)
	}
	w.sync()
	if r = w.verify(verify.Options{Deep: true}); !r.Clean() || r.Pending != 0 {
		t.Errorf("after the sync: %v", r)
	}
}

// TestHardDelete deletes a row, which no window finds.
func TestHardDelete(t *testing.T) {
	w := newWorld(t, 50)
	root := w.numbers("SELECT MIN(root_id) FROM sync_ledger")[0]
	var wanted []verify.Difference
	for _, e := range w.known(root) {
		account := w.objects(e.ID)[0]["account"].(string)
		wanted = append(wanted, verify.Difference{Root: root, ID: e.ID, Kind: verify.Orphaned, Where: verify.InLedger},
			verify.Difference{Root: root, ID: e.ID, Kind: verify.Orphaned, Where: verify.InIndex, Account: account})
	}
	w.exec("DELETE FROM order_return_item WHERE order_return_id = ?", root)
	w.exec("DELETE FROM order_return WHERE id = ?", root)
	w.sync()
	want(t, w.verify(verify.Options{Deep: true}), wanted...)
}

// TestUnconfirmedAndBusyRootsArePending covers unconfirmed roots and roots in work.
func TestUnconfirmedAndBusyRootsArePending(t *testing.T) {
	w := newWorld(t, 30)
	roots := w.numbers("SELECT root_id FROM sync_ledger ORDER BY root_id LIMIT 3")
	for _, root := range roots {
		w.exec("DELETE FROM sync_ledger WHERE root_id = ?", root)
	}
	w.exec("INSERT INTO sync_recheck (entity, root_id, stamp, ids) VALUES (?, ?, 's', '')", w.def.Name, roots[0])
	w.exec(`INSERT INTO sync_run (id, entity, state, claim_id, claim_token, window_from, window_to)
		VALUES (900, ?, 'processing', 1, 'x', NOW(6), NOW(6))`, w.def.Name)
	w.exec("INSERT INTO sync_page (run_id, page, roots, first_root, last_root, listed) VALUES (900, 1, 1, ?, ?, ?)", roots[1], roots[1], rootlist.Pack(roots[1:2]))
	r := w.verify(verify.Options{})
	if r.Pending != 2 || r.Ledger.Missing == 0 {
		t.Errorf("%v", r)
	}
	for _, d := range r.Differences {
		if d.Root != roots[2] {
			t.Errorf("root %d is under work: %v", d.Root, d)
		}
	}
	w.exec("UPDATE sync_run SET state = 'failed', closed_at = NOW(6) WHERE id = 900")
	if r = w.verify(verify.Options{}); r.Pending != 2 {
		t.Errorf("a run that failed just now did not wait for the index: %v", r)
	}
	w.exec("UPDATE sync_run SET closed_at = NOW(6) - INTERVAL 2 MINUTE WHERE id = 900")
	if r = w.verify(verify.Options{}); r.Pending != 1 {
		t.Errorf("a run that failed long ago is over: %v", r)
	}
}

// TestALateCommitIsPending keeps a transaction open while a run passes its stamp.
func TestALateCommitIsPending(t *testing.T) {
	w := newWorld(t, 30)
	root := w.numbers("SELECT MIN(root_id) FROM sync_ledger")[0]
	tx, err := w.SQL().BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tx.Exec("UPDATE order_return SET customer_return_number = 'LATE' WHERE id = ?", root); err != nil {
		t.Fatal(err)
	}
	w.sync()
	if err := tx.Commit(); err != nil {
		t.Fatal(err)
	}
	if r := w.verify(verify.Options{Deep: true}); !r.Clean() || r.Pending != 1 {
		t.Errorf("%v", r)
	}
	w.sync()
	if r := w.verify(verify.Options{Deep: true}); !r.Clean() || r.Pending != 0 {
		t.Errorf("after the next run: %v", r)
	}
}

// TestAClockThatWasSetBack leaves rows with stamps of the new clock to the next run.
func TestAClockThatWasSetBack(t *testing.T) {
	w := newWorld(t, 30)
	root := w.numbers("SELECT MIN(root_id) FROM sync_ledger")[0]
	// As if the last run had ended by a clock that was two hours ahead.
	w.exec("UPDATE order_return_algolia_sync SET date_range_end = date_range_end + INTERVAL 2 HOUR")
	w.exec("UPDATE order_return SET customer_return_number = 'NEW' WHERE id = ?", root)
	if r := w.verify(verify.Options{Deep: true}); !r.Clean() || r.Pending != 1 {
		t.Errorf("%v", r)
	}
}

// TestAccount compares one tenant alone.
func TestAccount(t *testing.T) {
	w := newWorld(t, 200)
	roots := w.numbers("SELECT MIN(id) FROM order_return WHERE deleted_at IS NULL AND id IN (SELECT root_id FROM sync_ledger) GROUP BY account_slug LIMIT 2")
	docs := []map[string]any{w.objects(w.known(roots[0])[0].ID)[0], w.objects(w.known(roots[1])[0].ID)[0]}
	change := map[string]map[string]any{}
	for _, d := range docs {
		d["returnNumber"] = "changed"
		change[d["objectID"].(string)] = d
	}
	w.push(change)
	for i, d := range docs {
		r := w.verify(verify.Options{Deep: true, Account: d["account"].(string)})
		want(t, r, verify.Difference{Root: roots[i], ID: d["objectID"].(string), Kind: verify.Different, Where: verify.InIndex, Account: d["account"].(string)})
		if r.Indexed >= int64(w.server.Stats().Records["APP"][w.def.Index]) {
			t.Errorf("all %d records of the index were read for one account", r.Indexed)
		}
	}
}

// TestAnIndexThatIsGone has every record missing.
func TestAnIndexThatIsGone(t *testing.T) {
	w := newWorld(t, 40)
	w.def.Index = "another"
	r := w.verify(verify.Options{Deep: true})
	if r.Index.Missing != r.Records || r.Index.Total() != r.Records || r.Ledger.Total() != 0 {
		t.Errorf("%v", r)
	}
}

// TestUnsyncedHistory leaves out rows before the definition's history.
func TestUnsyncedHistory(t *testing.T) {
	w := emptyWorld(t, "stock")
	stockTables(w)
	w.exec("INSERT INTO stock_position VALUES (1, 'a', 'S1', 'L', NULL, 0, '[]', '2019-05-05', NULL), (2, 'a', 'S2', 'L', NULL, 0, '[]', '2021-05-05', NULL)")
	w.exec("INSERT INTO stock_lot VALUES (1, 1, 'N', 1, 1, NULL, NULL, '2019-05-05'), (2, 2, 'N', 1, 1.50, NULL, NULL, '2021-05-05')")
	w.sync()
	r := w.verify(verify.Options{Deep: true})
	want(t, r)
	if r.Unsynced != 1 || r.Records != 2 {
		t.Errorf("%+v", r)
	}
}

// TestWithoutRootField compares an index whose records do not say their root.
func TestWithoutRootField(t *testing.T) {
	w := emptyWorld(t, "stock")
	stockTables(w)
	for n := 1; n <= 40; n++ {
		w.exec("INSERT INTO stock_position VALUES (?, 'a', 'S', 'L', NULL, 0, '[]', '2021-05-05', NULL)", n)
		w.exec("INSERT INTO stock_lot VALUES (?, ?, 'N', 1, 1.50, NULL, NULL, '2021-05-05')", n, n)
	}
	w.sync()
	changed := w.objects("S2-2")[0]
	changed["sku"] = "other"
	w.push(map[string]map[string]any{"S1-1": nil, "S2-2": changed, "stranger": {"account": "a"}})
	w.exec("UPDATE stock_position SET deleted_at = NOW(6), updated_at = NOW(6) WHERE id = 3") // pending: its record must be seen as root 3's
	wanted := []verify.Difference{
		{Root: 1, ID: "S1-1", Kind: verify.Missing, Where: verify.InIndex, Account: "a"},
		{Root: 2, ID: "S2-2", Kind: verify.Different, Where: verify.InIndex, Account: "a"},
		{Root: 0, ID: "stranger", Kind: verify.Orphaned, Where: verify.InIndex, Account: "a"},
	}
	r := w.verify(verify.Options{Deep: true})
	want(t, r, wanted...)
	if r.Pending != 1 {
		t.Errorf("%d roots are pending, want 1", r.Pending)
	}
	// While a run works, strangers of unknown roots are not judged.
	w.exec(`INSERT INTO sync_run (id, entity, state, claim_id, claim_token, window_from, window_to)
		VALUES (900, 'stock', 'processing', 1, 'x', NOW(6), NOW(6))`)
	want(t, w.verify(verify.Options{Deep: true}), wanted[:2]...)
}

// stockTables makes the tables of the second definition.
func stockTables(w *world) {
	w.t.Helper()
	w.exec(`CREATE TABLE stock_position (id BIGINT UNSIGNED PRIMARY KEY, account_slug VARCHAR(64), sku VARCHAR(64), location_code VARCHAR(64),
		shelf VARCHAR(64), is_blocked TINYINT, labels TEXT, updated_at DATETIME(6), deleted_at DATETIME(6), KEY (updated_at))`)
	w.exec(`CREATE TABLE stock_lot (id BIGINT UNSIGNED PRIMARY KEY, position_id BIGINT UNSIGNED, lot_number VARCHAR(64), quantity INT,
		unit_cost DECIMAL(10,2), expires_on DATE, note VARCHAR(64), updated_at DATETIME(6), KEY (updated_at), KEY (position_id))`)
}

// TestDefinitionOfBeforeTheFirstSync compares by a definition that was read before the first
// records had their secrets, as one that several entities are compared by after each other.
func TestDefinitionOfBeforeTheFirstSync(t *testing.T) {
	w := emptyWorld(t, "returns")
	w.def.SecretIDs = true
	if err := sample.Migrate(t.Context(), w.SQL()); err != nil {
		t.Fatal(err)
	}
	if _, err := sample.Generate(t.Context(), w.SQL(), sample.GenerateOptions{Rows: 20, Seed: 11, Now: time.Now().Add(-24 * time.Hour)}); err != nil {
		t.Fatal(err)
	}
	before, err := target.Catalog{Entities: entity.List{w.def}, Store: w.Targets}.LiveOf(t.Context(), w.def.Name)
	if err != nil || !before.Hasher.IsZero() {
		t.Fatalf("there is a key before the first sync: %v", err)
	}
	w.sync()
	r, err := w.verifier().Run(t.Context(), before, verify.Options{Deep: true, List: 3})
	if err != nil || !r.Clean() || r.Records == 0 || r.Indexed != r.Records {
		t.Errorf("%v, %v", r, err)
	}
	share, err := w.verifier().Share(t.Context(), before, w.Comparisons, 1, func() bool { return true })
	if err != nil || !share.Clean() || share.Records == 0 {
		t.Errorf("a share: %v, %v", share, err)
	}
}
