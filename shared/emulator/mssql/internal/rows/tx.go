package rows

import (
	"context"
	"fmt"
	"maps"
	"strings"

	"gitlab.com/eshopbox-team/return-sync/shared/emulator/mssql/internal/tds"
)

// Tx is a transaction, or a statement that is one by itself. It belongs to one goroutine.
type Tx struct {
	db      *DB
	undo    []change
	held    []string
	waits   *Tx           // the transaction that has what this one wants
	ended   chan struct{} // closed at the end
	session int
}

// change is what undoes a write.
type change struct {
	table string
	id    int64
	row   Row // nil for none
}

// Begin begins a transaction of a session.
func (db *DB) Begin(session int) *Tx {
	return &Tx{db: db, ended: make(chan struct{}), session: session}
}

// Deadlock is the error of the transaction that closes a circle of waiting.
func Deadlock(session int) *tds.Error {
	return &tds.Error{Number: 1205, State: 51, Class: 13, Message: fmt.Sprintf(
		"Transaction (Process ID %d) was deadlocked on lock resources with another process and has been chosen as the deadlock victim. Rerun the transaction.", session)}
}

// lock takes a name for this transaction, and waits until it is free. With keep it stays
// until the end. The caller holds the lock of the database, which is given back while
// this transaction waits.
func (tx *Tx) lock(ctx context.Context, name string, keep bool) error {
	for {
		owner := tx.db.locks[name]
		if owner == nil || owner == tx {
			if keep && owner == nil {
				tx.db.locks[name] = tx
				tx.held = append(tx.held, name)
			}
			return nil
		}
		for other := owner; other != nil; other = other.waits {
			if other.waits == tx {
				return Deadlock(tx.session)
			}
		}
		tx.waits = owner
		tx.db.mu.Unlock()
		var err error
		select {
		case <-owner.ended:
		case <-ctx.Done():
			err = ctx.Err()
		}
		tx.db.mu.Lock()
		tx.waits = nil
		if err != nil {
			return err
		}
	}
}

// rowName names a row's lock, and valueName that of a value of a column.
func rowName(table string, id int64) string { return fmt.Sprintf("%s/%d", table, id) }

func valueName(table, column string, v any) string { return fmt.Sprintf("%s.%s=%v", table, column, v) }

// Rows returns copies of the rows whose column has a value, when no other transaction
// has changed them.
func (tx *Tx) Rows(ctx context.Context, table, column string, v any) ([]Row, error) {
	tx.db.mu.Lock()
	defer tx.db.mu.Unlock()
	d := tx.db.tables[table]
	var list []Row
	if v == nil {
		return nil, nil
	}
	for _, id := range d.with(column, v) {
		if err := tx.lock(ctx, rowName(table, id), false); err != nil {
			return nil, err
		}
		if row := d.rows[id]; row != nil && (column == d.Key || row[column] == v) {
			list = append(list, maps.Clone(row))
		}
	}
	return list, nil
}

// After returns copies of up to most rows with larger keys that match, in order of their
// keys. A column that has a value and an index makes it quick.
func (tx *Tx) After(ctx context.Context, table string, id int64, most int, equal Row, matches func(Row) bool) ([]Row, error) {
	tx.db.mu.Lock()
	defer tx.db.mu.Unlock()
	d := tx.db.tables[table]
	ids, looked := []int64(nil), false
	for column, v := range equal {
		if _, ok := d.indexes[column]; ok && v != nil && !looked {
			if _, text := v.(string); !text { // texts are equal in other ways too
				ids, looked = d.with(column, v), true
			}
		}
	}
	if !looked {
		ids = d.after(id)
	}
	var list []Row
	for _, one := range ids {
		if len(list) == most {
			break
		}
		if one <= id || d.rows[one] == nil || !matches(d.rows[one]) {
			continue
		}
		if err := tx.lock(ctx, rowName(table, one), false); err != nil {
			return nil, err
		}
		if row := d.rows[one]; row != nil && matches(row) {
			list = append(list, maps.Clone(row))
		}
	}
	return list, nil
}

// Reserve takes a value of a column for this transaction, whether a row has it or not, as
// the hint HOLDLOCK does.
func (tx *Tx) Reserve(ctx context.Context, table, column string, v any) error {
	tx.db.mu.Lock()
	defer tx.db.mu.Unlock()
	return tx.lock(ctx, valueName(table, column, v), true)
}

// Insert stores a new row and returns its key. Columns that are left out are NULL.
func (tx *Tx) Insert(ctx context.Context, table string, row Row) (int64, error) {
	tx.db.mu.Lock()
	defer tx.db.mu.Unlock()
	d := tx.db.tables[table]
	d.next++ // numbers are not given back, whatever becomes of the row
	id := d.next
	row = maps.Clone(row)
	row[d.Key] = id
	if err := tx.check(ctx, d, id, row, "INSERT"); err != nil {
		return 0, err
	}
	if err := tx.lock(ctx, rowName(table, id), true); err != nil {
		return 0, err
	}
	tx.write(d, id, row)
	return id, nil
}

// write stores a row and notes how to undo it.
func (tx *Tx) write(d *data, id int64, row Row) {
	tx.undo = append(tx.undo, change{d.Name, id, d.rows[id]})
	d.put(id, row)
}

// Update changes columns of a row that exists; false says that there is none, or that
// the condition does not hold any more.
func (tx *Tx) Update(ctx context.Context, table string, id int64, holds func(Row) bool, set Row) (bool, error) {
	tx.db.mu.Lock()
	defer tx.db.mu.Unlock()
	d := tx.db.tables[table]
	if d.rows[id] == nil {
		return false, nil
	}
	if err := tx.lock(ctx, rowName(table, id), true); err != nil {
		return false, err
	}
	if d.rows[id] == nil || holds != nil && !holds(d.rows[id]) {
		return false, nil
	}
	row := maps.Clone(d.rows[id])
	maps.Copy(row, set)
	if err := tx.check(ctx, d, id, row, "UPDATE"); err != nil {
		return false, err
	}
	tx.write(d, id, row)
	return true, nil
}

// Delete removes a row; false says that there was none.
func (tx *Tx) Delete(ctx context.Context, table string, id int64) (bool, error) {
	tx.db.mu.Lock()
	defer tx.db.mu.Unlock()
	d := tx.db.tables[table]
	if d.rows[id] == nil {
		return false, nil
	}
	if err := tx.lock(ctx, rowName(table, id), true); err != nil {
		return false, err
	}
	if d.rows[id] == nil {
		return false, nil
	}
	for _, other := range tx.db.tables {
		for _, r := range other.References {
			if r.Table != table {
				continue
			}
			for _, child := range other.with(r.Column, id) {
				if r.Cascade {
					if err := tx.lock(ctx, rowName(other.Name, child), true); err != nil {
						return false, err
					}
					tx.write(other, child, nil)
					continue
				}
				return false, fail(547, 16, `The DELETE statement conflicted with the REFERENCE constraint "FK_%s_%s". The conflict occurred in database "studio", table "%s", column '%s'.`,
					plain(other.Name), r.Column, other.Name, r.Column)
			}
		}
	}
	tx.write(d, id, nil)
	return true, nil
}

// plain returns a table's name without its schema.
func plain(table string) string {
	_, after, _ := strings.Cut(table, ".")
	return after
}

// check holds a row to its table's columns, keys and references.
func (tx *Tx) check(ctx context.Context, d *data, id int64, row Row, verb string) error {
	for _, c := range d.Columns {
		if row[c.Name] == nil && !c.Null && c.Name != d.Key {
			return fail(515, 16, "Cannot insert the value NULL into column '%s', table 'studio.%s'; column does not allow nulls. %s fails.", c.Name, d.Name, verb)
		}
	}
	for _, column := range d.Unique {
		v := row[column]
		if v == nil {
			continue
		}
		if old := d.rows[id]; old != nil && old[column] == v {
			continue
		}
		if err := tx.lock(ctx, valueName(d.Name, column, v), true); err != nil {
			return err
		}
		for _, other := range d.with(column, v) {
			if other != id {
				return fail(2627, 14, "Violation of UNIQUE KEY constraint 'UQ_%s_%s'. Cannot insert duplicate key in object '%s'. The duplicate key value is (%v).", plain(d.Name), column, d.Name, v)
			}
		}
	}
	for _, r := range d.References {
		to, ok := row[r.Column].(int64)
		if !ok {
			continue
		}
		if err := tx.lock(ctx, rowName(r.Table, to), false); err != nil {
			return err
		}
		if tx.db.tables[r.Table].rows[to] == nil {
			return fail(547, 16, `The %s statement conflicted with the FOREIGN KEY constraint "FK_%s_%s". The conflict occurred in database "studio", table "%s", column '%s'.`,
				verb, plain(d.Name), r.Column, r.Table, tx.db.tables[r.Table].Key)
		}
	}
	return nil
}

// Mark returns where the transaction stands, for Back.
func (tx *Tx) Mark() int { return len(tx.undo) }

// Back undoes what was written since a mark.
func (tx *Tx) Back(mark int) {
	tx.db.mu.Lock()
	defer tx.db.mu.Unlock()
	tx.back(mark)
}

// back undoes under the lock of the database.
func (tx *Tx) back(mark int) {
	for i := len(tx.undo) - 1; i >= mark; i-- {
		c := tx.undo[i]
		tx.db.tables[c.table].put(c.id, c.row)
	}
	tx.undo = tx.undo[:mark]
}

// Commit keeps what was written and gives the locks back.
func (tx *Tx) Commit() { tx.end(len(tx.undo)) }

// Rollback undoes what was written and gives the locks back.
func (tx *Tx) Rollback() { tx.end(0) }

// end ends the transaction; what was written after mark is undone.
func (tx *Tx) end(mark int) {
	tx.db.mu.Lock()
	defer tx.db.mu.Unlock()
	tx.back(mark)
	for _, name := range tx.held {
		delete(tx.db.locks, name)
	}
	tx.held = nil
	close(tx.ended)
}
