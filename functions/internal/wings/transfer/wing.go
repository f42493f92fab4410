package transfer

import (
	"context"
	"net/http"

	"gitlab.com/eshopbox-team/return-sync/functions/internal/wire"
	function "gitlab.com/eshopbox-team/return-sync/functions/transfer"
	"gitlab.com/eshopbox-team/return-sync/functions/transfers"
	"gitlab.com/eshopbox-team/return-sync/shared/judge"
	"gitlab.com/eshopbox-team/return-sync/shared/sqldb"
	"gitlab.com/eshopbox-team/return-sync/shared/transfer/store"
)

// Name is the wing's word, and what people write into target_kind.
const Name = "transfer"

// job is the scheduler's job that calls the worker.
const job = "returnsTransfer"

// Wing is the transfer wing as functions in the cloud, on the product's MySQL.
func Wing() wire.Wing {
	return wire.Wing{
		Name: Name, Title: "Transfer", Settings: settings(), Tables: store.Migrations(sqldb.MySQL),
		Functions: []wire.Function{{Name: transfers.Name, Open: openTransfers}, function.Function(openTransfer)},
		Queues:    []wire.Queue{{Name: queueName, AtOnce: 2}},
		Ticks:     []wire.Tick{{Job: job, Cron: "* * * * *", Function: function.Name}},
		Kinds:     kinds, Members: scopeMembers, Findings: findings, Alerts: []judge.Kind{waiting, failing, silent, drifting},
		Checks: checks, Page: openPage,
	}
}

// settings are the names of the environment for the command line's file.
func settings() []wire.Setting {
	return []wire.Setting{
		{Name: "TRANSFER_URL", Help: "address of the transfer function, which queue transfer calls"},
		{Name: "TRANSFER_TOKEN", Help: "token of those who call the API of transfers, 32 characters or more (secret)"},
		{Name: "TRANSFER_SIDES", Help: "what stands on both sides: rehearsal keeps both in tables"},
		{Name: "TRANSFER_FLOWS", Help: "YAML file of flows in place of those of the program"},
		{Name: "TRANSFER_THREADS", Help: "transfer jobs at once, 1 to 30"},
		{Name: "TRANSFER_PACKAGE", Help: "roots of a package of transfer jobs, 1 to 200"},
		{Name: "TRANSFER_DEBOUNCE", Help: "how old a transfer job is before it runs"},
		{Name: "TRANSFER_THROTTLE", Help: "least time that a transfer job occupies its thread"},
		{Name: "TRANSFER_LOCK_TIMEOUT", Help: "how long a transfer job waits for another one of its record"},
		{Name: "TRANSFER_LEASE", Help: "how long a worker of transfers that died keeps others from working"},
		{Name: "TRANSFER_RUN_LIMIT", Help: "runs of a transfer job whose failures may pass"},
		{Name: "TRANSFER_RETRY_AFTER", Help: "time before a transfer job's second run; it doubles up to an hour"},
		{Name: "TRANSFER_PROTOCOL", Help: "true: finished transfer jobs are copied to the online side"},
		{Name: "TRANSFER_MAX_DRIFT", Help: "largest difference of clocks with which transfers go on"},
		{Name: "TRANSFER_NTP_SERVERS", Help: "servers of time, of which the first answer counts; none: clocks are not compared"},
		{Name: "TRANSFER_BUDGET", Help: "time after which a call of the worker of transfers leaves the rest to the next one"},
		{Name: "TRANSFER_QUEUE_AGE", Help: "how long a transfer job may wait before people are alerted"},
	}
}

// openTransfers opens the API's function.
func openTransfers(ctx context.Context, e *wire.Env) (http.Handler, error) {
	p, err := openCloud(ctx, e)
	if err != nil {
		return nil, err
	}
	var c tokenConfig
	if err := wire.Configure(ctx, e.Lookup, &c); err != nil {
		return nil, err
	}
	if err := c.check(); err != nil {
		return nil, err
	}
	return p.api(c.Token).Handler(), nil
}

// openTransfer opens the worker's function.
func openTransfer(ctx context.Context, e *wire.Env) (function.Parts, error) {
	p, err := openCloud(ctx, e)
	if err != nil {
		return function.Parts{}, err
	}
	t, err := p.turns(ctx)
	if err != nil {
		return function.Parts{}, err
	}
	return function.Parts{Turn: t.Turn, Log: e.Log}, nil
}
