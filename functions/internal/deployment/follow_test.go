package deployment_test

import (
	"os"
	"strings"
	"testing"

	"gitlab.com/eshopbox-team/return-sync/shared/grants"
)

// TestRightsOnTheBinlogAreDocumented holds the document to the rights that doctor looks for.
func TestRightsOnTheBinlogAreDocumented(t *testing.T) {
	text, err := os.ReadFile(terraform + "/README.md")
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, p := range grants.Replica {
		names = append(names, p.Names[0])
	}
	want := "GRANT " + strings.Join(names, ", ") + " ON *.*"
	if !strings.Contains(strings.Join(strings.Fields(string(text)), " "), want) {
		t.Errorf("terraform/README.md does not say %q", want)
	}
}
