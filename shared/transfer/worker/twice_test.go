package worker_test

import (
	"strings"
	"testing"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/transfer"
)

// TestDeleteThatIsPostedTwice is done once, and then there is nothing left to do, be the
// first job in the archive or not. A record that never was is an error still.
func TestDeleteThatIsPostedTwice(t *testing.T) {
	w := newWorld(t, nil)
	id := w.person("x")
	w.want(w.done("fs", "dbo.Person", id), transfer.Done, "")
	partner := w.partnerOf(id).ID
	remove := func(record int64) int64 {
		job := w.job("fso", "res.partner", record, func(j *transfer.Job) { j.Kind = transfer.Delete })
		w.work()
		return job
	}
	w.want(remove(partner), transfer.Done, "")
	if j := w.want(remove(partner), transfer.Skipped, ""); !strings.Contains(string(j.Log), "an earlier job") || w.studio.Writes[transfer.Remove] != 1 {
		t.Errorf("%s, %v", j.Log, w.studio.Writes)
	}
	w.want(remove(99999), transfer.Failed, transfer.CodeSource)
}

// TestPartThatAPersonMakesMeanwhile is changed, and not made a second time.
func TestPartThatAPersonMakesMeanwhile(t *testing.T) {
	w := newWorld(t, nil)
	id := w.person("x")
	w.want(w.done("fs", "dbo.Person", id), transfer.Done, "")
	partner := w.partnerOf(id)
	w.edit("fso", "res.partner", partner.ID, fields{"city": "Wien"})
	made := false
	w.studio.Fail = func(call, _ string) error {
		if call == "update" && !made { // after both sides were read
			made = true
			at := transfer.Micro(time.Now().Add(-time.Hour))
			w.studio.Put("dbo.PersonAdresse", transfer.Record{WriteDate: &at, Fields: fields{"PersonID": id, "Ort": "Linz"}})
		}
		return nil
	}
	w.want(w.done("fso", "res.partner", partner.ID), transfer.Done, "")
	list, err := w.studio.Search(t.Context(), "dbo.PersonAdresse", transfer.Query{Most: 9})
	if err != nil || len(list) != 1 || list[0].Fields["Ort"] != "Wien" || !made {
		t.Errorf("%+v, %v", list, err)
	}
}
