package store

import (
	"context"
	"database/sql"
	"math"

	"gitlab.com/eshopbox-team/return-sync/shared/fault"
	"gitlab.com/eshopbox-team/return-sync/shared/sqldb"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/rootlist"
)

// pageWriter cuts roots that come in order into pages and writes these, many with one
// statement. It holds a bounded part of the list, however long that is.
type pageWriter struct {
	tx   *sql.Tx
	run  int64
	size int         // roots a page
	own  *tableRoots // merged with the roots that are added; nil for none

	page  []uint64 // that is being filled
	last  uint64   // root that was put into a page, if there is one
	pages int      // that are cut
	rows  []any    // of the pages that are cut and not written
	bytes int      // of packed roots in rows
}

// Rows are written with one statement until one of these is reached.
const (
	pageColumns = 6
	pageBytes   = 128 << 10
)

// add adds roots, and before each the lower ones of our own table.
func (w *pageWriter) add(ctx context.Context, roots []uint64) error {
	for _, root := range roots {
		if err := w.addOwn(ctx, root); err != nil {
			return err
		}
		if err := w.put(ctx, root); err != nil {
			return err
		}
	}
	return nil
}

// addOwn adds the roots of our own table up to a root.
func (w *pageWriter) addOwn(ctx context.Context, upto uint64) error {
	for w.own != nil {
		own, ok, err := w.own.peek(ctx)
		if err != nil || !ok || own > upto {
			return err
		}
		w.own.ahead = w.own.ahead[1:]
		if err := w.put(ctx, own); err != nil {
			return err
		}
	}
	return nil
}

// end adds what is left of our own table, writes the last pages, and returns how many
// pages there are.
func (w *pageWriter) end(ctx context.Context) (int, error) {
	if err := w.addOwn(ctx, math.MaxUint64); err != nil {
		return 0, err
	}
	if len(w.page) > 0 {
		w.cut()
	}
	return w.pages, w.write(ctx)
}

// put puts a root into the page. One that was put just now stays alone.
func (w *pageWriter) put(ctx context.Context, root uint64) error {
	switch begun := w.pages > 0 || len(w.page) > 0; {
	case begun && root == w.last:
		return nil
	case begun && root < w.last:
		return fault.New(fault.Internal, "unordered-list", "root %d of the change list comes after root %d", root, w.last)
	}
	w.last = root
	if w.page = append(w.page, root); len(w.page) < w.size {
		return nil
	}
	w.cut()
	if w.bytes < pageBytes && len(w.rows) < pageColumns*sqldb.ChunkSize {
		return nil
	}
	return w.write(ctx)
}

// cut ends the page.
func (w *pageWriter) cut() {
	packed := rootlist.Pack(w.page)
	w.pages++
	w.rows = append(w.rows, w.run, w.pages, len(w.page), w.page[0], w.last, packed)
	w.bytes += len(packed)
	w.page = w.page[:0]
}

// write writes the pages that are cut.
func (w *pageWriter) write(ctx context.Context) error {
	if len(w.rows) == 0 {
		return nil
	}
	_, err := w.tx.ExecContext(ctx, "INSERT INTO sync_page (run_id, page, roots, first_root, last_root, listed) VALUES "+
		sqldb.Tuples(len(w.rows)/pageColumns, pageColumns), w.rows...)
	w.rows, w.bytes = w.rows[:0], 0
	return err
}

// tableRoots reads the roots that one of our tables has for a key, in order and some at a
// time: the connection that reads them writes pages in between.
type tableRoots struct {
	tx    *sql.Tx
	query string // ends with the condition on the key
	key   any
	ahead []uint64 // that were read and not taken
	next  uint64   // the least that was not read
	all   bool     // nothing is left to read
}

// peek returns the next root, which stays; false if there is none.
func (t *tableRoots) peek(ctx context.Context) (root uint64, ok bool, err error) {
	if len(t.ahead) == 0 && !t.all {
		t.ahead, err = sqldb.Collect(ctx, t.tx, sqldb.Column[uint64], t.query+" AND root_id >= ? ORDER BY root_id LIMIT ?", t.key, t.next, sqldb.ChunkSize)
		if err != nil {
			return 0, false, err
		}
		if n := len(t.ahead); n < sqldb.ChunkSize || t.ahead[n-1] == math.MaxUint64 {
			t.all = true
		} else {
			t.next = t.ahead[n-1] + 1
		}
	}
	if len(t.ahead) == 0 {
		return 0, false, nil
	}
	return t.ahead[0], true, nil
}
