package mysql

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"

	"gitlab.com/eshopbox-team/return-sync/shared/fault"
	"gitlab.com/eshopbox-team/return-sync/shared/sqldb"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/entity"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/record"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/rootlist"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/source"
)

// Roots whose keys are no numbers get numbers of ours when a statement lists them; steps,
// tables and tasks know the numbers alone. A key is known by its exact bytes. Bytes that
// are new belong to the number of a key that the source compares as equal, if there is
// one (see same.go): a child may write 'a' where its parent's key is 'A', and trailing
// spaces may or may not count. Statements bind every spelling of a number.

// Numbers is the map of keys to numbers; package store has it. space is an entity's name.
type Numbers interface {
	// Numbers returns the numbers of keys. Keys whose bytes are new get the number of a
	// key with the same text by same, or a new one; keys that same leaves out get none.
	Numbers(ctx context.Context, space string, keys []entity.Key, same func(unknown []entity.Key) (map[entity.Key]string, error)) (map[entity.Key]uint64, error)
	// Spellings returns the keys of numbers; an unknown number is absent.
	Spellings(ctx context.Context, space string, numbers []uint64) (map[uint64][]entity.Key, error)
	// Listed returns the numbers of a range that keys have, at most limit, in order.
	Listed(ctx context.Context, space string, r source.Range, limit int) ([]uint64, error)
}

// Numbered returns the source with a map for the keys of definitions. It shares the
// connections.
func (s *Source) Numbered(n Numbers) *Source {
	with := *s
	with.numbers = n
	return &with
}

// errNoMap is the error of a program that has no map.
var errNoMap = fault.New(fault.Misconfigured, "no-key-map", "the definition's roots are keys, and this program has no map of keys")

// statement is a definition's statement with its file.
type statement struct {
	file, text string
	args       []any
}

// rootList returns the select list of a root's columns.
func rootList(d entity.Definition) string { return strings.Join(d.RootColumns(), ", ") }

// exactList is rootList with the exact bytes of texts, which DISTINCT and ORDER BY then
// compare.
func exactList(d entity.Definition) string {
	list := d.RootColumns()
	for i, c := range list {
		if d.Key[i] == entity.Text {
			list[i] = "CAST(CONVERT(" + c + " USING utf8mb4) AS BINARY) AS " + c
		}
	}
	return strings.Join(list, ", ")
}

// noKey is a value of :ids that hardly any root has.
func noKey(d entity.Definition) map[string][]any { return map[string][]any{"ids": d.Samples(0, 1)} }

// scanKey reads a row of a root's columns.
func scanKey(d entity.Definition, row sqldb.Row) (entity.Key, error) {
	raw := make([]sql.RawBytes, len(d.Key))
	into := make([]any, len(raw))
	for i := range raw {
		into[i] = &raw[i]
	}
	if err := row.Scan(into...); err != nil {
		return "", err
	}
	values := make([][]byte, len(raw))
	missing := false
	for i := range raw {
		values[i] = raw[i]
		missing = missing || raw[i] == nil
	}
	k, err := d.PackKey(values)
	if err != nil {
		return "", wrongRow{err, missing}
	}
	return k, nil
}

// eachKey calls fn with the numbers of a statement's keys, in batches and in no order; the
// number of two spellings of one key comes twice.
func (s *Source) eachKey(ctx context.Context, d entity.Definition, q statement, fn func([]uint64) error) (out rootlist.Listed, err error) {
	l, err := s.listing(ctx, q.file)
	if err != nil {
		return out, err
	}
	keys := make([]entity.Key, 0, sqldb.ChunkSize)
	flush := func() error {
		var list []uint64
		if list, l.refused = s.numbersOf(ctx, d, keys); l.refused == nil {
			l.refused = fn(list)
		}
		keys = keys[:0]
		return l.refused
	}
	err = sqldb.Each(ctx, l, func(row sqldb.Row) error {
		k, err := scanKey(d, row)
		if ok, err := l.usable(err); !ok {
			return err
		}
		if keys = append(keys, k); len(keys) == cap(keys) {
			return flush()
		}
		return nil
	}, "SELECT DISTINCT "+exactList(d)+" FROM ("+q.text+") AS changed ORDER BY "+rootList(d), q.args...)
	if err == nil && len(keys) > 0 {
		_ = flush()
	}
	return l.end(ctx, err)
}

// numbersOf returns the numbers of keys, each once. A key that can have no row has none.
func (s *Source) numbersOf(ctx context.Context, d entity.Definition, keys []entity.Key) ([]uint64, error) {
	byKey, err := s.numbered(ctx, d, keys)
	if err != nil {
		return nil, err
	}
	list := make([]uint64, 0, len(keys))
	for _, n := range byKey {
		list = append(list, n)
	}
	slices.Sort(list)
	return slices.Compact(list), nil
}

// numbered returns the numbers of keys by key.
func (s *Source) numbered(ctx context.Context, d entity.Definition, keys []entity.Key) (map[entity.Key]uint64, error) {
	if s.numbers == nil {
		return nil, errNoMap
	}
	return s.numbers.Numbers(ctx, d.KeySpace(), keys, func(unknown []entity.Key) (map[entity.Key]string, error) {
		return s.sames(ctx, d, unknown)
	})
}

// keyedRoots is Roots for keys: the numbers that keys have or had. A range that reaches to
// the end first gives numbers to keys that no changed.sql found; their numbers are the
// highest, so one call of a pass over all roots does so.
func (s *Source) keyedRoots(ctx context.Context, d entity.Definition, r source.Range, limit int) ([]uint64, error) {
	if s.numbers == nil {
		return nil, errNoMap
	}
	list, err := s.numbers.Listed(ctx, d.KeySpace(), r, limit)
	if err != nil || len(list) == limit || r.Upto != source.MaxRoot {
		return list, err
	}
	if err := s.numberAll(ctx, d); err != nil {
		return nil, err
	}
	return s.numbers.Listed(ctx, d.KeySpace(), r, limit)
}

// numberAll gives numbers to all keys of the source.
func (s *Source) numberAll(ctx context.Context, d entity.Definition) error {
	q := statement{file: d.Source + "/roots.sql"}
	if d.Roots.Empty() {
		now, err := s.Now(ctx)
		if err != nil {
			return err
		}
		q.file = d.Source + "/changed.sql"
		q.text, q.args = d.Changed.Bind(Always(d, now))
	} else {
		q.text, q.args = d.Roots.Bind(nil)
	}
	_, err := s.eachKey(ctx, d, q, func([]uint64) error { return nil })
	return err
}

// changedKeys is ChangedSince for keys.
func (s *Source) changedKeys(ctx context.Context, d entity.Definition, q statement, ids []uint64) (map[uint64]bool, error) {
	found := map[uint64]bool{}
	named, err := s.name(ctx, d, ids)
	if err != nil || len(named.values) == 0 {
		return found, err
	}
	condition, values := tupleIn(d.RootColumns(), named.values)
	keys, err := sqldb.Collect(ctx, s.db, func(row sqldb.Row) (entity.Key, error) { return scanKey(d, row) },
		"SELECT DISTINCT "+exactList(d)+" FROM ("+q.text+") AS changed WHERE "+condition, append(q.args, values...)...)
	if err != nil {
		return nil, broken(err, q.file)
	}
	byKey, err := s.numbered(ctx, d, keys)
	if err != nil {
		return nil, err
	}
	for _, n := range byKey {
		if named.asked[n] {
			found[n] = true
		}
	}
	return found, nil
}

// tupleIn returns the condition that columns hold one of the bound keys, with its values.
func tupleIn(columns []string, keys []any) (string, []any) {
	if len(columns) == 1 {
		return columns[0] + " IN (" + sqldb.Marks(len(keys)) + ")", keys
	}
	var args []any
	for _, k := range keys {
		args = append(args, k.([]any)...)
	}
	tuple := "(" + sqldb.Marks(len(columns)) + ")"
	return "(" + strings.Join(columns, ", ") + ") IN (" + strings.TrimSuffix(strings.Repeat(tuple+",", len(keys)), ",") + ")", args
}

// named is roots as a statement names them: by their ids, or by their keys.
type named struct {
	source  *Source
	def     entity.Definition
	values  []any // of :ids
	asked   map[uint64]bool
	numbers map[entity.Key]uint64 // of the keys that are bound
	strange map[entity.Key]uint64 // stand-ins of keys in other spellings, which rows had
}

// name returns how a statement names roots. A number without a key is left out: no row can
// have it.
func (s *Source) name(ctx context.Context, d entity.Definition, ids []uint64) (*named, error) {
	if !d.Keyed() {
		return &named{values: sqldb.Args(ids)}, nil
	}
	if s.numbers == nil {
		return nil, errNoMap
	}
	spellings, err := s.numbers.Spellings(ctx, d.KeySpace(), ids)
	if err != nil {
		return nil, err
	}
	n := &named{source: s, def: d, asked: make(map[uint64]bool, len(ids)), numbers: make(map[entity.Key]uint64, len(ids)), strange: map[entity.Key]uint64{}}
	for _, id := range ids {
		n.asked[id] = true
		for _, k := range spellings[id] {
			if bound, ok := d.Bound(k); ok { // of a definition whose keys had another form
				n.values, n.numbers[k] = append(n.values, bound), id
			}
		}
	}
	return n, nil
}

// root returns a row's root. A key in a spelling that was not bound gets a stand-in, which
// settle replaces when the rows have been read.
func (n *named) root(plan *record.Plan, row [][]byte) (uint64, error) {
	if !n.def.Keyed() {
		return plan.Root(row)
	}
	k, err := n.def.PackKey(plan.Key(row))
	if err != nil {
		return 0, fmt.Errorf("column %s: %w", rootList(n.def), err)
	}
	if id, ok := n.numbers[k]; ok {
		return id, nil
	}
	if n.strange[k] == 0 {
		n.strange[k] = source.MaxRoot - uint64(len(n.strange))
	}
	return n.strange[k], nil
}

// settle returns the roots of stand-ins. A root that was not asked for is left out: it is
// listed by itself.
func (n *named) settle(ctx context.Context) (map[uint64]uint64, error) {
	real := make(map[uint64]uint64, len(n.strange))
	if len(n.strange) == 0 {
		return real, nil
	}
	keys := make([]entity.Key, 0, len(n.strange))
	for k := range n.strange {
		keys = append(keys, k)
	}
	byKey, err := n.source.numbered(ctx, n.def, keys)
	if err != nil {
		return nil, err
	}
	for k, standIn := range n.strange {
		if id := byKey[k]; n.asked[id] {
			real[standIn] = id
		}
	}
	return real, nil
}

// settleVersions replaces stand-ins in versions.
func (n *named) settleVersions(ctx context.Context, versions map[uint64]uint64) error {
	real, err := n.settle(ctx)
	n.replaceVersions(versions, real)
	return err
}

// replaceVersions replaces stand-ins in versions by their roots.
func (n *named) replaceVersions(versions, real map[uint64]uint64) {
	for _, standIn := range n.strange {
		if id, ok := real[standIn]; ok {
			versions[id] += versions[standIn]
		}
		delete(versions, standIn)
	}
}

// settleRows replaces stand-ins in rows.
func (n *named) settleRows(ctx context.Context, rows *source.Rows) error {
	if len(n.strange) == 0 {
		return nil
	}
	real, err := n.settle(ctx)
	if err != nil {
		return err
	}
	n.replaceVersions(rows.Versions, real)
	strange := make(map[uint64]bool, len(n.strange))
	for _, standIn := range n.strange {
		strange[standIn] = true
	}
	kept := rows.Records[:0]
	for _, r := range rows.Records {
		if id, ok := real[r.Root]; ok {
			if r.ID == source.Nameless(r.Root) {
				r.ID = source.Nameless(id)
			}
			r.Root = id
		} else if strange[r.Root] {
			continue
		}
		kept = append(kept, r)
	}
	rows.Records = kept
	return nil
}
