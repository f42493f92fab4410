package mssql_test

import (
	"testing"

	emulator "gitlab.com/eshopbox-team/return-sync/shared/emulator/mssql"
	"gitlab.com/eshopbox-team/return-sync/shared/transfer"
	"gitlab.com/eshopbox-team/return-sync/shared/transfer/transfertest"
)

func TestStudioIsASide(t *testing.T) {
	t.Parallel()
	side := func(t *testing.T) transfer.System {
		_, address := serve(t, emulator.Options{})
		return open(t, address)
	}
	transfertest.RunSystem(t, "dbo.Person", "Name", side)
	transfertest.RunParts(t, "dbo.Person", "Name", transfertest.Pieces{Model: "dbo.PersonAdresse", Link: "PersonID", Field: "Strasse"}, side)
}
