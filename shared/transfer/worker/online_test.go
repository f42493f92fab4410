package worker_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	emulator "gitlab.com/eshopbox-team/return-sync/shared/emulator/odoo"
	"gitlab.com/eshopbox-team/return-sync/shared/fault"
	"gitlab.com/eshopbox-team/return-sync/shared/transfer"
	"gitlab.com/eshopbox-team/return-sync/shared/transfer/odoo"
	"gitlab.com/eshopbox-team/return-sync/shared/transfer/worker"
)

// office is a studio in memory and an Odoo behind HTTP, whose people edit both.
type office struct {
	*world
	odoo *emulator.Server
	side *odoo.Side
	dice *rand.Rand
}

// newOffice starts an office.
func newOffice(t *testing.T, seed uint64, change func(*worker.Parts)) *office {
	t.Helper()
	o := &office{dice: rand.New(rand.NewPCG(seed, 0))}
	o.odoo = emulator.New(emulator.Options{FirstID: 5000, Seed: int64(seed)})
	server := httptest.NewServer(o.odoo)
	t.Cleanup(func() { _ = o.odoo.Close(); server.Close() })
	flows, err := transfer.Shipped()
	if err != nil {
		t.Fatal(err)
	}
	o.side, err = odoo.Open(odoo.Config{URL: server.URL, Database: "odoo", User: "sosync", Password: "sosync", Fields: flows.FieldsOn(transfer.Online), Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	o.world = newWorld(t, func(p *worker.Parts) {
		p.Online, p.Flows = o.side, flows
		p.Settings.RetryAfter, p.Settings.RunLimit, p.Settings.Threads = time.Millisecond, 100, worker.Threads{Threads: 4, Package: 50}
		if change != nil {
			change(p)
		}
	})
	return o
}

// studioEdit changes or creates a record of studio, with the job that a trigger posts.
func (o *office) studioEdit(model string, id int64, f fields, of string, person int64) int64 {
	now := transfer.Micro(time.Now())
	r := transfer.Record{ID: id, WriteDate: &now, Fields: f}
	if id != 0 {
		r = o.get("fs", model, id)
		r.Apply(transfer.Write{Fields: f, WriteDate: &now})
	}
	id = o.studio.Put(model, r)
	if of == "" {
		of, person = model, id
	}
	o.job("fs", of, person, func(j *transfer.Job) { j.Date, j.WriteDate = now, &now })
	return id
}

// onlineEdit changes or creates a record of Odoo as a person does. Its jobs follow.
func (o *office) onlineEdit(model string, id int64, f fields) int64 {
	o.t.Helper()
	id, err := o.odoo.Edit(model, id, f)
	if err != nil {
		o.t.Fatal(err)
	}
	return id
}

// deliver brings Odoo's jobs into the table.
func (o *office) deliver() {
	o.t.Helper()
	for _, posted := range o.odoo.Jobs() {
		text, err := json.Marshal(posted)
		if err != nil {
			o.t.Fatal(err)
		}
		var in struct {
			Date   string `json:"job_date"`
			Model  string `json:"job_source_model"`
			ID     int64  `json:"job_source_record_id"`
			Exact  string `json:"job_source_sosync_write_date"`
			Kind   string `json:"job_source_type"`
			Target *int64 `json:"job_source_target_record_id"`
		}
		if err := json.Unmarshal(text, &in); err != nil {
			o.t.Fatal(err)
		}
		date, _ := transfer.Time(in.Date)
		exact, ok := transfer.Time(in.Exact)
		if !ok {
			o.t.Fatalf("%s", text)
		}
		o.job("fso", in.Model, in.ID, func(j *transfer.Job) {
			j.Date, j.WriteDate, j.Kind, j.TargetID = date, &exact, transfer.Kind(in.Kind), in.Target
		})
	}
}

// settle works until no job is left, and demands that none failed.
func (o *office) settle() map[transfer.State]int64 {
	o.t.Helper()
	for range 2000 {
		o.deliver()
		o.work()
		counts, err := o.db.Count(o.t.Context(), "")
		if err != nil {
			o.t.Fatal(err)
		}
		if counts[transfer.New]+counts[transfer.InProgress]+counts[transfer.Retry] == 0 {
			return counts
		}
	}
	o.t.Fatal("jobs never end")
	return nil
}

// failures lists the jobs in error.
func (o *office) failures() (list []string) {
	_ = o.db.Each(o.t.Context(), func(j transfer.Job) error {
		if j.State == transfer.Failed {
			list = append(list, fmt.Sprintf("%s: %s %s", j, j.ErrorCode, j.ErrorText))
		}
		return nil
	})
	return list
}

// all returns the records of a model.
func (o *office) all(side transfer.Side, model string) []transfer.Record {
	o.t.Helper()
	list, err := o.system(side).Search(o.t.Context(), model, transfer.Query{Most: 10000})
	if err != nil {
		o.t.Fatal(err)
	}
	return list
}

// system returns a side.
func (o *office) system(side transfer.Side) transfer.System {
	if side == transfer.Studio {
		return o.studio
	}
	return o.side
}

// any returns a random record of a model.
func (o *office) any(side transfer.Side, model string) (transfer.Record, bool) {
	list := o.all(side, model)
	if len(list) == 0 {
		return transfer.Record{}, false
	}
	return list[o.dice.IntN(len(list))], true
}

// differences compares both sides by rules of their own, not by the flows'.
func (o *office) differences() (list []string) {
	differ := func(format string, args ...any) { list = append(list, fmt.Sprintf(format, args...)) }
	for studio, online := range map[string]string{"dbo.Person": "res.partner", "dbo.PersonEmail": "frst.personemail", "dbo.PersonGruppe": "frst.persongruppe", "fson.sale_order": "sale.order", "dbo.AktionOnlineToken": "res.partner.fstoken"} {
		left, right := o.all("fs", studio), map[int64]transfer.Record{}
		for _, r := range o.all("fso", online) {
			right[r.ID] = r
		}
		if len(left) != len(right) {
			differ("%d of %s, %d of %s", len(left), studio, len(right), online)
		}
		for _, l := range left {
			r, ok := right[l.ForeignID]
			if !ok || r.ForeignID != l.ID {
				differ("%s %d and %s %d are not linked", studio, l.ID, online, l.ForeignID)
				continue
			}
			for _, text := range o.pairs(studio, l, r) {
				differ("%s %d: %s", studio, l.ID, text)
			}
		}
	}
	return list
}

// pairs compares the fields of two records that are linked.
func (o *office) pairs(model string, l, r transfer.Record) (list []string) {
	same := func(name string, a, b any) {
		if !transfer.Same(a, b) {
			list = append(list, fmt.Sprintf("%s is %v, online %v", name, a, b))
		}
	}
	twin := func(model string, id any) int64 {
		n, ok := transfer.ID(id)
		if !ok || n == 0 {
			return 0
		}
		return o.get("fs", model, n).ForeignID
	}
	person, _ := transfer.ID(r.Fields["partner_id"])
	switch model {
	case "dbo.Person":
		same("Name", l.Fields["Name"], r.Fields["lastname"])
		rows, _ := o.studio.Search(o.t.Context(), "dbo.PersonAdresse", transfer.Query{Equal: fields{"PersonID": l.ID}, Most: 9})
		if len(rows) > 1 || len(rows) == 0 && r.Fields["city"] != nil {
			list = append(list, fmt.Sprintf("%d addresses", len(rows)))
		} else if len(rows) == 1 {
			same("Ort", rows[0].Fields["Ort"], r.Fields["city"])
		}
		return list
	case "dbo.PersonEmail":
		vor, _ := l.Fields["EmailVor"].(string)
		nach, _ := l.Fields["EmailNach"].(string)
		same("email", vor+"@"+nach, r.Fields["email"])
		if local, ok := transfer.Time(l.Fields["BestaetigtAmUm"]); ok {
			vienna, _ := time.LoadLocation("Europe/Vienna")
			utc, _ := transfer.Time(r.Fields["bestaetigt_am_um"])
			same("BestaetigtAmUm", local.Format(time.DateTime), utc.In(vienna).Format(time.DateTime))
		}
	case "dbo.PersonGruppe":
		same("Steuerung", l.Fields["Steuerung"], r.Fields["steuerung_bit"])
		group, _ := transfer.ID(r.Fields["zgruppedetail_id"])
		same("zGruppeDetailID", twin("dbo.zGruppeDetail", l.Fields["zGruppeDetailID"]), group)
	case "fson.sale_order":
		same("amount_total", l.Fields["amount_total"], r.Fields["amount_total"])
		same("name", l.Fields["name"], r.Fields["name"])
	case "dbo.AktionOnlineToken":
		same("AnzahlÜberprüfungen", l.Fields["AnzahlÜberprüfungen"], r.Fields["number_of_checks"])
	}
	same("PersonID", twin("dbo.Person", l.Fields["PersonID"]), person)
	return list
}

// act is one edit by somebody.
func (o *office) act(n int) {
	name := fmt.Sprintf("%c%d", rune('a'+o.dice.IntN(26)), n)
	hour := time.Date(2026, time.Month(1+o.dice.IntN(12)), 1+o.dice.IntN(20), o.dice.IntN(24), o.dice.IntN(60), 0, 0, time.UTC)
	person, someone := o.any("fs", "dbo.Person")
	partner, online := o.any("fso", "res.partner")
	k := o.dice.IntN(14)
	if n < 28 {
		k = n % 14 // each kind at least twice
	}
	switch {
	case k == 0 || !someone:
		o.studioEdit("dbo.Person", 0, fields{"Name": name, "GeschlechttypID": 290 + o.dice.IntN(3)}, "", 0)
	case k == 1 || !online:
		o.onlineEdit("res.partner", 0, fields{"lastname": name, "city": name})
	case k == 2:
		o.studioEdit("dbo.Person", person.ID, fields{"Name": name}, "", 0)
	case k == 3:
		if rows, _ := o.studio.Search(o.t.Context(), "dbo.PersonAdresse", transfer.Query{Equal: fields{"PersonID": person.ID}, Most: 1}); len(rows) > 0 {
			o.studioEdit("dbo.PersonAdresse", rows[0].ID, fields{"Ort": name}, "dbo.Person", person.ID)
		} else {
			o.studioEdit("dbo.PersonAdresse", 0, fields{"PersonID": person.ID, "Ort": name}, "dbo.Person", person.ID)
		}
	case k == 4:
		o.onlineEdit("res.partner", partner.ID, fields{"city": name, "lastname": name})
	case k == 5:
		o.studioEdit("dbo.PersonEmail", 0, fields{"PersonID": person.ID, "EmailVor": name, "EmailNach": "x.at", "BestaetigtAmUm": hour}, "", 0)
	case k == 6:
		o.onlineEdit("frst.personemail", 0, fields{"partner_id": partner.ID, "email": name + "@y.at", "bestaetigt_am_um": hour.Format(time.DateTime)})
	case k == 7:
		if r, ok := o.any("fso", "frst.personemail"); ok {
			o.onlineEdit("frst.personemail", r.ID, fields{"email": name + "@z.at"})
		}
	case k == 8:
		group := o.studioEdit("dbo.zGruppeDetail", 0, fields{"GruppeLang": name}, "", 0)
		o.studioEdit("dbo.PersonGruppe", 0, fields{"PersonID": person.ID, "zGruppeDetailID": group, "Steuerung": true}, "", 0)
	case k == 9:
		if r, ok := o.any("fso", "frst.persongruppe"); ok {
			o.onlineEdit("frst.persongruppe", r.ID, fields{"steuerung_bit": n%2 == 0})
		}
	case k == 10:
		o.onlineEdit("sale.order", 0, fields{"name": name, "partner_id": partner.ID, "amount_total": float64(n) / 4})
	case k == 11:
		if r, ok := o.any("fso", "sale.order"); ok {
			o.onlineEdit("sale.order", r.ID, fields{"amount_total": float64(n)})
		}
	case k == 12:
		o.studioEdit("dbo.AktionOnlineToken", 0, fields{"PersonID": person.ID, "Name": name, "AnzahlÜberprüfungen": n}, "", 0)
	default:
		if r, ok := o.any("fs", "dbo.AktionOnlineToken"); ok {
			o.studioEdit("dbo.AktionOnlineToken", r.ID, fields{"AnzahlÜberprüfungen": n}, "", 0)
		}
	}
}

// TestFiveFlowsThroughOdoo edits both sides at random while Odoo and studio fail now and
// then, and compares them: nothing is lost, nothing is there twice, nothing goes round in
// circles.
func TestFiveFlowsThroughOdoo(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	o := newOffice(t, seed, nil)
	if err := o.odoo.SetFaults(
		emulator.Fault{Kind: "deadlock", Probability: 0.03}, emulator.Fault{Kind: "resetApplied", Probability: 0.02}, emulator.Fault{Kind: "html", Probability: 0.02}, emulator.Fault{Kind: "serverError", Probability: 0.02},
	); err != nil {
		t.Fatal(err)
	}
	var asked atomic.Uint64
	o.studio.After = func(transfer.Write) error { // asked by four threads
		if rand.New(rand.NewPCG(seed, asked.Add(1))).IntN(50) == 0 {
			return fault.New(fault.Retry, "lost", "the connection was lost after the commit")
		}
		return nil
	}
	n := 0
	for range 3 {
		o.odooQuiet(func() {
			for range 40 {
				n++
				o.act(n)
			}
		})
		o.settle()
	}
	o.odooQuiet(func() {
		counts := o.settle()
		records := 0
		for _, model := range []string{"res.partner", "frst.personemail", "frst.persongruppe", "frst.zgruppedetail", "sale.order", "res.partner.fstoken"} {
			records += len(o.all("fso", model))
		}
		if records < 14 || counts[transfer.Done] < int64(records) { // act makes so many in its first rounds
			t.Errorf("only %v were played for %d records", counts, records)
		}
		if list := o.failures(); len(list) > 0 {
			t.Errorf("%d jobs failed: %s", len(list), strings.Join(list, "\n"))
		}
		if list := o.differences(); len(list) > 0 {
			t.Errorf("%d differences: %s", len(list), strings.Join(list, "\n"))
		}
		if jobs := o.odoo.Jobs(); len(jobs) != 0 {
			t.Errorf("transfers posted jobs of their own: %v", jobs)
		}
	})
}

// odooQuiet does something while Odoo does not fail.
func (o *office) odooQuiet(do func()) {
	o.t.Helper()
	rules := o.odoo.Faults()
	if err := o.odoo.SetFaults(); err != nil {
		o.t.Fatal(err)
	}
	do()
	if err := o.odoo.SetFaults(rules...); err != nil {
		o.t.Fatal(err)
	}
}

// TestWritesToOdooAreFew: one for an update, two where a record is created or Odoo is the
// source.
func TestWritesToOdooAreFew(t *testing.T) {
	o := newOffice(t, 1, nil)
	writes := func() (n int) {
		for call, count := range o.odoo.Counts() {
			if strings.HasPrefix(call, "write ") || strings.HasPrefix(call, "create ") {
				n += count
			}
		}
		return n
	}
	step := func(name string, most int, do func()) {
		t.Helper()
		do()
		before := writes()
		o.settle()
		if n := writes() - before; n > most || n == 0 {
			t.Errorf("%s: %d writes, at most %d", name, n, most)
		}
	}
	var person, partner int64
	step("create", 2, func() { person = o.studioEdit("dbo.Person", 0, fields{"Name": "a"}, "", 0) })
	step("update", 1, func() { o.studioEdit("dbo.Person", person, fields{"Name": "b"}, "", 0) })
	step("update from Odoo", 2, func() {
		o.onlineEdit("res.partner", o.get("fs", "dbo.Person", person).ForeignID, fields{"lastname": "c"})
	})
	step("create from Odoo", 2, func() { partner = o.onlineEdit("res.partner", 0, fields{"lastname": "d"}) })
	if list := append(o.failures(), o.differences()...); len(list) > 0 || partner == 0 {
		t.Error(list)
	}
}

// TestMergeAndDeleteThroughOdoo follows studio's merges, and deletions of both sides.
func TestMergeAndDeleteThroughOdoo(t *testing.T) {
	o := newOffice(t, 2, nil)
	a, b := o.studioEdit("dbo.Person", 0, fields{"Name": "a"}, "", 0), o.studioEdit("dbo.Person", 0, fields{"Name": "b"}, "", 0)
	mail := o.studioEdit("dbo.PersonEmail", 0, fields{"PersonID": a, "EmailVor": "x", "EmailNach": "y"}, "", 0)
	o.settle()
	kept := o.get("fs", "dbo.Person", b).ForeignID
	merge := o.job("fs", "dbo.Person", a, func(j *transfer.Job) { j.Kind, j.MergeIntoID = transfer.Merge, &b })
	o.settle()
	o.want(merge, transfer.Done, "")
	online := o.get("fs", "dbo.PersonEmail", mail).ForeignID
	if r, err := o.side.Read(t.Context(), "frst.personemail", online); err != nil || r.Fields["partner_id"] != kept || len(o.all("fso", "res.partner")) != 1 {
		t.Errorf("%+v, %v", r, err)
	}
	if err := o.odoo.Remove("frst.personemail", online); err != nil {
		t.Fatal(err)
	}
	o.settle()
	if o.studio.Len("dbo.PersonEmail") != 0 {
		t.Errorf("studio keeps the e-mail: %v", o.failures())
	}
}
