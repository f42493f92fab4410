package localdbtest_test

import (
	"testing"

	"gitlab.com/eshopbox-team/return-sync/shared/localdb/localdbtest"
)

func TestMain(m *testing.M) { localdbtest.Main(m) }

// TestDatabasesAreApart creates the same table in two databases: it would
// collide if they were one.
func TestDatabasesAreApart(t *testing.T) {
	for _, name := range []string{"first", "second"} {
		t.Run(name, func(t *testing.T) {
			db := localdbtest.Open(t)
			if _, err := db.Exec("CREATE TABLE probe (id INT PRIMARY KEY)"); err != nil {
				t.Fatal(err)
			}
			var tables int
			err := db.QueryRow("SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = DATABASE()").Scan(&tables)
			if err != nil || tables != 1 {
				t.Fatalf("tables = %d, %v; want 1", tables, err)
			}
		})
	}
}
