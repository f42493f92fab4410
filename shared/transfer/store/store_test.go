package store_test

import (
	"os"
	"testing"

	"gitlab.com/eshopbox-team/return-sync/shared/localdb/localdbtest"
	"gitlab.com/eshopbox-team/return-sync/shared/localdb/pgtest"
	"gitlab.com/eshopbox-team/return-sync/shared/transfer"
	"gitlab.com/eshopbox-team/return-sync/shared/transfer/store/storetest"
	"gitlab.com/eshopbox-team/return-sync/shared/transfer/transfertest"
)

// TestMain starts the tests' database servers.
func TestMain(m *testing.M) {
	os.Exit(pgtest.Around(func() int { return localdbtest.Run(m) }))
}

func TestStoreOnMySQL(t *testing.T) {
	transfertest.RunJobs(t, func(t *testing.T) transfer.Jobs { return storetest.MySQL(t).Store })
}

func TestStoreOnPostgreSQL(t *testing.T) {
	transfertest.RunJobs(t, func(t *testing.T) transfer.Jobs { return storetest.PostgreSQL(t).Store })
}
