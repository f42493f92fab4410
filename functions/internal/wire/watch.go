package wire

import (
	"context"
	"errors"
	"strings"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/alert"
	"gitlab.com/eshopbox-team/return-sync/shared/alert/email"
	"gitlab.com/eshopbox-team/return-sync/shared/alert/pagerduty"
	"gitlab.com/eshopbox-team/return-sync/shared/alert/slack"
	"gitlab.com/eshopbox-team/return-sync/shared/alert/teams"
	"gitlab.com/eshopbox-team/return-sync/shared/alert/webhook"
	"gitlab.com/eshopbox-team/return-sync/shared/schedule/schedulestore"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/entity"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/store"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/target"
	"gitlab.com/eshopbox-team/return-sync/shared/watch"
)

// Channels holds the environment's channels for alerts. An address that lets its holder
// post is a secret.
type Channels struct {
	Slack   string `env:"SLACK_WEBHOOK_URL"`
	Teams   string `env:"TEAMS_WEBHOOK_URL"`
	Webhook string `env:"ALERT_WEBHOOK_URL"`
	pagerduty.Integration
	email.Delivery
	// Installation keeps the messages of several installations apart.
	Installation string `env:"INSTALLATION_PREFIX"`
}

// NoChannel says what to set where no channel is configured.
const NoChannel = "set SLACK_WEBHOOK_URL, TEAMS_WEBHOOK_URL or ALERT_WEBHOOK_URL to an address, PAGERDUTY_ROUTING_KEY to an integration key, or ALERT_EMAIL_TO to addresses of e-mail"

// name is the installation's name in messages; empty for the only one.
func (c Channels) name() string { return strings.TrimRight(c.Installation, "-") }

// Open opens the channels that are configured.
func (c Channels) Open() ([]watch.Channel, error) {
	var list []watch.Channel
	var problems []error
	add := func(known string, channel alert.Channel, problem error) {
		list = append(list, watch.Channel{Name: known, Channel: channel})
		problems = append(problems, problem)
	}
	if c.Slack != "" {
		add("slack", slack.New(c.Slack), alert.Address("SLACK_WEBHOOK_URL", c.Slack))
	}
	if c.Teams != "" {
		add("teams", teams.New(c.Teams, time.Now), alert.Address("TEAMS_WEBHOOK_URL", c.Teams))
	}
	if c.Webhook != "" {
		add("webhook", webhook.New(c.Webhook, time.Now), alert.Address("ALERT_WEBHOOK_URL", c.Webhook))
	}
	if c.RoutingKey != "" {
		add("pagerduty", pagerduty.New(c.Integration, c.name(), time.Now), alert.Address("PAGERDUTY_URL", c.URL))
	}
	if len(c.To) > 0 {
		channel, problem := email.New(c.Delivery, c.name())
		add("email", channel, problem)
	}
	return list, errors.Join(problems...)
}

// watchConfig holds the watch function's own setting: our tables.
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
	if w.Store == nil {
		return nil, errors.Join(problems...)
	}
	shared := TablesOn(w.Store.Pool())
	w.Alerts, w.Heartbeats, w.RunLog = shared.Alerts, shared.Heartbeats, shared.RunLog
	w.Live = func(ctx context.Context) ([]entity.Definition, error) {
		return target.Catalog{Entities: entities, Store: w.Store.Targets}.Live(ctx)
	}
	w.Plans = Ticks{w.Config.Period}.Plans(w.Store)
	w.Wings, problem = e.Lookers(ctx, w.Store.Pool())
	problems = append(problems, problem)
	w.After, problem = e.watched(ctx, w.Store.Pool())
	problems = append(problems, problem)
	check, problem := e.IndexCheck(ctx, w.Store)
	problems = append(problems, problem)
	if check != nil {
		w.Index = check.Ask
	} else {
		e.Log.WarnContext(ctx, "the live index is never checked: set ALGOLIA_APP_ID and ALGOLIA_CHECK_KEY")
	}
	if w.Rules.Hasty() {
		e.Log.WarnContext(ctx, "WATCH_OFFLINE_AFTER is shorter than the time between two heartbeats: healthy syncs can look offline", "offlineAfter", w.Rules.OfflineAfter.String())
	}
	if len(w.Channels) == 0 {
		e.Log.WarnContext(ctx, "alerts are stored and logged but not sent: "+NoChannel)
	}
	return w, errors.Join(problems...)
}

// Ticks holds the environment's period of ticks.
type Ticks struct {
	// Period is the period of the scheduler's job that ticks every entity; 0 means no
	// such job: the table of schedules alone says when an entity is due.
	Period time.Duration `env:"WATCH_PERIOD, default=15m"`
}

// Plans returns the due times of entities.
func (t Ticks) Plans(state *store.DB) watch.Plans {
	if t.Period > 0 {
		return watch.Fixed(t.Period)
	}
	return watch.Table{From: schedulestore.New(state.Pool())}
}
