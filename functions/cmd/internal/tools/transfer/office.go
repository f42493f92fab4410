package transfer

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/emulator/mssql"
	"gitlab.com/eshopbox-team/return-sync/shared/emulator/odoo"
)

// fields are values of a record.
type fields = map[string]any

// office is people who edit both sides.
type office struct {
	studio      *mssql.Server
	online      *odoo.Server
	dice        *rand.Rand
	n           int
	onlineEdits int
	records     int // made by people, of the models that transfers copy
}

// newOffice returns an office whose edits a seed decides.
func newOffice(seed int64, studio *mssql.Server, online *odoo.Server) *office {
	return &office{studio: studio, online: online, dice: rand.New(rand.NewPCG(uint64(seed), 20))}
}

// begin makes what both sides have from the start: countries and kinds of confirmation.
func (o *office) begin(ctx context.Context) error {
	for _, code := range []string{"AT", "DE", "CH"} {
		if _, err := o.studio.Edit(ctx, "dbo.Land", 0, fields{"ISO2": code}); err != nil {
			return err
		}
		if _, err := o.online.Edit("res.country", 0, fields{"name": code, "code": code}); err != nil {
			return err
		}
	}
	for _, kind := range []string{"doubleoptin", "phone_call", "workflow"} {
		if _, err := o.studio.Edit(ctx, "dbo.Typen", 0, fields{"TypenBezeichnung": kind}); err != nil {
			return err
		}
	}
	return nil
}

// any returns a random id among rows, 0 for none.
func (o *office) any(rows map[int64]map[string]any) int64 {
	if len(rows) == 0 {
		return 0
	}
	ids := slices.Sorted(maps.Keys(rows))
	return ids[o.dice.IntN(len(ids))]
}

// edit changes or creates a record online.
func (o *office) edit(model string, id int64, f fields) error {
	o.onlineEdits++
	o.count(model, id)
	_, err := o.online.Edit(model, id, f)
	return err
}

// count counts a record that is made: one without an id, of a model that has pairs.
func (o *office) count(model string, id int64) {
	if id == 0 && slices.ContainsFunc(pairs, func(p [2]string) bool { return p[0] == model || p[1] == model }) {
		o.records++
	}
}

// word returns a name of a person's edit, with umlauts.
func (o *office) word() string {
	list := []string{"Müller", "Größ", "Süß", "Ähre", "Maier", "O'Neil"}
	return fmt.Sprintf("%s %d", list[o.dice.IntN(len(list))], o.n)
}

// moment returns a time of the last year, in whole seconds.
func (o *office) moment() time.Time {
	return time.Date(2026, time.Month(1+o.dice.IntN(10)), 1+o.dice.IntN(28), o.dice.IntN(24), o.dice.IntN(60), o.dice.IntN(60), 0, time.UTC)
}

// act is one edit by somebody.
func (o *office) act(ctx context.Context) error {
	o.n++
	person, partner := o.any(o.studio.Rows("dbo.Person")), o.any(o.online.Rows("res.partner"))
	if person == 0 {
		return o.people(ctx, 0, 0, 0)
	}
	if partner == 0 {
		return o.people(ctx, 1, 0, 0)
	}
	switch k := o.dice.IntN(100); {
	case k < 30:
		return o.people(ctx, o.dice.IntN(7), person, partner)
	case k < 55:
		return o.mails(ctx, o.dice.IntN(5), person, partner)
	case k < 70:
		return o.groups(ctx, o.dice.IntN(4), person)
	case k < 85:
		return o.sales(o.dice.IntN(3), partner)
	}
	return o.tokens(ctx, o.dice.IntN(4), person)
}

// put changes or creates a row of the studio.
func (o *office) put(ctx context.Context, table string, id int64, f fields) error {
	o.count(table, id)
	_, err := o.studio.Edit(ctx, table, id, f)
	return err
}

// people edits persons.
func (o *office) people(ctx context.Context, k int, person, partner int64) error {
	switch k {
	case 0:
		return o.put(ctx, "dbo.Person", 0, fields{"Vorname": "Ann", "Name": o.word(), "GeschlechttypID": 290 + o.dice.IntN(2), "Geburtsdatum": o.moment()})
	case 1:
		return o.edit("res.partner", 0, fields{"firstname": "Bo", "lastname": o.word(), "gender": "male", "city": o.word(), "mobile": "0664 1"})
	case 2:
		return o.put(ctx, "dbo.Person", person, fields{"Name": o.word(), "Titel": "Dr."})
	case 3:
		return o.part(ctx, "dbo.PersonAdresse", person, fields{}, fields{"Ort": o.word(), "Plz": "1010", "LandID": o.any(o.studio.Rows("dbo.Land"))})
	case 4:
		return o.part(ctx, "dbo.PersonTelefon", person, fields{"TelefontypID": int64(401)}, fields{"Telefonnummer": fmt.Sprintf("0664 %d", o.n)})
	case 5:
		return o.edit("res.partner", partner, fields{"city": o.word(), "street": "Gasse", "country_id": o.any(o.online.Rows("res.country"))})
	}
	return o.edit("res.partner", partner, fields{"lastname": o.word(), "phone": fmt.Sprintf("01 %d", o.n)})
}

// part changes a person's row of another table, or makes one. Where a transfer made one at
// the same time, the person takes the own one back.
func (o *office) part(ctx context.Context, table string, person int64, equal, f fields) error {
	there := func(but int64) int64 {
		for id, row := range o.studio.Rows(table) {
			same := row["PersonID"] == person && id != but
			for name, v := range equal {
				same = same && row[name] == v
			}
			if same {
				return id
			}
		}
		return 0
	}
	if id := there(0); id != 0 {
		return o.put(ctx, table, id, f)
	}
	made := fields{"PersonID": person}
	maps.Copy(made, equal)
	maps.Copy(made, f)
	own, err := o.studio.Edit(ctx, table, 0, made)
	if err != nil {
		return err
	}
	if other := there(own); other != 0 {
		if err := o.studio.Delete(ctx, table, own); err != nil {
			return err
		}
		return o.put(ctx, table, other, f)
	}
	return nil
}

// mails edits e-mails.
func (o *office) mails(ctx context.Context, k int, person, partner int64) error {
	name := fmt.Sprintf("m%d", o.n)
	switch k {
	case 0:
		return o.put(ctx, "dbo.PersonEmail", 0, fields{
			"PersonID": person, "EmailVor": name, "EmailNach": "fs.example", "BestaetigtAmUm": o.moment(), "BestaetigungsTypID": o.any(o.studio.Rows("dbo.Typen")), "GültigVon": o.moment(),
		})
	case 1:
		return o.edit("frst.personemail", 0, fields{
			"partner_id": partner, "email": name + "@fso.example", "bestaetigt_am_um": o.moment().Format(time.DateTime), "bestaetigt_typ": "workflow", "forced_main_address": true,
		})
	case 2, 3:
		if id := o.any(o.studio.Rows("dbo.PersonEmail")); id != 0 {
			return o.put(ctx, "dbo.PersonEmail", id, fields{"EmailVor": name, "BestaetigungsHerkunft": o.word(), "HauptAdresseErzwingen": o.n%2 == 0})
		}
	}
	if id := o.any(o.online.Rows("frst.personemail")); id != 0 {
		return o.edit("frst.personemail", id, fields{"email": name + "@x.example", "gueltig_bis": o.moment().Format(time.DateOnly)})
	}
	return nil
}

// groups edits the groups of persons.
func (o *office) groups(ctx context.Context, k int, person int64) error {
	switch k {
	case 0:
		o.count("dbo.zGruppeDetail", 0)
		group, err := o.studio.Edit(ctx, "dbo.zGruppeDetail", 0, fields{"GruppeLang": o.word()})
		if err != nil {
			return err
		}
		return o.put(ctx, "dbo.PersonGruppe", 0, fields{"PersonID": person, "zGruppeDetailID": group, "Steuerung": true, "GültigVon": o.moment()})
	case 1:
		if id := o.any(o.studio.Rows("dbo.PersonGruppe")); id != 0 {
			return o.put(ctx, "dbo.PersonGruppe", id, fields{"Steuerung": o.n%2 == 0, "GültigBis": o.moment()})
		}
	}
	if id := o.any(o.online.Rows("frst.persongruppe")); id != 0 {
		return o.edit("frst.persongruppe", id, fields{"steuerung_bit": o.n%2 == 0})
	}
	return nil
}

// sales edits orders, which are online's alone.
func (o *office) sales(k int, partner int64) error {
	if id := o.any(o.online.Rows("sale.order")); id != 0 && k > 0 {
		return o.edit("sale.order", id, fields{"amount_total": float64(o.n) / 4, "state": "done"})
	}
	return o.edit("sale.order", 0, fields{"name": fmt.Sprintf("SO%d", o.n), "partner_id": partner, "amount_total": float64(o.n) / 4, "state": "draft", "date_order": o.moment().Format(time.DateTime)})
}

// tokens edits the tokens with which persons sign in.
func (o *office) tokens(ctx context.Context, k int, person int64) error {
	own, there := o.any(o.studio.Rows("dbo.AktionOnlineToken")), o.any(o.online.Rows("res.partner.fstoken"))
	switch {
	case k < 2 || own == 0:
		return o.put(ctx, "dbo.AktionOnlineToken", 0, fields{"PersonID": person, "Name": fmt.Sprintf("T%d", o.n), "Ablaufdatum": o.moment(), "AnzahlÜberprüfungen": 0})
	case k == 2 || there == 0:
		return o.put(ctx, "dbo.AktionOnlineToken", own, fields{"AnzahlÜberprüfungen": o.n})
	}
	return o.edit("res.partner.fstoken", there, fields{"number_of_checks": o.n, "last_datetime_of_use": o.moment().Format(time.DateTime)})
}

// merge merges some persons.
func (o *office) merge(ctx context.Context) error {
	people := slices.Sorted(maps.Keys(o.studio.Rows("dbo.Person")))
	for i := 0; i+1 < len(people) && i < 6; i += 2 {
		if err := o.studio.Merge(ctx, "dbo.Person", people[i], people[i+1]); err != nil {
			return err
		}
	}
	return nil
}

// remove deletes some e-mails on either side.
func (o *office) remove(ctx context.Context) error {
	mails := o.studio.Rows("dbo.PersonEmail")
	ids := slices.Sorted(maps.Keys(mails))
	for i, id := range ids[:min(len(ids), 10)] {
		if i%2 == 0 {
			if err := o.studio.Delete(ctx, "dbo.PersonEmail", id); err != nil {
				return err
			}
			continue
		}
		twin, _ := mails[id]["sosync_fso_id"].(int64)
		o.onlineEdits++
		if err := o.online.Remove("frst.personemail", twin); err != nil {
			return err
		}
	}
	return nil
}
