package wire

import (
	"context"
	"errors"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/alert"
	"gitlab.com/eshopbox-team/return-sync/shared/alert/slack"
	"gitlab.com/eshopbox-team/return-sync/shared/alert/webhook"
	"gitlab.com/eshopbox-team/return-sync/shared/entity"
	"gitlab.com/eshopbox-team/return-sync/shared/flow"
	"gitlab.com/eshopbox-team/return-sync/shared/store"
	"gitlab.com/eshopbox-team/return-sync/shared/watch"
)

// Channels is what the environment says about where alerts go. The addresses are
// secrets: whoever knows one can write there.
type Channels struct {
	Slack   string `env:"SLACK_WEBHOOK_URL"`
	Webhook string `env:"ALERT_WEBHOOK_URL"`
}

// Open opens the channels that are configured.
func (c Channels) Open() ([]watch.Channel, error) {
	var list []watch.Channel
	var problems []error
	add := func(name, address string, channel alert.Channel, known string) {
		if address != "" {
			list = append(list, watch.Channel{Name: known, Channel: channel})
			problems = append(problems, alert.Address(name, address))
		}
	}
	add("SLACK_WEBHOOK_URL", c.Slack, slack.New(c.Slack), "slack")
	add("ALERT_WEBHOOK_URL", c.Webhook, webhook.New(c.Webhook, time.Now), "webhook")
	return list, errors.Join(problems...)
}

// watchConfig is what the watch function alone needs: our own tables.
type watchConfig struct {
	StateDSN string `env:"STATE_DSN, required"`
}

// Watch opens the watch function's parts.
func (e *Env) Watch(ctx context.Context) (*watch.Watcher, error) {
	var cfg watchConfig
	var defs Definitions
	var to Channels
	w := &watch.Watcher{Log: e.Log}
	if err := Configure(ctx, e.Lookup, &cfg, &defs, &to, &w.Rules, &w.Config); err != nil {
		return nil, err
	}
	entities, problem := defs.Load()
	problems := []error{problem, w.Rules.Check(), w.Config.Check()}
	w.Entities = entities
	w.Channels, problem = to.Open()
	problems = append(problems, problem)
	w.Store, problem = e.Store(Databases{SourceDSN: cfg.StateDSN, MaxConnections: 2})
	problems = append(problems, problem)
	w.Live = func(ctx context.Context) ([]entity.Definition, error) {
		return flow.Catalog{Entities: entities, Store: w.Store}.Live(ctx)
	}
	w.Verified = verified{w.Store}
	w.Plans = watch.Table{From: w.Store}
	if w.Config.Period > 0 {
		w.Plans = watch.Fixed(w.Config.Period)
	}
	if w.Rules.Hasty() {
		e.Log.WarnContext(ctx, "WATCH_OFFLINE_AFTER is shorter than signs of life may be apart: healthy syncs can look offline", "offlineAfter", w.Rules.OfflineAfter.String())
	}
	if len(w.Channels) == 0 {
		e.Log.WarnContext(ctx, "alerts are written down and logged but sent nowhere: set SLACK_WEBHOOK_URL or ALERT_WEBHOOK_URL")
	}
	return w, errors.Join(problems...)
}

// verified tells what the comparison that runs by itself has found.
type verified struct{ store *store.DB }

// Differences implements watch.Verified.
func (v verified) Differences(ctx context.Context, entity string) (*alert.Differences, error) {
	state, err := v.store.VerifyState(ctx, entity)
	if err != nil || state.UpdatedAt == nil {
		return nil, err
	}
	return &alert.Differences{Count: state.Drift, At: *state.UpdatedAt}, nil
}
