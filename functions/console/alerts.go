package console

import (
	"context"
	"time"

	"gitlab.com/eshopbox-team/return-sync/functions/internal/operate"
	"gitlab.com/eshopbox-team/return-sync/shared/audit"
)

// alertActs are the acts on alerts.
func (d *deed) alertActs() operate.AlertActs {
	return operate.AlertActs{Alerts: d.Tables.Alerts, Audit: audit.New(d.Store.Pool())}
}

// acknowledgeAlert notes who looks after an alert.
func (d *deed) acknowledgeAlert(ctx context.Context) (string, error) {
	return d.alertActs().Acknowledge(ctx, d.by, d.Alert)
}

// maxSnooze keeps the arithmetic on minutes from overflowing.
const maxSnooze = 1 << 20

// snoozeAlert lets an alert send nothing for a time.
func (d *deed) snoozeAlert(ctx context.Context) (string, error) {
	minutes := max(-1, min(d.Minutes, maxSnooze))
	return d.alertActs().Snooze(ctx, d.by, d.Alert, time.Duration(minutes)*time.Minute)
}
