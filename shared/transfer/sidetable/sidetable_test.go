package sidetable_test

import (
	"log/slog"
	"os"
	"testing"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/localdb/localdbtest"
	"gitlab.com/eshopbox-team/return-sync/shared/localdb/pgtest"
	"gitlab.com/eshopbox-team/return-sync/shared/transfer"
	"gitlab.com/eshopbox-team/return-sync/shared/transfer/sidetable"
	"gitlab.com/eshopbox-team/return-sync/shared/transfer/store/storetest"
	"gitlab.com/eshopbox-team/return-sync/shared/transfer/transfertest"
)

// TestMain starts the tests' database servers.
func TestMain(m *testing.M) {
	os.Exit(pgtest.Around(func() int { return localdbtest.Run(m) }))
}

func TestTableIsASide(t *testing.T) {
	for name, open := range map[string]func(testing.TB) storetest.DB{"MySQL": storetest.MySQL, "PostgreSQL": storetest.PostgreSQL} {
		t.Run(name, func(t *testing.T) {
			side := func(t *testing.T) transfer.System {
				db := open(t)
				if err := sidetable.Migrate(t.Context(), db.Pool, db.Dialect, slog.New(slog.DiscardHandler)); err != nil {
					t.Fatal(err)
				}
				return sidetable.Open(db.Pool, db.Dialect, transfer.Online, time.Now)
			}
			transfertest.RunSystem(t, "dbo.Person", "Name", side)
			transfertest.RunParts(t, "dbo.Person", "Name", transfertest.Pieces{Model: "dbo.PersonAdresse", Link: "PersonID", Field: "Strasse"}, side)
		})
	}
}
