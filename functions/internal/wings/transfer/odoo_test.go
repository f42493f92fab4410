package transfer_test

import (
	"errors"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"gitlab.com/eshopbox-team/return-sync/functions/internal/wings/transfer"
	emulator "gitlab.com/eshopbox-team/return-sync/shared/emulator/odoo"
	"gitlab.com/eshopbox-team/return-sync/shared/sqldb"
	rules "gitlab.com/eshopbox-team/return-sync/shared/transfer"
	"gitlab.com/eshopbox-team/return-sync/shared/transfer/sidetable"
	"gitlab.com/eshopbox-team/return-sync/shared/transfer/store/storetest"
)

// TestServiceWithOdoo edits a person in Odoo. Odoo posts the job to the service by HTTP,
// and the person appears in studio's table.
func TestServiceWithOdoo(t *testing.T) {
	db := storetest.PostgreSQL(t)
	server := httptest.NewUnstartedServer(nil) // Odoo needs the address of the service, and the service that of Odoo
	address := "http://" + server.Listener.Addr().String()
	r := start(t, conf(t, db, ""), map[string]string{"sides": "odoo", "online_host": address, "online_db": "odoo", "online_sosync_user": "sosync", "online_sosync_pw": "pass-of-odoo", "debounce_ms": "10"})
	odoo := emulator.New(emulator.Options{Password: "pass-of-odoo", FirstID: 1 << 20, Deliver: emulator.PostTo(r.address, token)})
	server.Config.Handler = odoo
	server.Start()
	t.Cleanup(func() { _ = odoo.Close(); server.Close() })
	partner, err := odoo.Edit("res.partner", 0, map[string]any{"lastname": "Müller", "city": "Linz"})
	if err != nil {
		t.Fatal(err)
	}
	studio := sidetable.Open(db.Pool, sqldb.PostgreSQL, rules.Studio, time.Now)
	person := until(t, func() (rules.Record, error) { return studio.Find(t.Context(), "dbo.Person", partner) })
	if person.Fields["Name"] != "Müller" {
		t.Errorf("%+v", person)
	}
	keys := map[string]string{"sides": "odoo", "online_host": address, "online_db": "odoo", "online_sosync_user": "sosync", "online_sosync_pw": "pass-of-odoo"}
	c, err := transfer.Read("testdata/dadi.ini", keys)
	if err == nil {
		err = c.CheckOnline(t.Context())
	}
	if err != nil {
		t.Error(err)
	}
	keys["online_sosync_pw"] = "wrong"
	if c, err = transfer.Read("testdata/dadi.ini", keys); err != nil {
		t.Fatal(err)
	}
	if err := c.CheckOnline(t.Context()); err == nil || !strings.Contains(err.Error(), "refuses the user") {
		t.Error(err)
	}
	// The job of the row is finished, and its copy stands in Odoo.
	copies := until(t, func() (int, error) {
		n := odoo.Counts()["create sosync.job"]
		if n == 0 {
			return n, errors.New("no copy of the job")
		}
		return n, nil
	})
	if copies != 1 || strings.Contains(r.log.String(), "pass-of-odoo") {
		t.Error(r.log)
	}
}

// until asks again and again, for a minute.
func until[T any](t *testing.T, ask func() (T, error)) T {
	t.Helper()
	for end := time.Now().Add(time.Minute); ; time.Sleep(20 * time.Millisecond) {
		v, err := ask()
		if err == nil {
			return v
		}
		if time.Now().After(end) {
			t.Fatal(err)
		}
	}
}

func TestSettingsOfOdoo(t *testing.T) {
	base := map[string]string{"sides": "odoo", "online_host": "online.example", "online_sosync_user": "u", "online_sosync_pw": "p"}
	c, err := transfer.Read("testdata/dadi.ini", base)
	if err != nil || c.Sides.URL != "https://online.example" || c.Sides.Database != "dadi" || len(c.Unused) != 0 {
		t.Errorf("%+v, %v", c.Unused, err)
	}
	delete(base, "online_sosync_pw")
	if _, err := transfer.Read("testdata/dadi.ini", base); err == nil || !strings.Contains(err.Error(), "the user and the password") {
		t.Error(err)
	}
	for name, keys := range map[string]map[string]string{"leave one": {"flows_file": "a", "flows_dir": "b"}, "no *.yaml": {"flows_dir": t.TempDir()}, "no such": {"flows_file": "nowhere"}} {
		if _, err := transfer.Read("testdata/dadi.ini", keys); err == nil || !strings.Contains(err.Error(), "flows_file, flows_dir: ") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
