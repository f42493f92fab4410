package exchange

import (
	"context"
	"fmt"
	"net/http"

	function "gitlab.com/eshopbox-team/return-sync/functions/exchange"
	"gitlab.com/eshopbox-team/return-sync/functions/internal/wire"
	"gitlab.com/eshopbox-team/return-sync/functions/partners"
	"gitlab.com/eshopbox-team/return-sync/shared/exchange/store"
	"gitlab.com/eshopbox-team/return-sync/shared/schedule"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/member"
)

// Name is the wing's word, and what people write into target_kind.
const Name = "exchange"

// Wing is the exchange wing.
func Wing() wire.Wing {
	return wire.Wing{
		Name: Name, Title: "Exchange", Settings: settings(), Tables: store.Migrations(), Publisher: publisher,
		Functions: []wire.Function{{Name: function.Name, Open: openExchange}, partners.Function(openPartners)},
		Queues:    []wire.Queue{{Name: queueName, AtOnce: 2}},
		Kinds:     kinds, Members: scopeMembers, Findings: findings, Checks: checks, Page: openPage,
	}
}

// settings are the names of the environment for the command line's file.
func settings() []wire.Setting {
	return []wire.Setting{
		{Name: "EXCHANGE_ROLE", Help: "primary (publishes slices) or secondary (copies them)"},
		{Name: "EXCHANGE_COMPANY", Help: "UUID of the company that owns this server, as partners know it"},
		{Name: "EXCHANGE_SYNC_URL", Help: "address of the partners function, which queue exchange calls"},
		{Name: "EXCHANGE_JWT_SECRET", Help: "secret that tokens are signed with, 32 bytes or more"},
		{Name: "EXCHANGE_KEY_SECRET", Help: "secret that seals the partners' keys in our table, 32 bytes or more"},
		{Name: "EXCHANGE_TOKEN_TTL", Help: "how long a token is valid"},
		{Name: "EXCHANGE_REFRESH_TTL", Help: "how long a login can be refreshed"},
		{Name: "EXCHANGE_KEY_OVERLAP", Help: "how long an older key of a partner stays valid beside a new one"},
		{Name: "EXCHANGE_ALLOW_PRIVATE", Help: "true: partners may be at loopback, link-local and private addresses"},
		{Name: "EXCHANGE_LOCK_TRIES", Help: "how often a slice is asked for that is being edited"},
		{Name: "EXCHANGE_LOCK_WAIT", Help: "pause between two such attempts"},
		{Name: "EXCHANGE_LEASE", Help: "silence after which a sync whose process died is taken over"},
		{Name: "EXCHANGE_AT_ONCE", Help: "how many partners are synced at once"},
		{Name: "EXCHANGE_PERIOD", Help: "how old the last good sync with a partner may be"},
		{Name: "EXCHANGE_PUBLISH", Help: "slices that entities feed: NAME=ENTITY:ACCOUNT, with commas between"},
	}
}

// openExchange opens the function.
func openExchange(ctx context.Context, e *wire.Env) (http.Handler, error) {
	o, err := e.Opened(ctx)
	if err != nil {
		return nil, err
	}
	p, _, err := parts(ctx, o)
	if err != nil {
		return nil, err
	}
	return function.Handler(p)
}

// openPartners opens the function that syncs.
func openPartners(ctx context.Context, e *wire.Env) (partners.Parts, error) {
	o, err := e.Opened(ctx)
	if err != nil {
		return partners.Parts{}, err
	}
	_, p, err := parts(ctx, o)
	if err != nil {
		return partners.Parts{}, err
	}
	return partners.Parts{Store: p.Store, Syncer: p, Log: e.Log}, nil
}

// kinds opens the kind exchange of schedules: its target is a partner, a subscription, or
// all of them.
func kinds(ctx context.Context, o wire.Opening, start bool) (schedule.Kinds, error) {
	s, err := starterOf(ctx, o)
	if err != nil {
		return nil, err
	}
	kind := schedule.Kind{Name: Name, Check: s.Check}
	if start {
		kind.Start = func(ctx context.Context, spec schedule.Spec, key string) (string, error) {
			id, err := s.Start(ctx, spec.Target, key, false)
			return fmt.Sprintf("sync %d with %s was given to the queue", id, spec.Target), err
		}
	}
	return schedule.Kinds{kind}, nil
}

// scopeMembers opens the wing's members of scopes.
func scopeMembers(ctx context.Context, o wire.Opening) (member.Other, error) {
	s, err := starterOf(ctx, o)
	return members{s}, err
}
