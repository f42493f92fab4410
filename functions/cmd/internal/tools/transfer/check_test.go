package transfer

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"gitlab.com/eshopbox-team/return-sync/functions/cmd/internal/cli"
	"gitlab.com/eshopbox-team/return-sync/shared/emulator/mssql"
	"gitlab.com/eshopbox-team/return-sync/shared/emulator/odoo"
)

// TestCheck compares a SQL Server and an Odoo with what transfers expect, and finds a
// right that is missing.
func TestCheck(t *testing.T) {
	studio, err := mssql.New(mssql.Options{Refused: func(text string) { t.Errorf("the emulator refused %s", text) }})
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go func() { _ = studio.Serve(l) }() // it ends with Close
	t.Cleanup(func() { _ = studio.Close() })
	online := odoo.New(odoo.Options{})
	server := httptest.NewServer(online)
	t.Cleanup(func() { _ = online.Close(); server.Close() })
	path := filepath.Join(t.TempDir(), "x.ini")
	text := fmt.Sprintf("[sosync]\nsides = systems\nstudio_mssql_host = %s\nstudio_mssql_db = studio\nstudio_sosync_user = sosync\nstudio_sosync_pw = Local-1433\n"+
		"online_host = %s\nonline_db = odoo\nonline_sosync_user = sosync\nonline_sosync_pw = sosync\n", l.Addr(), server.URL)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	call := func(args ...string) (string, error) {
		var out bytes.Buffer
		cmd := commands(&cli.App{Deps: cli.Deps{Out: &out, Err: io.Discard}})[0]
		cmd.SetArgs(append(args, "--conf", path))
		cmd.SilenceErrors, cmd.SilenceUsage = true, true
		err := cmd.ExecuteContext(t.Context())
		return out.String(), err
	}
	out, err := call("check", "--create")
	clock := strings.Contains(out, "DIFFERS  clock") // the machine may be busy
	if err != nil && !clock || strings.Count(out, "DIFFERS") > 0 && !clock || !strings.Contains(out, "dbo.PersonEmail create") || !strings.Contains(out, "res.partner search") {
		t.Errorf("%v\n%s", err, out)
	}
	if err := studio.SetFaults(mssql.Faults{Rules: []mssql.Fault{{Kind: "denied", Route: "dbo.Person update"}}}); err != nil {
		t.Fatal(err)
	}
	if out, err := call("check", "--json"); !errors.Is(err, cli.ErrAttention) || !strings.Contains(out, "the user lacks a right") || strings.Contains(out, "Local-1433") {
		t.Errorf("%v\n%s", err, out)
	}
}
