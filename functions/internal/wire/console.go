package wire

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/identity"
	"gitlab.com/eshopbox-team/return-sync/shared/judge"
	"gitlab.com/eshopbox-team/return-sync/shared/schedule"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/entity"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/flow"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/member"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/store"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/verify"
)

// Console holds the parts of the console function, which starts syncs, scopes and jobs
// in its own process, by the rules and with the queue of the cron function.
type Console struct {
	Store    *store.DB
	Tables   Tables
	Scopes   *member.Scopes
	Jobs     Waker
	Entities entity.List
	// Wings read the findings of the wings in use, and Pages are their pages.
	Wings []judge.Looker
	Pages []WingPage
	// Kinds are the kinds of targets that a schedule may name.
	Kinds     schedule.Kinds
	Operators *identity.Operators
	IAP       *identity.IAP // nil without Identity-Aware Proxy
	Flow      flow.Config
	Config    ConsoleConfig
	Limits    judge.Limits
	Ticks     Ticks
	// Records shows single records; nil without a key that reads the index.
	Records RecordShower
	// Bench compares, estimates and pushes settings.
	Bench *Bench
	Log   *slog.Logger
	// Stopping is closed when the process is to end, so that open pages do not delay the
	// end.
	Stopping <-chan struct{}
}

// RecordShower shows single records; see Records.
type RecordShower interface {
	Show(ctx context.Context, d entity.Definition, id string, root *string) (verify.RecordReport, error)
}

// Waker begins a job's chain of tasks.
type Waker interface {
	Wake(ctx context.Context, id int64) error
}

// ConsoleConfig holds the environment's settings of the page.
type ConsoleConfig struct {
	// Streams is the most open pages of an instance.
	Streams int `env:"CONSOLE_STREAMS, default=50"`
	// SubjectStreams is the most open pages of one subject, so that others find room;
	// all tokens without a subject are one subject.
	SubjectStreams int `env:"CONSOLE_SUBJECT_STREAMS, default=8"`
	// AtOnce is the most requests other than streams that an instance answers at once.
	AtOnce int `env:"CONSOLE_AT_ONCE, default=20"`
	// Poll is the period between two readings of the tables while a page is open.
	Poll time.Duration `env:"CONSOLE_POLL, default=1s"`
	// SettingsKey compares and pushes the settings of indices: rights settings,
	// editSettings and addObject. Without it the console shows and pushes none.
	SettingsKey string `env:"ALGOLIA_SETTINGS_KEY"`
}

// check refuses settings that would admit no page.
func (c ConsoleConfig) check() error {
	if c.Streams < 1 || c.SubjectStreams < 1 || c.AtOnce < 1 || c.Poll < 100*time.Millisecond {
		return errors.New("CONSOLE_STREAMS, CONSOLE_SUBJECT_STREAMS and CONSOLE_AT_ONCE must be at least 1, CONSOLE_POLL at least 100ms")
	}
	return nil
}

// Console opens the console function's parts.
func (e *Env) Console(ctx context.Context) (*Console, error) {
	var proxy identity.IAPConfig
	c := &Console{Log: e.Log, Stopping: ctx.Done()}
	err := Configure(ctx, e.Lookup, &proxy, &c.Config, &c.Flow, &c.Limits, &c.Ticks)
	scopes, problem := e.FlowScopes(ctx)
	operators, unread := e.operators(ctx)
	if err = errors.Join(err, problem, unread); err != nil {
		return nil, err
	}
	var problems [8]error
	problems[0], c.Operators = c.Config.check(), operators
	c.Scopes, c.Store, c.Tables, c.Entities, c.Kinds = scopes, scopes.DB, TablesOn(scopes.DB.Pool()), scopes.Entities, nil
	c.Jobs, _ = scopes.Ticker.(Waker)
	c.Operators.Heed(c.Tables.Signouts.Ended)
	proxy.Log = e.Log
	problems[1] = e.reachable(ctx, map[string]string{"CONSOLE_IAP_JWKS_URL": proxy.JWKS})
	if c.IAP, problems[2] = identity.NewIAP(proxy); c.IAP != nil {
		e.closing(c.IAP.Close)
	}
	pool := scopes.DB.Pool()
	c.Kinds, problems[3] = e.Checking(ctx, pool, scopes.Entities)
	c.Wings, problems[4] = e.Lookers(ctx, pool)
	c.Pages, problems[5] = e.pages(ctx, pool)
	problems[7] = e.observe(c.Store, c.Entities, c.Limits)
	if c.Bench, problems[6] = e.bench(ctx, c); c.Bench != nil && c.Bench.Deep != nil {
		c.Records = &Records{verifier: *c.Bench.Deep, source: c.Bench.Source, store: c.Store}
	}
	return c, errors.Join(problems[:]...)
}
