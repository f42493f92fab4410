package store

import (
	"context"
	"slices"
	"strings"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/sqldb"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/claim"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/rework"
)

// Most ticks find nothing changed. What is here lets such a tick cost a handful
// of statements and no transaction, however large the tables are and however many
// entities there are: a statement about many claims is that about one, repeated with
// UNION ALL.

// Agenda says what a tick has to look at beside its entities.
type Agenda = claim.Agenda

// NewestOf returns the newest rows of job types, by job type, and the agenda, in one
// statement a claim.Most types. Of a type without a row nothing is returned.
func (db *Claims) NewestOf(ctx context.Context, jobTypes []string, silent time.Duration) (map[string]claim.Row, Agenda, error) {
	found, agenda := map[string]claim.Row{}, Agenda{Rebuilt: 1, Silent: 1} // not known: to be looked at
	for chunk := range slices.Chunk(jobTypes, claim.Most) {
		var parts []string
		var args []any
		for i, jobType := range chunk {
			facts := "0, 0"
			if jobType == jobTypes[0] {
				facts = "(SELECT COUNT(*) FROM sync_target WHERE packed <> ''), (SELECT COUNT(*) FROM sync_job WHERE state = ? AND due_at < NOW(6) - INTERVAL ? MICROSECOND)"
				args = append(args, rework.Running, sqldb.Micros(silent))
			}
			parts = append(parts, "(SELECT "+claimColumns+", "+facts+", ? FROM order_return_algolia_sync WHERE job_type = ? ORDER BY created_at DESC, id DESC LIMIT 1)")
			args = append(args, i, jobType)
		}
		err := sqldb.Each(ctx, db.sql, func(row sqldb.Row) error {
			var a Agenda
			var i int
			r, err := scanClaim(sqldb.Wider{Row: row, Last: []any{&a.Rebuilt, &a.Silent, &i}})
			if err != nil {
				return err
			}
			r.JobType = chunk[i] // see newest
			if found[r.JobType] = r; r.JobType == jobTypes[0] {
				agenda = a
			}
			return nil
		}, strings.Join(parts, " UNION ALL "), args...)
		if err != nil {
			return nil, agenda, sqldb.Outage(err, "read the newest claims")
		}
	}
	return found, agenda, nil
}

// Probe is what a window task needs to know to see that nothing is to be done.
type Probe = claim.Probe

// Probe looks, in one statement and without writing, whether there is anything to do for
// claims: whether a root changed in a window, or is unconfirmed. It asks changed.sql with
// the values that the run of this window would. The answers are in the order of the
// questions. Where a definition's changed.sql is wrong, none of the answers is known.
func (db *Claims) Probe(ctx context.Context, looks []claim.Look) ([]Probe, error) {
	var parts []string
	var args []any
	for _, l := range looks {
		changed := "FALSE"
		args = append(args, l.Task.Token, l.Def.Name)
		if l.Window != nil {
			text, values := l.Def.Changed.Bind(map[string][]any{"from": {l.Window.From}, "to": {l.Window.To}})
			changed, args = "EXISTS (SELECT 1 FROM ("+text+") AS changed)", append(args, values...)
		}
		parts = append(parts, "SELECT "+claimColumns+`,
			EXISTS (SELECT 1 FROM sync_run r WHERE r.claim_token = ?), EXISTS (SELECT 1 FROM sync_recheck c WHERE c.entity = ?), `+changed+`
			FROM order_return_algolia_sync WHERE id = ? AND token = ? AND status <> 0`)
		args = append(args, l.Task.ID, l.Task.Token)
	}
	found := map[int64]Probe{}
	err := sqldb.Each(ctx, db.sql, func(row sqldb.Row) (err error) {
		p := Probe{Held: true}
		p.Claim, err = scanClaim(sqldb.Wider{Row: row, Last: []any{&p.Begun, &p.Unconfirmed, &p.Changed}})
		found[p.Claim.ID] = p
		return err
	}, strings.Join(parts, " UNION ALL "), args...)
	// The cause is most probably a definition's changed.sql. The run that lists the
	// changes finds out, and keeps the reason.
	unknown := sqldb.CauseOf(err) != sqldb.Transient
	if err != nil && !unknown {
		return nil, sqldb.Outage(err, "look whether anything is to be done")
	}
	probes := make([]Probe, len(looks))
	for i, l := range looks {
		probes[i] = found[l.Task.ID]
		probes[i].Unknown = err != nil
	}
	return probes, nil
}
