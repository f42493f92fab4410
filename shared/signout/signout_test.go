package signout_test

import (
	"testing"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/localdb/localdbtest"
	"gitlab.com/eshopbox-team/return-sync/shared/signout"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/store/storetest"
)

// TestMain starts the tests' database server.
func TestMain(m *testing.M) { localdbtest.Main(m) }

// TestEnded ends tokens, one of them twice, and removes what has run out.
func TestEnded(t *testing.T) {
	db := storetest.New(t)
	s := signout.New(db.DB)
	end := func(signed string, left time.Duration) {
		t.Helper()
		if err := s.End(t.Context(), signed, left); err != nil {
			t.Fatal(err)
		}
	}
	ended := func(signed string, want bool) {
		t.Helper()
		if got, err := s.Ended(t.Context(), signed); got != want || err != nil {
			t.Errorf("%s has ended: %v, %v", signed, got, err)
		}
	}
	ended("a.b", false)
	end("a.b", time.Hour)
	end("a.b", time.Hour)
	ended("a.b", true)
	ended("a.c", false)
	end("old", -2*time.Hour) // beyond the margin
	end("new", time.Minute)
	ended("old", false)
	ended("a.b", true)
	var rows int
	if err := db.QueryRowContext(t.Context(), "SELECT COUNT(*) FROM sync_signout").Scan(&rows); err != nil || rows != 2 {
		t.Errorf("%d rows, %v", rows, err)
	}
	if _, err := db.ExecContext(t.Context(), "DROP TABLE sync_signout"); err != nil {
		t.Fatal(err)
	}
	ended("a.b", false)
	if err := s.End(t.Context(), "a.b", time.Hour); err == nil {
		t.Error("a sign-out is taken for done without a table")
	}
}
