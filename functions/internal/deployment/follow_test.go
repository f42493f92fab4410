package deployment_test

import (
	"strings"
	"testing"

	"gitlab.com/eshopbox-team/return-sync/functions/internal/rehearsal"
	"gitlab.com/eshopbox-team/return-sync/shared/grants"
)

// TestRightsOnTheBinlogAreDocumented holds the document to the rights that doctor looks for.
func TestRightsOnTheBinlogAreDocumented(t *testing.T) {
	documented, err := rehearsal.ReadGrants(terraform + "/README.md")
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, p := range grants.Replica {
		names = append(names, p.Names[0])
	}
	want := "GRANT " + strings.Join(names, ", ") + " ON *.* TO 'functions'@'%'"
	if len(documented.Follow) != 1 || documented.Follow[0] != want {
		t.Errorf("terraform/README.md has %q, want %q", documented.Follow, want)
	}
}
