// Package watch looks after the syncs from outside: it reads what they have left
// in our tables, opens and closes alerts by the rules of package alert, and sends
// what is to be told.
//
// It runs in a process and on a schedule of its own, because what is dead cannot
// tell so. A round that cannot read the tables is an error and says nothing about
// the syncs; the watcher's own sign of life tells the next round how long it was
// blind.
//
// A round can be played twice, by two at once, or only in part. An alert and the
// messages that it takes are written in one transaction before anything is sent;
// a message is marked as sent when the channel has taken it, else a later round
// sends it. Whoever dies between the two sends it twice: told twice is better
// than not at all.
package watch

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/alert"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/entity"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/store"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/target"
)

// Config is what the environment says about watching.
type Config struct {
	// Period is how often the scheduler's job ticks every entity; 0 says that it
	// does not, and that the table of schedules alone says when one is due.
	Period time.Duration `env:"WATCH_PERIOD, default=15m"`
	// LogKeepDays is how long the run log is kept.
	LogKeepDays int `env:"LOG_KEEP_DAYS, default=30"`
}

// Check refuses settings that make no sense.
func (c Config) Check() error {
	if c.Period < 0 || c.LogKeepDays < 1 {
		return errors.New("WATCH_PERIOD must not be negative, LOG_KEEP_DAYS at least 1")
	}
	return nil
}

// Plans says when an entity is due.
type Plans interface {
	Plan(ctx context.Context, entity string) (alert.Plan, error)
}

// Channel is a channel and the name that it has in our tables and logs.
type Channel struct {
	Name string
	alert.Channel
}

// Watcher looks after the syncs. It is safe for concurrent use.
type Watcher struct {
	Store    *store.DB
	Entities []entity.Definition
	// Live, if set, returns what to look after now in place of Entities: the
	// targets that searches see.
	Live     func(ctx context.Context) ([]entity.Definition, error)
	Plans    Plans
	Index    Asker // nil: the index is never asked, which is a finding
	Channels []Channel
	Rules    alert.Rules
	Config   Config
	Log      *slog.Logger
}

// Report says what a round did.
type Report struct {
	Holding   []string `json:"holding"` // titles of what holds now
	Raised    []string `json:"raised"`
	Recovered []string `json:"recovered"`
	Sent      int      `json:"sent"`
	Waiting   int64    `json:"waiting"` // messages that are still to be sent
}

// blind is how long the watcher may give no sign of life itself before it counts
// as having been away: a little more than two of its rounds.
const blind = 12 * time.Minute

// Round looks once.
func (w *Watcher) Round(ctx context.Context) (Report, error) {
	r := Report{Holding: []string{}, Raised: []string{}, Recovered: []string{}}
	if err := w.Store.BeatWithin(ctx, alert.Watcher, blind); err != nil {
		return r, err
	}
	f, err := w.facts(ctx)
	if err != nil {
		return r, err
	}
	open, err := w.Store.OpenAlerts(ctx)
	if err != nil {
		return r, err
	}
	told, err := w.Store.Told(ctx)
	if err != nil {
		return r, err
	}
	problems := []error{w.carryOut(ctx, f, w.Rules.Judge(f, open, told), &r)}
	for _, c := range w.Channels {
		sent, err := w.deliver(ctx, c)
		r.Sent += sent
		problems = append(problems, err)
	}
	problems = append(problems, w.prune(ctx))
	r.Waiting, err = w.Store.WaitingNotices(ctx)
	return r, errors.Join(append(problems, err)...)
}

// facts reads what is judged.
func (w *Watcher) facts(ctx context.Context) (alert.Facts, error) {
	entities := w.Entities
	if w.Live != nil {
		var err error
		if entities, err = w.Live(ctx); err != nil {
			return alert.Facts{}, err
		}
	}
	if w.Index != nil {
		for _, d := range entities {
			if _, err := (Check{Store: w.Store, Ask: w.Index}).Keep(ctx, d); err != nil {
				return alert.Facts{}, err
			}
		}
	}
	f, err := w.Store.AlertFacts(ctx, entities)
	if err != nil {
		return f, err
	}
	for i := range f.Entities {
		e := &f.Entities[i]
		if e.Plan, err = w.Plans.Plan(ctx, target.Parse(e.Name).Base); err != nil {
			return f, err
		}
	}
	return f, nil
}

// carryOut writes what was judged. One alert's error does not keep another back.
func (w *Watcher) carryOut(ctx context.Context, f alert.Facts, v alert.Verdict, r *Report) error {
	var problems []error
	back := w.back(ctx, f, v, &problems)
	for _, o := range v.Advance {
		problems = append(problems, w.Store.AdvanceAlert(ctx, o))
	}
	for _, a := range v.Holding {
		if back && a.Cause == alert.Offline {
			continue
		}
		r.Holding = append(r.Holding, a.Title)
		problems = append(problems, w.Store.RefreshAlert(ctx, a))
		w.Log.Log(ctx, a.Cause.Level(), a.Cause.LogRecord(), "entity", a.Entity, "alert", a.Title)
	}
	for _, a := range v.Raise {
		if back && a.Cause == alert.Offline {
			continue
		}
		opened, err := w.Store.Raise(ctx, a, w.names())
		if opened {
			r.Raised = append(r.Raised, a.Title)
		}
		problems = append(problems, err)
	}
	for _, o := range v.Recover {
		closed, err := w.Store.CloseAlert(ctx, o, alert.Recovered)
		if closed {
			r.Recovered = append(r.Recovered, o.Title)
		}
		problems = append(problems, err)
	}
	for _, o := range v.Drop {
		_, err := w.Store.CloseAlert(ctx, o, alert.Dropped)
		problems = append(problems, err)
	}
	return errors.Join(problems...)
}

// back resets alive of an application that is offline and reports whether it gave
// a sign of life in that very moment.
func (w *Watcher) back(ctx context.Context, f alert.Facts, v alert.Verdict, problems *[]error) bool {
	offline := slices.ContainsFunc(v.Holding, func(a alert.Alert) bool { return a.Cause == alert.Offline })
	beat := f.Beats[alert.App]
	if !offline || !beat.Alive {
		return false
	}
	dead, err := w.Store.MarkDead(ctx, alert.App, beat.At)
	*problems = append(*problems, err)
	return !dead
}

// names returns the channels' names.
func (w *Watcher) names() []string {
	names := make([]string, len(w.Channels))
	for i, c := range w.Channels {
		names[i] = c.Name
	}
	return names
}

// What is removed in one round, so that no round takes long. A log of a million
// old entries is gone in some hours.
const (
	pruneSteps   = 10
	pruneEntries = 2000
	pruneAlerts  = 200
)

// alertKeepDays is how long closed alerts are kept.
const alertKeepDays = 400

// prune removes what is old.
func (w *Watcher) prune(ctx context.Context) error {
	for range pruneSteps {
		n, err := w.Store.PruneLog(ctx, w.Config.LogKeepDays, pruneEntries)
		if err != nil {
			return fmt.Errorf("the run log could not be pruned: %w", err)
		}
		if n < pruneEntries {
			break
		}
	}
	if err := w.Store.ExpireNotices(ctx, giveUpAfter); err != nil {
		return err
	}
	return w.Store.PruneAlerts(ctx, alertKeepDays, pruneAlerts)
}
