package exchange

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"

	"gitlab.com/eshopbox-team/return-sync/functions/internal/wire"
	function "gitlab.com/eshopbox-team/return-sync/functions/partners"
	"gitlab.com/eshopbox-team/return-sync/shared/exchange"
	"gitlab.com/eshopbox-team/return-sync/shared/exchange/rest"
	"gitlab.com/eshopbox-team/return-sync/shared/exchange/store"
	"gitlab.com/eshopbox-team/return-sync/shared/fault"
	"gitlab.com/eshopbox-team/return-sync/shared/queue"
	"gitlab.com/eshopbox-team/return-sync/shared/scope"
)

// queueName is the wing's queue, and routeStart the route of its tasks.
const (
	queueName  = "exchange"
	routeStart = "exchange-start"
)

// everybody is a target that means all partners.
const everybody = "all"

// starting is what schedules, scopes and the console read of the environment.
type starting struct {
	Role string `env:"EXCHANGE_ROLE"`
	// URL is the address of the function that syncs.
	URL string `env:"EXCHANGE_SYNC_URL"`
}

// Starter starts syncs: it keeps a row and gives the queue exchange a task.
type Starter struct {
	Store *store.Store
	Role  string
	// Queue opens the queue at the first start, so that programs that only check targets
	// need none.
	Queue func() (queue.Sender, error)
}

// starterOf opens the starter. ctx is that of the process.
func starterOf(ctx context.Context, o wire.Opening) (*Starter, error) {
	var c starting
	if err := wire.Configure(ctx, o.Lookup, &c); err != nil {
		return nil, err
	}
	return &Starter{Store: store.New(o.Pool), Role: c.Role, Queue: sync.OnceValues(func() (queue.Sender, error) {
		if c.URL == "" {
			return nil, fault.New(fault.Misconfigured, "exchange-settings", "EXCHANGE_SYNC_URL is missing: where queue %s delivers to", queueName)
		}
		return o.Tasks(context.WithoutCancel(ctx), queue.Routes{routeStart: {Queue: queueName, URL: c.URL, Setting: "EXCHANGE_SYNC_URL"}})
	})}, nil
}

// target returns the start that a target names: all partners, a company by id or name,
// or a subscription by its name.
func (s *Starter) target(ctx context.Context, text string) (store.Start, error) {
	start := store.Start{Target: text}
	if s.Role == rest.RolePrimary {
		return start, fault.New(fault.Invalid, "wrong-server-role", "this server is a primary: its partners sync with it")
	}
	if text == everybody {
		return start, nil
	}
	companies, err := s.Store.Companies.List(ctx)
	if err != nil {
		return start, err
	}
	subs, err := s.Store.Subscriptions.List(ctx, nil)
	if err != nil {
		return start, err
	}
	choice, err := exchange.Choose(text, companies, subs)
	start.Company, start.Sub = choice.Company, choice.Sub
	return start, err
}

// Check says why a text is no target.
func (s *Starter) Check(ctx context.Context, text string) error {
	_, err := s.target(ctx, text)
	return err
}

// Start starts a sync, once for a key and a target, and returns the row's id.
func (s *Starter) Start(ctx context.Context, text, key string, test bool) (int64, error) {
	start, err := s.target(ctx, text)
	if err != nil {
		return 0, err
	}
	start.Test = test
	sender, err := s.Queue()
	if err != nil {
		return 0, err
	}
	id, err := s.Store.Starts.AddStart(ctx, key, start)
	if err != nil {
		return 0, err
	}
	body, err := json.Marshal(function.Task{Start: id})
	if err != nil {
		return 0, err
	}
	name := fmt.Sprintf("exchange-%d", id)
	return id, sender.Send(ctx, queue.Task{Route: routeStart, Name: queue.Name(key+"\x00"+name, name), Body: body})
}

// members starts and follows syncs as members of scopes: exchange:all,
// exchange:COMPANY and exchange:SUBSCRIPTION. It implements member.Other.
type members struct{ *Starter }

// Kind implements member.Other.
func (members) Kind() string { return Name }

// Start implements member.Other.
func (m members) Start(ctx context.Context, name, key string) (ref string, err error) {
	id, err := m.Starter.Start(ctx, name, key, false)
	return fmt.Sprint(id), err
}

// State implements member.Other.
func (m members) State(ctx context.Context, ref string) (scope.State, string, error) {
	var id int64
	if _, err := fmt.Sscan(ref, &id); err != nil {
		return "", "", fault.New(fault.NotFound, "not-found", "there is no such start of a sync")
	}
	start, err := m.Store.Starts.Start(ctx, id)
	switch {
	case err != nil:
		return "", "", err
	case start.State == store.StartSynced:
		return scope.Synced, "", nil
	case start.State == store.StartFailed:
		return scope.Failed, start.Reason, nil
	case start.Silent:
		return scope.Interrupted, "no attempt at the sync was made for too long; start it again", nil
	}
	return scope.Syncing, "", nil
}
