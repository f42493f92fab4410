// Package watch checks the syncs from outside: it reads their rows in our tables, opens
// and closes alerts by the rules of package alert, and sends the alerts' messages.
//
// A watcher has a process and a schedule of its own, because a dead process cannot
// report itself. A round that cannot read the tables is an error and says nothing about
// the syncs. The watcher's own heartbeat shows the next round how long no watcher ran.
//
// A round may run twice, concurrently, or in part. An alert and its outbox rows are
// written in one transaction before any message is sent. A row is marked as sent after
// the channel has accepted its message; otherwise a later round sends the message. A
// crash in between sends the message twice: delivery is at least once.
package watch

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/alert"
	"gitlab.com/eshopbox-team/return-sync/shared/alert/alertstore"
	"gitlab.com/eshopbox-team/return-sync/shared/heartbeat"
	"gitlab.com/eshopbox-team/return-sync/shared/judge"
	"gitlab.com/eshopbox-team/return-sync/shared/runlog"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/entity"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/store"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/target"
)

// Config holds the environment's settings of watching.
type Config struct {
	// Period is the period of the scheduler's job that ticks every entity; 0 means no
	// such job: the table of schedules alone says when an entity is due.
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

// Channel is a channel and its name in our tables and logs.
type Channel struct {
	Name string
	alert.Channel
}

// Watcher checks the syncs. It is safe for concurrent use.
type Watcher struct {
	Store      *store.DB // the facts
	Alerts     *alertstore.Store
	Heartbeats *heartbeat.Store
	RunLog     *runlog.Store
	Entities   []entity.Definition
	// Live, if set, returns what to look after now in place of Entities: the
	// targets that searches see.
	Live     func(ctx context.Context) ([]entity.Definition, error)
	Plans    Plans
	Index    Asker          // nil: the index is never asked, which is a finding
	Wings    []judge.Looker // the other wings' findings
	After    []After        // what the other wings do after a round
	Channels []Channel
	Rules    alert.Rules
	Config   Config
	Log      *slog.Logger
}

// After is what a wing does after each round, such as a sign of life outside of our
// tables. alive says whether the application gives one here; now is the database's clock.
type After struct {
	Wing string
	Do   func(ctx context.Context, alive bool, now time.Time) error
}

// afterWithin bounds what a wing does after a round.
const afterWithin = 20 * time.Second

// after does what the wings do after a round. Their errors say nothing about the syncs,
// so they do not fail it.
func (w *Watcher) after(ctx context.Context, f alert.Facts) {
	beat := f.Beats[alert.App]
	alive := beat.Alive && f.Now.Sub(beat.At) <= w.Rules.OfflineAfter
	for _, a := range w.After {
		bounded, cancel := context.WithTimeout(ctx, afterWithin)
		if err := a.Do(bounded, alive, f.Now); err != nil {
			w.Log.WarnContext(ctx, "a wing's work after a round of the watcher failed", "wing", a.Wing, "error", err)
		}
		cancel()
	}
}

// Report is the result of a round.
type Report struct {
	Holding   []string `json:"holding"` // titles of the alerts that hold now
	Raised    []string `json:"raised"`
	Recovered []string `json:"recovered"`
	Sent      int      `json:"sent"`
	Waiting   int64    `json:"waiting"` // messages still to be sent
}

// blind is the watcher's own silence after which it counts as absent: a little more than
// two of its rounds.
const blind = 12 * time.Minute

// Round runs one check.
func (w *Watcher) Round(ctx context.Context) (Report, error) {
	r := Report{Holding: []string{}, Raised: []string{}, Recovered: []string{}}
	if err := w.Heartbeats.BeatWithin(ctx, alert.Watcher, blind); err != nil {
		return r, err
	}
	f, err := w.facts(ctx)
	if err != nil {
		return r, err
	}
	f.Further, f.Wings = judge.Read(ctx, w.Wings)
	for _, one := range f.Further {
		if one.Kind == judge.WingUnread {
			w.Log.ErrorContext(ctx, alert.LogUnread, "wing", one.Wing, "problem", one.Problem)
		}
	}
	open, err := w.Alerts.OpenAlerts(ctx)
	if err != nil {
		return r, err
	}
	reported, err := w.Alerts.Reported(ctx)
	if err != nil {
		return r, err
	}
	problems := []error{w.carryOut(ctx, f, w.Rules.Judge(f, open, reported), &r)}
	for _, c := range w.Channels {
		sent, err := w.deliver(ctx, c)
		r.Sent += sent
		problems = append(problems, err)
	}
	w.after(ctx, f)
	problems = append(problems, w.prune(ctx))
	r.Waiting, err = w.Alerts.Waiting(ctx)
	return r, errors.Join(append(problems, err)...)
}

// facts reads the facts for the judge.
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
	f, err := w.Store.Facts.AlertFacts(ctx, entities)
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

// carryOut writes the verdict. An alert's error does not stop the others.
func (w *Watcher) carryOut(ctx context.Context, f alert.Facts, v alert.Verdict, r *Report) error {
	var problems []error
	back := w.back(ctx, f, v, &problems)
	for _, o := range v.Advance {
		problems = append(problems, w.Alerts.AdvanceAlert(ctx, o))
	}
	for _, a := range v.Holding {
		if back && a.Cause == alert.Offline {
			continue
		}
		r.Holding = append(r.Holding, a.Title)
		problems = append(problems, w.Alerts.RefreshAlert(ctx, a))
		w.Log.Log(ctx, a.Cause.Level(), a.Cause.LogRecord(), "entity", a.Entity, "alert", a.Title)
	}
	for _, a := range v.Raise {
		if back && a.Cause == alert.Offline {
			continue
		}
		opened, err := w.Alerts.Raise(ctx, a, w.names())
		if opened {
			r.Raised = append(r.Raised, a.Title)
		}
		problems = append(problems, err)
	}
	for _, o := range v.Remind {
		_, err := w.Alerts.Remind(ctx, o, w.names())
		problems = append(problems, err)
	}
	for _, o := range v.Recover {
		closed, err := w.Alerts.CloseAlert(ctx, o, alert.Recovered)
		if closed {
			r.Recovered = append(r.Recovered, o.Title)
		}
		problems = append(problems, err)
	}
	for _, o := range v.Drop {
		_, err := w.Alerts.CloseAlert(ctx, o, alert.Dropped)
		problems = append(problems, err)
	}
	return errors.Join(problems...)
}

// back restarts the alive time of an offline application and reports whether a heartbeat
// came in that very moment.
func (w *Watcher) back(ctx context.Context, f alert.Facts, v alert.Verdict, problems *[]error) bool {
	offline := slices.ContainsFunc(v.Holding, func(a alert.Alert) bool { return a.Cause == alert.Offline })
	beat := f.Beats[alert.App]
	if !offline || !beat.Alive {
		return false
	}
	dead, err := w.Heartbeats.MarkDead(ctx, alert.App, beat.At)
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

// The most rows removed in one round, so that every round is short. A log of a million
// old entries is gone in some hours.
const (
	pruneSteps   = 10
	pruneEntries = 2000
	pruneAlerts  = 200
)

// alertKeepDays is how long closed alerts are kept.
const alertKeepDays = 400

// prune removes old rows.
func (w *Watcher) prune(ctx context.Context) error {
	for range pruneSteps {
		n, err := w.RunLog.PruneLog(ctx, w.Config.LogKeepDays, pruneEntries)
		if err != nil {
			return fmt.Errorf("the run log could not be pruned: %w", err)
		}
		if n < pruneEntries {
			break
		}
	}
	if err := w.Alerts.Expire(ctx, giveUpAfter); err != nil {
		return err
	}
	return w.Alerts.PruneAlerts(ctx, alertKeepDays, pruneAlerts)
}
