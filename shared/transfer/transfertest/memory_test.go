package transfertest_test

import (
	"testing"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/transfer"
	"gitlab.com/eshopbox-team/return-sync/shared/transfer/transfertest"
)

func TestMemoryIsASide(t *testing.T) {
	open := func(*testing.T) transfer.System { return transfertest.NewMemory(0, time.Now) }
	transfertest.RunSystem(t, "dbo.Person", "Name", open)
	transfertest.RunParts(t, "dbo.Person", "Name", transfertest.Pieces{Model: "dbo.PersonAdresse", Link: "PersonID", Field: "Strasse"}, open)
}
