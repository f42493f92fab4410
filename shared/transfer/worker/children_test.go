package worker_test

import (
	"strings"
	"testing"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/fault"
	"gitlab.com/eshopbox-team/return-sync/shared/transfer"
	"gitlab.com/eshopbox-team/return-sync/shared/transfer/worker"
)

// family returns a world whose records of model "up" are followed by those of "down".
func family(t *testing.T, follower, parent string) *world {
	t.Helper()
	flows, err := transfer.ParseFlows([]byte("- {studio: up, online: o.up, followers: [{model: down" + follower + "}], fields: [{studio: x, online: X}]}\n" +
		"- {studio: down, online: o.down, parents: [{studio: upID, online: up_id, model: up}" + parent + "], fields: [{studio: x, online: X}]}\n" +
		"- {studio: side, online: o.side, fields: [{studio: x, online: X}]}"))
	if err != nil {
		t.Fatal(err)
	}
	return newWorld(t, func(p *worker.Parts) { p.Flows, p.Settings.RunLimit = flows, 1 })
}

func TestRecordsThatFollowComeAfter(t *testing.T) {
	w := family(t, "", "")
	up := w.put("fs", "up", fields{"x": "1"})
	var downs []int64
	for range 250 { // more than are read at once
		downs = append(downs, w.put("fs", "down", fields{"x": "2", "upID": up}))
	}
	w.put("fs", "down", fields{"x": "3", "upID": nil})
	job := w.done("fs", "up", up)
	w.want(job, transfer.Done, "")
	if n := w.online.Len("o.down"); n != 250 || w.children(job) != 250 {
		t.Errorf("%d followed, by %d jobs", n, w.children(job))
	}
	down := w.get("fs", "down", downs[0])
	if online := w.get("fso", "o.down", down.ForeignID); !transfer.Same(online.Fields["up_id"], w.get("fs", "up", up).ForeignID) {
		t.Errorf("%+v", online)
	}
	// Those that have a pair get no further job, and neither does what nobody wrote.
	w.edit("fs", "up", up, fields{"x": "9"})
	again := w.done("fs", "up", up)
	w.want(again, transfer.Done, "")
	late := w.put("fs", "down", fields{"x": "4", "upID": up})
	idle := w.done("fs", "up", up)
	w.want(idle, transfer.Done, "")
	if w.children(again) != 0 || w.children(idle) != 0 || w.get("fs", "down", late).ForeignID != 0 {
		t.Errorf("%d and %d children", w.children(again), w.children(idle))
	}
	// From online likewise.
	there := w.put("fso", "o.up", fields{"X": "5"})
	w.put("fso", "o.down", fields{"X": "6", "up_id": there})
	before := w.studio.Len("down")
	w.want(w.done("fso", "o.up", there), transfer.Done, "")
	if w.studio.Len("down") != before+1 {
		t.Error("nothing followed into studio")
	}
}

// TestFollowerThatFails fails the job that it follows, whose next run goes on with it.
func TestFollowerThatFails(t *testing.T) {
	w := family(t, ", only: fso", "")
	up := w.put("fs", "up", fields{"x": "1"})
	w.put("fs", "down", fields{"x": "2", "upID": up})
	fail := true
	w.online.Fail = func(call, model string) error {
		if model == "o.down" && call == "create" && fail {
			return fault.New(fault.Invalid, "bad", "a value is wrong")
		}
		return nil
	}
	job := w.done("fs", "up", up)
	w.want(job, transfer.Failed, transfer.CodeChild)
	fail = false
	if err := w.db.RetryJob(t.Context(), job); err != nil {
		t.Fatal(err)
	}
	w.work()
	j := w.want(job, transfer.Done, "")
	if w.online.Len("o.down") != 1 || w.online.Len("o.up") != 1 || w.online.Writes[transfer.Create] != 2 || w.children(job) != 1 {
		t.Errorf("%v, %d children\n%s", w.online.Writes, w.children(job), j.Log)
	}
	// The other direction is not asked for.
	there := w.put("fso", "o.up", fields{"X": "5"})
	w.put("fso", "o.down", fields{"X": "6", "up_id": there})
	w.want(w.done("fso", "o.up", there), transfer.Done, "")
	if w.studio.Len("down") != 1 {
		t.Error("a record followed into studio")
	}
}

// TestForcedDirection writes the other side whatever the dates are, and once.
func TestForcedDirection(t *testing.T) {
	w := family(t, ", force: true", ", {studio: sideID, online: side_id, model: side, force: true}")
	side := w.put("fs", "side", fields{"x": "s"})
	up := w.put("fs", "up", fields{"x": "1"})
	down := w.put("fs", "down", fields{"x": "2", "upID": up, "sideID": side})
	w.want(w.done("fs", "up", up), transfer.Done, "")
	far := func(model, online string, id int64) transfer.Record {
		return w.get("fso", online, w.get("fs", model, id).ForeignID)
	}
	// Online is newer, and studio is the source nevertheless: of what follows and of what
	// comes first.
	w.edit("fso", "o.down", far("down", "o.down", down).ID, fields{"X": "mine"})
	w.edit("fso", "o.side", far("side", "o.side", side).ID, fields{"X": "mine"})
	w.edit("fs", "up", up, fields{"x": "3"})
	before := w.online.Writes[transfer.Update]
	job := w.done("fs", "up", up)
	w.want(job, transfer.Done, "")
	for model, online := range map[string]string{"down": "o.down", "side": "o.side"} {
		id := map[string]int64{"down": down, "side": side}[model]
		a, b := w.get("fs", model, id), far(model, online, id)
		if !transfer.Same(a.Fields["x"], b.Fields["X"]) || !a.Effective().Equal(b.Effective()) || !a.SyncedVersion.Equal(*b.SyncedVersion) {
			t.Errorf("%s: %+v, %+v", model, a, b)
		}
	}
	if n := w.online.Writes[transfer.Update] - before; n != 3 || w.studio.Writes[transfer.Update] != 0 {
		t.Errorf("%d writes", n)
	}
	// A forced job finds dates that agree and data that does not, as after an edit past
	// the triggers; another one finds nothing to do.
	r := far("up", "o.up", up)
	r.Fields["X"] = "other"
	w.online.Put("o.up", r)
	forced := func() string {
		id := w.job("fs", "up", up, func(j *transfer.Job) {
			j.KindInfo, j.Date = transfer.Forced, transfer.Micro(time.Now().Add(-time.Hour))
		})
		w.work()
		return string(w.want(id, transfer.Done, "").Log)
	}
	if log := forced(); !strings.Contains(log, "the direction is forced") || far("up", "o.up", up).Fields["X"] != "3" {
		t.Errorf("%s", log)
	}
	if log := forced(); !strings.Contains(log, "up to date") {
		t.Errorf("%s", log)
	}
}

func TestFollowersAreChecked(t *testing.T) {
	for text, want := range map[string]string{
		"- {studio: a, online: b, followers: [{model: c}]}":                                                                                     "has no flow",
		"- {studio: a, online: b, followers: [{only: x}]}":                                                                                      "a follower has a model",
		"- {studio: a, online: b, followers: [{model: c}]}\n- {studio: c, online: d}":                                                           "has to name a among its parents",
		"- {studio: a, online: b, followers: [{model: c}]}\n- {studio: c, online: d, parents: [{studio: x, online: x, model: a, force: true}]}": "without force",
	} {
		if _, err := transfer.ParseFlows([]byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v does not say %q", err, want)
		}
	}
}
