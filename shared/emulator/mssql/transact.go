package mssql

import (
	"context"

	"gitlab.com/eshopbox-team/return-sync/shared/emulator/internal/mishap"
	"gitlab.com/eshopbox-team/return-sync/shared/emulator/mssql/internal/tds"
)

// transact begins or ends the session's transaction.
func (c *session) transact(ctx context.Context, verb tds.Verb, again bool, a *tds.Answer) error {
	problem := func(number int32, text string) error {
		a.Error(&tds.Error{Number: number, State: 1, Class: 16, Message: text})
		a.Done(tds.Outcome{Failed: true})
		return nil
	}
	switch {
	case verb == tds.Begin && c.tx != nil:
		return problem(3902, "The emulator has no transaction within a transaction of the transaction manager.")
	case verb == tds.Commit && c.tx == nil:
		return problem(3902, "The COMMIT TRANSACTION request has no corresponding BEGIN TRANSACTION.")
	case verb == tds.Rollback && c.tx == nil:
		return problem(3903, "The ROLLBACK TRANSACTION request has no corresponding BEGIN TRANSACTION.")
	}
	switch verb {
	case tds.Begin:
		c.begin(a)
	case tds.Commit:
		fault := c.server.faults.Strikes("commit", "", mishap.ResetApplied, mishap.TimeoutApplied)
		c.commit(a)
		if fault != nil {
			return c.unheard(ctx, fault.Kind == mishap.TimeoutApplied)
		}
	case tds.Rollback:
		a.Transaction(tds.ChangeRollback, c.txID)
		c.rollback()
	}
	if again {
		c.begin(a)
	}
	a.Done(tds.Outcome{Count: -1})
	return nil
}

// begin begins a transaction.
func (c *session) begin(a *tds.Answer) {
	c.tx = c.server.db.Begin(int(c.spid))
	c.txID++
	a.Transaction(tds.ChangeBegin, c.txID)
}

// commit ends the transaction; its jobs are posted.
func (c *session) commit(a *tds.Answer) {
	a.Transaction(tds.ChangeCommit, c.txID)
	c.tx.Commit()
	c.server.publish(c.txJobs, c.txWrote)
	c.tx, c.txJobs, c.txWrote = nil, nil, nil
}

// rollback undoes the transaction, if there is one.
func (c *session) rollback() {
	if c.tx != nil {
		c.tx.Rollback()
		c.tx, c.txJobs, c.txWrote = nil, nil, nil
	}
}

// unheard ends a request without an answer: at once by a cut, or when the client asks it
// to end.
func (c *session) unheard(ctx context.Context, wait bool) error {
	if !wait {
		return errCut
	}
	<-ctx.Done()
	return ctx.Err()
}
