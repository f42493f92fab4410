package store_test

import (
	"slices"
	"strings"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/sync/claim"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/page"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/run"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/store"
	"gitlab.com/eshopbox-team/return-sync/shared/window"
)

// look is what the tables say, without ids and times of writing.
type look struct {
	rows  []string // one line a row, sorted
	claim []string // kind, status, token, watermark, occurrence, lease
	runs  [][]string
	pages [][]string
	doubt bool
}

// The columns of a look's lines.
const (
	claimStatus, claimToken, claimWatermark                                 = 1, 2, 3
	claimLease                                                              = 8
	runID, runToken, runState, runFrom, runTo, runDone, runFailed, runClose = 1, 2, 3, 4, 5, 6, 7, 8
	pageRun, pageState, pageJournal                                         = 1, 2, 4
)

// looks reads the tables.
func (w *walk) looks() look {
	w.t.Helper()
	rows, err := w.raw.Query(`SELECT 'claim', status, COALESCE(token, ''), COALESCE(date_range_end, ''), COALESCE(occurrence_key, ''), '', '', '',
			IF(lease_until IS NULL, '', IF(lease_until > NOW(6), 'alive', 'out')) FROM order_return_algolia_sync
		UNION ALL SELECT 'run', id, claim_token, state, window_from, window_to, pages_done, pages_failed, COALESCE(closed_at, '') FROM sync_run
		UNION ALL SELECT 'page', r.claim_token, p.state, COALESCE(p.token, ''), p.journal IS NOT NULL, '', '', '',
			IF(p.lease_until IS NULL, '', IF(p.lease_until > NOW(6), 'alive', 'out')) FROM sync_page p JOIN sync_run r ON r.id = p.run_id
		UNION ALL SELECT 'doubt', root_id, '', '', '', '', '', '', '' FROM sync_recheck`)
	if err != nil {
		w.t.Fatal(err)
	}
	defer func() { _ = rows.Close() }()
	var l look
	for rows.Next() {
		line := make([]string, 9)
		into := make([]any, len(line))
		for i := range line {
			into[i] = &line[i]
		}
		if err := rows.Scan(into...); err != nil {
			w.t.Fatal(err)
		}
		l.add(line)
	}
	if err := rows.Err(); err != nil {
		w.t.Fatal(err)
	}
	slices.Sort(l.rows)
	return l
}

// add adds a line.
func (l *look) add(line []string) {
	switch line[0] {
	case "claim":
		l.claim = line
	case "run":
		l.runs = append(l.runs, line)
		line = slices.Clone(line)
		line[runID], line[runClose] = "", ""
	case "page":
		l.pages = append(l.pages, line)
	default:
		l.doubt = true
	}
	l.rows = append(l.rows, strings.Join(line, "|"))
}

// final reports a run that has ended.
func final(r []string) bool { return run.State(r[runState]).Final() }

// check looks at what a step did.
func (w *walk) check(before, after node) {
	w.t.Helper()
	for _, problem := range append(lawsOfState(after.look), lawsOfStep(before.look, after.look)...) {
		w.t.Fatalf("%s, after\n\t%s\nbefore\n\t%s\nafter\n\t%s", problem, strings.Join(after.trace, "\n\t"),
			strings.Join(before.look.rows, "\n\t"), strings.Join(after.look.rows, "\n\t"))
	}
}

// lawsOfState returns what is wrong in a state.
func lawsOfState(l look) (problems []string) {
	synced := ""
	for _, r := range l.runs {
		switch {
		case !final(r) && (l.claim[claimStatus] == "0" || l.claim[claimToken] != r[runToken]):
			problems = append(problems, "an open run does not have the claim: nobody could ever close it")
		case r[runState] != string(run.Synced):
		case synced != "" && r[runFrom] > synced:
			problems = append(problems, "a window begins behind the end of the one before: time was skipped")
		default:
			synced = r[runTo]
		}
	}
	if l.claim[claimWatermark] != synced {
		problems = append(problems, "the watermark is not the end of the last synced run")
	}
	for _, p := range l.pages {
		if p[pageState] < "2" && slices.ContainsFunc(l.runs, func(r []string) bool { return r[runToken] == p[pageRun] && final(r) }) {
			problems = append(problems, "a page of a run that has ended is open")
		}
		if p[pageState] == "4" && p[pageJournal] == "1" && !l.doubt {
			problems = append(problems, "an abandoned page may have pushed, and nothing is in doubt")
		}
	}
	return problems
}

// lawsOfStep returns what is wrong between two states.
func lawsOfStep(before, after look) (problems []string) {
	for i, r := range before.runs {
		if final(r) && !slices.Equal(r, after.runs[i]) {
			problems = append(problems, "a run that had ended changed")
		}
		if !final(r) && after.runs[i][runState] == string(run.Synced) && before.claim[claimToken] != r[runToken] {
			problems = append(problems, "a run without the claim was synced")
		}
	}
	if before.claim[claimToken] != after.claim[claimToken] && before.claim[claimStatus] != "0" && before.claim[claimLease] == "alive" {
		problems = append(problems, "a claim whose lease is alive was taken over")
	}
	open := 0
	for _, r := range after.runs {
		if !final(r) {
			open++
		}
	}
	if open > 1 {
		problems = append(problems, "two runs are open")
	}
	for i, p := range before.pages {
		if p[pageState] >= "2" && i < len(after.pages) && p[pageRun] == after.pages[i][pageRun] && p[pageState] != after.pages[i][pageState] {
			problems = append(problems, "a page that had ended changed")
		}
	}
	return problems
}

// heals checks that whatever has happened, and if everybody died now, one more
// tick after the lease brings a synced run.
func (w *walk) heals(n node) {
	w.t.Helper()
	w.restore(n.tables)
	w.expire()
	ctx := w.t.Context()
	row, err := w.Claims.Newest(ctx, job)
	if err != nil {
		w.t.Fatal(err)
	}
	grant := store.Grant{Token: strings.Repeat("z", 32), Lease: lease}
	var ok bool
	if claim.Decide(row, "") == claim.Take {
		ok, err = w.Claims.Claim(ctx, row, grant)
	} else {
		_, ok, err = w.Claims.TakeOver(ctx, row, grant)
	}
	if err != nil || !ok {
		w.t.Fatalf("nobody can take the claim any more: %v, after\n\t%s", err, strings.Join(n.trace, "\n\t"))
	}
	row.Token = grant.Token
	if row, err = w.Claims.Claimed(ctx, claim.TaskOf(row), lease); err != nil {
		w.t.Fatal(err)
	}
	now := to.Add(time.Duration(len(n.look.runs)) * time.Minute)
	r, err := w.Runs.Begin(ctx, w.def.Name, row, window.Next(row.Watermark, from, now, 24*time.Hour))
	if err != nil {
		w.t.Fatal(err)
	}
	if _, err = w.bench.list(r); err != nil {
		w.t.Fatal(err)
	}
	if w.run(r.ID).State.Final() {
		return // nothing had changed
	}
	p, err := w.Pages.TakePage(ctx, page.Task{RunID: r.ID, Page: 1}, strings.Repeat("y", 32), lease)
	if err != nil {
		w.t.Fatal(err)
	}
	if err := w.Runs.Publish(ctx, w.finish(p, 1)); err != nil {
		w.t.Fatal(err)
	}
	healed := w.looks()
	for _, problem := range lawsOfState(healed) {
		w.t.Fatalf("%s, after healing\n\t%s", problem, strings.Join(n.trace, "\n\t"))
	}
}
