package sample

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"sync"

	"github.com/go-sql-driver/mysql"
	"golang.org/x/time/rate"
)

// Kind is the kind of a simulated edit.
type Kind string

// The kinds of edit. Each is one transaction.
const (
	StatusAdvanced Kind = "status advanced" // the return moved one step on, its items with it
	ItemEdited     Kind = "item edited"     // an item alone; its return's updated_at stays
	ItemAdded      Kind = "item added"      // a new item; its return's updated_at stays
	ItemRemoved    Kind = "item removed"    // soft delete of an item
	ItemErased     Kind = "item erased"     // hard delete of an item: only its return's version shows it
	ReturnDeleted  Kind = "return deleted"  // soft delete of a return
	ReturnRestored Kind = "return restored" // a soft-deleted return is back
	ReturnCreated  Kind = "return created"  // a new return with its items
	LateEvent      Kind = "late event"      // an older courier event overwrote a newer one
	Refunded       Kind = "refunded"        // the customer has the money
)

// kinds are weighted as a warehouse's day is: mostly progress and edits.
var kinds = []share[Kind]{
	{40, StatusAdvanced}, {18, ItemEdited}, {12, ReturnCreated}, {10, Refunded}, {5, ItemAdded}, {4, ItemRemoved},
	{2, ItemErased}, {4, ReturnDeleted}, {2, ReturnRestored}, {3, LateEvent},
}

// Change is what one step did.
type Change struct {
	Kind Kind
	// ReturnID is the primary key of the return concerned.
	ReturnID int64
	// ItemID is the primary key of the item concerned, 0 when it is the whole
	// return.
	ItemID int64
}

// Warehouse changes the source tables as warehouses, couriers and customers do.
// It may be used by several goroutines; its steps then come one at a time.
// Several warehouses may work on the same tables.
type Warehouse struct {
	db     *sql.DB
	mu     sync.Mutex
	dice   dice
	counts map[Kind]int
}

// NewWarehouse returns a warehouse on the source tables. The seed fixes its
// choices; their effect depends on the rows that the warehouse meets. The database handle
// must read times (parseTime) in UTC.
func NewWarehouse(db *sql.DB, seed int64) *Warehouse {
	return &Warehouse{db: db, dice: newDice(uint64(seed), 0), counts: map[Kind]int{}}
}

// errNothing says that no row was found to do a kind of edit on.
var errNothing = errors.New("no row to do this on")

// Step does one random edit. If the tables have no row for the kind that was
// drawn, a new return is created instead, so that a step always changes
// something. A deadlock with another writer is tried again.
func (w *Warehouse) Step(ctx context.Context) (Change, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	kind := weighted(w.dice, kinds)
	change, err := w.attempt(ctx, kind)
	if errors.Is(err, errNothing) {
		kind = ReturnCreated
		change, err = w.attempt(ctx, kind)
	}
	if err != nil {
		return Change{}, fmt.Errorf("sample: warehouse, %s: %w", kind, err)
	}
	w.counts[kind]++
	return change, nil
}

// attempt does one edit in a transaction, again if the server gave it up for
// another one's sake.
func (w *Warehouse) attempt(ctx context.Context, kind Kind) (Change, error) {
	const tries = 5
	var change Change
	var err error
	for range tries {
		if change, err = w.transact(ctx, kind); !isContention(err) {
			break
		}
	}
	return change, err
}

// isContention says whether the server ended a transaction for another one's
// sake: a deadlock or a lock held too long.
func isContention(err error) bool {
	var refused *mysql.MySQLError
	return errors.As(err, &refused) && (refused.Number == 1213 || refused.Number == 1205)
}

func (w *Warehouse) transact(ctx context.Context, kind Kind) (Change, error) {
	tx, err := w.db.BeginTx(ctx, nil)
	if err != nil {
		return Change{}, err
	}
	defer tx.Rollback()
	change, err := (&edit{ctx: ctx, tx: tx, dice: w.dice}).do(kind)
	if err != nil {
		return Change{}, err
	}
	return change, tx.Commit()
}

// Run does so many steps a second on average until the context ends, which is
// not an error. It stops at the first step that fails.
func (w *Warehouse) Run(ctx context.Context, perSecond float64) error {
	pace := rate.NewLimiter(rate.Limit(perSecond), 1)
	for {
		if err := pace.Wait(ctx); err != nil {
			return nil // the context is at its end, or will be before the next step
		}
		if _, err := w.Step(ctx); err != nil {
			if ctx.Err() != nil {
				return nil
			}
			return err
		}
	}
}

// Counts is how many edits of each kind were done so far.
func (w *Warehouse) Counts() map[Kind]int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return maps.Clone(w.counts)
}
