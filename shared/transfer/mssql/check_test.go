package mssql_test

import (
	"strings"
	"testing"
	"time"

	emulator "gitlab.com/eshopbox-team/return-sync/shared/emulator/mssql"
	"gitlab.com/eshopbox-team/return-sync/shared/transfer/mssql"
)

// TestCheck runs all statements on the emulator, which agrees, and leaves nothing behind.
func TestCheck(t *testing.T) {
	t.Parallel()
	server, address := serve(t, emulator.Options{})
	if _, err := server.Edit(t.Context(), "dbo.Person", 0, map[string]any{"Name": "Maier"}); err != nil {
		t.Fatal(err)
	}
	before := server.Stats().Posted["dbo.Person"]
	list, err := open(t, address).Check(t.Context(), time.Now, true)
	if err != nil {
		t.Fatal(err)
	}
	created := 0
	for _, f := range list {
		if f.Differs && f.What != "clock" { // the machine may be busy
			t.Errorf("%+v", f)
		}
		if strings.HasSuffix(f.What, " create") {
			created++
		}
	}
	if created < 10 || len(server.Rows("dbo.Person")) != 1 || server.Stats().Posted["dbo.Person"] != before {
		t.Errorf("%d creates; %v", created, server.Rows("dbo.Person"))
	}
}

// TestCheckNamesDifferences checks models that are not the server's.
func TestCheckNamesDifferences(t *testing.T) {
	t.Parallel()
	refused := 0
	_, address := serve(t, emulator.Options{Refused: func(string) { refused++ }, Tables: []emulator.Table{{Name: "dbo.P", Key: "ID", Columns: []emulator.Column{
		{Name: "A", Type: "int"}, {Name: "B", Type: "nvarchar(10)"}, {Name: "C", Type: "nvarchar(10)"}, {Name: "D", Type: "datetime"},
	}}}})
	models, err := mssql.ParseModels([]byte(`
- {model: dbo.P, key: ID, columns: [{name: A, type: nvarchar(5)}, {name: B, type: nvarchar(20)}, {name: C, type: nvarchar(max)}, {name: D, type: datetime2}]}
- {model: dbo.Q, key: ID}
`))
	if err != nil {
		t.Fatal(err)
	}
	later := func() time.Time { return time.Now().Add(90 * time.Minute) }
	list, err := open(t, address, func(s *mssql.Settings) { s.Models = models }).Check(t.Context(), later, false)
	if err != nil {
		t.Fatal(err)
	}
	details := map[string]string{}
	for _, f := range list {
		if f.Differs {
			details[f.What] = f.Detail
		}
	}
	for what, wants := range map[string][]string{
		"clock": {"-1h"}, "dbo.P read": {"A has the type INT, not nvarchar(5)", "B holds 10, not nvarchar(20)", "C holds 10, not nvarchar(max)", "D is of type datetime"},
		"dbo.Q read": {"does not know the statement"}, "dbo.Q update": {"does not know the statement"}, "dbo.Q triggers": {"no trigger"},
	} {
		for _, want := range wants {
			if !strings.Contains(details[what], want) {
				t.Errorf("%s: %q; want %q", what, details[what], want)
			}
		}
	}
	if _, fine := details["dbo.P update"]; fine || refused == 0 {
		t.Errorf("%v", details)
	}
	if _, err := open(t, "127.0.0.1:1").Check(t.Context(), time.Now, false); err == nil {
		t.Error("a server that nobody runs was checked")
	}
}
