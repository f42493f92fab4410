// Package operator_test has a real browser play what operators do with the console and
// with the pages of the wings. Each test has a product of its own.
package operator_test

import (
	"os"
	"testing"

	"gitlab.com/eshopbox-team/return-sync/functions/internal/browser"
	"gitlab.com/eshopbox-team/return-sync/functions/internal/rehearsal"
	"gitlab.com/eshopbox-team/return-sync/shared/localdb/localdbtest"
)

func TestMain(m *testing.M) {
	rehearsal.Child() // this program is also the functions'
	os.Exit(browser.Run(func() int { return localdbtest.Run(m) }))
}
