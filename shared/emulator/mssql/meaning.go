package mssql

import (
	"strings"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/emulator/mssql/internal/rows"
	"gitlab.com/eshopbox-team/return-sync/shared/emulator/mssql/internal/tds"
)

// id returns an argument that is a number, 0 for NULL.
func (x *run) id(name string) int64 {
	n, _ := x.args[name].Value.(int64)
	return n
}

// text returns an argument that is a text.
func (x *run) text(name string) string {
	s, _ := x.args[name].Value.(string)
	return s
}

// value returns an argument as a column stores it.
func (x *run) value(table, column, arg string) (any, error) {
	c, _ := x.server.db.Table(table).Column(column)
	p, ok := x.args[lower(arg)]
	if !ok {
		return nil, &tds.Error{Number: 137, State: 2, Class: 15, Message: `Must declare the scalar variable "` + arg + `".`}
	}
	v, e := rows.Coerce(p.Value, p.Type, c.Type)
	if e != nil {
		return nil, e
	}
	return v, nil
}

// fill puts arguments into columns of the same names.
func (x *run) fill(table string, columns []Column, into rows.Row) error {
	for _, c := range columns {
		v, err := x.value(table, c.Name, "@"+c.Name)
		if err != nil {
			return err
		}
		into[c.Name] = v
	}
	return nil
}

// sync puts what the synchronisation notes of a record into a row: arguments that are
// NULL leave what there is.
func (x *run) sync(table string, into rows.Row) error {
	for arg, column := range map[string]string{"@foreign": "sosync_fso_id", "@date": "sosync_write_date", "@version": "last_sync_version"} {
		v, err := x.value(table, column, arg)
		if err != nil {
			return err
		}
		if v != nil {
			into[column] = v
		}
	}
	into["write_date"] = x.stamp() // the studio's trigger
	return nil
}

// stamp returns the time as the columns hold it.
func (x *run) stamp() time.Time { return x.now.Truncate(100 * time.Nanosecond) }

// dated returns the date of a row's data.
func dated(row rows.Row) time.Time {
	if at, ok := row["sosync_write_date"].(time.Time); ok {
		return at
	}
	at, _ := row["write_date"].(time.Time)
	return at
}

// asked reports whether a date is the one that the argument @if names, to the microsecond.
func (x *run) asked(at time.Time) bool {
	want, ok := x.args["@if"].Value.(time.Time)
	return !ok || !at.Before(want) && at.Before(want.Add(time.Microsecond))
}

// columnsOf returns columns of a table for an answer.
func (x *run) columnsOf(table string, names ...string) (list []tds.Column) {
	for _, n := range names {
		c, _ := x.server.db.Table(table).Column(n)
		list = append(list, tds.Column{Name: n, Type: c.Type})
	}
	return list
}

// heads are the columns that stand first when a record is read.
var heads = []string{"sosync_fso_id", "sosync_write_date", "write_date", "last_sync_version"}

// read returns the meaning of a statement that reads rows by a column.
func (t *Table) read(column, arg string) func(*run) (set, error) {
	return func(x *run) (set, error) {
		found, err := x.tx.Rows(x, t.Name, column, x.args[arg].Value)
		return x.records(t, found), err
	}
}

// records is the answer of a statement that reads rows.
func (x *run) records(t *Table, found []rows.Row) set {
	list := t.readable()
	result := set{columns: x.columnsOf(t.Name, list...)}
	for _, row := range found {
		values := make([]any, len(list))
		for i, n := range list {
			values[i] = row[n]
		}
		result.rows = append(result.rows, values)
	}
	return result
}

// identity is the answer of a statement that creates a record.
func identity(id any) set {
	return set{columns: []tds.Column{{Name: "id", Type: tds.Type{Kind: tds.BigInt}}}, rows: [][]any{{id}}, quiet: true}
}

// create creates a record unless one has the foreign id already.
func (t *Table) create(x *run) (set, error) {
	row := rows.Row{}
	if err := x.fill(t.Name, t.written(), row); err != nil {
		return set{}, err
	}
	taken, err := x.begun(t.Name, row)
	if taken || err != nil {
		return identity(nil), err
	}
	id, err := x.tx.Insert(x, t.Name, row)
	if err == nil {
		x.noteWrite(t.Name, id, true, true, row)
	}
	return identity(id), err
}

// begun puts what the synchronisation notes into a new row, and reports whether another
// record has its foreign id.
func (x *run) begun(table string, row rows.Row) (bool, error) {
	if err := x.sync(table, row); err != nil {
		return false, err
	}
	row["create_date"] = row["write_date"]
	foreign := row["sosync_fso_id"]
	if foreign == nil {
		return false, nil
	}
	if err := x.tx.Reserve(x, table, "sosync_fso_id", foreign); err != nil {
		return false, err
	}
	taken, err := x.tx.Rows(x, table, "sosync_fso_id", foreign)
	return len(taken) > 0, err
}

// counted is the answer of a statement that changes a record.
func counted(changed, found bool) set {
	number := func(b bool) any {
		if b {
			return int64(1)
		}
		return int64(0)
	}
	kind := tds.Type{Kind: tds.Int}
	return set{columns: []tds.Column{{Name: "changed", Type: kind}, {Name: "found", Type: kind}}, rows: [][]any{{number(changed), number(found)}}, quiet: true}
}

// update returns the meaning of a statement that changes columns of a record.
func (t *Table) update(columns []Column) func(*run) (set, error) {
	return func(x *run) (set, error) {
		row := rows.Row{}
		if err := x.fill(t.Name, columns, row); err != nil {
			return set{}, err
		}
		if err := x.sync(t.Name, row); err != nil {
			return set{}, err
		}
		id := x.id("@id")
		changed, err := x.tx.Update(x, t.Name, id, func(r rows.Row) bool { return x.asked(dated(r)) }, row)
		if changed {
			x.noteWrite(t.Name, id, false, columns != nil, row)
		}
		if changed || err != nil {
			return counted(true, true), err
		}
		found, err := x.tx.Rows(x, t.Name, t.Key, id)
		return counted(false, len(found) > 0), err
	}
}

// remove deletes a record without a job.
func (t *Table) remove(x *run) (set, error) {
	id := x.id("@id")
	held, err := x.tx.Update(x, t.Name, id, func(r rows.Row) bool { return x.asked(dated(r)) }, rows.Row{"noSyncJobOnDeleteSwitch": true})
	if err != nil {
		return set{}, err
	}
	if !held {
		found, err := x.tx.Rows(x, t.Name, t.Key, id)
		return counted(false, len(found) > 0), err
	}
	removed, err := x.tx.Delete(x, t.Name, id)
	return counted(removed, removed), err
}

// lower returns a name as arguments have it.
func lower(name string) string { return strings.ToLower(name) }
