package worker_test

import (
	"strings"
	"testing"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/transfer"
	"gitlab.com/eshopbox-team/return-sync/shared/transfer/transfertest"
	"gitlab.com/eshopbox-team/return-sync/shared/transfer/worker"
)

type fields = map[string]any

// side returns a side.
func (w *world) side(s transfer.Side) *transfertest.Memory {
	if s == transfer.Studio {
		return w.studio
	}
	return w.online
}

// done posts a job of a record as it is now, runs it and returns its id.
func (w *world) done(side transfer.Side, model string, id int64) int64 {
	w.t.Helper()
	job := w.job(side, model, id, nil)
	w.work()
	return job
}

// put puts a record into a side, as a person would.
func (w *world) put(side transfer.Side, model string, f fields) int64 {
	return w.side(side).Put(model, transfer.Record{Fields: f})
}

// get reads a record of a side.
func (w *world) get(side transfer.Side, model string, id int64) transfer.Record {
	w.t.Helper()
	r, err := w.side(side).Read(w.t.Context(), model, id)
	if err != nil {
		w.t.Fatal(err)
	}
	return r
}

// edit changes fields of a record now.
func (w *world) edit(side transfer.Side, model string, id int64, f fields) {
	r, now := w.get(side, model, id), transfer.Micro(time.Now())
	r.Apply(transfer.Write{Fields: f, WriteDate: &now})
	w.side(side).Put(model, r)
}

func TestPersonOfSeveralTables(t *testing.T) {
	w := newWorld(t, nil)
	w.put("fs", "dbo.Land", fields{"ISO2": "DE"})
	land := w.put("fs", "dbo.Land", fields{"ISO2": "AT"})
	country := w.put("fso", "res.country", fields{"code": "AT"})
	person := w.put("fs", "dbo.Person", fields{"Name": "Müller", "GeschlechttypID": 291, "Geburtsdatum": time.Date(1970, 1, 31, 0, 0, 0, 0, time.UTC)})
	w.put("fs", "dbo.PersonAdresse", fields{"PersonID": person, "Ort": "Linz", "LandID": land})
	phone := w.put("fs", "dbo.PersonTelefon", fields{"PersonID": person, "TelefontypID": 401, "Telefonnummer": "0664 1"})
	w.want(w.done("fs", "dbo.Person", person), transfer.Done, "")
	online := w.partnerOf(person)
	for name, want := range (fields{"lastname": "Müller", "gender": "female", "birthdate_web": "1970-01-31", "city": "Linz", "country_id": country, "mobile": "0664 1", "phone": nil}) {
		if !transfer.Same(online.Fields[name], want) {
			t.Errorf("%s is %v, want %v", name, online.Fields[name], want)
		}
	}
	// A telephone alone changes: its row has the newer date.
	w.edit("fs", "dbo.PersonTelefon", phone, fields{"Telefonnummer": "0664 2"})
	w.want(w.done("fs", "dbo.Person", person), transfer.Done, "")
	if online = w.partnerOf(person); online.Fields["mobile"] != "0664 2" || w.online.Writes[transfer.Update] != 1 {
		t.Errorf("%+v, %v", online, w.online.Writes)
	}
	// Online changes the address and adds a fax: one row changes, one comes, no other is written.
	w.edit("fso", "res.partner", online.ID, fields{"city": "Wien", "fax": "01 5"})
	w.want(w.done("fso", "res.partner", online.ID), transfer.Done, "")
	address, _ := w.studio.Search(t.Context(), "dbo.PersonAdresse", transfer.Query{Most: 9})
	phones, _ := w.studio.Search(t.Context(), "dbo.PersonTelefon", transfer.Query{Most: 9})
	if len(address) != 1 || address[0].Fields["Ort"] != "Wien" || len(phones) != 2 || phones[1].Fields["Telefonnummer"] != "01 5" || !transfer.Same(phones[1].Fields["TelefontypID"], 403) || phones[1].Fields["PersonID"] != person {
		t.Errorf("%+v\n%+v", address, phones)
	}
	if j := w.want(w.done("fs", "dbo.Person", person), transfer.Done, ""); !strings.Contains(string(j.Log), "up to date") {
		t.Errorf("%s", j.Log)
	}
	// Something without a date changes: the job's date counts.
	late := w.job("fs", "dbo.Person", person, func(j *transfer.Job) { j.Date = transfer.Micro(time.Now().Add(2 * time.Minute)) })
	w.work()
	j := w.want(late, transfer.Done, "")
	if studio, online := w.get("fs", "dbo.Person", person), w.partnerOf(person); !studio.Own().Equal(j.Date) || !online.Effective().Equal(j.Date) || !studio.SyncedVersion.Equal(j.Date) {
		t.Errorf("%v, %v, want %v", studio.Own(), online.Effective(), j.Date)
	}
}

func TestTagsOfAPerson(t *testing.T) {
	w := newWorld(t, nil)
	a, b := w.put("fs", "fson.gr_tag", fields{"name": "a"}), w.put("fs", "fson.gr_tag", fields{"name": "b"})
	there := w.put("fso", "gr.tag", fields{"name": "a"})
	person := w.person("x")
	for _, tag := range []int64{a, b} {
		w.put("fs", "fson.gr_tag_Personen", fields{"PersonID": person, "gr_tagID": tag})
	}
	if j := w.want(w.done("fs", "dbo.Person", person), transfer.Failed, transfer.CodeTransform); !strings.Contains(string(j.ErrorText), "has no id online") {
		t.Errorf("%s", j.ErrorText)
	}
	for _, tag := range []int64{a, b} {
		w.want(w.done("fs", "fson.gr_tag", tag), transfer.Done, "")
	}
	w.want(w.done("fs", "dbo.Person", person), transfer.Done, "")
	ids, _ := transfer.IDs(w.partnerOf(person).Fields["getresponse_tag_ids"])
	if len(ids) != 2 || ids[0] != there || w.online.Len("gr.tag") != 2 {
		t.Errorf("%v, want the tag that was there among two", ids)
	}
}

func TestRecordsWithTheSameDataAreLinked(t *testing.T) {
	w := newWorld(t, nil)
	person := w.person("x")
	w.want(w.done("fs", "dbo.Person", person), transfer.Done, "")
	partner := w.partnerOf(person).ID
	mail := func(address string) int64 {
		vor, nach, _ := strings.Cut(address, "@")
		return w.put("fs", "dbo.PersonEmail", fields{"PersonID": person, "EmailVor": vor, "EmailNach": nach})
	}
	there := w.put("fso", "frst.personemail", fields{"email": "a@b", "partner_id": partner})
	own := mail("a@b")
	j := w.want(w.done("fs", "dbo.PersonEmail", own), transfer.Done, "")
	if w.get("fs", "dbo.PersonEmail", own).ForeignID != there || w.get("fso", "frst.personemail", there).ForeignID != own || w.online.Len("frst.personemail") != 1 || !strings.Contains(string(j.Log), "same data") {
		t.Errorf("%s", j.Log)
	}
	// The other way: studio has it already.
	lonely := mail("c@d")
	online := w.put("fso", "frst.personemail", fields{"email": "c@d", "partner_id": partner})
	w.want(w.done("fso", "frst.personemail", online), transfer.Done, "")
	if w.get("fs", "dbo.PersonEmail", lonely).ForeignID != online {
		t.Error("it was not linked")
	}
	// Two fit: a person decides. None fits, or the one that does is linked: a new one.
	for range 2 {
		w.put("fso", "frst.personemail", fields{"email": "e@f", "partner_id": partner})
	}
	w.want(w.done("fs", "dbo.PersonEmail", mail("e@f")), transfer.Failed, transfer.CodeTransform)
	before := w.online.Len("frst.personemail")
	w.want(w.done("fs", "dbo.PersonEmail", mail("g@h")), transfer.Done, "")
	w.want(w.done("fs", "dbo.PersonEmail", mail("a@b")), transfer.Done, "")
	if w.online.Len("frst.personemail") != before+2 {
		t.Errorf("%d records", w.online.Len("frst.personemail")-before)
	}
}

func TestOneWayFlow(t *testing.T) {
	w := newWorld(t, nil)
	acquirer := w.put("fso", "payment.acquirer", fields{"name": "card"})
	order := w.put("fso", "sale.order", fields{"name": "SO1", "amount_total": 12.5, "payment_acquirer_id": acquirer})
	w.want(w.done("fso", "sale.order", order), transfer.Done, "")
	studio := w.get("fso", "sale.order", order).ForeignID
	if r := w.get("fs", "fson.sale_order", studio); r.Fields["amount_total"] != 12.5 || r.Fields["payment_acquirer_id"] != w.get("fso", "payment.acquirer", acquirer).ForeignID {
		t.Errorf("%+v", r)
	}
	// Studio is newer, and online is the source nevertheless.
	w.edit("fs", "fson.sale_order", studio, fields{"name": "mine"})
	w.want(w.done("fs", "fson.sale_order", studio), transfer.Done, "")
	if w.get("fs", "fson.sale_order", studio).Fields["name"] != "SO1" || w.get("fso", "sale.order", order).Fields["name"] != "SO1" {
		t.Error("studio's change was kept")
	}
	// What exists in studio alone, and what is deleted there, changes nothing online.
	alone := w.put("fs", "fson.sale_order", fields{"name": "x"})
	w.want(w.done("fs", "fson.sale_order", alone), transfer.Done, "")
	gone := w.job("fs", "fson.sale_order", studio, func(j *transfer.Job) { j.Kind = transfer.Delete })
	w.work()
	w.want(gone, transfer.Skipped, "")
	if w.online.Len("sale.order") != 1 {
		t.Errorf("%d orders online", w.online.Len("sale.order"))
	}
	gone = w.job("fso", "sale.order", order, func(j *transfer.Job) { j.Kind = transfer.Delete })
	w.work()
	w.want(gone, transfer.Done, "")
	if w.studio.Len("fson.sale_order") != 1 {
		t.Error("studio kept the order")
	}
}

func TestTemporaryFlow(t *testing.T) {
	flows, err := transfer.ParseFlows([]byte("- {studio: a, online: b, fields: [{studio: x, online: x}, {studio: y, online: y}]}\n- {studio: a, online: b, kinds: [temp], fields: [{studio: y, online: y}]}"))
	if err != nil {
		t.Fatal(err)
	}
	w := newWorld(t, func(p *worker.Parts) { p.Flows = flows })
	id := w.put("fs", "a", fields{"x": "1", "y": "1"})
	temp := func(id int64) int64 {
		job := w.job("fs", "a", id, func(j *transfer.Job) { j.Kind, j.Date = transfer.Temporary, transfer.Micro(time.Now().Add(-time.Hour)) })
		w.work()
		return job
	}
	w.want(temp(id), transfer.Failed, transfer.CodeSource) // no record online yet
	w.want(w.done("fs", "a", id), transfer.Done, "")
	w.edit("fso", "b", w.get("fs", "a", id).ForeignID, fields{"x": "2", "y": "2"}) // newer
	before := w.get("fso", "b", w.get("fs", "a", id).ForeignID)
	w.want(temp(id), transfer.Done, "")
	after := w.get("fso", "b", before.ID)
	if after.Fields["x"] != "2" || after.Fields["y"] != "1" || !after.Effective().Equal(before.Effective()) || !after.SyncedVersion.Equal(*before.SyncedVersion) {
		t.Errorf("%+v", after)
	}
}

// TestSourceThatChangesWhileItIsConverted is read again.
func TestSourceThatChangesWhileItIsConverted(t *testing.T) {
	late := time.Duration(0)
	w := newWorld(t, func(p *worker.Parts) { p.Now = func() time.Time { return time.Now().Add(late) } })
	person := w.person("x")
	w.want(w.done("fs", "dbo.Person", person), transfer.Done, "")
	kind := w.put("fs", "dbo.Typen", fields{"TypenBezeichnung": "doubleoptin"})
	mail := w.put("fs", "dbo.PersonEmail", fields{"PersonID": person, "EmailVor": "a", "EmailNach": "b", "BestaetigungsTypID": kind})
	edited := false
	w.studio.Fail = func(call, model string) error {
		if model == "dbo.Typen" && !edited { // looking it up takes long
			edited, late = true, 300*time.Millisecond
			w.edit("fs", "dbo.PersonEmail", mail, fields{"EmailVor": "c"})
		}
		return nil
	}
	j := w.want(w.done("fs", "dbo.PersonEmail", mail), transfer.Done, "")
	online := w.get("fso", "frst.personemail", w.get("fs", "dbo.PersonEmail", mail).ForeignID)
	if online.Fields["email"] != "c@b" || online.Fields["bestaetigt_typ"] != "doubleoptin" || w.online.Writes[transfer.Create] != 2 || !strings.Contains(string(j.Log), "changed while") {
		t.Errorf("%+v, %v\n%s", online, w.online.Writes, j.Log)
	}
}
