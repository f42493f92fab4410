package mssql_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	emulator "gitlab.com/eshopbox-team/return-sync/shared/emulator/mssql"
	"gitlab.com/eshopbox-team/return-sync/shared/tool"
)

// edit is the text of a person's edit of the table with all types.
const edit = "UPDATE [dbo].[Prüfung] SET [Text] = @value WHERE [PrüfungID] = @id"

// TestPythonDrivesTheEmulator holds the emulator to python3-tds: its types, transactions,
// encryption and errors.
func TestPythonDrivesTheEmulator(t *testing.T) {
	t.Parallel()
	const python = "/usr/bin/python3" // Debian's, which sees Debian's modules
	find := func() error { return exec.Command(python, "-c", "import pytds, OpenSSL").Run() }
	if find() != nil {
		m := tool.ThisMachine(os.Stderr)
		if !m.CanInstall() {
			t.Fatal("there is no python3-tds here; as root on Debian or Ubuntu: " + tool.AptInstall + "python3-tds python3-openssl")
		}
		if err := m.Install(t.Context(), "python3-tds", "python3-tds python3-openssl"); err != nil {
			t.Fatal(err)
		}
	}
	refused := 0
	server, address := serve(t, emulator.Options{Tables: []emulator.Table{typed}, Refused: func(string) { refused++ }})
	_, port, err := net.SplitHostPort(address)
	if err != nil {
		t.Fatal(err)
	}
	model := typedModels(t)[0]
	texts, err := json.Marshal(map[string]string{"create": model.SQL.Create, "read": model.SQL.Read, "edit": edit})
	if err != nil {
		t.Fatal(err)
	}
	c := exec.CommandContext(t.Context(), python, "testdata/clients.py", port, file(t, server.Certificate()))
	c.Stdin = bytes.NewReader(texts)
	c.Env = append(os.Environ(), "PYTHONIOENCODING=utf-8", "PYTHONDONTWRITEBYTECODE=1")
	out, err := c.CombinedOutput()
	want := "login refused 18456\n"
	for _, name := range []string{"plain", "login encrypted", "all encrypted"} {
		want += fmt.Sprintf("%s rolled back True\n%s columns ['Ja', 'Klein', 'Kurz']\n%s the date True\n", name, name, name)
	}
	want += "refused 50000\ntoo long 2628\nchanged by hand\n"
	if err != nil || string(out) != want || refused != 1 {
		t.Errorf("%v, %d texts refused:\n%s\nwant:\n%s", err, refused, out, want)
	}
	changed := 0
	for _, row := range server.Rows(typed.Name) {
		if row["Text"] == "von Hand" {
			changed++
		}
	}
	if n := server.Stats().Posted[typed.Name]; n != 1 || changed != 1 {
		t.Errorf("%d jobs were posted for one change by hand, and %d rows changed", n, changed)
	}
}

// TestTsqlDrivesTheEmulator holds the emulator to FreeTDS, with batches alone, plain and
// with all that is sent encrypted.
func TestTsqlDrivesTheEmulator(t *testing.T) {
	t.Parallel()
	tsql, err := tool.ThisMachine(os.Stderr).Need(t.Context(), "tsql", "freetds-bin")
	if err != nil {
		t.Fatal(err)
	}
	for _, encryption := range []string{"off", "require"} {
		refused := 0
		server, address := serve(t, emulator.Options{Encrypt: encryption == "require", Refused: func(string) { refused++ }})
		id, err := server.Edit(t.Context(), "dbo.Person", 0, map[string]any{"Name": "Größe"})
		if err != nil {
			t.Fatal(err)
		}
		host, port, err := net.SplitHostPort(address)
		if err != nil {
			t.Fatal(err)
		}
		conf := filepath.Join(t.TempDir(), "freetds.conf")
		text := fmt.Sprintf("[studio]\nhost = %s\nport = %s\ntds version = 7.4\nencryption = %s\nclient charset = UTF-8\n", host, port, encryption)
		if err := os.WriteFile(conf, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		call := func(text, declared, args string) string {
			return fmt.Sprintf("EXEC sp_executesql N'%s', N'%s', %s\ngo\n", strings.ReplaceAll(text, "'", "''"), declared, args)
		}
		change := "UPDATE [dbo].[Person] SET [Name] = @value WHERE [PersonID] = @id"
		token := "UPDATE [dbo].[PersonEmail] SET [GültigVon] = @value WHERE [PersonEmailID] = @id"
		c := exec.CommandContext(t.Context(), tsql, "-S", "studio", "-U", "sosync", "-P", "Local-1433", "-D", "studio", "-o", "q")
		c.Env = append(os.Environ(), "FREETDSCONF="+conf, "LC_ALL=C.UTF-8")
		c.Stdin = strings.NewReader(call(change, "@value nvarchar(100), @id bigint", fmt.Sprintf("@value = N'Süß', @id = %d", id)) +
			call(token, "@value nvarchar(10), @id bigint", "@value = N'2026-05-01', @id = 99") +
			"BEGIN TRANSACTION\ngo\n" + call(change, "@value nvarchar(100), @id bigint", fmt.Sprintf("@value = N'anders', @id = %d", id)) + "ROLLBACK TRANSACTION\ngo\n" +
			"SELECT * FROM [dbo].[Person]\ngo\nselect 1\ngo\nexit\n")
		out, err := c.CombinedOutput()
		if err != nil || !strings.Contains(string(out), "Msg 50000") || strings.Count(string(out), "Msg ") != 1 || !strings.Contains(string(out), "1\n") || refused != 1 {
			t.Errorf("encryption %s: %v, %d texts refused:\n%s", encryption, err, refused, out)
		}
		if name := server.Rows("dbo.Person")[id]["Name"]; name != "Süß" {
			t.Errorf("encryption %s: the name is %v:\n%s", encryption, name, out)
		}
	}
}
