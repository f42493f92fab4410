package transfer

import (
	"fmt"
	"slices"
	"strconv"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/emulator/mssql"
	"gitlab.com/eshopbox-team/return-sync/shared/emulator/odoo"
)

// oracle compares what both emulators keep, by rules of its own: it knows neither flows
// nor sides.
type oracle struct {
	studio, online map[string]map[int64]map[string]any // by model
	zone           *time.Location
	list           []string
}

// pairs are the models of both sides whose records have each other's ids.
var pairs = [][2]string{
	{"dbo.Person", "res.partner"}, {"dbo.PersonEmail", "frst.personemail"}, {"dbo.PersonGruppe", "frst.persongruppe"}, {"dbo.zGruppeDetail", "frst.zgruppedetail"},
	{"fson.sale_order", "sale.order"}, {"dbo.AktionOnlineToken", "res.partner.fstoken"},
}

// compare returns the differences, a line each, and how many records were compared.
func compare(studio *mssql.Server, online *odoo.Server) (differences []string, compared int, err error) {
	o := &oracle{studio: map[string]map[int64]map[string]any{}, online: map[string]map[int64]map[string]any{}}
	if o.zone, err = time.LoadLocation("Europe/Vienna"); err != nil {
		return nil, 0, err
	}
	for _, table := range []string{"dbo.PersonAdresse", "dbo.PersonTelefon", "dbo.Land", "dbo.Typen"} {
		o.studio[table] = studio.Rows(table)
	}
	o.online["res.country"] = online.Rows("res.country")
	for _, p := range pairs {
		o.studio[p[0]], o.online[p[1]] = studio.Rows(p[0]), online.Rows(p[1])
	}
	for _, p := range pairs {
		left, right := o.studio[p[0]], o.online[p[1]]
		if len(left) != len(right) {
			o.differ("%d of %s, but %d of %s", len(left), p[0], len(right), p[1])
		}
		for id, l := range left {
			compared++
			r := right[number(l["sosync_fso_id"])]
			if r == nil || number(r["sosync_fs_id"]) != id {
				o.differ("%s %d and %s %d do not name each other", p[0], id, p[1], number(l["sosync_fso_id"]))
				continue
			}
			o.record(p[0], id, l, r)
		}
	}
	slices.Sort(o.list)
	return o.list, compared, nil
}

// differ notes a difference.
func (o *oracle) differ(format string, args ...any) {
	o.list = append(o.list, fmt.Sprintf(format, args...))
}

// number returns an id, 0 for none.
func number(v any) int64 {
	n, _ := v.(int64)
	return n
}

// record compares the fields of a pair.
func (o *oracle) record(model string, id int64, l, r map[string]any) {
	same := func(name string, a, b any) {
		if text(a) != text(b) {
			o.differ("%s %d: %s is %q in studio, %q online", model, id, name, text(a), text(b))
		}
	}
	twin := func(model, name string, there any) {
		if to := number(l[name]); number(o.studio[model][to]["sosync_fso_id"]) != number(there) {
			o.differ("%s %d: %s leads to %d, online to %d", model, id, name, to, number(there))
		}
	}
	switch model {
	case "dbo.Person":
		o.person(id, l, r, same)
	case "dbo.PersonEmail":
		same("the address", text(l["EmailVor"])+"@"+text(l["EmailNach"]), r["email"])
		same("GültigVon", day(l["GültigVon"]), r["gueltig_von"])
		same("GültigBis", day(l["GültigBis"]), r["gueltig_bis"])
		same("BestaetigtAmUm", o.utc(l["BestaetigtAmUm"]), r["bestaetigt_am_um"])
		same("BestaetigungsTypID", o.studio["dbo.Typen"][number(l["BestaetigungsTypID"])]["TypenBezeichnung"], r["bestaetigt_typ"])
		same("BestaetigungsHerkunft", l["BestaetigungsHerkunft"], r["bestaetigt_herkunft"])
		same("HauptAdresseErzwingen", l["HauptAdresseErzwingen"], r["forced_main_address"])
		twin("dbo.Person", "PersonID", r["partner_id"])
	case "dbo.PersonGruppe":
		same("Steuerung", l["Steuerung"], r["steuerung_bit"])
		same("GültigVon", day(l["GültigVon"]), r["gueltig_von"])
		same("GültigBis", day(l["GültigBis"]), r["gueltig_bis"])
		twin("dbo.Person", "PersonID", r["partner_id"])
		twin("dbo.zGruppeDetail", "zGruppeDetailID", r["zgruppedetail_id"])
	case "dbo.zGruppeDetail":
		same("GruppeLang", l["GruppeLang"], r["gruppe_lang"])
	case "fson.sale_order":
		same("name", l["name"], r["name"])
		same("state", l["state"], r["state"])
		same("date_order", l["date_order"], r["date_order"])
		same("amount_total", decimal(l["amount_total"]), decimal(r["amount_total"]))
		twin("dbo.Person", "PersonID", r["partner_id"])
	case "dbo.AktionOnlineToken":
		same("Name", l["Name"], r["name"])
		same("Ablaufdatum", day(l["Ablaufdatum"]), r["expiration_date"])
		same("AnzahlÜberprüfungen", l["AnzahlÜberprüfungen"], r["number_of_checks"])
		same("LetzteBenutzungAmUm", o.utc(l["LetzteBenutzungAmUm"]), r["last_datetime_of_use"])
		twin("dbo.Person", "PersonID", r["partner_id"])
	}
}

// person compares a person with the rows of other tables that belong to the record.
func (o *oracle) person(id int64, l, r map[string]any, same func(string, any, any)) {
	address, phones := map[string]any{}, map[int64]any{}
	addresses := 0
	for _, row := range o.studio["dbo.PersonAdresse"] {
		if row["PersonID"] == id {
			address = row
			addresses++
		}
	}
	for _, row := range o.studio["dbo.PersonTelefon"] {
		if row["PersonID"] != id {
			continue
		}
		kind := number(row["TelefontypID"])
		if _, twice := phones[kind]; twice {
			o.differ("dbo.Person %d has two telephones of kind %d", id, kind)
		}
		phones[kind] = row["Telefonnummer"]
	}
	if addresses > 1 {
		o.differ("dbo.Person %d has %d addresses", id, addresses)
	}
	for name, there := range map[string]string{"Vorname": "firstname", "Name": "lastname", "Name2": "name_zwei", "Titel": "title_web"} {
		same(name, l[name], r[there])
	}
	same("Geburtsdatum", day(l["Geburtsdatum"]), r["birthdate_web"])
	if gender, ok := map[int64]string{290: "male", 291: "female"}[number(l["GeschlechttypID"])]; ok {
		same("GeschlechttypID", gender, r["gender"])
	}
	for name, there := range map[string]string{"Strasse": "street", "Hausnr": "street_number_web", "Plz": "zip", "Ort": "city"} {
		same(name, address[name], r[there])
	}
	same("LandID", o.studio["dbo.Land"][number(address["LandID"])]["ISO2"], o.online["res.country"][number(r["country_id"])]["code"])
	for kind, there := range map[int64]string{400: "phone", 401: "mobile", 403: "fax"} {
		same(there, phones[kind], r[there])
	}
}

// text returns a value as one side or the other would say it. Nothing, an empty text and
// false are one.
func text(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case bool:
		if !v {
			return ""
		}
		return "true"
	case time.Time:
		return v.UTC().Format(time.DateTime)
	}
	return fmt.Sprint(v)
}

// day returns a date as a text.
func day(v any) any {
	if at, ok := v.(time.Time); ok {
		return at.Format(time.DateOnly)
	}
	return nil
}

// utc returns a local time of the studio in UTC.
func (o *oracle) utc(v any) any {
	at, ok := v.(time.Time)
	if !ok {
		return nil
	}
	return time.Date(at.Year(), at.Month(), at.Day(), at.Hour(), at.Minute(), at.Second(), 0, o.zone)
}

// decimal returns an amount with two digits behind the point.
func decimal(v any) any {
	f, err := strconv.ParseFloat(fmt.Sprint(v), 64)
	if err != nil {
		return nil
	}
	return strconv.FormatFloat(f, 'f', 2, 64)
}
