package store

import (
	"context"
	"database/sql"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/exchange"
	"gitlab.com/eshopbox-team/return-sync/shared/fault"
	"gitlab.com/eshopbox-team/return-sync/shared/lease"
	"gitlab.com/eshopbox-team/return-sync/shared/sqldb"
)

// Copies are the tables as a secondary's sync with a partner reads and writes them. It
// implements exchange.Local and exchange.Copy. Every write demands the right to sync with
// the partner, which Hold takes; without it the tables are only read.
type Copies struct {
	exchange.Index
	db    *sqldb.DB
	right *right
}

// Copies returns the tables for a run that writes nothing.
func (s *Rights) Copies() *Copies { return &Copies{&Grains{s.db}, s.db, nil} }

// right is the right to sync with a partner. token is its fencing token.
type right struct {
	partner exchange.ID
	token   string
	term    time.Duration
}

// Hold takes the right to sync with a partner for a term, which Renewed prolongs. The error is
// a fault.Superseded while another sync with the partner runs. A holder that died is
// replaced when its term is over, and a holder that was replaced writes nothing more.
func (s *Rights) Hold(ctx context.Context, partner exchange.ID, term time.Duration) (*Copies, error) {
	r := &right{partner, lease.NewToken(), term}
	if _, err := s.db.ExecContext(ctx, "INSERT IGNORE INTO exchange_session (company_id) VALUES (?)", bin(partner)); err != nil {
		return nil, sqldb.Outage(err, "prepare the row of a partner's syncs")
	}
	ok, err := lease.Take(ctx, s.db, lease.Grant{Token: r.token, For: term}, "UPDATE exchange_session SET "+lease.Set+" WHERE company_id = ? AND "+lease.Over, bin(partner))
	if err != nil {
		return nil, sqldb.Outage(err, "take the right to sync with a partner")
	}
	if !ok {
		return nil, fault.New(fault.Superseded, "sync-running", "a sync with this partner is running; wait for its end")
	}
	return &Copies{&Grains{s.db}, s.db, r}, nil
}

// errLost is the error of a writer without the right to sync with the partner.
var errLost = fault.New(fault.Superseded, "sync-replaced", "another sync with this partner has taken over; nothing more is written here")

// Renewed prolongs the right until stop is called, which gives the right back. The
// context ends when the right is lost.
func (c *Copies) Renewed(parent context.Context) (ctx context.Context, stop func()) {
	ctx, cancel := context.WithCancelCause(parent)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		ticker := time.NewTicker(c.right.term / 3)
		defer ticker.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-ticker.C:
			}
			if err := c.renew(ctx); fault.KindOf(err) == fault.Superseded {
				cancel(err)
			} else if err != nil && ctx.Err() == nil {
				c.db.Log.WarnContext(ctx, "the right to sync with a partner could not be prolonged; it is tried again", "error", err)
			}
		}
	}()
	return ctx, func() {
		cancel(nil)
		<-ended
		c.release(context.WithoutCancel(parent))
	}
}

// renew prolongs the right by a term.
func (c *Copies) renew(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, c.right.term/3)
	defer cancel()
	err := sqldb.ExactlyOne(ctx, c.db, errLost, "UPDATE exchange_session SET lease_until = NOW(6) + INTERVAL ? MICROSECOND WHERE company_id = ? AND token = ?",
		sqldb.Micros(c.right.term), bin(c.right.partner), c.right.token)
	return sqldb.Outage(err, "prolong the right to sync with a partner")
}

// release gives the right back, unless another sync has it already.
func (c *Copies) release(ctx context.Context) {
	_, err := c.db.ExecContext(ctx, "UPDATE exchange_session SET token = NULL, lease_until = NULL WHERE company_id = ? AND token = ?", bin(c.right.partner), c.right.token)
	if err != nil {
		c.db.Log.WarnContext(ctx, "the right to sync with a partner could not be given back; it ends by itself", "error", err)
	}
}

// write runs fn in a transaction that commits only if the right still stands. The right's
// row is locked last, so that a long transaction does not keep its own renewal waiting.
func (c *Copies) write(ctx context.Context, what string, fn func(*sql.Tx) error) error {
	if c.right == nil {
		return errLost
	}
	return c.db.InTx(ctx, what, func(tx *sql.Tx) error {
		if err := fn(tx); err != nil {
			return err
		}
		var token string
		err := tx.QueryRowContext(ctx, "SELECT token FROM exchange_session WHERE company_id = ? AND token = ? FOR UPDATE", bin(c.right.partner), c.right.token).Scan(&token)
		if sqldb.IgnoreNoRows(err) == nil && err != nil {
			return errLost
		}
		return err
	})
}
