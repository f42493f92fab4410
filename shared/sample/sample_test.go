package sample_test

import (
	"testing"

	"gitlab.com/eshopbox-team/return-sync/shared/localdb/localdbtest"
)

func TestMain(m *testing.M) { localdbtest.Main(m) }
