package store

import (
	"context"
	"database/sql"
	"fmt"

	"gitlab.com/eshopbox-team/return-sync/shared/fault"
	"gitlab.com/eshopbox-team/return-sync/shared/report"
	"gitlab.com/eshopbox-team/return-sync/shared/runlog"
	"gitlab.com/eshopbox-team/return-sync/shared/sqldb"
)

// Operate changes the operator's fields of a report as a person did, in the SYNC base
// or by a command: Last Updated cleared, Fail unchecked. It returns the report as it
// was and what follows, in a sentence. What changes nothing writes nothing.
func (s *Store) Operate(ctx context.Context, k report.Key, act report.Act) (before report.Report, follows string, err error) {
	err = s.db.InTx(ctx, "change a report by hand", func(tx *sql.Tx) error {
		before, err = oneReport(tx.QueryRowContext(ctx, "SELECT "+reportColumns+" FROM report_report WHERE type = ? AND slot = ? FOR UPDATE", k.Type, k.Slot), k)
		if err != nil {
			return err
		}
		after := before.Operate(act)
		if after.Fail == before.Fail && after.State == before.State && (after.LastUpdated == nil) == (before.LastUpdated == nil) {
			follows = "nothing changed"
			return nil
		}
		follows = after.Follows()
		err := sqldb.ExactlyOne(ctx, tx, fault.New(fault.Superseded, "report-changed", "report %s changed meanwhile", k), `UPDATE report_report SET
				since_at = CASE WHEN state = ? THEN since_at ELSE NOW(6) END, intent_at = CASE WHEN state = ? THEN intent_at ELSE NULL END,
				repeating = CASE WHEN state = ? THEN repeating ELSE 0 END, state = ?, fail = ?,
				last_updated = CASE WHEN ? THEN NULL ELSE last_updated END,
				retried_at = CASE WHEN ? THEN NOW(6) ELSE retried_at END
			WHERE id = ? AND state = ?`, after.State, after.State, after.State, after.State, after.Fail, after.LastUpdated == nil,
			before.Fail && !after.Fail, before.ID, before.State)
		if err != nil {
			return err
		}
		return runlog.Write(ctx, tx, runlog.Entry{Subject: k.Type, Message: fmt.Sprintf("report %s: %s; %s", k, act, follows)})
	})
	return before, follows, err
}
