package reports

import (
	"context"

	"gitlab.com/eshopbox-team/return-sync/functions/internal/operate"
	"gitlab.com/eshopbox-team/return-sync/shared/audit"
	"gitlab.com/eshopbox-team/return-sync/shared/fault"
	"gitlab.com/eshopbox-team/return-sync/shared/report"
	"gitlab.com/eshopbox-team/return-sync/shared/report/store"
	"gitlab.com/eshopbox-team/return-sync/shared/sqldb"
)

// The names of the wing's acts, as they stand in the audit.
const (
	retryReport = "retry-report"
	editType    = "edit-report-type"
)

// Acts are the acts of one person on reports. Each leaves a row of the audit, so the
// console and the command line act alike.
type Acts struct {
	Pool *sqldb.DB
	By   operate.Actor
}

// Retry clears Last Updated and Fail of a failed report, so that it runs at its type's
// next scheduled time. It returns what follows, in a sentence.
func (a Acts) Retry(ctx context.Context, k report.Key) (follows string, err error) {
	err = operate.Audited(ctx, audit.New(a.Pool), a.By, audit.Entry{Action: retryReport, Object: k.String()}, func(e *audit.Entry) error {
		var before report.Report
		before, follows, err = store.New(a.Pool).Operate(ctx, k, report.Retry)
		e.Old, e.New = string(before.State)+" "+before.Scenario(), follows
		return err
	})
	return follows, err
}

// Edit changes what people may change of a type, if it still is as the person saw it.
// It returns what changed, in words.
func (a Acts) Edit(ctx context.Context, typ string, was, is report.Edit) (changes string, err error) {
	err = operate.Audited(ctx, audit.New(a.Pool), a.By, audit.Entry{Action: editType, Object: typ}, func(e *audit.Entry) error {
		changes = is.Changes(was)
		e.New = changes
		stale := false
		_, err := store.New(a.Pool).Types.Edit(ctx, typ, func(now *report.Edit) {
			if stale = *now != was; !stale {
				*now = is
			}
		})
		if err == nil && stale {
			err = fault.New(fault.Superseded, "type-changed", "report type %s was changed by somebody else meanwhile: look at it and try again", typ)
		}
		return err
	})
	return changes, err
}
