package odoo_test

import (
	"net/http/httptest"
	"os"
	"os/exec"
	"testing"

	emulator "gitlab.com/eshopbox-team/return-sync/shared/emulator/odoo"
	"gitlab.com/eshopbox-team/return-sync/shared/tool"
)

// TestEmulatorByPythonsClient drives the emulator with Python's own xmlrpc.client, which
// nobody here wrote.
func TestEmulatorByPythonsClient(t *testing.T) {
	python, err := tool.ThisMachine(os.Stderr).Need(t.Context(), "python3", "python3")
	if err != nil {
		t.Fatal(err)
	}
	s := emulator.New(emulator.Options{})
	server := httptest.NewServer(s)
	t.Cleanup(func() { _ = s.Close(); server.Close() })
	if out, err := exec.CommandContext(t.Context(), python, "testdata/client.py", server.URL).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
}
