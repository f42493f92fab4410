package worker

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"sync"

	"gitlab.com/eshopbox-team/return-sync/shared/transfer"
)

// Call is a call to a side as a trial made it. A write was not made.
type Call struct {
	Side    string         `json:"side"`
	Call    string         `json:"call"` // read, find, search, or the verb of a write
	Model   string         `json:"model"`
	ID      int64          `json:"id,omitempty"` // of a find: the other side's
	Found   map[string]any `json:"found,omitempty"`
	Plan    map[string]any `json:"plan,omitempty"`
	Problem string         `json:"problem,omitempty"`
}

// Trial is what a job would do: its calls in order, and the job as it would end.
type Trial struct {
	Job   transfer.Job `json:"job"`
	Calls []Call       `json:"calls"`
}

// Writes returns the calls that would write.
func (t Trial) Writes() (list []Call) {
	for _, c := range t.Calls {
		if c.Plan != nil {
			list = append(list, c)
		}
	}
	return list
}

// Try runs a job, with the jobs that are stored below it, between sides that keep writes
// to themselves and on a table in memory. So it is the worker that says what the worker
// would do, and nothing is changed. Records that would be created have negative ids.
func (w *Worker) Try(ctx context.Context, j transfer.Job, below []transfer.Job) (Trial, error) {
	d := &trial{jobs: map[int64]transfer.Job{j.ID: j}}
	p := w.Parts
	p.Jobs, p.Notes, p.Guard = trialJobs{trial: d}, nil, nil
	p.Studio, p.Online = d.side(transfer.Studio, w.Studio), d.side(transfer.Online, w.Online)
	pack := &pack{Worker: New(p), hold: &hold{ctx: ctx, leave: func() {}}, children: map[int64][]transfer.Job{}}
	for _, child := range below {
		d.jobs[child.ID] = child
		if child.ParentID != nil {
			pack.children[*child.ParentID] = append(pack.children[*child.ParentID], child)
		}
	}
	j, err := pack.run(ctx, j, nil)
	return Trial{Job: j, Calls: d.calls}, err
}

// trial is what a trial remembers.
type trial struct {
	mu    sync.Mutex
	calls []Call
	jobs  map[int64]transfer.Job
	last  int64 // the last id that was made up
}

// side returns a side that writes nothing.
func (d *trial) side(s transfer.Side, of transfer.System) *trialSide {
	return &trialSide{System: of, trial: d, side: s, changed: map[string]*transfer.Record{}}
}

// note keeps a call.
func (d *trial) note(c Call, err error) {
	if err != nil {
		c.Problem = err.Error()
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.calls = append(d.calls, c)
}

// made returns a new id.
func (d *trial) made() int64 {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.last--
	return d.last
}

// trialSide reads from a side, and keeps what is written before it.
type trialSide struct {
	transfer.System
	*trial
	side    transfer.Side
	changed map[string]*transfer.Record // by key; nil for a record that is gone
}

// Read implements transfer.System.
func (s *trialSide) Read(ctx context.Context, model string, id int64) (transfer.Record, error) {
	r, err := s.read(ctx, model, id)
	s.note(Call{Side: s.side.Word(), Call: "read", Model: model, ID: id, Found: facts(r, err)}, err)
	return r, err
}

// read reads a record as it would be by now.
func (s *trialSide) read(ctx context.Context, model string, id int64) (transfer.Record, error) {
	if r, ok := s.changed[key(s.side, model, id)]; ok {
		if r == nil {
			return transfer.Record{}, transfer.ErrNotFound
		}
		return *r, nil
	}
	return s.System.Read(ctx, model, id)
}

// Find implements transfer.System.
func (s *trialSide) Find(ctx context.Context, model string, foreign int64) (transfer.Record, error) {
	r, err := s.find(ctx, model, foreign)
	s.note(Call{Side: s.side.Word(), Call: "find", Model: model, ID: foreign, Found: facts(r, err)}, err)
	return r, err
}

// find finds a record as it would be by now.
func (s *trialSide) find(ctx context.Context, model string, foreign int64) (transfer.Record, error) {
	for k, r := range s.changed {
		if r != nil && r.ForeignID == foreign && k == key(s.side, model, r.ID) {
			return *r, nil
		}
	}
	r, err := s.System.Find(ctx, model, foreign)
	if _, changed := s.changed[key(s.side, model, r.ID)]; err == nil && changed {
		return transfer.Record{}, transfer.ErrNotFound // it is gone, or refers to another one now
	}
	return r, err
}

// Search implements transfer.System, by the records as the side holds them.
func (s *trialSide) Search(ctx context.Context, model string, q transfer.Query) ([]transfer.Record, error) {
	list, err := s.System.Search(ctx, model, q)
	s.note(Call{Side: s.side.Word(), Call: "search", Model: model, Found: map[string]any{"records": len(list), "of": q.Equal}}, err)
	return list, err
}

// Write implements transfer.System.
func (s *trialSide) Write(ctx context.Context, w transfer.Write) (transfer.Written, error) {
	id, err := s.write(ctx, w)
	s.note(Call{Side: s.side.Word(), Call: string(w.Verb), Model: w.Model, ID: w.ID, Plan: w.Plan()}, err)
	return transfer.Written{ID: id, Request: string(asJSON(w.Plan()))}, err
}

// write keeps a write.
func (s *trialSide) write(ctx context.Context, w transfer.Write) (int64, error) {
	if w.Verb == transfer.Create {
		if _, err := s.find(ctx, w.Model, w.ForeignID); !errors.Is(err, transfer.ErrNotFound) {
			return 0, errors.Join(transfer.ErrChanged, err)
		}
		r := transfer.Record{ID: s.made()}
		r.Apply(w)
		s.changed[key(s.side, w.Model, r.ID)] = &r
		return r.ID, nil
	}
	r, err := s.read(ctx, w.Model, w.ID)
	switch {
	case err != nil:
		return 0, err
	case w.If != nil && !r.Effective().Equal(*w.If):
		return 0, transfer.ErrChanged
	case w.Verb == transfer.Remove, w.Verb == transfer.Join:
		s.changed[key(s.side, w.Model, w.ID)] = nil
		return w.ID, nil
	}
	r.Fields = maps.Clone(r.Fields)
	r.Apply(w)
	s.changed[key(s.side, w.Model, w.ID)] = &r
	return w.ID, nil
}

// facts are what a trial says of a record that was found.
func facts(r transfer.Record, err error) map[string]any {
	if err != nil {
		return nil
	}
	return map[string]any{"id": r.ID, "foreign_id": r.ForeignID, "effective_date": r.Effective(), "synced_version": r.SyncedVersion, "fields": r.Fields}
}

// trialJobs is the table of jobs of a trial. What a run does not call is not there.
type trialJobs struct {
	Jobs
	*trial
}

// Claim implements transfer.Queue, whatever the job's state.
func (t trialJobs) Claim(_ context.Context, _ string, id int64) (transfer.Job, error) {
	j, ok := t.jobs[id]
	if !ok {
		return j, fmt.Errorf("the trial has no job %d", id)
	}
	j.State, j.Runs, j.Request, j.ErrorCode, j.ErrorText, j.Log, j.RetryAt = transfer.InProgress, j.Runs+1, "", "", "", "", nil
	return j, nil
}

// Note implements transfer.Queue.
func (t trialJobs) Note(context.Context, string, transfer.Job) error { return nil }

// Finish implements transfer.Queue.
func (t trialJobs) Finish(_ context.Context, _ string, j transfer.Job) (int64, error) {
	t.jobs[j.ID] = j
	return 0, nil
}

// Deleted implements transfer.Queue: a trial asks no table.
func (t trialJobs) Deleted(context.Context, transfer.Job) (bool, error) { return false, nil }

// Child implements transfer.Queue.
func (t trialJobs) Child(_ context.Context, _ string, parent transfer.Job, d transfer.Draft) (transfer.Job, error) {
	for _, j := range t.jobs {
		if j.ParentID != nil && *j.ParentID == parent.ID && j.System == d.System && j.Model == d.Model && j.RecordID == d.RecordID {
			return j, nil
		}
	}
	j := d.Job
	j.ID, j.ParentID = t.made(), &parent.ID
	t.jobs[j.ID] = j
	return j, nil
}
