package console

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"unicode/utf8"

	"gitlab.com/eshopbox-team/return-sync/functions/internal/operate"
	"gitlab.com/eshopbox-team/return-sync/shared/fault"
	"gitlab.com/eshopbox-team/return-sync/shared/schedule"
	"gitlab.com/eshopbox-team/return-sync/shared/scope"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/flow"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/job"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/store"
)

// request is the body of an action; each takes its own fields.
type request struct {
	Entity   string         `json:"entity"`   // start-entity, retry-parked
	Records  []string       `json:"records"`  // retry-parked: their ids
	Scope    string         `json:"scope"`    // start-scope
	Title    string         `json:"title"`    // start-scope: of a new one
	Entities []string       `json:"entities"` // start-scope: the members of a new one
	Restart  bool           `json:"restart"`  // start-scope: even if it is syncing
	Job      int64          `json:"job"`      // pause-job, resume-job, cancel-job
	Schedule int64          `json:"schedule"` // edit-schedule, delete-schedule
	Version  string         `json:"version"`  // of the schedule that the page showed
	Edit     *schedule.Edit `json:"edit"`     // add-schedule, edit-schedule
}

// answer says what an action did.
type answer struct {
	Message string `json:"message"`
}

// deed is an action under way.
type deed struct {
	*function
	request
	acts operate.Acts
	by   operate.Actor
}

// actions does each action and returns what it did, in a sentence. Each leaves a
// row in the audit (package operate).
var actions = map[string]func(*deed, context.Context) (string, error){
	"start-entity": (*deed).startEntity, "start-scope": (*deed).startScope,
	"pause-job": (*deed).pauseJob, "resume-job": (*deed).resumeJob, "cancel-job": (*deed).cancelJob, "retry-parked": (*deed).retryParked,
	"add-schedule": (*deed).addSchedule, "edit-schedule": (*deed).editSchedule, "delete-schedule": (*deed).deleteSchedule,
}

// act plays an action for an operator. Who asks is settled before anything is
// said about what was asked.
func (f *function) act(r *http.Request) (any, error) {
	p, err := f.person(r)
	if err != nil {
		return nil, err
	}
	if err := f.changes(r); err != nil {
		return nil, err
	}
	if err := p.Demand(); err != nil {
		return nil, err
	}
	name := r.PathValue("action")
	do, ok := actions[name]
	if !ok {
		return nil, fault.New(fault.NotFound, "no-action", "there is no such action; there are %q", slices.Sorted(maps.Keys(actions)))
	}
	d := &deed{function: f, by: operate.Actor{Who: p.Subject, Via: store.ViaConsole}}
	d.acts = operate.Acts{Store: f.Store, Entities: f.Entities, Ticker: f.Scopes.Ticker, Jobs: f.Jobs}
	if err := readJSON(r, &d.request); err != nil {
		return nil, err
	}
	f.Log.InfoContext(r.Context(), "an operator acts in the console", "action", name, "subject", p.Subject)
	var a answer
	a.Message, err = do(d, r.Context())
	return a, err
}

// startEntity ticks an entity.
func (d *deed) startEntity(ctx context.Context) (string, error) {
	if d.Entity == "" {
		return "", fault.New(fault.Invalid, "no-entity", "say which entity").WithParam("entity")
	}
	started, err := d.acts.StartEntity(ctx, d.by, flow.Tick{Entity: d.Entity})
	return operate.Said(started), err
}

// startScope starts a scope; entities make it, each as a member of its own name,
// and without any it has the members that it had.
func (d *deed) startScope(ctx context.Context) (string, error) {
	r := scope.Request{InstanceID: scope.ID(d.Scope), Options: scope.Options{Title: scope.Text(d.Title), Restart: d.Restart}}
	for _, e := range d.Entities {
		if r.Options.Members == nil {
			r.Options.Members = map[string]scope.Wanted{}
		}
		r.Options.Members[e] = scope.Wanted{{Entity: e}}
	}
	if utf8.RuneCountInString(d.Title) > scope.MaxTitle {
		return "", fault.New(fault.Invalid, "bad-title", "a title has at most %d letters", scope.MaxTitle).WithParam("title")
	}
	done, err := operate.ScopeActs{Flow: d.Scopes}.Start(ctx, d.by, r)
	return d.Scope + ": " + done.Message, err
}

// pauseJob sends no more pages of a job.
func (d *deed) pauseJob(ctx context.Context) (string, error) {
	j, err := d.acts.PauseJob(ctx, d.by, d.Job)
	return fmt.Sprintf("%v is %s", j, job.Paused), err
}

// resumeJob lets a paused job go on.
func (d *deed) resumeJob(ctx context.Context) (string, error) {
	j, err := d.acts.ResumeJob(ctx, d.by, d.Job)
	return fmt.Sprintf("%v is %s", j, job.Running), err
}

// cancelJob ends a job for good.
func (d *deed) cancelJob(ctx context.Context) (string, error) {
	j, err := d.acts.CancelJob(ctx, d.by, d.Job)
	return fmt.Sprintf("%v is %s", j, job.Cancelled), err
}

// maxRetry is how many records one call may name.
const maxRetry = 500

// retryParked sends parked records once more, by a job.
func (d *deed) retryParked(ctx context.Context) (string, error) {
	j, n, err := d.acts.RetryNamed(ctx, d.by, d.Entity, d.Records, func() error {
		if n := len(d.Records); n == 0 || n > maxRetry {
			return fault.New(fault.Invalid, "bad-records", "name 1 to %d records", maxRetry).WithParam("records")
		}
		return nil
	})
	return operate.Retried(n, j), err
}
