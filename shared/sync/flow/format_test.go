package flow_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	"gitlab.com/eshopbox-team/return-sync/shared/sync/entity"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/ledger"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/record"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/run"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/store"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/target"
)

// TestRebuildBringsTheAccountsKey syncs an index that was filled before records
// carried the account's key: they go on without, so that they stay alike, until a
// rebuild makes an index whose records all have it.
func TestRebuildBringsTheAccountsKey(t *testing.T) {
	s := newSite(t, 3)
	s.exec("UPDATE sync_target SET account_key = 0")
	if s.text("SELECT COUNT(*) FROM sync_target") == "0" {
		s.exec("INSERT INTO sync_target (entity, role, index_name, packed, live_entity) VALUES ('stock', 'live', '', '', 'stock')")
	}
	old := s.live(t)
	if old.Format.AccountKey || old.Format.Account != "account" || strings.Contains(string(old.Settings), record.AccountKeyField) {
		t.Errorf("before the rebuild: %+v, %s", old.Format, old.Settings)
	}
	ctx := context.Background()
	wanted := s.def
	wanted.SecretIDs = true
	if _, err := s.rebuild("").Run(ctx, wanted); err != nil {
		t.Fatal(err)
	}
	live := s.live(t)
	if !live.Format.AccountKey || len(live.Format.IDs) == 0 || live.Hasher.IsZero() || !strings.Contains(string(live.Settings), "filterOnly("+record.AccountKeyField+")") {
		t.Errorf("after it: %+v, %s", live.Format, live.Settings)
	}
	content := s.all.named(live.Index).content()
	if len(content) != 6 {
		t.Errorf("%d records", len(content))
	}
	for id, body := range content {
		if !strings.Contains(body, `"accountKey":"`+record.AccountKey("acme")+`"`) || !strings.HasPrefix(id, "S") || live.Format.IDs.Of(id) != id || !strings.Contains(body, `"objectID":"`+id+`"`) {
			t.Errorf("%s: %s", id, body)
		}
	}
	again, err := s.rebuild("").Run(ctx, wanted)
	if err != nil || again.Index == live.Index {
		t.Errorf("another rebuild: %+v, %v", again, err)
	}
}

// TestSecretIDsFromTheFirstRecord gives an entity that has no records yet ids that
// cannot be guessed, the same on every page and in every process.
func TestSecretIDsFromTheFirstRecord(t *testing.T) {
	w := newStock(t, 5)
	w.def.SecretIDs = true
	w.sync()
	live, err := target.Catalog{Entities: entity.List{w.def}, Store: w.Targets}.LiveOf(t.Context(), "stock")
	if err != nil || len(live.Format.IDs) == 0 || !live.Format.AccountKey {
		t.Fatalf("%+v, %v", live.Format, err)
	}
	content := w.index.content()
	for _, id := range []string{"S1-10", "S1-11", "S5-50", "S5-51"} {
		if _, there := content[live.Format.IDs.Of(id)]; !there {
			t.Errorf("%s is not there", id)
		}
	}
	w.exec("UPDATE stock_lot SET quantity = 7 WHERE id = 10")
	if r := w.sync(); r.State != run.Synced || r.Counts.Saved != 1 || r.Counts.Deleted != 0 || len(w.index.content()) != 10 {
		t.Errorf("a change: %v, %d records", r.Counts, len(w.index.content()))
	}
}

// TestSecretIDsNotForAFilledIndex leaves the ids of an index that is filled, because
// half of its records would have others.
func TestSecretIDsNotForAFilledIndex(t *testing.T) {
	w := newStock(t, 2)
	w.sync()
	w.def.SecretIDs = true
	w.exec("UPDATE stock_lot SET quantity = 7 WHERE id = 10")
	if r := w.sync(); r.Counts.Saved != 1 || r.Counts.Deleted != 0 || w.index.content()["S1-10"] == "" {
		t.Errorf("%v: %v", r.Counts, w.index.content())
	}
}

// TestHashesOfTheLedger looks into the ledger of an entity that is new, and of one that was
// filled before ledgers had keys, whose hashes stay as they are: nothing is sent again.
func TestHashesOfTheLedger(t *testing.T) {
	for name, older := range map[string]bool{"new": false, "filled before": true} {
		t.Run(name, func(t *testing.T) {
			w := newStock(t, 3)
			if older {
				w.exec("INSERT INTO sync_target (entity, role, index_name, packed, account_key, live_entity) VALUES ('stock', 'live', 'stock', '', 1, 'stock')")
			}
			before, err := w.Targets.FirstDefinition(t.Context(), w.def) // what a comparison of the time before knows
			if err != nil || !before.Hasher.IsZero() {
				t.Errorf("before the first sync there is a key: %v", err)
			}
			w.sync()
			w.exec("UPDATE stock_lot SET quantity = 7 WHERE id = 10")
			if r := w.sync(); r.Counts.Saved != 1 || r.Counts.Found != r.Counts.Unchanged+1 {
				t.Errorf("one change: %v", r.Counts)
			}
			live, err := target.Catalog{Entities: entity.List{w.def}, Store: w.Targets}.Named(t.Context(), "stock")
			if err != nil || live.Hasher.IsZero() != older {
				t.Fatalf("no key is %t, %v", live.Hasher.IsZero(), err)
			}
			rows, err := w.src.Rows(t.Context(), live, []uint64{1, 2, 3})
			if err != nil || len(rows.Records) != 6 {
				t.Fatalf("%d records, %v", len(rows.Records), err)
			}
			known, err := w.Ledger.Known(t.Context(), "stock", []uint64{1, 2, 3})
			if err != nil {
				t.Fatal(err)
			}
			for _, r := range rows.Records {
				if !slices.Contains(known[r.Root].Entries, ledger.Entry{ID: r.ID, Hash: live.Hasher.Of(r.Body)}) {
					t.Errorf("%s has another hash: %v", r.ID, known[r.Root].Entries)
				}
			}
		})
	}
}

// TestRowWithoutAnAccountIsParked parks rows that nobody could find, with the
// reason, and saves them when they have an account.
func TestRowWithoutAnAccountIsParked(t *testing.T) {
	w := newStock(t, 3)
	w.exec("ALTER TABLE stock_position MODIFY account_slug VARCHAR(64) NULL")
	w.exec("UPDATE stock_position SET account_slug = NULL WHERE id = 1")
	w.exec("UPDATE stock_position SET account_slug = '' WHERE id = 2")
	if r := w.sync(); r.State != run.Synced || r.Counts.Parked != 4 || r.Counts.Saved != 2 {
		t.Fatalf("run %s, %v: %s", r.State, r.Counts, r.LastError)
	}
	list, err := w.Parked.Open(t.Context(), w.def.Name, 100)
	if err != nil || len(list) != 4 {
		t.Fatalf("%v, %v", list, err)
	}
	for _, p := range list {
		if p.Reason != store.BadRow || !strings.Contains(p.Detail, "account is NULL or empty") {
			t.Errorf("%s: %s, %s", p.ObjectID, p.Reason, p.Detail)
		}
	}
	w.exec("UPDATE stock_position SET account_slug = 'acme'")
	if r := w.sync(); r.Counts.Saved != 4 || len(w.parked()) != 0 {
		t.Errorf("with accounts: %v, parked %v", r.Counts, w.parked())
	}
}
