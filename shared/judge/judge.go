// Package judge turns facts about the product into findings: what is wrong, of
// which entity, and what to do.
//
// The command line, the console, the alerts and the search function use these rules,
// so equal facts lead to equal findings everywhere. The rules are pure: the caller reads
// the facts (package store) and the limits (the environment). An unknown fact is a
// finding of its own, never an empty answer.
//
// A finding's texts may quote errors of databases and of the index. Alerts leave our
// systems, so package alert words them apart, from the same findings.
package judge

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Kind is a kind of problem. Programs read its text, which never changes.
type Kind string

// The kinds, the gravest first.
const (
	Offline        Kind = "offline"         // the application gives no sign of life
	IndexRecords   Kind = "index-records"   // the index has other records than the ledger allows
	IndexSettings  Kind = "index-settings"  // the index has other settings than the definition
	IndexUnchecked Kind = "index-unchecked" // the index gave no answer, or none lately
	NeverSynced    Kind = "never-synced"
	Absent         Kind = "absent" // nothing synced in 24 hours although due
	Behind         Kind = "behind"
	LeaseExpired   Kind = "lease-expired"
	RunFailed      Kind = "run-failed"
	TakenOver      Kind = "taken-over"
	PageFailed     Kind = "page-failed"
	PageRefused    Kind = "page-error" // a page failed and will be retried
	Parked         Kind = "parked"
	JobFailed      Kind = "job-failed"
	JobWaits       Kind = "job-waits"
	Drift          Kind = "drift"
	VerifyFailed   Kind = "verify-failed"
	StandbyBehind  Kind = "standby-behind" // the index that a rebuild replaced is no longer kept up to date
	Operations     Kind = "operations"
)

// Kinds returns all kinds, the gravest first.
func Kinds() []Kind {
	return []Kind{Offline, IndexRecords, IndexSettings, IndexUnchecked, NeverSynced, Absent, Behind, LeaseExpired, RunFailed, TakenOver,
		PageFailed, PageRefused, Parked, JobFailed, JobWaits, Drift, VerifyFailed, StandbyBehind, Operations}
}

// Finding is one problem that needs a person, and the remedy.
type Finding struct {
	// Wing is the wing that brought the finding; empty for sync.
	Wing    string `json:"wing,omitempty"`
	Entity  string `json:"entity,omitempty"`
	Kind    Kind   `json:"kind"`
	Problem string `json:"problem"`
	Do      string `json:"do"`
}

// Title is the problem with its wing and entity before it.
func (f Finding) Title() string {
	title := f.Problem
	for _, name := range []string{f.Entity, f.Wing} {
		if name != "" {
			title = name + ": " + title
		}
	}
	return title
}

// Findings judges the facts: whether the application lives, each entity's findings,
// the gravest first, then the operations budget.
func (l Limits) Findings(f Facts) []Finding {
	list := []Finding{}
	l.offline(&collector{list: &list}, f)
	for _, e := range f.Entities {
		c := &collector{entity: e.Name, list: &list}
		l.freshness(c, f.Now, e)
		l.runs(c, e)
		l.index(c, f.Now, e)
		if e.Parked > 0 {
			c.add(Parked, fmt.Sprintf("records kept out of the index: %d", e.Parked), "see why: returnsync parked list --entity "+e.Name)
		}
		jobs(c, e)
		drift(c, e)
		l.standbys(c, f.Now, e)
	}
	if l.Used(f.Spent) >= l.BudgetPercent && (l.OperationsDay > 0 || l.OperationsMonth > 0) {
		c := &collector{list: &list}
		c.add(Operations, l.spent(f.Spent), "syncs go on, backfills wait; find what costs so much with returnsync runs list, or raise OPERATIONS_DAY or OPERATIONS_MONTH as far as the plan allows")
	}
	return list
}

// offline judges the sign of life. An application that has never run is not offline:
// its entities are never synced.
func (l Limits) offline(c *collector, f Facts) {
	beat, ever := f.Beats[App]
	if silent := f.Now.Sub(beat.At); ever && l.OfflineAfter > 0 && silent > l.OfflineAfter {
		c.add(Offline, "no heartbeat of the sync application for "+Age(silent),
			"see whether Cloud Scheduler's job is on and the cron function answers: returnsync doctor; bring the index up to date meanwhile: returnsync sync --wait")
	}
}

// Stale reports whether an index's answers must not count as fresh: the index is behind,
// or known to be wrong, or its last answer is too old. An index that was never asked is
// judged by its watermark alone.
func (l Limits) Stale(now time.Time, e Entity) bool {
	var list []Finding
	c := &collector{list: &list}
	l.freshness(c, now, e)
	if e.Index != nil {
		l.index(c, now, e)
	}
	return slices.ContainsFunc(list, func(f Finding) bool {
		return slices.Contains([]Kind{NeverSynced, Behind, Absent, IndexRecords, IndexSettings, IndexUnchecked}, f.Kind)
	}) || e.Watermark == nil
}

// BudgetNote begins the note of a job that the operations budget holds back.
const BudgetNote = "it waits for the operations budget: "

// collector gathers an entity's findings.
type collector struct {
	entity string
	list   *[]Finding
}

// add adds a finding.
func (c *collector) add(k Kind, problem, do string) {
	*c.list = append(*c.list, Finding{Entity: c.entity, Kind: k, Problem: problem, Do: do})
}

// freshness judges the index's lag.
func (l Limits) freshness(c *collector, now time.Time, e Entity) {
	start := "returnsync sync --entity " + e.Name + " --wait"
	failed := e.Runs.Bad(e.Runs.Failed) || e.Runs.Bad(e.Runs.Interrupted)
	if e.Watermark == nil && e.Running == nil && !failed {
		c.add(NeverSynced, "never synced", "start a sync: "+start+"; then see whether Cloud Scheduler's job is on: returnsync doctor")
	}
	late := "see whether Cloud Scheduler's job is on and the cron function answers: returnsync doctor; at once: " + start
	switch {
	case e.Expired:
		late = "the silent sync is why; see the next line"
	case e.Running != nil:
		late = "a sync is under way; see how far it is: returnsync status"
	case failed:
		late = "remove the cause in the next line, then: " + start
	}
	if l.Absent(now, e) {
		c.add(Absent, "nothing synced in "+Age(l.AbsentAfter), late)
	}
	if l.Behind(now, e) {
		from, words := e.Known, " since its first tick, and never synced"
		if e.Watermark != nil {
			from, words = *e.Watermark, " behind"
		}
		c.add(Behind, Age(now.Sub(from))+words, late)
	}
	if e.Expired {
		c.add(LeaseExpired, "the sync under way has been silent for too long: its lease ran out", "the next tick takes over; at once: "+start)
	}
}

// runs judges the endings of runs and the run under way.
func (l Limits) runs(c *collector, e Entity) {
	again := "the next run covers the same window again; if that fails too, remove this cause; see: returnsync runs show %d"
	if e.Runs.Bad(e.Runs.Failed) && e.Runs.FailedInRow >= l.FailedRuns {
		c.add(RunFailed, fmt.Sprintf("run %d ended failed: %s", e.Runs.Failed.Run, OrNone(e.Runs.Failed.Error)), fmt.Sprintf(again, e.Runs.Failed.Run))
	}
	if e.Runs.Bad(e.Runs.Interrupted) {
		c.add(TakenOver, fmt.Sprintf("run %d ended interrupted: %s", e.Runs.Interrupted.Run, OrNone(e.Runs.Interrupted.Error)), fmt.Sprintf(again, e.Runs.Interrupted.Run))
	}
	r := e.Running
	if r == nil {
		return
	}
	if r.PagesFailed > 0 {
		c.add(PageFailed, fmt.Sprintf("run %d has failed pages: %d", r.Run, r.PagesFailed),
			fmt.Sprintf("the run will end failed and its window be covered again; see: returnsync runs show %d", r.Run))
	}
	if r.Error != nil {
		c.add(PageRefused, fmt.Sprintf("run %d, page %d, try %d of %d: %s", r.Run, r.Error.Page, r.Error.Try, l.PageAttempts, OrNone(r.Error.Message)),
			fmt.Sprintf("the page is tried again; if the tries go on failing, remove this cause; see: returnsync runs show %d", r.Run))
	}
}

// jobs judges jobs.
func jobs(c *collector, e Entity) {
	for _, j := range e.Jobs {
		see := fmt.Sprintf("returnsync jobs show %d", j.ID)
		if j.Failed {
			c.add(JobFailed, fmt.Sprintf("job %d (%s) failed: %s", j.ID, j.Kind, OrNone(j.Note)), "remove this cause, then ask for the job again; how far it came: "+see)
			continue
		}
		c.add(JobWaits, fmt.Sprintf("job %d (%s): %s", j.ID, j.Kind, OneLine(j.Note)),
			"the job goes on by itself; for more now raise OPERATIONS_DAY or OPERATIONS_MONTH as far as the plan allows; how far it is: "+see)
	}
}

// drift judges the findings of comparisons.
func drift(c *collector, e Entity) {
	if e.Drift != nil && e.Drift.Count > 0 {
		example := ""
		if e.Drift.Example != "" {
			example = " (" + OneLine(e.Drift.Example) + ")"
		}
		c.add(Drift, fmt.Sprintf("records that differ from the source: %d%s", e.Drift.Count, example), DriftDo(e.Name))
	}
	if e.VerifyError != "" {
		c.add(VerifyFailed, "the comparison that runs by itself failed: "+OneLine(e.VerifyError),
			"the next call of the verify function tries again; remove this cause; compare at once: returnsync verify --deep --entity "+e.Name)
	}
}

// standbys judges the indices that rebuild undo would make live: each is synced by
// every tick, as the live one is.
func (l Limits) standbys(c *collector, now time.Time, e Entity) {
	for _, s := range e.Standbys {
		of := e
		of.Watermark = s.Watermark
		if !l.Behind(now, of) {
			continue
		}
		behind := "never synced"
		if s.Watermark != nil {
			behind = Age(now.Sub(*s.Watermark)) + " behind"
		}
		if s.Error != "" {
			behind += ": " + OneLine(s.Error)
		}
		c.add(StandbyBehind, fmt.Sprintf("index %s, which stands by since the rebuild, is %s", s.Index, behind),
			fmt.Sprintf("compare and repair the index: returnsync repair --deep --wait --entity %s; or remove the index: returnsync rebuild clean --entity %s", s.Target, s.Entity))
	}
}

// The remedies that findings and alerts share.

// DriftDo is the remedy for records that differ.
func DriftDo(entity string) string {
	return "see which: returnsync verify --deep --entity " + entity + "; repair them: returnsync repair --deep --wait --entity " + entity
}

// SettingsDo is the remedy for settings that differ.
func SettingsDo(entity string) string {
	return "see which: returnsync settings diff --entity " + entity + "; restore them: returnsync settings push --entity " + entity
}

// UncheckedDo is the remedy for an index without an answer.
func UncheckedDo(entity string) string {
	return "see whether the index answers and its keys have their rights: returnsync doctor --entity " + entity + "; then whether the watch function runs each minute"
}

// index judges the index's answer.
func (l Limits) index(c *collector, now time.Time, e Entity) {
	x := e.Index
	switch {
	case e.Watermark == nil:
		return // nothing to compare before the first sync
	case x == nil:
		c.add(IndexUnchecked, "index never checked", UncheckedDo(e.Name))
		return
	case x.Problem != "":
		c.add(IndexUnchecked, fmt.Sprintf("index not checked since %s: %s", x.At.UTC().Format(clock), OneLine(x.Problem)), UncheckedDo(e.Name))
		return
	case now.Sub(x.At) > l.CheckedWithin:
		c.add(IndexUnchecked, "index not checked since "+x.At.UTC().Format(clock), UncheckedDo(e.Name))
		return
	}
	repair := DriftDo(e.Name)
	switch {
	case !x.Exists && x.Least > 0:
		c.add(IndexRecords, fmt.Sprintf("the index does not exist; %s should be there", atLeast(x)), "restore its settings: returnsync settings push --entity "+e.Name+"; then "+repair)
	case x.Records < x.Least || x.Records > x.Most:
		c.add(IndexRecords, fmt.Sprintf("the index has %d records; %s should be there", x.Records, atLeast(x)), repair)
	}
	switch {
	case len(x.Settings) > 0:
		c.add(IndexSettings, "settings of the index that differ from the definition: "+OneLine(strings.Join(x.Settings, ", ")), SettingsDo(e.Name))
	case x.SettingsProblem != "":
		c.add(IndexUnchecked, "settings of the index not checked: "+OneLine(x.SettingsProblem), UncheckedDo(e.Name))
	}
}

// atLeast words the number of records that the ledger allows.
func atLeast(x *Index) string {
	if x.Least == x.Most {
		return fmt.Sprint(x.Least)
	}
	return fmt.Sprintf("%d to %d", x.Least, x.Most)
}

// spent words the used part of a budget.
func (l Limits) spent(s Spent) string {
	used, most, in := s.Month, l.OperationsMonth, "30 days"
	if Percent(s.Day, l.OperationsDay) >= Percent(s.Month, l.OperationsMonth) {
		used, most, in = s.Day, l.OperationsDay, "24 hours"
	}
	return fmt.Sprintf("%d of %d operations of the index are used in %s", used, most, in)
}
