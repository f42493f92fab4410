package main

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"gitlab.com/eshopbox-team/return-sync/functions/cmd/returnsync/internal/jobs"
	"gitlab.com/eshopbox-team/return-sync/functions/internal/rehearsal"
	"gitlab.com/eshopbox-team/return-sync/shared/emulator/algolia"
)

// refusing is a stack whose index refuses the records of the first two returns.
func refusing(t *testing.T) (*rehearsal.Stack, deps, []string) {
	t.Helper()
	s, d := stack(t, 40, rehearsal.Options{Env: []string{"JOB_PAUSE=100ms", "OVERLAP=1m"}})
	rules := algolia.Faults{Rules: []algolia.Fault{{Kind: algolia.RefuseNamed, Pattern: `^R[12]-`}}}
	if err := s.AlgoliaFaults(t.Context(), rules); err != nil {
		t.Fatal(err)
	}
	touch(t, s, 1)
	touch(t, s, 2)
	if r := synced(t, s); r.Counts.Parked == 0 {
		t.Fatalf("nothing was parked: %v", r.Counts)
	}
	var listed []jobs.ParkedOf
	r := call(t, d, "parked", "list", "--json")
	if err := json.Unmarshal([]byte(r.out), &listed); err != nil || len(listed) != 1 || listed[0].Entity != "returns" {
		t.Fatalf("%v: %s", err, r.out)
	}
	var ids []string
	for _, one := range listed[0].Records {
		ids = append(ids, one.ObjectID)
	}
	return s, d, ids
}

// touch changes a return, and with it all its records.
func touch(t *testing.T, s *rehearsal.Stack, id int) {
	t.Helper()
	exec(t, s.DB, "UPDATE order_return SET customer_name = CONCAT('touched ', UUID()), deleted_at = NULL, updated_at = NOW(6) WHERE id = ?", id)
	exec(t, s.DB, "UPDATE order_return_item SET deleted_at = NULL WHERE order_return_id = ?", id)
}

// calm lets the index take everything.
func calm(t *testing.T, s *rehearsal.Stack) {
	t.Helper()
	if err := s.AlgoliaFaults(t.Context(), algolia.Faults{Rules: []algolia.Fault{}}); err != nil {
		t.Fatal(err)
	}
}

func TestParkedShow(t *testing.T) {
	s, d, ids := refusing(t)
	id := ids[0]
	var account string
	if err := s.DB.QueryRowContext(t.Context(), "SELECT account_slug FROM order_return r JOIN sync_parked p ON p.root_id = r.id WHERE p.object_id = ?", id).Scan(&account); err != nil {
		t.Fatal(err)
	}
	call(t, d, "parked", "show", id).expect(t, exitOK, []string{
		id + " of returns is parked: REJECTED", "the limit is 10000", "refused 1 times", "account     " + account, "root        ", "first seen", "last seen", "run         ",
		"-> correct what the detail names", "returnsync parked retry " + id,
	}, nil)
	var shown []jobs.ParkedShown
	r := call(t, d, "parked", "show", id, "--json", "--entity", "returns")
	if err := json.Unmarshal([]byte(r.out), &shown); err != nil || len(shown) != 1 || shown[0].Account != account || shown[0].Bytes == 0 || shown[0].Limit != 10_000 || shown[0].Run == 0 {
		t.Errorf("%v: %s", err, r.out)
	}
	call(t, d, "parked", "show", "R0-0").expect(t, exitError, nil, []string{`"R0-0" is not parked and never was`})
	call(t, d, "parked", "show", id, "--entity", "orders").expect(t, exitError, nil, []string{`no entity "orders"`})
	call(t, d, "status").expect(t, exitAttention, []string{fmt.Sprintf("records kept out of the index: %d", len(ids))}, nil)

	e := env(s.Environment())
	delete(e, "SOURCE_DSN")
	call(t, surroundings(t, e), "parked", "show", id).expect(t, exitOK, []string{"account     not known"}, nil)
}

// TestParkedRetriesItself changes a row that was refused: its record is tried
// again by the next sync, and only then.
func TestParkedRetriesItself(t *testing.T) {
	s, d, ids := refusing(t)
	calm(t, s)
	if r := synced(t, s); r.Counts.Operations != 0 {
		t.Errorf("a record whose row has not changed was sent: %v", r.Counts)
	}
	call(t, d, "parked", "list").expect(t, exitOK, []string{fmt.Sprintf("%d of %d parked", len(ids), len(ids))}, nil)
	touch(t, s, 1)
	touch(t, s, 2)
	if r := synced(t, s); r.Counts.Parked != 0 || int(r.Counts.Saved) < len(ids) {
		t.Errorf("%v", r.Counts)
	}
	call(t, d, "parked", "list").expect(t, exitOK, []string{"returns: nothing is parked"}, nil)
	call(t, d, "parked", "show", ids[0]).expect(t, exitOK, []string{"was parked until", "-> nothing: it is no longer parked"}, nil)
	sound(t, s)
}

func TestParkedRetry(t *testing.T) {
	s, d, ids := refusing(t)
	for _, c := range []struct{ args, log string }{
		{"", "name the records, or use --all"},
		{"--all R1-1", "name the records, or use --all"},
		{"R1-1 --reason REJECTED", "--reason needs --all"},
		{"--all --reason HEAVY", `--reason is "HEAVY"; want one of TOO_LARGE, REJECTED, BAD_ROW`},
		{"--all --wait --timeout 0s", "want more than 0"},
		{"R0-0 " + ids[0], "not parked now: R0-0"},
	} {
		call(t, d, append([]string{"parked", "retry"}, strings.Fields(c.args)...)...).expect(t, exitError, nil, []string{c.log})
	}
	call(t, d, "parked", "retry", "--all", "--reason", "TOO_LARGE").expect(t, exitOK, []string{"nothing to retry: no such record is parked"}, nil)

	call(t, d, "parked", "retry", ids[0], "--wait").expect(t, exitAttention, []string{"1 parked records are tried again by job 1", "refused again: 1 of them"}, nil)
	call(t, d, "parked", "show", ids[0]).expect(t, exitOK, []string{"refused 2 times"}, nil)

	calm(t, s)
	call(t, d, "parked", "retry", ids[0], "--wait").expect(t, exitOK, []string{"record job 2 of returns: done", "saved 1 +", "(1 operations)"}, nil)
	call(t, d, "parked", "retry", ids[0]).expect(t, exitError, nil, []string{"not parked now: " + ids[0]})
	call(t, d, "parked", "retry", "--all", "--reason", "REJECTED", "--wait").expect(t, exitOK, []string{fmt.Sprintf("%d parked records are tried again", len(ids)-1)}, nil)
	call(t, d, "parked", "list").expect(t, exitOK, []string{"returns: nothing is parked"}, nil)
	call(t, d, "verify", "--deep").expect(t, exitOK, []string{"agree"}, nil)
	sound(t, s)
}

func TestParkedDrop(t *testing.T) {
	s, d, ids := refusing(t)
	call(t, d, "parked", "drop", ids[0]).expect(t, exitError, []string{"would be taken off the list: " + ids[0]}, []string{"say --yes"})
	call(t, d, "parked", "drop", ids[0], "R0-0", "--yes").expect(t, exitError, nil, []string{"not parked now: R0-0"})
	call(t, d, "parked", "list").expect(t, exitOK, []string{fmt.Sprintf("%d of %d parked", len(ids), len(ids))}, nil)
	call(t, d, append([]string{"parked", "drop", "--yes"}, ids...)...).expect(t, exitOK, []string{fmt.Sprintf("returns: %d records are off the list", len(ids))}, nil)
	call(t, d, "parked", "list").expect(t, exitOK, []string{"returns: nothing is parked"}, nil)
	call(t, d, "parked", "show", ids[0]).expect(t, exitOK, []string{"was parked until", "dropped by hand; "}, nil)
	call(t, d, "parked", "drop", ids[0], "--yes").expect(t, exitError, nil, []string{"not parked now"})

	if r := synced(t, s); r.Counts.Operations != 0 {
		t.Errorf("a dropped record was sent though its row has not changed: %v", r.Counts)
	}
	call(t, d, "verify").expect(t, exitOK, []string{"agree"}, nil)
	call(t, d, "parked", "list").expect(t, exitOK, []string{"returns: nothing is parked"}, nil)
	touch(t, s, 1)
	touch(t, s, 2)
	synced(t, s)
	call(t, d, "parked", "list").expect(t, exitOK, []string{fmt.Sprintf("%d of %d parked", len(ids), len(ids))}, nil)
}
