// Package rows is the private database behind the emulator: tables in memory with keys,
// references, transactions, locks on rows, and SQL Server's own errors. A reader waits
// for a row that another transaction has changed; the transaction that closes a circle
// of waiting fails with error 1205.
package rows

import (
	"fmt"
	"maps"
	"slices"
	"sync"

	"gitlab.com/eshopbox-team/return-sync/shared/emulator/mssql/internal/tds"
)

// Column is a column of a table.
type Column struct {
	Name string
	Type tds.Type
	Null bool
}

// Reference is a column that names a row of another table. With Cascade a row goes with
// the one that it names.
type Reference struct {
	Column, Table string
	Cascade       bool
}

// Table is the form of a table. Its key is a column with ascending numbers.
type Table struct {
	Name       string // such as dbo.Person
	Key        string
	Columns    []Column // the key among them
	Unique     []string
	Indexed    []string // further columns that are looked up
	References []Reference
}

// Column returns a column by its name.
func (t *Table) Column(name string) (Column, bool) {
	i := slices.IndexFunc(t.Columns, func(c Column) bool { return c.Name == name })
	if i < 0 {
		return Column{}, false
	}
	return t.Columns[i], true
}

// Row is a row by its columns' names.
type Row map[string]any

// data is a table with its rows.
type data struct {
	*Table
	rows    map[int64]Row
	next    int64
	indexes map[string]map[any]map[int64]bool // by column and value
}

// DB holds tables. It is safe for concurrent use.
type DB struct {
	mu     sync.Mutex
	tables map[string]*data
	locks  map[string]*Tx
}

// New returns a database with empty tables. Each table's numbers begin behind first.
func New(tables []Table, first int64) *DB {
	db := &DB{tables: map[string]*data{}, locks: map[string]*Tx{}}
	for _, t := range tables {
		d := &data{Table: &t, rows: map[int64]Row{}, next: first, indexes: map[string]map[any]map[int64]bool{}}
		looked := append(append([]string{}, t.Unique...), t.Indexed...)
		for _, r := range t.References {
			looked = append(looked, r.Column)
		}
		for _, name := range looked {
			d.indexes[name] = map[any]map[int64]bool{}
		}
		db.tables[t.Name] = d
	}
	return db
}

// Table returns a table's form, nil for none.
func (db *DB) Table(name string) *Table {
	if d := db.tables[name]; d != nil {
		return d.Table
	}
	return nil
}

// Snapshot returns copies of all rows of a table by their keys, those of open
// transactions among them.
func (db *DB) Snapshot(table string) map[int64]Row {
	db.mu.Lock()
	defer db.mu.Unlock()
	all := map[int64]Row{}
	for id, row := range db.tables[table].rows {
		all[id] = maps.Clone(row)
	}
	return all
}

// put stores a row, or removes it with nil, and keeps the indexes. The caller holds the
// lock of the database.
func (d *data) put(id int64, row Row) {
	old := d.rows[id]
	for column, index := range d.indexes {
		if v := old[column]; old != nil && v != nil {
			delete(index[v], id)
			if len(index[v]) == 0 {
				delete(index, v)
			}
		}
		if v := row[column]; row != nil && v != nil {
			if index[v] == nil {
				index[v] = map[int64]bool{}
			}
			index[v][id] = true
		}
	}
	if row == nil {
		delete(d.rows, id)
		return
	}
	d.rows[id] = row
}

// with returns the keys of the rows whose column has a value, in order.
func (d *data) with(column string, v any) []int64 {
	if column == d.Key {
		if id, ok := v.(int64); ok && d.rows[id] != nil {
			return []int64{id}
		}
		return nil
	}
	index, ok := d.indexes[column]
	if !ok {
		panic(fmt.Sprintf("the column %s of %s has no index", column, d.Name))
	}
	return slices.Sorted(maps.Keys(index[v]))
}

// after returns up to most keys beyond one, in order.
func (d *data) after(id int64) []int64 {
	list := make([]int64, 0, len(d.rows))
	for one := range d.rows {
		if one > id {
			list = append(list, one)
		}
	}
	slices.Sort(list)
	return list
}
