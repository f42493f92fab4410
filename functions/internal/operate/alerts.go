package operate

import (
	"context"
	"fmt"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/alert"
	"gitlab.com/eshopbox-team/return-sync/shared/alert/alertstore"
	"gitlab.com/eshopbox-team/return-sync/shared/audit"
	"gitlab.com/eshopbox-team/return-sync/shared/fault"
)

// The names of acts on alerts, as they stand in the audit.
const (
	AcknowledgeAlert = "acknowledge-alert"
	SnoozeAlert      = "snooze-alert"
)

// AlertActs are the acts on alerts.
type AlertActs struct {
	Alerts *alertstore.Store
	Audit  Store
}

// The bounds of a snooze. Nobody remembers what was snoozed longer ago.
const (
	leastSnooze = time.Minute
	mostSnooze  = 30 * 24 * time.Hour
)

// Acknowledge notes that the actor looks after an open alert, which stays open.
func (a AlertActs) Acknowledge(ctx context.Context, by Actor, id int64) (string, error) {
	return a.answer(ctx, by, AcknowledgeAlert, id, func(entry *audit.Entry, old alertstore.AlertRow) error {
		if old.AcknowledgedAt != nil {
			return fault.New(fault.Invalid, "alert-acknowledged", "alert %d was acknowledged already, by %s", id, old.AcknowledgedBy)
		}
		entry.New = "acknowledged"
		ok, err := a.Alerts.Acknowledge(ctx, id, by.who())
		if err == nil && !ok {
			err = fault.New(fault.Invalid, "alert-acknowledged", "alert %d is over, or was acknowledged by somebody else", id)
		}
		return err
	})
}

// Snooze lets an open alert send nothing for a time, after which it is sent again if it
// still holds. No time ends a snooze. The recovery is sent in any case.
func (a AlertActs) Snooze(ctx context.Context, by Actor, id int64, d time.Duration) (string, error) {
	return a.answer(ctx, by, SnoozeAlert, id, func(entry *audit.Entry, old alertstore.AlertRow) error {
		switch {
		case d == 0 && old.SnoozedUntil == nil:
			return fault.New(fault.Invalid, "alert-awake", "alert %d is not snoozed", id)
		case d != 0 && (d < leastSnooze || d > mostSnooze):
			return fault.New(fault.Invalid, "bad-snooze", "snooze an alert for 1 minute to 30 days, or for 0 to end a snooze").WithParam("minutes")
		}
		if old.SnoozedUntil != nil {
			entry.Old = "snoozed until " + old.SnoozedUntil.UTC().Format(time.RFC3339)
		}
		entry.New = "no longer snoozed"
		if d > 0 {
			entry.New = "snoozed for " + d.String()
		}
		ok, err := a.Alerts.Snooze(ctx, id, by.who(), d)
		if err == nil && !ok {
			err = errOver(id)
		}
		return err
	})
}

// errOver is the error of an answer to an alert that is over.
func errOver(id int64) error {
	return fault.New(fault.Invalid, "alert-closed", "alert %d is over", id)
}

// answer does an act on an open alert and returns its outcome in words.
func (a AlertActs) answer(ctx context.Context, by Actor, action string, id int64, do func(*audit.Entry, alertstore.AlertRow) error) (said string, err error) {
	err = Audited(ctx, a.Audit, by, audit.Entry{Action: action, Object: fmt.Sprint("alert ", id)}, func(entry *audit.Entry) error {
		row, err := a.Alerts.Alert(ctx, id)
		if err != nil {
			return err
		}
		entry.Object = fmt.Sprintf("alert %d: %s", id, row.Title)
		if row.Outcome != alert.StillOpen {
			return errOver(id)
		}
		err = do(entry, row)
		said = fmt.Sprintf("alert %d is %s", id, entry.New)
		return err
	})
	return said, err
}
