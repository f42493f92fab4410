package wire

import (
	"gitlab.com/eshopbox-team/return-sync/shared/alert/alertstore"
	"gitlab.com/eshopbox-team/return-sync/shared/audit"
	"gitlab.com/eshopbox-team/return-sync/shared/heartbeat"
	"gitlab.com/eshopbox-team/return-sync/shared/runlog"
	"gitlab.com/eshopbox-team/return-sync/shared/schedule/schedulestore"
	"gitlab.com/eshopbox-team/return-sync/shared/scope/scopestore"
	"gitlab.com/eshopbox-team/return-sync/shared/signout"
	"gitlab.com/eshopbox-team/return-sync/shared/sqldb"
)

// Tables are those of our own tables that all wings share.
type Tables struct {
	Alerts     *alertstore.Store
	Audit      *audit.Store
	Heartbeats *heartbeat.Store
	RunLog     *runlog.Store
	Schedules  *schedulestore.Store
	Scopes     *scopestore.Store
	Signouts   *signout.Store
}

// TablesOn returns the shared tables over the pool of a wing's own.
func TablesOn(pool *sqldb.DB) Tables {
	return Tables{
		Alerts: alertstore.New(pool), Audit: audit.New(pool), Heartbeats: heartbeat.New(pool),
		RunLog: runlog.New(pool), Schedules: schedulestore.New(pool), Scopes: scopestore.New(pool),
		Signouts: signout.New(pool),
	}
}
