package mysql

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/sqldb"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/entity"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/record"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/rootlist"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/source"
	"gitlab.com/eshopbox-team/return-sync/shared/window"
)

// Roots returns the ids of the roots in a range, at most limit, in order and each once.
// For a definition without roots.sql it asks changed.sql over all time, which is slower.
func (s *Source) Roots(ctx context.Context, d entity.Definition, r source.Range, limit int) ([]uint64, error) {
	if d.Keyed() {
		return s.keyedRoots(ctx, d, r, limit)
	}
	file := d.Source + "/roots.sql"
	var text string
	var args []any
	if d.Roots.Empty() {
		file = d.Source + "/changed.sql"
		now, err := s.Now(ctx)
		if err != nil {
			return nil, err
		}
		text, args = d.Changed.Bind(Always(d, now))
	} else {
		text, args = bindRange(d.Roots, r)
	}
	// The range stands outside as well: it bounds changed.sql, and a roots.sql with
	// loose conditions cannot make a caller loop for ever.
	after, upto := r.Bounds()
	ids, err := sqldb.Collect(ctx, s.db, scanRoot, "SELECT DISTINCT _root FROM ("+text+") AS roots WHERE _root > ? AND _root <= ? ORDER BY _root LIMIT ?",
		append(args, after, upto, limit)...)
	if err != nil {
		return nil, broken(err, file)
	}
	return ids, nil
}

// Always returns the parameters of a changed.sql for all of history, as a first window
// without a firstFrom has them: from 1970 to now by the database's clock, with the
// overlap on top for stamps of clocks that are ahead. A date that no window has would
// make a date function in the statement answer NULL or 0.
func Always(d entity.Definition, now time.Time) map[string][]any {
	return since(d, time.Unix(0, 0).UTC(), now)
}

// since returns the parameters of a changed.sql for the changes since a time.
func since(d entity.Definition, from, now time.Time) map[string][]any {
	return map[string][]any{"from": {from}, "to": {now.Add(d.Overlap)}}
}

// ChangedSince returns which of the roots changed at a time or later, by changed.sql.
// The database pushes the condition on the roots into changed.sql and reads the smaller
// set: the changes since then, or the rows of these ids.
func (s *Source) ChangedSince(ctx context.Context, d entity.Definition, from time.Time, ids []uint64) (map[uint64]bool, error) {
	found := map[uint64]bool{}
	if len(ids) == 0 {
		return found, nil
	}
	now, err := s.Now(ctx)
	if err != nil {
		return nil, err
	}
	text, args := d.Changed.Bind(since(d, from, now))
	if d.Keyed() {
		return s.changedKeys(ctx, d, statement{d.Source + "/changed.sql", text, args}, ids)
	}
	list := rootlist.Of(ids)
	changed, err := sqldb.Collect(ctx, s.db, scanRoot, "SELECT DISTINCT _root FROM ("+text+") AS changed WHERE "+list.Condition(record.RootColumn), list.Args(args...)...)
	if err != nil {
		return nil, broken(err, d.Source+"/changed.sql")
	}
	for _, id := range changed {
		if list.Has(id) {
			found[id] = true
		}
	}
	return found, nil
}

// ChangedIn returns roots that changed in a window, at most limit: those with the highest
// ids, or any of keys.
func (s *Source) ChangedIn(ctx context.Context, d entity.Definition, w window.Window, limit int) ([]uint64, error) {
	text, args := d.Changed.Bind(map[string][]any{"from": {w.From}, "to": {w.To}})
	file := d.Source + "/changed.sql"
	if d.Keyed() {
		keys, err := sqldb.Collect(ctx, s.db, func(row sqldb.Row) (entity.Key, error) { return scanKey(d, row) },
			"SELECT DISTINCT "+exactList(d)+" FROM ("+text+") AS changed WHERE "+strings.Join(d.RootColumns(), " IS NOT NULL AND ")+" IS NOT NULL LIMIT ?", append(args, limit)...)
		if err != nil {
			return nil, broken(err, file)
		}
		return s.numbersOf(ctx, d, keys)
	}
	ids, err := sqldb.Collect(ctx, s.db, scanRoot, "SELECT DISTINCT _root FROM ("+text+") AS changed WHERE _root >= 0 ORDER BY _root DESC LIMIT ?", append(args, limit)...)
	return ids, broken(err, file)
}

// checkRoots checks roots.sql, if there is one, and that rootField is a column
// of rows.sql.
func (s *Source) checkRoots(ctx context.Context, d entity.Definition) error {
	if d.RootField != "" {
		columns, err := s.Columns(ctx, d)
		if err == nil && !slices.Contains(names(columns), d.RootField) {
			return fmt.Errorf("%s/entity.yaml: rootField %q is no column of rows.sql", d.Source, d.RootField)
		}
	}
	if d.Roots.Empty() {
		return nil
	}
	file := d.Source + "/roots.sql"
	text, args := bindRange(d.Roots, source.Every) // of which the roots.sql of keys takes nothing
	columns, err := s.columnsOf(ctx, "SELECT * FROM ("+text+") AS roots LIMIT 0", args)
	if err != nil {
		return broken(err, file)
	}
	return checkRootColumns(d, file, columns)
}

// bindRange binds the parameters of a roots.sql.
func bindRange(q entity.Query, r source.Range) (string, []any) {
	after, upto := r.Bounds()
	return q.Bind(map[string][]any{"after": {after}, "upto": {upto}})
}
