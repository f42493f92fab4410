package exchange

import (
	"database/sql"
	"errors"
	"strings"
	"testing"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/exchange"
	"gitlab.com/eshopbox-team/return-sync/shared/exchange/store"
	"gitlab.com/eshopbox-team/return-sync/shared/sqldb/sqldbtest"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/account"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/run"
	"gitlab.com/eshopbox-team/return-sync/shared/window"
)

// TestForeignAccountsStayOut publishes the records of a page with several accounts: the
// slice has those of its own alone, compared byte by byte, and a return that moves to
// another account leaves.
func TestForeignAccountsStayOut(t *testing.T) {
	db := sqldbtest.Open(t, store.Migrations())
	tables, company := store.New(db), exchange.NewID()
	list, err := feeds(company, []string{"acme-returns=returns:amberlane", "other-returns=returns:other"})
	if err != nil {
		t.Fatal(err)
	}
	for i := range list {
		list[i].field = "account"
		if err := tables.Slices.EnsureSlice(t.Context(), exchange.Slice{ID: list[i].Slice, Name: list[i].Name, Type: exchange.DefaultType}); err != nil {
			t.Fatal(err)
		}
	}
	publish := func(entity string, records ...account.Current) {
		t.Helper()
		r := run.Run{Entity: entity, Window: window.Window{To: time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)}}
		if err := db.InTx(t.Context(), "publish", func(tx *sql.Tx) error { return pages(list).Publish(t.Context(), tx, r, records) }); err != nil {
			t.Fatal(err)
		}
	}
	heldBy := func(slice exchange.ID) string {
		t.Helper()
		grains, err := tables.Grains.List(t.Context(), slice, 0, 100, true)
		if err != nil {
			t.Fatal(err)
		}
		var keys []string
		for _, g := range grains {
			keys = append(keys, g.Key)
		}
		return strings.Join(keys, " ")
	}
	held := func() string { return heldBy(list[0].Slice) }
	record := func(id, text string) account.Current { return account.Current{ID: id, Body: []byte(text)} }
	publish("returns", record("own", `{"account":"amberlane"}`), record("case", `{"account":"Amberlane"}`), record("space", `{"account":"amberlane "}`),
		record("none", `{}`), record("number", `{"account":7}`), record("nested", `{"a":{"account":"amberlane"}}`), record("foreign", `{"account":"other"}`))
	if held() != "own" {
		t.Errorf("the slice has %q", held())
	}
	if heldBy(list[1].Slice) != "foreign" {
		t.Errorf("the other account's slice has %q", heldBy(list[1].Slice))
	}
	publish("stock", record("stock", `{"account":"amberlane"}`))
	if held() != "own" {
		t.Errorf("another entity's records are in it: %q", held())
	}
	publish("returns", record("own", `{"account":"other"}`))
	if held() != "" {
		t.Errorf("a record that moved to another account is still there: %q", held())
	}
}

func TestFeeds(t *testing.T) {
	for _, bad := range []string{"a", "abc=returns", "abc=:x", "abc=returns:", "abc=returns: ", "abc= :x", "a=returns:x"} {
		if _, err := feeds(exchange.NewID(), []string{bad}); err == nil || !strings.Contains(err.Error(), "NAME=ENTITY:ACCOUNT") {
			t.Errorf("%q: %v", bad, errors.Join(err))
		}
	}
}
