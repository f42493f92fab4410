package console

import (
	"context"
	"net/http"
	"time"

	"gitlab.com/eshopbox-team/return-sync/functions/internal/health"
	"gitlab.com/eshopbox-team/return-sync/shared/alert"
	"gitlab.com/eshopbox-team/return-sync/shared/alert/alertstore"
	"gitlab.com/eshopbox-team/return-sync/shared/audit"
	"gitlab.com/eshopbox-team/return-sync/shared/edge"
	"gitlab.com/eshopbox-team/return-sync/shared/runlog"
	"gitlab.com/eshopbox-team/return-sync/shared/schedule"
	"gitlab.com/eshopbox-team/return-sync/shared/scope"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/entity"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/run"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/store"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/target"
)

// The lengths of the page's lists.
const (
	runsShown   = 60
	scopesShown = 50
	alertsShown = 12
	auditShown  = 30
	logShown    = 40
	pagesShown  = 200
)

// view is everything that changes on the page, without the time.
type view struct {
	Report    report                   `json:"report"`
	Recent    map[string][]pass        `json:"recent"` // syncs by entity, newest first
	Parked    map[string][]store.Cause `json:"parked"` // the causes of parked records, by entity
	Heartbeat *beat                    `json:"heartbeat"`
	Scopes    []scope.Answer           `json:"scopes"`
	Schedules []schedule.Answer        `json:"schedules"`
	LookedAt  *time.Time               `json:"schedulesLookedAt"` // when the schedules were last brought into force
	Alerts    []alertstore.AlertRow    `json:"alerts"`
	Audit     []audit.Entry            `json:"audit"`
	RunLog    []runlog.Entry           `json:"log"` // newest first
	// Limits are the most bytes of a record, by entity.
	Limits map[string]int `json:"limits"`
	// StaleSeconds is the lag at which an index is behind.
	StaleSeconds float64 `json:"staleSeconds"`
	// Places are the wings' pages, by their names below /wings.
	Places []place `json:"places"`
	// ReadsIndex says that comparisons and records may read the index, and PushesSettings
	// that settings may be compared and pushed.
	ReadsIndex     bool `json:"readsIndex"`
	PushesSettings bool `json:"pushesSettings"`
	// BudgetPercent is the share of the operations budget at which people are alerted.
	BudgetPercent int64 `json:"budgetPercent"`
}

// report is the report without what changes with the clock alone, which the page
// computes: an unchanged state sends no event.
type report struct {
	health.Report
	Entities []seen     `json:"entities"`
	Now      *time.Time `json:"now,omitempty"`
}

// seen is an entity without its age.
type seen struct {
	health.Entity
	LagSeconds *float64 `json:"lagSeconds,omitempty"`
}

// timeless returns a report without the time.
func timeless(full health.Report) report {
	r := report{Report: full, Entities: []seen{}}
	for _, e := range full.Entities {
		if e.IndexCheck != nil {
			check := *e.IndexCheck
			check.At = check.At.Truncate(time.Minute)
			e.IndexCheck = &check
		}
		r.Entities = append(r.Entities, seen{Entity: e})
	}
	return r
}

// place is a wing's page.
type place struct {
	Name  string `json:"name"`
	Title string `json:"title"`
}

// pass is a run as the page shows it.
type pass struct {
	run.Answer
	Kind run.Kind `json:"kind"`
}

// beat is the application's heartbeat.
type beat struct {
	Alive bool      `json:"alive"`
	At    time.Time `json:"at"`
}

// read reads the view and the database's clock.
func (f *function) read(ctx context.Context) (view, time.Time, error) {
	var v view
	var definitions entity.List
	query := health.Query{Limits: f.Limits, Plans: f.Ticks.Plans, Config: f.Flow, Wings: f.Wings, Entities: func(ctx context.Context, db *store.DB) (list entity.List, err error) {
		definitions, err = target.Catalog{Entities: f.Entities, Store: db.Targets}.Live(ctx)
		return definitions, err
	}}
	full, err := query.Read(ctx, f.Store)
	if err != nil {
		return v, time.Time{}, err
	}
	now := full.Now
	v.Report = timeless(full)
	v.Places = []place{}
	for _, page := range f.Pages {
		v.Places = append(v.Places, place{page.Name, page.Title})
	}
	v.ReadsIndex, v.PushesSettings = f.Bench != nil && f.Bench.Deep != nil, f.Bench != nil && f.Bench.Settings != nil
	v.StaleSeconds, v.BudgetPercent = f.Limits.StaleAfter.Seconds(), f.Limits.BudgetPercent
	if v.Report.Schema.Have != v.Report.Schema.Want {
		return v, now, nil
	}
	v.Recent, v.Parked, v.Limits = map[string][]pass{}, map[string][]store.Cause{}, map[string]int{}
	for i, d := range definitions {
		if err := f.readEntity(ctx, &v, v.Report.Entities[i].Name, d); err != nil {
			return v, now, err
		}
	}
	return v, now, f.readLists(ctx, &v, now)
}

// readEntity reads the parts of an entity that its report lacks.
func (f *function) readEntity(ctx context.Context, v *view, name string, d entity.Definition) error {
	runs, err := f.Store.Runs.Windows(ctx, d.Name, runsShown)
	if err != nil {
		return err
	}
	for _, r := range runs {
		v.Recent[name] = append(v.Recent[name], pass{r.Answer(), r.Kind})
	}
	v.Parked[name], err = f.Store.Parked.Causes(ctx, d.Name)
	v.Limits[name] = d.RecordLimit
	return err
}

// readLists reads the lists that belong to no entity.
func (f *function) readLists(ctx context.Context, v *view, now time.Time) error {
	beats, err := f.Tables.Heartbeats.Heartbeats(ctx)
	if err != nil {
		return err
	}
	if b, ok := beats[alert.App]; ok {
		v.Heartbeat = &beat{b.Alive, b.At}
	}
	if err := f.Scopes.Refresh(ctx); err != nil {
		return err
	}
	scopes, err := f.Tables.Scopes.Scopes(ctx, scopesShown)
	if err != nil {
		return err
	}
	v.Scopes = []scope.Answer{}
	for _, s := range scopes {
		v.Scopes = append(v.Scopes, s.Answer())
	}
	if err := f.readSchedules(ctx, v, now); err != nil {
		return err
	}
	if v.Alerts, err = f.Tables.Alerts.Alerts(ctx, false, alertsShown); err != nil {
		return err
	}
	if v.Audit, err = f.Tables.Audit.Audits(ctx, auditShown); err != nil {
		return err
	}
	v.RunLog, err = f.Tables.RunLog.ReadLog(ctx, runlog.Filter{Limit: logShown})
	for i, j := 0, len(v.RunLog)-1; i < j; i, j = i+1, j-1 {
		v.RunLog[i], v.RunLog[j] = v.RunLog[j], v.RunLog[i]
	}
	return err
}

// readSchedules reads the schedules.
func (f *function) readSchedules(ctx context.Context, v *view, now time.Time) error {
	poll, err := f.Tables.Schedules.Schedules(ctx)
	if err != nil {
		return err
	}
	v.Schedules = []schedule.Answer{}
	for _, r := range poll.Rows {
		v.Schedules = append(v.Schedules, r.Answer(now))
	}
	looked, err := f.Tables.Schedules.PolledAt(ctx)
	// To the minute: it changes every minute, and only its absence is of interest.
	if looked != nil {
		at := looked.Truncate(time.Minute)
		v.LookedAt = &at
	}
	return err
}

// state answers with the whole view, once.
func (f *function) state(r *http.Request) (any, error) {
	s := f.latest.get(r.Context())
	return edge.Ready{s.text, []byte("\n")}, s.err
}

// runAnswer is a run in detail.
type runAnswer struct {
	Run   pass            `json:"run"`
	Pages []store.PageRow `json:"pages"`
	Log   []runlog.Entry  `json:"log"`
}

// run answers with a run, its pages and its log.
func (f *function) run(r *http.Request) (any, error) {
	number, err := id(r)
	if err != nil {
		return nil, err
	}
	found, err := f.Store.Runs.Run(r.Context(), number)
	if err != nil {
		return nil, err
	}
	a := runAnswer{Run: pass{found.Answer(), found.Kind}, Pages: []store.PageRow{}, Log: []runlog.Entry{}}
	pages, err := f.Store.Pages.OfRun(r.Context(), number, pagesShown)
	if err != nil {
		return nil, err
	}
	a.Pages = append(a.Pages, pages...)
	entries, err := f.Tables.RunLog.ReadLog(r.Context(), runlog.Filter{RunID: number, Limit: logShown})
	a.Log = append(a.Log, entries...)
	return a, err
}
