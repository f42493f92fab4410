package console

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"unicode/utf8"

	"gitlab.com/eshopbox-team/return-sync/shared/claim"
	"gitlab.com/eshopbox-team/return-sync/shared/fault"
	"gitlab.com/eshopbox-team/return-sync/shared/flow"
	"gitlab.com/eshopbox-team/return-sync/shared/job"
	"gitlab.com/eshopbox-team/return-sync/shared/run"
	"gitlab.com/eshopbox-team/return-sync/shared/schedule"
	"gitlab.com/eshopbox-team/return-sync/shared/scope"
	"gitlab.com/eshopbox-team/return-sync/shared/store"
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
	by    string
	audit *store.Audit // to be completed
}

// actions does each action and returns what it did, in a sentence.
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
	d := &deed{function: f, by: p.Subject}
	if d.by == "" {
		d.by = "somebody whose token has no subject"
	}
	if err := readJSON(r, &d.request); err != nil {
		return nil, err
	}
	f.Log.InfoContext(r.Context(), "an operator acts in the console", "action", name, "subject", p.Subject)
	var a answer
	err = f.Store.Audited(r.Context(), store.Audit{Who: d.by, Via: store.ViaConsole, Action: name}, func(entry *store.Audit) (err error) {
		d.audit = entry
		a.Message, err = do(d, r.Context())
		return err
	})
	return a, err
}

// startEntity ticks an entity.
func (d *deed) startEntity(ctx context.Context) (string, error) {
	d.audit.Object = d.Entity
	if d.Entity == "" {
		return "", fault.New(fault.Invalid, "no-entity", "say which entity").WithParam("entity")
	}
	started, err := d.Scopes.Ticker.Run(ctx, flow.Tick{Entity: d.Entity, Occurrence: "console-" + claim.NewToken(), ByHand: true})
	if err != nil {
		return "", err
	}
	var said []string
	for _, s := range started {
		said = append(said, s.Entity+": "+s.Message)
	}
	d.audit.New = strings.Join(said, "; ")
	return d.audit.New, nil
}

// startScope starts a scope; entities make it, each as a member of its own name,
// and without any it has the members that it had.
func (d *deed) startScope(ctx context.Context) (string, error) {
	d.audit.Object = d.Scope
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
	before, err := d.Store.Scope(ctx, d.Scope)
	if err == nil {
		d.audit.Old = fmt.Sprintf("%s, start %d", before.State, before.Run)
	}
	done, err := d.Scopes.Start(ctx, r, "")
	if err != nil {
		return "", err
	}
	d.audit.New = fmt.Sprintf("%s, start %d", done.Scope.State, done.Scope.Run)
	return d.Scope + ": " + done.Message, nil
}

// moveJob changes a job's state by do.
func (d *deed) moveJob(ctx context.Context, to job.State, do func(job.Job) (bool, error)) (string, error) {
	d.audit.Object = fmt.Sprint("job ", d.Job)
	j, err := d.Store.Job(ctx, d.Job)
	if err != nil {
		return "", err
	}
	d.audit.Object, d.audit.Old, d.audit.New = j.String(), string(j.State), string(to)
	ok, err := do(j)
	if err == nil && !ok {
		err = fault.New(fault.Superseded, "job-elsewhere", "%v is %s: that cannot be changed so", j, j.State)
	}
	return fmt.Sprintf("%v is %s", j, to), err
}

// pauseJob sends no more pages of a job.
func (d *deed) pauseJob(ctx context.Context) (string, error) {
	return d.moveJob(ctx, job.Paused, func(j job.Job) (bool, error) { return d.Store.MoveJob(ctx, j.ID, job.Paused, "") })
}

// resumeJob lets a paused job go on.
func (d *deed) resumeJob(ctx context.Context) (string, error) {
	return d.moveJob(ctx, job.Running, func(j job.Job) (bool, error) {
		ok, err := d.Store.MoveJob(ctx, j.ID, job.Running, "")
		if err == nil && ok {
			err = d.Jobs.Wake(ctx, j.ID)
		}
		return ok, err
	})
}

// cancelJob ends a job for good.
func (d *deed) cancelJob(ctx context.Context) (string, error) {
	return d.moveJob(ctx, job.Cancelled, func(j job.Job) (bool, error) {
		def, err := flow.Catalog{Entities: d.function.Entities, Store: d.Store}.Named(ctx, j.Entity)
		if err != nil {
			return false, err
		}
		return d.Store.CancelJob(ctx, j, def.JobType)
	})
}

// maxRetry is how many records one call may name.
const maxRetry = 500

// retryParked sends parked records once more, by a job.
func (d *deed) retryParked(ctx context.Context) (string, error) {
	d.audit.Object = d.Entity
	if n := len(d.Records); n == 0 || n > maxRetry {
		return "", fault.New(fault.Invalid, "bad-records", "name 1 to %d records", maxRetry).WithParam("records")
	}
	def, err := flow.Catalog{Entities: d.function.Entities, Store: d.Store}.LiveOf(ctx, d.Entity)
	if err != nil {
		return "", err
	}
	d.audit.Old = "parked: " + strings.Join(d.Records, ", ")
	found, err := d.Store.RootsOf(ctx, def.Name, d.Records)
	if err != nil {
		return "", err
	}
	if len(found) == 0 {
		return "", fault.New(fault.NotFound, "not-parked", "none of these records is parked any more")
	}
	r, err := flow.NewRepairs(ctx, d.Store, def, run.Record, "console: "+d.by)
	if err != nil {
		return "", err
	}
	n := 0
	for root, ids := range found {
		n += len(ids)
		if err := r.Add(ctx, root, ids...); err != nil {
			return "", err
		}
	}
	j, err := r.Start(ctx)
	if err != nil {
		return "", err
	}
	what := "records are"
	if n == 1 {
		what = "record is"
	}
	d.audit.New = fmt.Sprintf("%d %s tried again by job %d", n, what, j.ID)
	return d.audit.New, d.Jobs.Wake(ctx, j.ID)
}
