package mssql_test

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"testing"

	emulator "gitlab.com/eshopbox-team/return-sync/shared/emulator/mssql"
	"gitlab.com/eshopbox-team/return-sync/shared/transfer/mssql"
)

// serve starts an emulator until the test ends and returns its address.
func serve(t testing.TB, o emulator.Options) (*emulator.Server, string) {
	t.Helper()
	if o.Refused == nil {
		o.Refused = func(text string) { t.Errorf("the emulator refused %s", text) }
	}
	server, err := emulator.New(o)
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- server.Serve(l) }()
	t.Cleanup(func() {
		_ = server.Close() // it never fails
		if err := <-served; err != nil {
			t.Error(err)
		}
	})
	return server, l.Addr().String()
}

// open opens the studio at an emulator.
func open(t testing.TB, address string, change ...func(*mssql.Settings)) *mssql.Side {
	t.Helper()
	s := mssql.Settings{Host: address, Database: "studio", User: "sosync", Password: "Local-1433"}
	for _, c := range change {
		c(&s)
	}
	side, err := mssql.Open(s)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = side.Close() })
	return side
}

// file writes a file that the test reads.
func file(t *testing.T, content []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "file.pem")
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// typed is a table with a column of each type, for the emulator and for the side.
var typed = emulator.Table{Name: "dbo.Prüfung", Key: "PrüfungID", Columns: []emulator.Column{
	{Name: "Ja", Type: "bit"}, {Name: "Klein", Type: "tinyint"}, {Name: "Kurz", Type: "smallint"}, {Name: "Ganz", Type: "int"}, {Name: "Groß", Type: "bigint"},
	{Name: "Fließend", Type: "float"}, {Name: "Betrag", Type: "decimal(20,4)"}, {Name: "Text", Type: "nvarchar(20)"}, {Name: "Länge", Type: "nvarchar(max)"},
	{Name: "Tag", Type: "date"}, {Name: "Zeit", Type: "datetime2"}, {Name: "Zone", Type: "datetimeoffset"}, {Name: "Kennung", Type: "uniqueidentifier"}, {Name: "Bild", Type: "varbinary(max)"},
}}

// typedModels are the models with that table alone.
func typedModels(t *testing.T) []mssql.Model {
	t.Helper()
	text := fmt.Sprintf("- model: %s\n  key: %s\n  columns:\n", typed.Name, typed.Key)
	for _, c := range typed.Columns {
		text += fmt.Sprintf("    - {name: %s, type: %q}\n", c.Name, c.Type)
	}
	models, err := mssql.ParseModels([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return models
}
