package mssql_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	emulator "gitlab.com/eshopbox-team/return-sync/shared/emulator/mssql"
	"gitlab.com/eshopbox-team/return-sync/shared/fault"
	"gitlab.com/eshopbox-team/return-sync/shared/strictyaml/strictyamltest"
	"gitlab.com/eshopbox-team/return-sync/shared/transfer"
	"gitlab.com/eshopbox-team/return-sync/shared/transfer/mssql"
)

// TestErrorsAreJudged plays each error on each verb: what may pass is retried, and the
// rest is final.
func TestErrorsAreJudged(t *testing.T) {
	t.Parallel()
	server, address := serve(t, emulator.Options{})
	side := open(t, address)
	id, err := server.Edit(t.Context(), "dbo.Person", 0, map[string]any{"Name": "Maier"})
	if err != nil {
		t.Fatal(err)
	}
	calls := map[string]func(context.Context) error{
		"read": func(ctx context.Context) error { _, err := side.Read(ctx, "dbo.Person", id); return err },
		"find": func(ctx context.Context) error { _, err := side.Find(ctx, "dbo.Person", 7); return err },
		"search": func(ctx context.Context) error {
			_, err := side.Search(ctx, "dbo.Person", transfer.Query{Most: 1})
			return err
		},
		"write": func(ctx context.Context) error {
			_, err := side.Write(ctx, transfer.Write{Verb: transfer.Mark, Model: "dbo.Person", ID: id})
			return err
		},
		"parts": func(ctx context.Context) error {
			_, err := side.Write(ctx, transfer.Write{Verb: transfer.Mark, Model: "dbo.Person", ID: id, Parts: []transfer.Part{{Model: "dbo.PersonAdresse", Link: "PersonID"}}})
			return err
		},
	}
	for kind, want := range map[string]struct {
		kind fault.Kind
		code string
	}{
		"deadlock": {fault.Retry, "studio-deadlock"}, "locked": {fault.Retry, "timeout"}, "denied": {fault.Misconfigured, "studio-rights"}, "missing": {fault.Misconfigured, "studio-schema"},
		"reset": {fault.Retry, "studio-lost"}, "resetApplied": {fault.Retry, "studio-lost"}, "timeout": {fault.Retry, "timeout"},
	} {
		if err := server.SetFaults(emulator.Faults{Rules: []emulator.Fault{{Kind: emulator.Kind(kind)}}}); err != nil {
			t.Fatal(err)
		}
		for name, call := range calls {
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			if kind == "timeout" {
				ctx, cancel = context.WithTimeout(t.Context(), 50*time.Millisecond)
			}
			err := call(ctx)
			cancel()
			if fault.KindOf(err) != want.kind || fault.CodeOf(err) != want.code {
				t.Errorf("%s, %s: %v", kind, name, err)
			}
		}
	}
}

// TestDataIsFinal breaks keys and references.
func TestDataIsFinal(t *testing.T) {
	t.Parallel()
	_, address := serve(t, emulator.Options{})
	side := open(t, address)
	token := func(fields map[string]any) error {
		_, err := side.Write(t.Context(), transfer.Write{Verb: transfer.Create, Model: "dbo.AktionOnlineToken", Fields: fields})
		return err
	}
	if err := token(map[string]any{"Name": "abc"}); err != nil {
		t.Fatal(err)
	}
	for code, err := range map[string]error{
		"studio-duplicate": token(map[string]any{"Name": "abc"}), "studio-reference": token(map[string]any{"Name": "d", "PersonID": 99}),
		"studio-data": token(map[string]any{"Name": strings.Repeat("x", 101)}), "studio-model": token(map[string]any{"Nachname": "x"}),
	} {
		if fault.CodeOf(err) != code || fault.Retryable(err) {
			t.Errorf("%s: %v", code, err)
		}
	}
}

// TestLogins refuses wrong users, unknown servers and certificates of others, and no
// message holds the password.
func TestLogins(t *testing.T) {
	t.Parallel()
	server, address := serve(t, emulator.Options{})
	certificate := file(t, server.Certificate())
	for name, c := range map[string]struct {
		change func(*mssql.Settings)
		kind   fault.Kind
		fine   bool
	}{
		"the default": {func(*mssql.Settings) {}, 0, true}, "encrypted, the certificate known": {func(s *mssql.Settings) { s.Encrypt, s.Certificate = "true", certificate }, 0, true},
		"encrypted, the certificate unknown": {func(s *mssql.Settings) { s.Encrypt = "true" }, fault.Retry, false}, "a wrong password": {func(s *mssql.Settings) { s.Password = "secret-one" }, fault.Misconfigured, false},
		"another database": {func(s *mssql.Settings) { s.Database = "x" }, fault.Misconfigured, false}, "nobody listens": {func(s *mssql.Settings) { s.Host = "127.0.0.1:1" }, fault.Retry, false},
	} {
		err := open(t, address, c.change).Ping(t.Context())
		if (err == nil) != c.fine || err != nil && fault.KindOf(err) != c.kind || err != nil && strings.Contains(err.Error(), "secret-one") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := mssql.Open(mssql.Settings{Host: "x", Password: "secret-one", Encrypt: "maybe"}); fault.KindOf(err) != fault.Misconfigured || strings.Contains(err.Error(), "secret-one") {
		t.Error(err)
	}
	w, err := open(t, address).Write(t.Context(), transfer.Write{Verb: transfer.Create, Model: "dbo.Person", Fields: map[string]any{"Name": "Maier"}})
	if err != nil || strings.Contains(w.Request, "Local-1433") || !strings.Contains(w.Request, "INSERT INTO [dbo].[Person]") {
		t.Errorf("%+v, %v", w, err)
	}
}

// TestModels holds definitions: those that are shipped, and the mistakes of others.
func TestModels(t *testing.T) {
	t.Parallel()
	models, err := mssql.Shipped()
	if err != nil {
		t.Fatal(err)
	}
	flows, err := transfer.Shipped()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range flows {
		found := false
		for _, m := range models {
			found = found || m.Name == f.Studio
		}
		if !found {
			t.Errorf("no model is called %s", f.Studio)
		}
	}
	for text, want := range map[string]string{
		"- {model: Person, key: ID}": "a schema and a table", "- {model: dbo.P, key: 'I]D'}": "key is the name", "- {model: dbo.P, key: ID, columns: [{name: id, type: int}]}": "is no name of a column",
		"- {model: dbo.P, key: ID, columns: [{name: 'a] = 1', type: int}]}": "is no name of a column", "- {model: dbo.P, key: ID, columns: [{name: a, type: xml}]}": "unknown type",
		"- {model: dbo.P, key: ID}\n- {model: DBO.p, key: ID}": "there twice", "- {model: dbo.P, color: red}": "cannot be read", "- {model: dbo.P, key: ID, columns: [{name: write_date, type: date}]}": "is no name of a column",
	} {
		if _, err := mssql.ParseModels([]byte(text)); fault.KindOf(err) != fault.Misconfigured || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", text, err)
		}
	}
}

// FuzzModels reads definitions: those that are taken make statements without a bracket or
// quote of a name's own.
func FuzzModels(f *testing.F) {
	f.Add("- {model: dbo.P, key: ID, columns: [{name: Größe, type: nvarchar(5)}]}")
	f.Add("- {model: dbo.P, key: ID, columns: [{name: a, type: 'decimal(5,2)', readonly: true}], sql: {merge: 'EXEC dbo.x @id, @into'}}")
	for text := range strictyamltest.Strange("- model: dbo.P\n  key: ID\n  columns:\n    - name: a\n      type: 'decimal(5,2)'\n      readonly: true\n  sql:\n    merge: EXEC dbo.x @id, @into\n") {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		models, err := mssql.ParseModels([]byte(text))
		if err != nil {
			return
		}
		for _, m := range models {
			for _, c := range m.Columns {
				if strings.ContainsAny(c.Name+m.Key+m.Name, "[]'\";-") {
					t.Errorf("%q has the column %q", m.Name, c.Name)
				}
			}
			if m.SQL.Read == "" || m.SQL.Merge == "" {
				t.Errorf("%+v", m)
			}
		}
	})
}

// TestOwnSQL reads by a view of its own and merges by a procedure, which the emulator does
// not know: the texts arrive as they stand.
func TestOwnSQL(t *testing.T) {
	t.Parallel()
	models, err := mssql.ParseModels([]byte(`
- model: dbo.P
  key: ID
  columns: [{name: Größe, type: int}]
  sql:
    read: SELECT * FROM [dbo].[Ansicht] WHERE [ID] = @id
    merge: EXEC [dbo].[Zusammenführen] @id, @into
`))
	if err != nil {
		t.Fatal(err)
	}
	var texts []string
	_, address := serve(t, emulator.Options{Refused: func(text string) { texts = append(texts, text) }})
	side := open(t, address, func(s *mssql.Settings) { s.Models = models })
	_, read := side.Read(t.Context(), "dbo.P", 1)
	_, merged := side.Write(t.Context(), transfer.Write{Verb: transfer.Join, Model: "dbo.P", ID: 1, IntoID: 2})
	if read == nil || merged == nil || errors.Is(read, transfer.ErrNotFound) || len(texts) != 2 || texts[0] != models[0].SQL.Read || texts[1] != models[0].SQL.Merge {
		t.Errorf("%v, %v, %q", read, merged, texts)
	}
}
