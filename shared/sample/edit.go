package sample

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
)

// edit is one edit under way. The columns updated_at are left to the database,
// as the owner's programs leave them.
//
// A row is first chosen without a lock and then changed by a statement that
// repeats the condition, so that no lock is held on rows that were only looked
// at.
type edit struct {
	ctx  context.Context
	tx   *sql.Tx
	dice dice
}

// do does an edit of a kind.
func (e *edit) do(kind Kind) (Change, error) {
	c := Change{Kind: kind}
	var err error
	switch kind {
	case StatusAdvanced:
		c.ReturnID, err = e.advance()
	case ItemEdited:
		c.ReturnID, c.ItemID, err = e.onItem(e.editItem)
	case ItemAdded:
		c.ReturnID, c.ItemID, err = e.addItem()
	case ItemRemoved:
		c.ReturnID, c.ItemID, err = e.onItem(e.removeItem)
	case ItemErased:
		c.ReturnID, c.ItemID, err = e.onItem(e.eraseItem)
	case ReturnDeleted:
		c.ReturnID, err = e.onReturn(live, "deleted_at = UTC_TIMESTAMP(6)")
	case ReturnRestored:
		c.ReturnID, err = e.onReturn("deleted_at IS NOT NULL", "deleted_at = NULL")
	case ReturnCreated:
		c.ReturnID, err = e.create()
	case LateEvent:
		c.ReturnID, err = e.onReturn(live+" AND status IN ('RETURN_DELIVERED', 'RETURN_IN_PROCESSING') AND delivered_at IS NOT NULL",
			"status = 'RETURN_ON_THE_WAY', carrier_status = 'intransit', status_event_at = delivered_at - INTERVAL 2 HOUR")
	case Refunded:
		c.ReturnID, err = e.onReturn(live+" AND refund_status = 'PENDING'",
			"refund_status = 'REFUNDED', refunded_at = UTC_TIMESTAMP(6)")
	default:
		err = fmt.Errorf("unknown kind of edit %q", kind)
	}
	return c, err
}

// live is the condition of a row that is not soft-deleted.
const live = "deleted_at IS NULL"

// reach is how many ids a choice looks through before it gives up.
const reach = 20_000

// choose picks a return that meets a condition: the first at or after a random
// id.
func (e *edit) choose(condition string) (id int64, err error) {
	var low, high sql.NullInt64
	if err := e.tx.QueryRowContext(e.ctx, "SELECT MIN(id), MAX(id) FROM order_return").Scan(&low, &high); err != nil {
		return 0, err
	}
	if !high.Valid {
		return 0, errNothing
	}
	from := low.Int64 + e.dice.Int64N(high.Int64-low.Int64+1)
	const query = "SELECT id FROM order_return WHERE id >= ? AND id < ? AND "
	for _, start := range []int64{from, low.Int64} {
		err := e.tx.QueryRowContext(e.ctx, query+condition+" ORDER BY id LIMIT 1", start, start+reach).Scan(&id)
		if !errors.Is(err, sql.ErrNoRows) {
			return id, err
		}
	}
	return 0, errNothing
}

// onReturn changes one return that meets a condition.
func (e *edit) onReturn(condition, change string) (int64, error) {
	id, err := e.choose(condition)
	if err != nil {
		return 0, err
	}
	return id, e.exactlyOne("UPDATE order_return SET "+change+", row_version = row_version + 1 WHERE id = ? AND "+condition, id)
}

// exactlyOne runs a statement that must change one row; none means that
// another edit was first.
func (e *edit) exactlyOne(statement string, args ...any) error {
	result, err := e.tx.ExecContext(e.ctx, statement, args...)
	if err != nil {
		return err
	}
	if n, err := result.RowsAffected(); err != nil || n != 1 {
		return errors.Join(err, errNothing)
	}
	return nil
}

// step is one way on from a status, with the milestone that it sets.
type step struct{ status, carrierStatus, milestone string }

// steps are the ways on; a status without any is an end.
var steps = map[string][]share[step]{
	awaitingPickup: {
		{85, step{returnOnTheWay, "picked_up", "picked_up_at"}}, {15, step{pickupCancelled, "pickup_cancelled", "cancelled_at"}},
	},
	returnOnTheWay: {
		{96, step{returnDelivered, "delivered", "delivered_at"}}, {4, step{lost, "lost", ""}},
	},
	returnDelivered: {{1, step{inProcessing, "delivered_warehouse", "received_at"}}},
	inProcessing: {
		{75, step{restocked, "complete", "completed_at"}}, {14, step{quarantined, "complete", "completed_at"}},
		{11, step{damaged, "complete", "completed_at"}},
	},
}

// advance moves a return one step on and lets its items follow.
func (e *edit) advance() (int64, error) {
	id, err := e.choose(live + " AND status IN ('AWAITING_PICKUP', 'RETURN_ON_THE_WAY', 'RETURN_DELIVERED', 'RETURN_IN_PROCESSING')")
	if err != nil {
		return 0, err
	}
	var now string
	if err := e.tx.QueryRowContext(e.ctx, "SELECT status FROM order_return WHERE id = ?", id).Scan(&now); err != nil {
		return 0, err
	}
	ways := steps[now]
	if len(ways) == 0 { // it came to an end meanwhile
		return 0, errNothing
	}
	to := weighted(e.dice, ways)
	change := "status = ?, carrier_status = ?, status_event_at = UTC_TIMESTAMP(6), row_version = row_version + 1"
	if to.milestone != "" {
		change += ", " + to.milestone + " = COALESCE(" + to.milestone + ", UTC_TIMESTAMP(6))"
	}
	err = e.exactlyOne("UPDATE order_return SET "+change+" WHERE id = ? AND status = ? AND "+live, to.status, to.carrierStatus, id, now)
	if err != nil {
		return 0, err
	}
	return id, e.itemsFollow(id, to.status)
}

// itemsFollow brings the items of a return that came to an end, or to the
// warehouse, to the state that belongs to it.
func (e *edit) itemsFollow(id int64, status string) error {
	const at = " WHERE order_return_id = ? AND " + live
	switch status {
	case returnOnTheWay, returnDelivered:
		return nil
	case inProcessing:
		_, err := e.tx.ExecContext(e.ctx, "UPDATE order_return_item SET received_quantity = quantity"+at, id)
		return err
	}
	o := e.dice.ended(status, 1)
	if status == pickupCancelled {
		o = outcome{status: "CANCELLED"}
	}
	_, err := e.tx.ExecContext(e.ctx, `UPDATE order_return_item SET item_status = ?, item_condition = ?,
		qc_rejection_reasons = ?, shelf = ?, restocked_quantity = IF(? = 'RESTOCKED', quantity, 0)`+at,
		o.status, text(o.condition), text(o.qcReasons), text(o.shelf), o.status, id)
	return err
}
