package store

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/sqldb"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/claim"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/entity"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/rework"
	"gitlab.com/eshopbox-team/return-sync/shared/window"
)

// Most ticks find nothing changed. What is here lets such a tick cost a handful
// of statements and no transaction, however large the tables are.

// Agenda says what a tick has to look at beside its entities.
type Agenda = claim.Agenda

// NewestWithAgenda is Newest, with the agenda in the same statement.
func (db *Claims) NewestWithAgenda(ctx context.Context, jobType string, silent time.Duration) (claim.Row, Agenda, error) {
	var a Agenda
	r, err := scanClaim(sqldb.Wider{Row: db.sql.QueryRowContext(ctx, "SELECT "+claimColumns+`,
		(SELECT COUNT(*) FROM sync_target WHERE packed <> ''), (SELECT COUNT(*) FROM sync_job WHERE state = ? AND due_at < NOW(6) - INTERVAL ? MICROSECOND)
		FROM order_return_algolia_sync WHERE job_type = ? ORDER BY created_at DESC, id DESC LIMIT 1`,
		rework.Running, sqldb.Micros(silent), jobType), Last: []any{&a.Rebuilt, &a.Silent}})
	if !errors.Is(err, sql.ErrNoRows) {
		return r, a, sqldb.Outage(err, "read the newest claim")
	}
	r, err = db.Newest(ctx, jobType)
	return r, Agenda{Rebuilt: 1, Silent: 1}, err // not known: to be looked at
}

// Probe is what a window task needs to know to see that nothing is to be done.
type Probe = claim.Probe

// Probe looks, in one statement and without writing, whether there is anything to
// do for a claim: whether a root changed in a window, or is unconfirmed. It asks
// changed.sql with the values that the run of this window would. A source elsewhere,
// with a nil window, is left out.
func (db *Claims) Probe(ctx context.Context, t claim.Task, d entity.Definition, w *window.Window) (Probe, error) {
	p := Probe{Held: true}
	changed, args := "FALSE", []any{t.Token, d.Name}
	if w != nil {
		text, values := d.Changed.Bind(map[string][]any{"from": {w.From}, "to": {w.To}})
		changed, args = "EXISTS (SELECT 1 FROM ("+text+") AS changed)", append(args, values...)
	}
	row := db.sql.QueryRowContext(ctx, "SELECT "+claimColumns+`,
		EXISTS (SELECT 1 FROM sync_run r WHERE r.claim_token = ?), EXISTS (SELECT 1 FROM sync_recheck c WHERE c.entity = ?), `+changed+`
		FROM order_return_algolia_sync WHERE id = ? AND token = ? AND status <> 0`, append(args, t.ID, t.Token)...)
	var err error
	p.Claim, err = scanClaim(sqldb.Wider{Row: row, Last: []any{&p.Begun, &p.Unconfirmed, &p.Changed}})
	if errors.Is(err, sql.ErrNoRows) {
		return Probe{}, nil
	}
	if w != nil && sqldb.CauseOf(err) != sqldb.Transient {
		// Most probably the definition's changed.sql is wrong. The run that lists the
		// changes finds out, and keeps the reason.
		return Probe{}, nil
	}
	return p, sqldb.Outage(err, "look whether anything is to be done")
}
