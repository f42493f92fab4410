package console

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"unicode/utf8"

	"gitlab.com/eshopbox-team/return-sync/functions/internal/operate"
	"gitlab.com/eshopbox-team/return-sync/shared/audit"
	"gitlab.com/eshopbox-team/return-sync/shared/fault"
	"gitlab.com/eshopbox-team/return-sync/shared/schedule"
	"gitlab.com/eshopbox-team/return-sync/shared/scope"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/flow"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/rework"
)

// request is the body of an action; each takes its own fields.
type request struct {
	Entity   string         `json:"entity"`   // start-entity, retry-parked, drop-parked, repair, backfill, push-settings
	Records  []string       `json:"records"`  // retry-parked, drop-parked: their ids
	Scope    string         `json:"scope"`    // start-scope
	Title    string         `json:"title"`    // start-scope: of a new one
	Entities []string       `json:"entities"` // start-scope: the members of a new one
	Restart  bool           `json:"restart"`  // start-scope: even if it is syncing
	Job      int64          `json:"job"`      // pause-job, resume-job, cancel-job
	Schedule int64          `json:"schedule"` // edit-schedule, delete-schedule
	Version  string         `json:"version"`  // of the schedule that the page showed
	Edit     *schedule.Edit `json:"edit"`     // add-schedule, edit-schedule
	Alert    int64          `json:"alert"`    // acknowledge-alert, snooze-alert
	Minutes  int64          `json:"minutes"`  // snooze-alert: for how long; 0 ends a snooze
	Deep     bool           `json:"deep"`     // compare, repair: the index as well
	Account  string         `json:"account"`  // compare, repair: the records of this account alone
	From     string         `json:"from"`     // backfill: RFC 3339; empty: the beginning of the history
	To       string         `json:"to"`       // backfill: empty: now
	Rate     int            `json:"rate"`     // backfill: roots a second; 0 is no limit
}

// answer is the outcome of an action.
type answer struct {
	Message string `json:"message"`
}

// deed is an action in progress.
type deed struct {
	*function
	request
	acts operate.Acts
	by   operate.Actor
}

// actions performs each action and returns its outcome as a sentence. Each action leaves
// a row in the audit (package operate).
var actions = map[string]func(*deed, context.Context) (string, error){
	"start-entity": (*deed).startEntity, "start-scope": (*deed).startScope,
	"pause-job": (*deed).pauseJob, "resume-job": (*deed).resumeJob, "cancel-job": (*deed).cancelJob, "retry-parked": (*deed).retryParked, "drop-parked": (*deed).dropParked,
	"repair": (*deed).repair, "backfill": (*deed).backfill, "push-settings": (*deed).pushSettings,
	"add-schedule": (*deed).addSchedule, "edit-schedule": (*deed).editSchedule, "delete-schedule": (*deed).deleteSchedule,
	"acknowledge-alert": (*deed).acknowledgeAlert, "snooze-alert": (*deed).snoozeAlert,
}

// deed begins an operator's deed, whose name stands in the address. The caller is checked
// before the answer says anything about the request.
func (f *function) deed(r *http.Request, named string) (*deed, string, error) {
	p, err := f.person(r)
	if err != nil {
		return nil, "", err
	}
	if err := f.changes(r); err != nil {
		return nil, "", err
	}
	if err := p.Demand(); err != nil {
		return nil, "", err
	}
	d := &deed{function: f, by: operate.Actor{Who: p.Subject, Via: audit.ViaConsole}}
	d.acts = operate.Acts{Store: f.Store, Entities: f.Entities, Ticker: f.Scopes.Ticker, Jobs: f.Jobs}
	return d, r.PathValue(named), nil
}

// act performs an action for an operator.
func (f *function) act(r *http.Request) (any, error) {
	d, name, err := f.deed(r, "action")
	if err != nil {
		return nil, err
	}
	do, ok := actions[name]
	if !ok {
		return nil, fault.New(fault.NotFound, "no-action", "there is no such action; there are %q", slices.Sorted(maps.Keys(actions)))
	}
	if err := readJSON(r, &d.request); err != nil {
		return nil, err
	}
	f.Log.InfoContext(r.Context(), "an operator acts in the console", "action", name, "subject", d.by.Who)
	var a answer
	a.Message, err = do(d, r.Context())
	return a, err
}

// errNoEntity is the answer to a request that lacks the entity's name.
var errNoEntity = fault.New(fault.Invalid, "no-entity", "name the entity: entity is empty").WithParam("entity")

// startEntity ticks an entity.
func (d *deed) startEntity(ctx context.Context) (string, error) {
	if d.Entity == "" {
		return "", errNoEntity
	}
	started, err := d.acts.StartEntity(ctx, d.by, flow.Tick{Entity: d.Entity})
	return operate.Said(started), err
}

// startScope starts a scope; entities create it, each as a member of its own name.
// Without entities the scope keeps its members.
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

// pauseJob stops sending a job's pages.
func (d *deed) pauseJob(ctx context.Context) (string, error) {
	j, err := d.acts.PauseJob(ctx, d.by, d.Job)
	return fmt.Sprintf("%v is %s", j, rework.Paused), err
}

// resumeJob continues a paused job.
func (d *deed) resumeJob(ctx context.Context) (string, error) {
	j, err := d.acts.ResumeJob(ctx, d.by, d.Job)
	return fmt.Sprintf("%v is %s", j, rework.Running), err
}

// cancelJob ends a job for good.
func (d *deed) cancelJob(ctx context.Context) (string, error) {
	j, err := d.acts.CancelJob(ctx, d.by, d.Job)
	return fmt.Sprintf("%v is %s", j, rework.Cancelled), err
}

// maxNamed is the most records that one call may name.
const maxNamed = 500

// named refuses a request with no record or too many.
func (d *deed) named() error {
	if n := len(d.Records); n == 0 || n > maxNamed {
		return fault.New(fault.Invalid, "bad-records", "name 1 to %d records", maxNamed).WithParam("records")
	}
	return nil
}

// retryParked retries parked records by a job.
func (d *deed) retryParked(ctx context.Context) (string, error) {
	j, n, err := d.acts.RetryNamed(ctx, d.by, d.Entity, d.Records, d.named)
	return operate.Retried(n, j), err
}

// dropParked takes parked records off the list.
func (d *deed) dropParked(ctx context.Context) (string, error) {
	n, err := d.acts.DropNamed(ctx, d.by, d.Entity, d.Records, d.named)
	return fmt.Sprintf("%d taken off the list", n), err
}
