package schedule

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"strings"
	"time"
)

// Jobs is a scheduler's jobs.
type Jobs interface {
	// List returns the jobs whose names begin with prefix.
	List(ctx context.Context, prefix string) ([]Job, error)
	// Ensure creates a job or brings an existing one to what is wanted.
	Ensure(ctx context.Context, j Job) error
	// Delete removes a job; false means that it was gone already.
	Delete(ctx context.Context, name string) (bool, error)
}

// Table is the rows as the Reconciler sees them.
type Table interface {
	// Schedules reads all rows.
	Schedules(ctx context.Context) (Poll, error)
	// Judge writes a row's verdict, with its records of the run log; false
	// means that another process has written it since it was read.
	Judge(ctx context.Context, r Row, v Verdict) (bool, error)
	// Polled notes that all rows have been checked.
	Polled(ctx context.Context, now time.Time) error
}

// Poll is the rows at a time.
type Poll struct {
	Rows []Row
	// First marks the first read of the table ever: the rows found are no change.
	First bool
}

// Verdict is the result of checking a row.
type Verdict struct {
	Message string     // why it is rejected; empty for a good row
	Applied string     // the Spec now in force, as text
	Anchor  *time.Time // since when it counts; nil leaves that as it was
	Fresh   bool       // nothing was started by this row before
	Entries []Entry    // for the run log, written together with the verdict
	Now     time.Time
}

// Reconciler makes a scheduler's jobs match the rows.
type Reconciler struct {
	Table Table
	Jobs  Jobs
	Log   Log
	// Kinds are what schedules can start; this side only checks the targets.
	Kinds Kinds
	// Prefix begins the names of our jobs; a row's number follows. Every other
	// job is left alone.
	Prefix string
	// URL is what the jobs call, with the identity of ServiceAccount.
	URL, ServiceAccount string
}

// Reconciled is the result of one reconciliation.
type Reconciled struct {
	Schedules int `json:"schedules"`
	Rejected  int `json:"rejected"`
	Changed   int `json:"jobsChanged"` // created, updated, paused or resumed
	Deleted   int `json:"jobsDeleted"`
	// Rows is the rows as they are now.
	Rows []Row `json:"-"`
}

// Run reconciles once. A row that fails does not stop the others; the errors
// come back together, and running again is safe. When the table or the scheduler
// cannot be read, every job stays as it is.
func (r *Reconciler) Run(ctx context.Context, now time.Time) (Reconciled, error) {
	// The jobs come first: a job whose row was written after the rows were read
	// would look like an orphan.
	jobs, err := r.ours(ctx)
	if err != nil {
		return Reconciled{}, err
	}
	poll, err := r.Table.Schedules(ctx)
	if err != nil {
		return Reconciled{}, err
	}
	p := &pass{Reconciler: r, ctx: ctx, now: now, first: poll.First, jobs: jobs}
	var problems []error
	for _, row := range poll.Rows {
		if err := p.row(row); err != nil {
			problems = append(problems, fmt.Errorf("schedule %d: %w", row.ID, err))
		}
	}
	problems = append(problems, p.orphans())
	if err = errors.Join(problems...); err == nil {
		err = r.Table.Polled(ctx, now)
	}
	return p.done, err
}

// ours returns our jobs by their rows' numbers.
func (r *Reconciler) ours(ctx context.Context) (map[int64]Job, error) {
	list, err := r.Jobs.List(ctx, r.Prefix)
	ours := make(map[int64]Job, len(list))
	for _, j := range list {
		id, err := strconv.ParseInt(strings.TrimPrefix(j.Name, r.Prefix), 10, 64)
		if err == nil && j.Name == r.name(id) {
			ours[id] = j
		}
	}
	return ours, err
}

// name returns the name of a row's job.
func (r *Reconciler) name(id int64) string { return r.Prefix + strconv.FormatInt(id, 10) }

// job returns the job that a Spec wants.
func (r *Reconciler) job(s Spec, st State) Job {
	return Job{
		Name: r.name(s.ID), Description: cut(s.String(), maxDescription), Cron: s.Cron(st), TimeZone: "Etc/UTC",
		URL: r.URL + "?fire=" + strconv.FormatInt(s.ID, 10), ServiceAccount: r.ServiceAccount, Paused: s.Disabled,
	}
}

// maxDescription is how many letters Cloud Scheduler takes.
const maxDescription = 500

// cut returns at most n letters.
func cut(s string, n int) string {
	if letters := []rune(s); len(letters) > n {
		return string(letters[:n])
	}
	return s
}

// pass is one reconciliation under way.
type pass struct {
	*Reconciler
	ctx   context.Context
	now   time.Time
	first bool
	jobs  map[int64]Job // those whose rows have not been seen yet
	done  Reconciled
}

// wanted returns the Spec that shall be in force for a row, and why the row itself
// is rejected. A rejected edit changes nothing but Disabled; false means that
// nothing was in force before the edit either.
func (p *pass) wanted(row Row) (s Spec, ok bool, message string) {
	s, err := p.Kinds.Parse(p.ctx, row)
	if err == nil {
		return s, true, ""
	}
	if s, ok = row.applied(); !ok {
		return s, false, err.Error()
	}
	message = fmt.Sprintf("%v; until the row is corrected, the last good one stays: %s %s %s", err, s.Kind, s.Target, s.when())
	s.Disabled = row.Disabled
	return s, true, message
}

// row makes one row's job match and then writes the verdict, in this order: the run
// log holds only what has come into force.
func (p *pass) row(row Row) error {
	p.done.Schedules++
	want, ok, message := p.wanted(row)
	if message != "" {
		p.done.Rejected++
	}
	old, had := row.applied()
	v := Verdict{Message: cut(message, maxDescription), Applied: row.Applied, Now: p.now}
	state := row.State()
	if ok {
		v.Applied, v.Fresh = want.Text(), !had
		if !had || want.restarts(old) {
			v.Anchor, state.Anchor = &p.now, p.now
		}
		if !had {
			state.LastFired = time.Time{}
		}
	}
	if err := p.bring(row.ID, ok, p.job(want, state)); err != nil {
		return err
	}
	if v.Applied != row.Applied || v.Message != row.Message || v.Anchor != nil {
		v.Entries = p.entries(row, v, changeOf(old, had, want, ok))
		saved, err := p.Table.Judge(p.ctx, row, v)
		if err != nil || !saved {
			return err
		}
		for _, e := range v.Entries {
			p.Log.print(p.ctx, e)
		}
	}
	row.Applied, row.Message, row.Anchor, row.LastFired = v.Applied, v.Message, pointer(state.Anchor), pointer(state.LastFired)
	p.done.Rows = append(p.done.Rows, row)
	return nil
}

// pointer is the inverse of reading a time that may be absent.
func pointer(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

// bring creates or updates a row's job, if one is wanted.
func (p *pass) bring(id int64, wanted bool, want Job) error {
	have, exists := p.jobs[id]
	delete(p.jobs, id)
	if !wanted || exists && have == want {
		return nil
	}
	p.done.Changed++
	return p.Jobs.Ensure(p.ctx, want)
}

// change is the Spec that came into force with a verdict.
type change struct {
	text  string // empty for nothing
	added bool
	about Spec
}

// changeOf returns the change from old to want.
func changeOf(old Spec, had bool, want Spec, ok bool) change {
	switch {
	case !ok || had && old == want:
		return change{about: old}
	case !had:
		return change{text: fmt.Sprintf("schedule %d was added: %v", want.ID, want), added: true, about: want}
	}
	return change{text: fmt.Sprintf("schedule %d was changed: %v -> %v", want.ID, old, want), about: want}
}

// entries returns the records of a verdict for the run log.
func (p *pass) entries(row Row, v Verdict, c change) (list []Entry) {
	e := Entry{At: p.now, Entity: p.Kinds.entity(c.about)}
	if v.Message != "" && v.Message != row.Message {
		e.Level, e.Message = slog.LevelWarn, fmt.Sprintf("schedule %d (%q) is rejected: %s", row.ID, row.Name, v.Message)
		list = append(list, e)
	}
	if c.text != "" && (!c.added || !p.first) {
		e.Level, e.Message = slog.LevelInfo, c.text
		list = append(list, e)
	}
	return list
}

// orphans deletes the jobs whose rows are gone.
func (p *pass) orphans() error {
	var problems []error
	for id, j := range p.jobs {
		gone, err := p.Jobs.Delete(p.ctx, j.Name)
		if err != nil {
			problems = append(problems, fmt.Errorf("schedule %d is gone, and its job %s stays for now: %w", id, j.Name, err))
			continue
		}
		if gone {
			p.done.Deleted++
			p.Log.report(p.ctx, Entry{At: p.now, Level: slog.LevelInfo, Message: fmt.Sprintf("schedule %d was deleted: %s", id, j.Description)})
		}
	}
	return errors.Join(problems...)
}
