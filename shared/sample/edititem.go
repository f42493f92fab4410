package sample

import (
	"slices"
	"strconv"
	"time"
)

// onItem does something to an item of a live return. The last live item of a
// return stays for edits only.
func (e *edit) onItem(do func(itemID int64, alone bool) error) (returnID, itemID int64, err error) {
	if returnID, err = e.choose(live); err != nil {
		return 0, 0, err
	}
	items, err := e.itemsOf(returnID)
	if err != nil {
		return 0, 0, err
	}
	if len(items) == 0 {
		return 0, 0, errNothing
	}
	itemID = one(e.dice, items)
	return returnID, itemID, do(itemID, len(items) == 1)
}

// itemsOf are the ids of a return's live items.
func (e *edit) itemsOf(returnID int64) ([]int64, error) {
	rows, err := e.tx.QueryContext(e.ctx, "SELECT id FROM order_return_item WHERE order_return_id = ? AND "+live+" ORDER BY line_no", returnID)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var ids []int64
	for rows.Next() {
		var id int64
		if err := rows.Scan(&id); err != nil {
			return nil, err
		}
		ids = append(ids, id)
	}
	return ids, rows.Err()
}

// editItem changes an item's quantity, storage place or comment.
func (e *edit) editItem(id int64, _ bool) error {
	const where = " WHERE id = ? AND " + live
	switch e.dice.IntN(3) {
	case 0:
		return e.exactlyOne("UPDATE order_return_item SET quantity = quantity + 1, line_total = line_total + unit_price"+where, id)
	case 1:
		return e.exactlyOne("UPDATE order_return_item SET shelf = ?"+where, e.dice.fill("@-##-####"), id)
	default:
		return e.exactlyOne("UPDATE order_return_item SET customer_comment = ?"+where, one(e.dice, invented.Comments)+e.dice.fill(" (ticket ######)"), id)
	}
}

func (e *edit) removeItem(id int64, alone bool) error {
	if alone {
		return errNothing
	}
	return e.exactlyOne("UPDATE order_return_item SET deleted_at = UTC_TIMESTAMP(6) WHERE id = ? AND "+live, id)
}

func (e *edit) eraseItem(id int64, alone bool) error {
	if alone {
		return errNothing
	}
	// Like every writer of the warehouse it bumps the return's version, which is
	// the only trace that a row leaves that is no longer there.
	const bump = `UPDATE order_return SET row_version = row_version + 1
		WHERE id = (SELECT order_return_id FROM order_return_item WHERE id = ?)`
	if err := e.exactlyOne(bump, id); err != nil {
		return err
	}
	return e.exactlyOne("DELETE FROM order_return_item WHERE id = ?", id)
}

// stamped are the columns that the database fills in by itself.
var stamped = []string{"id", "created_at", "updated_at"}

// addItem adds an item after the last one of a live return.
func (e *edit) addItem() (returnID, itemID int64, err error) {
	if returnID, err = e.choose(live); err != nil {
		return 0, 0, err
	}
	r := returnRow{id: returnID}
	var line int
	err = e.tx.QueryRowContext(e.ctx, `SELECT r.customer_order_number,
		(SELECT COALESCE(MAX(i.line_no), 0) + 1 FROM order_return_item i WHERE i.order_return_id = r.id)
		FROM order_return r WHERE r.id = ? FOR UPDATE`, returnID).Scan(&r.order, &line)
	if err != nil {
		return 0, 0, err
	}
	item := e.dice.line(&r, e.dice.product(invented.Catalogs["clothing"], invented.Regions["india"]))
	item.line, item.orderItemID = line, r.order+"-"+strconv.Itoa(line)
	item.outcome = outcome{status: itemPending}
	itemID, err = e.insertOne(table{"order_return_item", itemColumns}, item.values(nil))
	return returnID, itemID, err
}

// create writes a new return that waits for its pickup, with its items.
func (e *edit) create() (int64, error) {
	var now time.Time
	if err := e.tx.QueryRowContext(e.ctx, "SELECT UTC_TIMESTAMP(6)").Scan(&now); err != nil {
		return 0, err
	}
	d := newDice(e.dice.Uint64(), 1)
	r := d.header(d.fill("RW############"))
	r.returnType = customerReturn
	r.life = life{status: awaitingPickup, carrierStatus: "created", eventAt: now, requestedAt: now}
	d.fillIn(&r, now)
	id, err := e.insertOne(table{"order_return", returnColumns}, r.values(nil))
	if err != nil {
		return 0, err
	}
	for i := range r.items {
		r.items[i].returnID = id
		if _, err := e.insertOne(table{"order_return_item", itemColumns}, r.items[i].values(nil)); err != nil {
			return 0, err
		}
	}
	return id, nil
}

// insertOne inserts a row without the columns that the database fills in, and
// returns its id.
func (e *edit) insertOne(t table, values []any) (int64, error) {
	kept := table{name: t.name}
	var args []any
	for i, column := range t.columns {
		if !slices.Contains(stamped, column) {
			kept.columns = append(kept.columns, column)
			args = append(args, values[i])
		}
	}
	result, err := e.tx.ExecContext(e.ctx, kept.insertion(1), args...)
	if err != nil {
		return 0, err
	}
	return result.LastInsertId()
}
