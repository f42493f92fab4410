package main

import (
	"fmt"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/run"
)

// attention is something that a person should look at, and what to do about it.
type attention struct {
	Entity  string `json:"entity,omitempty"`
	Problem string `json:"problem"`
	Do      string `json:"do"`
}

// schemaTodo says what is to be done about our tables; nil when they are right.
func schemaTodo(have, want int64) *attention {
	switch {
	case have < want:
		return &attention{Problem: fmt.Sprintf("our tables are at version %d and this program needs %d", have, want), Do: "run: returnsync migrate"}
	case have > want:
		return &attention{Problem: fmt.Sprintf("our tables are at version %d and this program knows only %d", have, want), Do: "install the newer returnsync"}
	}
	return nil
}

// judge lists what needs attention about an entity, the gravest first. An index
// that is behind by staleAfter or more is late.
func judge(e entityReport, staleAfter time.Duration) []attention {
	var list []attention
	add := func(problem, do string) { list = append(list, attention{Entity: e.Name, Problem: problem, Do: do}) }
	start := "returnsync sync --entity " + e.Name + " --wait"
	lag, synced := e.lag()
	switch {
	case !synced && e.Running == nil && !e.lastFailed():
		add("never synced", "start a sync: "+start+"; then look whether Cloud Scheduler's job is on")
	case synced && lag >= staleAfter:
		add(age(lag)+" behind", e.lateDo(start))
	}
	if e.Claim.Expired {
		add("the sync under way has been silent for too long: its lease ran out", "the next tick takes over; at once: "+start)
	}
	if e.lastFailed() {
		add(fmt.Sprintf("run %d ended %s: %s", e.Last.RunID, e.Last.State, orNone(e.Last.LastError)),
			"nothing is lost, the next run covers its window again; if that fails too, mend this cause")
	}
	if e.Running != nil && e.Running.PagesFailed > 0 {
		add(fmt.Sprintf("run %d has failed pages: %d", e.Running.RunID, e.Running.PagesFailed),
			"read the log of the process function; the run will end failed and be covered again")
	}
	if e.Parked > 0 {
		add(fmt.Sprintf("records kept out of the index: %d", e.Parked), "see why: returnsync parked list --entity "+e.Name)
	}
	return list
}

// lastFailed reports a newest ended run that did not end well.
func (e entityReport) lastFailed() bool { return e.Last != nil && e.Last.State != run.Synced }

// lateDo says what to do about an index that is behind. A cause that has a line
// of its own comes first.
func (e entityReport) lateDo(start string) string {
	switch {
	case e.Claim.Expired:
		return "the silent sync is why; see the next line"
	case e.Running != nil:
		return "a sync is under way: look again in a few minutes"
	case e.lastFailed():
		return "mend what the next line says, then: " + start
	}
	return "look whether Cloud Scheduler's job is on and the cron function answers; at once: " + start
}

// orNone returns a text on one line, or a word for none.
func orNone(s string) string {
	if s == "" {
		return "no reason was kept"
	}
	return oneLine(s)
}
