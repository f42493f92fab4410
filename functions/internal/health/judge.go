package health

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/flow"
	"gitlab.com/eshopbox-team/return-sync/shared/job"
	"gitlab.com/eshopbox-team/return-sync/shared/run"
)

// Attention is something that a person should look at, and what to do about it.
type Attention struct {
	Entity  string `json:"entity,omitempty"`
	Problem string `json:"problem"`
	Do      string `json:"do"`
}

// SchemaTodo says what is to be done about our tables; nil when they are right.
func SchemaTodo(have, want int64) *Attention {
	switch {
	case have < want:
		return &Attention{Problem: fmt.Sprintf("our tables are at version %d and this program needs %d", have, want), Do: "run: returnsync migrate"}
	case have > want:
		return &Attention{Problem: fmt.Sprintf("our tables are at version %d and this program knows only %d", have, want), Do: "install the newer returnsync"}
	}
	return nil
}

// Judge lists what needs attention about an entity, the gravest first. An index
// that is behind by staleAfter or more is late.
func (e Entity) Judge(staleAfter time.Duration) []Attention {
	var list []Attention
	add := func(problem, do string) { list = append(list, Attention{Entity: e.Name, Problem: problem, Do: do}) }
	start := "returnsync sync --entity " + e.Name + " --wait"
	lag, synced := e.Lag()
	switch {
	case !synced && e.Running == nil && !e.lastFailed():
		add("never synced", "start a sync: "+start+"; then look whether Cloud Scheduler's job is on")
	case synced && lag >= staleAfter:
		add(Age(lag)+" behind", e.lateDo(start))
	}
	if e.Claim.Expired {
		add("the sync under way has been silent for too long: its lease ran out", "the next tick takes over; at once: "+start)
	}
	if e.lastFailed() {
		add(fmt.Sprintf("run %d ended %s: %s", e.Last.RunID, e.Last.State, OrNone(e.Last.LastError)),
			"nothing is lost, the next run covers its window again; if that fails too, mend this cause")
	}
	if e.Running != nil && e.Running.PagesFailed > 0 {
		add(fmt.Sprintf("run %d has failed pages: %d", e.Running.RunID, e.Running.PagesFailed),
			"read the log of the process function; the run will end failed and be covered again")
	}
	if e.Parked > 0 {
		add(fmt.Sprintf("records kept out of the index: %d", e.Parked), "see why: returnsync parked list --entity "+e.Name)
	}
	return append(list, e.judgeBeside()...)
}

// judgeBeside lists what needs attention beside the sync.
func (e Entity) judgeBeside() []Attention {
	var list []Attention
	add := func(problem, do string) { list = append(list, Attention{Entity: e.Name, Problem: problem, Do: do}) }
	for _, j := range e.Jobs {
		look := fmt.Sprintf("returnsync jobs show %d", j.ID)
		switch {
		case j.State == job.Failed:
			add(fmt.Sprintf("job %d (%s) failed: %s", j.ID, j.Kind, OrNone(j.Note)), "mend this cause, then ask for it again; how far it came: "+look)
		case j.State == job.Running && strings.HasPrefix(j.Note, flow.BudgetNote):
			add(fmt.Sprintf("job %d (%s): %s", j.ID, j.Kind, OneLine(j.Note)), "it goes on by itself; for more now raise OPERATIONS_DAY or OPERATIONS_MONTH as far as the plan allows")
		}
	}
	if e.Drift == nil {
		return list
	}
	if e.Drift.Records > 0 {
		add(fmt.Sprintf("records that differ from the source: %d%s", e.Drift.Records, e.Drift.example()),
			"see which: returnsync verify --deep --entity "+e.Name+"; mend them: returnsync repair --deep --entity "+e.Name)
	}
	if e.Drift.LastError != "" {
		add("the comparison that runs by itself failed: "+OneLine(e.Drift.LastError), "it is tried again by the next call of the verify function; mend this cause")
	}
	return list
}

// example names one record that differs.
func (d Drift) example() string {
	if len(d.Examples) == 0 {
		return ""
	}
	one := d.Examples[0]
	return fmt.Sprintf(" (%s is %s in the %s)", OneLine(cmp.Or(one.ObjectID, fmt.Sprint("root ", one.Root))), one.Kind, one.Place)
}

// budgetNearly is how much of a cap, in percent, needs attention.
const budgetNearly = 90

// judgeBudget says when the operations are nearly used up.
func judgeBudget(b flow.Budget) []Attention {
	used := b.Used(budgetNearly)
	if used == "" {
		return nil
	}
	return []Attention{{Problem: used, Do: "syncs go on, backfills wait; find what costs so much with returnsync runs list, or raise OPERATIONS_DAY or OPERATIONS_MONTH as far as the plan allows"}}
}

// lastFailed reports a newest ended run that did not end well.
func (e Entity) lastFailed() bool { return e.Last != nil && e.Last.State != run.Synced }

// lateDo says what to do about an index that is behind. A cause that has a line
// of its own comes first.
func (e Entity) lateDo(start string) string {
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
