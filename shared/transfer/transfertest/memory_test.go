package transfertest_test

import (
	"testing"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/transfer"
	"gitlab.com/eshopbox-team/return-sync/shared/transfer/transfertest"
)

func TestMemoryIsASide(t *testing.T) {
	transfertest.RunSystem(t, "dbo.Person", "Name", func(*testing.T) transfer.System { return transfertest.NewMemory(0, time.Now) })
}
