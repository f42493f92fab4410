package store_test

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/fault"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/claim"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/ledger"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/page"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/run"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/store"
	"gitlab.com/eshopbox-team/return-sync/shared/window"
)

// kind is what an actor does; each does it once.
type kind int

const (
	ticker   kind = iota // reads the claim, takes it, sends its task
	retried              // the same with the occurrence of the first actor
	windower             // claimed, begin, list
	pager                // take, journal, finish, publish
	failing              // take, journal, give up, fail
	listed               // has listed a run before the walk begins, and is gone
)

// lease is longer than any test; a lease that ran out lies in the past.
const lease = 24 * time.Hour

// local is what an actor knows.
type local struct {
	kind     kind
	pc       int // the next step; done when it is over
	row      claim.Row
	decision claim.Decision
	token    string
	run      run.Run
	page     store.Page
}

// done is the step after the last.
const done = 99

// key distinguishes two actors' knowledge.
func (a local) key() string {
	if a.pc == done {
		return "done"
	}
	return fmt.Sprint(a.kind, a.pc, a.decision, a.row.Status, a.row.Token, a.row.Watermark, a.token, a.run.Token, a.run.PagesFailed, a.page.Token, a.page.State)
}

// options returns every step that is possible.
func (w *walk) options(n *node) []option {
	var list []option
	for i := range n.actors {
		list = append(list, w.optionsOf(n, i)...)
	}
	if n.expires > 0 && slices.ContainsFunc(n.look.rows, func(r string) bool { return strings.HasSuffix(r, "alive") }) {
		list = append(list, option{"a lease runs out", func(n *node) {
			n.expires--
			w.expire()
		}})
	}
	return list
}

// expire lets all leases run out.
func (w *walk) expire() {
	w.restore(`UPDATE order_return_algolia_sync SET lease_until = '2020-01-01' WHERE lease_until IS NOT NULL;
		UPDATE sync_page SET lease_until = '2020-01-01' WHERE lease_until IS NOT NULL`)
}

// optionsOf returns the steps that an actor can take: its next, once for each
// task that it may be given.
func (w *walk) optionsOf(n *node, i int) []option {
	a := n.actors[i]
	name := func(what string) string { return fmt.Sprintf("%d %s", i, what) }
	var list []option
	switch {
	case a.pc == done || a.kind == listed:
	case a.kind == windower && a.pc == 0:
		for _, token := range n.sent {
			list = append(list, option{name("begins with claim " + token), func(n *node) { n.actors[i] = w.begin(n.actors[i], token) }})
		}
	case (a.kind == pager || a.kind == failing) && a.pc == 0:
		for _, id := range n.runs {
			list = append(list, option{name("takes a page"), func(n *node) { n.actors[i] = w.takes(n.actors[i], id, i) }})
		}
	default:
		list = append(list, option{name(fmt.Sprintf("%d", a.pc)), func(n *node) { n.actors[i] = w.goOn(n, n.actors[i], i) }})
	}
	return list
}

// goOn takes an actor's next step, where it has only one.
func (w *walk) goOn(n *node, a local, i int) local {
	switch a.kind {
	case ticker, retried:
		return w.ticks(n, a, i)
	case windower:
		return w.windows(n, a)
	default:
		return w.pages(a)
	}
}

// ticks plays a tick: flow.Cron, step by step.
func (w *walk) ticks(n *node, a local, i int) (after local) {
	ctx := w.t.Context()
	occurrence := fmt.Sprint("tick-", i)
	if a.kind == retried {
		occurrence = "tick-0"
	}
	ok := true
	var err error
	switch a.pc {
	case 0:
		a.row, err = w.Claims.Newest(ctx, job)
		a.decision = claim.Decide(a.row, occurrence)
		ok = a.decision != claim.Busy && a.decision != claim.Duplicate
		a.row.CreatedAt, a.row.UpdatedAt = time.Time{}, time.Time{}
	case 1:
		grant := store.Grant{Token: token(i), Occurrence: occurrence, Lease: lease}
		a.token = grant.Token
		switch a.decision {
		case claim.Take:
			ok, err = w.Claims.Claim(ctx, a.row, grant)
		case claim.TakeOver:
			_, ok, err = w.Claims.TakeOver(ctx, a.row, grant)
		default:
			a.token = a.row.Token
		}
	case 2:
		ok = false
		if !slices.Contains(n.sent, a.token) {
			n.sent = append(n.sent, a.token)
			slices.Sort(n.sent)
		}
	}
	return w.went(a, ok, err)
}

// went moves an actor on, or ends it. An error must be one that the flow knows
// how to meet.
func (w *walk) went(a local, ok bool, err error) local {
	a.pc++
	if err != nil && fault.KindOf(err) != fault.Superseded && fault.CodeOf(err) != "page-held" {
		w.t.Fatalf("%v", err)
	}
	if !ok || err != nil {
		return local{kind: a.kind, pc: done}
	}
	return a
}

// token returns an actor's token.
func token(i int) string { return strings.Repeat(string(rune('a'+i)), 32) }

// begin is a window task's first step.
func (w *walk) begin(a local, claimToken string) local {
	row, err := w.Claims.Newest(w.t.Context(), job)
	if err != nil {
		w.t.Fatal(err)
	}
	a.row, err = w.Claims.Claimed(w.t.Context(), claim.Task{ID: row.ID, JobType: job, Token: claimToken}, lease)
	return w.went(a, true, err)
}

// windows plays the rest of a window task: flow.Window.
func (w *walk) windows(n *node, a local) local {
	ctx := w.t.Context()
	var err error
	if a.pc == 1 {
		now := to.Add(time.Duration(len(n.look.runs)) * time.Minute)
		a.run, err = w.Runs.Begin(ctx, w.def.Name, a.row, window.Next(a.row.Watermark, from, now, 24*time.Hour))
		return w.went(a, true, err)
	}
	var pages int
	pages, err = w.bench.list(a.run)
	if err == nil && pages > 0 && !slices.Contains(n.runs, a.run.ID) {
		n.runs = append(n.runs, a.run.ID)
	}
	return w.went(a, false, err)
}

// takes is a page task's first step.
func (w *walk) takes(a local, id int64, i int) local {
	var err error
	a.page, err = w.Pages.TakePage(w.t.Context(), page.Task{RunID: id, Page: 1}, token(10+i), lease)
	a.run = a.page.Run
	a = w.went(a, true, err)
	if a.pc != done && a.page.State != page.Taken {
		a.pc = 3 // ended before: only the run may still have to be closed
	}
	return a
}

// pages plays the rest of a page task: flow.Process.
func (w *walk) pages(a local) local {
	ctx := w.t.Context()
	ok := true
	var err error
	switch a.pc {
	case 1:
		err = w.Pages.WriteJournal(ctx, a.page, ledger.Journal{1: {"R1-10"}})
	case 2:
		if a.kind == failing {
			a.run, err = w.Pages.GiveUp(ctx, a.page, "it failed")
		} else {
			a.run, err = w.Pages.Finish(ctx, a.page, store.Outcome{Roots: 1, Counts: run.Counts{Found: 1, Saved: 1, Operations: 1}, TaskID: 7})
		}
	default:
		ok = false
		if a.run.Settled() && a.run.PagesFailed > 0 {
			err = w.Runs.Fail(ctx, a.run, "it failed")
		} else if a.run.Settled() {
			err = w.Runs.Publish(ctx, a.run)
		}
	}
	return w.went(a, ok, err)
}

// list brings the tables to a run that is listed, its page task sent.
func (w *walk) list(n *node) {
	row := w.claimed()
	row, err := w.Claims.Claimed(w.t.Context(), claim.TaskOf(row), lease)
	if err != nil {
		w.t.Fatal(err)
	}
	w.restore("UPDATE order_return_algolia_sync SET token = '" + token(20) + "'")
	row.Token = token(20)
	r, err := w.Runs.Begin(w.t.Context(), w.def.Name, row, window.Window{From: from, To: to})
	if err != nil {
		w.t.Fatal(err)
	}
	if _, err := w.bench.list(r); err != nil {
		w.t.Fatal(err)
	}
	n.runs = append(n.runs, r.ID)
}
