package main

import (
	"encoding/json"
	"errors"
	"io"
	"net/http/httptest"
	"strings"
	"testing"

	"gitlab.com/eshopbox-team/return-sync/functions/cmd/internal/cli"
	"gitlab.com/eshopbox-team/return-sync/functions/cmd/returnsync/internal/index"
	"gitlab.com/eshopbox-team/return-sync/functions/internal/wire"
	"gitlab.com/eshopbox-team/return-sync/shared/emulator/algolia"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/entity"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/verify"
)

// old is a condition for roots that changed long enough ago to be judged.
const old = "root_id IN (SELECT id FROM order_return WHERE updated_at < NOW(6) - INTERVAL 1 DAY)"

// TestVerify compares source and ledger: clean, spoilt, as text and as JSON.
func TestVerify(t *testing.T) {
	dsn, db := database(t, 120)
	d := inProcess(t, local(dsn))
	call(t, d, "verify").expect(t, exitError, nil, []string{"run: returnsync migrate"})
	call(t, d, "migrate").expect(t, exitOK, nil, nil)
	call(t, d, "verify").expect(t, exitError, nil, []string{"returns: never synced", "start one with returnsync sync"})
	call(t, d, "verify", "--entity", "returns").expect(t, exitError, nil, []string{"has never been synced"})
	call(t, d, "sync", "--wait").expect(t, exitOK, nil, nil)
	call(t, d, "verify").expect(t, exitOK, []string{"returns: source and ledger agree, as of 2", "compared  120 roots,", "pending"}, nil)

	exec(t, db, "DELETE FROM sync_ledger WHERE "+old+" ORDER BY root_id LIMIT 3")
	exec(t, db, "UPDATE sync_ledger SET records = 'x' WHERE "+old+" ORDER BY root_id DESC LIMIT 1")
	r := call(t, d, "verify", "--limit", "2")
	r.expect(t, exitAttention, []string{"DIFFERENCES between source and ledger", "MISSING", "missing", "ledger", "more: --limit names more of them"}, nil)
	if strings.Contains(r.out, "\n  index") {
		t.Errorf("the index was not compared:\n%s", r.out)
	}
	r = call(t, d, "verify", "--json", "--limit", "1000")
	var reports []verify.Report
	if err := json.Unmarshal([]byte(r.out), &reports); err != nil || r.code != exitAttention || len(reports) != 1 {
		t.Fatalf("%d, %v:\n%s", r.code, err, r.out)
	}
	if got := reports[0]; got.Ledger.Missing < 3 || got.Ledger.Unreadable != 1 || int64(len(got.Differences)) != got.Total() || got.Deep {
		t.Errorf("%+v", got)
	}
	call(t, d, "verify", "--limit", "-1").expect(t, exitError, nil, []string{"want 0 or more"})
	call(t, d, "verify", "--entity", "orders").expect(t, exitError, nil, []string{`no entity "orders"`})
}

// TestVerifyDeep reads an index that lacks every record, with a key and without.
func TestVerifyDeep(t *testing.T) {
	dsn, _ := database(t, 60)
	server := algolia.New(algolia.Options{PublishDelay: -1})
	listener := httptest.NewServer(server)
	t.Cleanup(func() { _ = server.Close(); listener.Close() })
	e := local(dsn)
	d := inProcess(t, e)
	call(t, d, "migrate").expect(t, exitOK, nil, nil)
	call(t, d, "sync", "--wait").expect(t, exitOK, nil, nil)
	call(t, d, "verify", "--deep").expect(t, exitError, nil, []string{"ALGOLIA_APP_ID is missing"})
	e["ALGOLIA_APP_ID"], e["ALGOLIA_URL"] = "APP", listener.URL
	call(t, d, "verify", "--deep").expect(t, exitError, nil, []string{"ALGOLIA_BROWSE_KEY is missing"})
	e["ALGOLIA_BROWSE_KEY"] = "admin"
	call(t, d, "verify", "--deep").expect(t, exitAttention, []string{"DIFFERENCES between source, ledger and index", "were looked into", "ledger  0", "missing"}, nil)
	delete(e, "ALGOLIA_BROWSE_KEY")
	e["ALGOLIA_ADMIN_KEY"] = "admin"
	call(t, d, "verify", "--deep", "--account", "nobody").expect(t, exitError, nil, []string{`neither source nor index has a record of the account "nobody"`})
	call(t, d, "verify", "--deep").expect(t, exitAttention, nil, []string{"the index does not exist; 128 should be there"})
}

// TestCompareHandsOutEveryDifference is for the repair: the list is short, the
// callback gets all.
func TestCompareHandsOutEveryDifference(t *testing.T) {
	dsn, db := database(t, 60)
	d := inProcess(t, local(dsn))
	call(t, d, "migrate").expect(t, exitOK, nil, nil)
	call(t, d, "sync", "--wait").expect(t, exitOK, nil, nil)
	exec(t, db, "DELETE FROM sync_ledger WHERE "+old)
	var all []verify.Difference
	refuse := errors.New("enough")
	s := newSession(t, d)
	reports, err := index.Compare(t.Context(), s, index.VerifyOptions{Limit: 1, Each: func(def entity.Definition, one verify.Difference) error {
		all = append(all, one)
		if def.Name != "returns" {
			t.Errorf("of %s", def.Name)
		}
		return nil
	}})
	if err != nil || len(reports) != 1 || len(reports[0].Differences) != 1 || int64(len(all)) != reports[0].Total() || len(all) < 10 {
		t.Errorf("%d differences, %+v, %v", len(all), reports, err)
	}
	_, err = index.Compare(t.Context(), s, index.VerifyOptions{Each: func(entity.Definition, verify.Difference) error { return refuse }})
	if !errors.Is(err, refuse) {
		t.Errorf("%v", err)
	}
}

// newSession returns a session as a command has one.
func newSession(t *testing.T, d deps) *cli.Session {
	t.Helper()
	d.log = io.Discard
	s := &cli.Session{App: &cli.App{Deps: d.real()}, Env: &wire.Env{Lookup: d.env, Log: discard()}}
	t.Cleanup(func() { _ = s.Env.Close() })
	return s
}
