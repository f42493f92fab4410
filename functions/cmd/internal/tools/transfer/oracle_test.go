package transfer

import (
	"strings"
	"testing"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/emulator/mssql"
	"gitlab.com/eshopbox-team/return-sync/shared/emulator/odoo"
)

// TestOracleSeesEachDifference writes both sides by hand, so that they agree, and then
// changes one thing at a time.
func TestOracleSeesEachDifference(t *testing.T) {
	studio, err := mssql.New(mssql.Options{})
	if err != nil {
		t.Fatal(err)
	}
	online := odoo.New(odoo.Options{FirstID: 500})
	t.Cleanup(func() { _, _ = studio.Close(), online.Close() })
	here := func(table string, id int64, f fields) int64 {
		t.Helper()
		id, err := studio.Edit(t.Context(), table, id, f)
		if err != nil {
			t.Fatal(err)
		}
		return id
	}
	there := func(model string, id int64, f fields) int64 {
		t.Helper()
		id, err := online.Edit(model, id, f)
		if err != nil {
			t.Fatal(err)
		}
		return id
	}
	land, country := here("dbo.Land", 0, fields{"ISO2": "AT"}), there("res.country", 0, fields{"code": "AT"})
	person := here("dbo.Person", 0, fields{"Name": "Müller", "GeschlechttypID": 291, "Geburtsdatum": time.Date(1970, 1, 31, 0, 0, 0, 0, time.UTC)})
	partner := there("res.partner", 0, fields{"lastname": "Müller", "gender": "female", "birthdate_web": "1970-01-31", "city": "Linz", "country_id": country, "mobile": "1", "sosync_fs_id": person})
	here("dbo.Person", person, fields{"sosync_fso_id": partner})
	here("dbo.PersonAdresse", 0, fields{"PersonID": person, "Ort": "Linz", "LandID": land})
	phone := here("dbo.PersonTelefon", 0, fields{"PersonID": person, "TelefontypID": 401, "Telefonnummer": "1"})
	mail := here("dbo.PersonEmail", 0, fields{"PersonID": person, "EmailVor": "a", "EmailNach": "b", "BestaetigtAmUm": time.Date(2026, 7, 1, 12, 0, 0, 0, time.UTC)})
	letter := there("frst.personemail", 0, fields{"partner_id": partner, "email": "a@b", "bestaetigt_am_um": "2026-07-01 10:00:00", "sosync_fs_id": mail})
	here("dbo.PersonEmail", mail, fields{"sosync_fso_id": letter})
	order := here("fson.sale_order", 0, fields{"PersonID": person, "amount_total": "12.5"})
	sale := there("sale.order", 0, fields{"partner_id": partner, "amount_total": 12.5, "sosync_fs_id": order})
	here("fson.sale_order", order, fields{"sosync_fso_id": sale})
	differences := func() []string {
		t.Helper()
		list, compared, err := compare(studio, online)
		if err != nil || compared < 3 {
			t.Fatalf("%d compared, %v", compared, err)
		}
		return list
	}
	if list := differences(); len(list) > 0 {
		t.Fatal(list)
	}
	for name, c := range map[string]struct{ change, back func() }{
		"Name is":         {func() { here("dbo.Person", person, fields{"Name": "Maier"}) }, func() { here("dbo.Person", person, fields{"Name": "Müller"}) }},
		"Ort is":          {func() { there("res.partner", partner, fields{"city": "Wien"}) }, func() { there("res.partner", partner, fields{"city": "Linz"}) }},
		"LandID is":       {func() { there("res.partner", partner, fields{"country_id": nil}) }, func() { there("res.partner", partner, fields{"country_id": country}) }},
		"mobile is":       {func() { here("dbo.PersonTelefon", phone, fields{"Telefonnummer": "2"}) }, func() { here("dbo.PersonTelefon", phone, fields{"Telefonnummer": "1"}) }},
		"the address is":  {func() { here("dbo.PersonEmail", mail, fields{"EmailVor": "c"}) }, func() { here("dbo.PersonEmail", mail, fields{"EmailVor": "a"}) }},
		"BestaetigtAmUm":  {func() { there("frst.personemail", letter, fields{"bestaetigt_am_um": "2026-07-01 11:00:00"}) }, func() { there("frst.personemail", letter, fields{"bestaetigt_am_um": "2026-07-01 10:00:00"}) }},
		"amount_total is": {func() { here("fson.sale_order", order, fields{"amount_total": "12.51"}) }, func() { here("fson.sale_order", order, fields{"amount_total": "12.5"}) }},
		"do not name":     {func() { here("fson.sale_order", order, fields{"sosync_fso_id": 1}) }, func() { here("fson.sale_order", order, fields{"sosync_fso_id": sale}) }},
		"PersonID leads":  {func() { there("sale.order", sale, fields{"partner_id": nil}) }, func() { there("sale.order", sale, fields{"partner_id": partner}) }},
	} {
		c.change()
		if list := differences(); len(list) != 1 || !strings.Contains(list[0], name) {
			t.Errorf("%s: %q", name, list)
		}
		c.back()
		if list := differences(); len(list) > 0 {
			t.Fatalf("%s: %q", name, list)
		}
	}
	here("dbo.Person", 0, fields{"Name": "x"})
	if list := differences(); len(list) != 2 || !strings.Contains(strings.Join(list, " "), "2 of dbo.Person,") {
		t.Errorf("%q", list)
	}
}
