package scopestore

import (
	"context"
	"database/sql"
	"encoding/json"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/scope"
	"gitlab.com/eshopbox-team/return-sync/shared/sqldb"
)

// overdueReason is the reason of a scope that its own timeout ended.
const overdueReason = "the timeout that its start asked for is over and not every member has completed"

// judgeScope writes the state that follows from an open scope's members. The scope's row
// is locked by the caller.
func judgeScope(ctx context.Context, tx *sql.Tx, s storedScope) error {
	members, err := readMembers(ctx, tx, s.ID)
	if err != nil {
		return err
	}
	state, counts := scope.Judge(members)
	reason := ""
	switch {
	case state == scope.Syncing && s.overdue:
		state, counts, reason = scope.Interrupted, scope.Interrupt(members), overdueReason
	case state == scope.Interrupted:
		reason = "a member's sync was lost; its details say why"
	}
	details, err := json.Marshal(scope.DetailsOf(members))
	if err != nil || state == s.State && string(details) == s.text {
		return err
	}
	var failedAt, syncedAt *time.Time
	switch ended := scope.Completed(members); state {
	case scope.Failed:
		failedAt = ended
	case scope.Synced:
		syncedAt = ended
	}
	_, err = tx.ExecContext(ctx, `UPDATE sync_scope SET state = ?, not_started = ?, syncing = ?, failed = ?, synced = ?, details = ?, reason = ?,
		last_failed_at = COALESCE(?, last_failed_at), last_synced_at = COALESCE(?, last_synced_at), changed_at = NOW(6) WHERE id = ?`,
		state, counts.NotStarted, counts.Syncing, counts.Failed, counts.Synced, string(details), reason, failedAt, syncedAt, s.ID)
	return err
}

// readMembers returns a scope's members as they are now.
func readMembers(ctx context.Context, tx *sql.Tx, id string) ([]scope.Member, error) {
	plans, err := readPlans(ctx, tx, id)
	if err != nil {
		return nil, err
	}
	statuses, err := readStatuses(ctx, tx, "JOIN sync_scope_member m ON m.operation = s.operation WHERE m.scope_id = ? ORDER BY s.id", id)
	if err != nil {
		return nil, err
	}
	of := map[string][]scope.Status{}
	for _, s := range statuses {
		of[s.Instance] = append(of[s.Instance], s)
	}
	members := make([]scope.Member, len(plans))
	for i, p := range plans {
		members[i] = scope.MemberOf(p, of[p.ID])
	}
	return members, nil
}

// readPlans returns a scope's members as they were started.
func readPlans(ctx context.Context, tx *sql.Tx, id string) ([]scope.Plan, error) {
	return sqldb.Collect(ctx, tx, scanPlan, "SELECT instance_id, targets FROM sync_scope_member WHERE scope_id = ? ORDER BY position", id)
}

// scanPlan reads a row of readPlans.
func scanPlan(row sqldb.Row) (p scope.Plan, err error) {
	var targets []byte
	if err := row.Scan(&p.ID, &targets); err != nil {
		return p, err
	}
	err = json.Unmarshal(targets, &p.Targets)
	return p, err
}
