// Package lease lets one of many callers hold a row for a limited time.
//
// A caller reads the row, Decide says what the caller may do, and one conditional
// UPDATE (Take) does it. Of several callers the database lets one through; the
// others see that no row was affected, and do nothing.
//
//   - The lease's end frees the row of a holder that died.
//   - The fencing token is new with each take. A holder writes only where its token
//     still stands, so one that was taken over writes nothing.
//   - The idempotency key names the request. A request that is delivered twice is a
//     duplicate the second time.
//
// The diagram:
//
//	row                       Decide
//	free                      Free: take
//	free, same key            Duplicate: this request was served
//	held, lease not over      Held: still running
//	held, lease over          Expired: take over
package lease

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/sqldb"
)

// Row is what a row says about its lease.
type Row struct {
	Held  bool       // taken and not given back
	Until *time.Time // the lease's end; nil counts as over
	Key   string     // the idempotency key of the last take; may be empty
	Now   time.Time  // the database's clock when the row was read
}

// Decision is how a row stands for a caller.
type Decision uint8

// The decisions; see the package's diagram.
const (
	Free Decision = iota
	Expired
	Held
	Duplicate
)

// Decide says how a row stands for a caller with an idempotency key. An empty key
// marks a request that cannot be distinguished from another, so it is never a
// duplicate.
func Decide(r Row, key string) Decision {
	switch {
	case !r.Held && key != "" && key == r.Key:
		return Duplicate
	case !r.Held:
		return Free
	case r.Until == nil || !r.Now.Before(*r.Until):
		return Expired
	}
	return Held
}

// Grant is what a take writes.
type Grant struct {
	Token string // fresh, see NewToken
	For   time.Duration
}

// The pieces of a take's statement. Set comes first among the assignments; Over
// holds for a row whose lease is over.
const (
	Set  = "token = ?, lease_until = NOW(6) + INTERVAL ? MICROSECOND"
	Over = "(lease_until IS NULL OR lease_until <= NOW(6))"
)

// Take runs the conditional UPDATE that gives a row to the caller, such as
//
//	"UPDATE jobs SET " + lease.Set + ", attempts = attempts + 1 WHERE id = ? AND " + lease.Over
//
// args are those behind Set. False means that the row was not free: another caller
// was faster, or the holder is alive.
func Take(ctx context.Context, e sqldb.Execer, g Grant, update string, args ...any) (bool, error) {
	n, err := sqldb.Affected(ctx, e, update, append([]any{g.Token, sqldb.Micros(g.For)}, args...)...)
	return n == 1, err
}

// NewToken returns 128 random bits in hexadecimal, a fencing token.
func NewToken() string {
	b := make([]byte, 16)
	_, _ = rand.Read(b) // never fails: it ends the process instead
	return hex.EncodeToString(b)
}
