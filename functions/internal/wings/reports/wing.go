// Package reports opens the reports wing: business data from APIs and databases, by
// schedule, into Airtable, MongoDB and datapoints. It is the only importer of the wing's
// technologies.
package reports

import (
	"context"
	"errors"
	"fmt"
	"time"

	"gitlab.com/eshopbox-team/return-sync/functions/internal/wire"
	function "gitlab.com/eshopbox-team/return-sync/functions/reports"
	"gitlab.com/eshopbox-team/return-sync/shared/judge"
	"gitlab.com/eshopbox-team/return-sync/shared/queue"
	"gitlab.com/eshopbox-team/return-sync/shared/report"
	"gitlab.com/eshopbox-team/return-sync/shared/report/flow"
	"gitlab.com/eshopbox-team/return-sync/shared/report/store"
	"gitlab.com/eshopbox-team/return-sync/shared/schedule"
)

// Name is the wing's word, and ScheduleKind what people write into target_kind.
const (
	Name         = "reports"
	ScheduleKind = "report"
)

// queueName is the wing's queue.
const queueName = "reports"

// Wing is the reports wing.
func Wing() wire.Wing {
	return wire.Wing{
		Name: Name, Title: "Reports", Settings: settings(),
		Functions: []wire.Function{function.Function(open)},
		Queues:    []wire.Queue{{Name: queueName, AtOnce: 4}},
		Ticks: []wire.Tick{
			{Job: "returnsReports", Cron: "* * * * *", Function: "FetchReports", Query: "sweep=1"},
			{Job: "returnsReportsBase", Cron: "* * * * *", Function: "FetchReports", Query: "base=1"},
		},
		Tables:   store.Migrations(),
		Kinds:    kinds,
		Members:  members,
		Findings: findings,
		Alerts:   []judge.Kind{failedKind},
		Watched:  watched,
		Checks:   checks,
		Page:     page,
	}
}

// Config holds the environment's settings of the wing.
type Config struct {
	// Dir holds the definitions of report types.
	Dir string `env:"REPORTS_DIR"`
	Address
}

// Keep is how long what grows by itself is kept.
type Keep struct {
	Days int `env:"REPORT_KEEP_DAYS, default=90"`
}

// check refuses a time within which a run may still be looked at.
func (k Keep) check() error {
	if k.Days < 2 {
		return fmt.Errorf("REPORT_KEEP_DAYS is %d: want 2 or more", k.Days)
	}
	return nil
}

// Address is what those who start reports need of the settings.
type Address struct {
	// URL is the reports function's address, which queue reports calls.
	URL string `env:"REPORTS_URL"`
}

// settings are the names of the environment for the command line's file.
func settings() []wire.Setting {
	return append([]wire.Setting{
		{Name: "REPORTS_DIR", Help: "folder with definitions of report types"},
		{Name: "REPORTS_URL", Help: "address of the reports function, which queue reports calls"},
		{Name: "SPAPI_URL", Help: "address of the Selling Partner API in the seller's region"},
		{Name: "SPAPI_TOKEN_URL", Help: "where Amazon's access tokens come from"},
		{Name: "SPAPI_CLIENT_ID", Help: "client id of the application at Amazon, for doctor (secret)"},
		{Name: "SPAPI_CLIENT_SECRET", Help: "client secret of that application, for doctor (secret)"},
		{Name: "SPAPI_REFRESH_TOKEN", Help: "refresh token of the seller's authorization, for doctor (secret)"},
		{Name: "MONGODB_URI", Help: "MongoDB that reports go to, for doctor (secret)"},
		{Name: "MONGODB_DATABASE", Help: "database of the reports in MongoDB"},
	}, airtableSettings...)
}

// open opens the function's parts.
func open(ctx context.Context, e *wire.Env) (*function.Parts, error) {
	o, err := e.Opened(ctx)
	if err != nil {
		return nil, err
	}
	var c Config
	var f flow.Config
	var k Keep
	t, err := technologiesOf(ctx, o, &c, &f, &k)
	if err != nil {
		return nil, err
	}
	if err := errors.Join(f.Check(), k.check()); err != nil {
		return nil, err
	}
	starter, err := starterOf(ctx, o, c.Address)
	if err != nil {
		return nil, err
	}
	keep, err := keepBase(ctx, o, time.Duration(k.Days)*24*time.Hour)
	if err != nil {
		return nil, err
	}
	tables := store.New(o.Pool)
	return &function.Parts{
		Work: &flow.Work{
			Reports: tables, Payloads: store.PayloadsOf(o.Pool), Types: tables.Types, Open: t.open, Queue: starter.Queue, Config: f, Log: e.Log, Steps: e.Steps,
		},
		Base: keep, Starter: starter, Definitions: t.definitions, Ensure: tables.Types.Ensure,
		Prune: tables.PruneRuns, KeepDays: k.Days,
	}, nil
}

// starterOf opens what makes reports due.
func starterOf(ctx context.Context, o wire.Opening, c Address) (*flow.Starter, error) {
	if c.URL == "" {
		return nil, fmt.Errorf("the configuration is not complete:\n  REPORTS_URL is missing: where queue %s delivers to", queueName)
	}
	sender, err := o.Tasks(ctx, queue.Routes{flow.Route: {Queue: queueName, URL: c.URL, Setting: "REPORTS_URL"}})
	if err != nil {
		return nil, err
	}
	tables := store.New(o.Pool)
	return &flow.Starter{Reports: tables, Types: tables.Types, Queue: sender, Log: o.Log, Steps: o.Steps}, nil
}

// Starter opens what makes reports due, for commands.
func Starter(ctx context.Context, o wire.Opening) (*flow.Starter, error) {
	var c Address
	if err := wire.Configure(ctx, o.Lookup, &c); err != nil {
		return nil, err
	}
	return starterOf(ctx, o, c)
}

// kinds opens the kind of schedules that start reports.
func kinds(ctx context.Context, o wire.Opening, start bool) (schedule.Kinds, error) {
	tables := store.New(o.Pool)
	kind := schedule.Kind{Name: ScheduleKind, Check: func(ctx context.Context, target string) error {
		_, err := tables.Types.Named(ctx, target)
		return err
	}}
	if !start {
		return schedule.Kinds{kind}, nil
	}
	starter, err := Starter(ctx, o)
	if err != nil {
		return nil, err
	}
	kind.Start = func(ctx context.Context, s schedule.Spec, key string) (string, error) {
		now := time.Now().UTC()
		return starter.Start(ctx, s.Target, report.Zone(s.Offset), occurrence(key, now), now)
	}
	return schedule.Kinds{kind}, nil
}
