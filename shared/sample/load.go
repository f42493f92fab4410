package sample

import (
	"compress/gzip"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// LoadOptions configure the loading of CSV files.
type LoadOptions struct {
	// ShiftTo, if set, moves all times by one amount, such that the newest
	// change is at this instant. Otherwise times stay as they are in the files.
	ShiftTo time.Time
	// Progress, if set, is called with the returns written so far and their
	// number.
	Progress func(done, total int)
}

// sourceClock is the zone of the wall clock in the files.
const sourceClock = "Europe/London"

// LoadCSV loads real returns from a folder with returns.csv and
// return_items.csv, each plain or compressed as .csv.gz (preferred when both
// are there), into the source tables. It writes all of them or none.
//
// From the files come numbers, customers, countries, times (the seller's wall
// clock, stored as UTC; the hour that a change of clocks repeats is taken as
// the first), amounts, orders and items, exactly: exact duplicates of a line
// and double spaces stay. The columns unit_count, distinct_orders, kind,
// ordered_quantity and days_to_return have no place in the tables.
//
// What the files lack is invented from a hash of the return's number, so that
// it is the same at every load: account, channel, return type, status and
// milestones (after returned_at, which becomes requested_at), courier,
// warehouse, reasons, outcome of every item, refund mode and status. The
// customer's name, contacts and address below the country come from a hash of
// the customer's number, so that a customer stays the same person; a guest's
// come from the return's number. A country outside the list of this package
// gets no code, city or postal code.
//
// What is wrong with a file is a *CSVError.
func LoadCSV(ctx context.Context, db *sql.DB, dir string, o LoadOptions) (Counts, error) {
	sources, err := readFolder(dir)
	if err != nil {
		return Counts{}, err
	}
	returnID, itemID, err := nextIDs(ctx, db)
	if err != nil {
		return Counts{}, err
	}
	rows := make([]returnRow, len(sources))
	counts := Counts{Returns: len(rows)}
	for i, source := range sources {
		rows[i] = source.row(returnID + int64(i))
		for j := range rows[i].items {
			rows[i].items[j].id = itemID + int64(counts.Items)
			counts.Items++
		}
	}
	shiftTo(rows, o.ShiftTo)
	if err := load(ctx, db, rows, o.Progress); err != nil {
		return Counts{}, err
	}
	return counts, Analyze(ctx, db)
}

// load writes the rows in one transaction.
func load(ctx context.Context, db *sql.DB, rows []returnRow, progress func(done, total int)) error {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("sample: %w", err)
	}
	defer tx.Rollback()
	for done := 0; done < len(rows); {
		batch := rows[done:min(done+batchRows, len(rows))]
		if err := insertReturns(ctx, tx, batch); err != nil {
			return err
		}
		done += len(batch)
		if progress != nil {
			progress(done, len(rows))
		}
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("sample: %w", err)
	}
	return nil
}

// readFolder reads both files and checks them against each other.
func readFolder(dir string) ([]csvReturn, error) {
	clock, err := time.LoadLocation(sourceClock)
	if err != nil {
		return nil, fmt.Errorf("sample: %w", err)
	}
	var returns []csvReturn
	returnsFile, err := readFile(dir, "returns.csv", func(file string, from io.Reader) (err error) {
		returns, err = readReturns(file, from, clock)
		return err
	})
	if err != nil {
		return nil, err
	}
	_, err = readFile(dir, "return_items.csv", func(file string, from io.Reader) error {
		return readItems(file, from, clock, returns)
	})
	if err != nil {
		return nil, err
	}
	return returns, complete(returnsFile, returns)
}

// readFile opens a file, compressed or plain, and passes it on under its path.
func readFile(dir, name string, read func(file string, from io.Reader) error) (string, error) {
	path := filepath.Join(dir, name+".gz")
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		path = filepath.Join(dir, name)
		f, err = os.Open(path)
	}
	if err != nil {
		return path, fmt.Errorf("sample: neither %s.gz nor %s can be read in %s: %w", name, name, dir, err)
	}
	defer f.Close()
	if filepath.Ext(path) != ".gz" {
		return path, read(path, f)
	}
	plain, err := gzip.NewReader(f)
	if err != nil {
		return path, &CSVError{path, 0, "", "not a gzip file: " + err.Error()}
	}
	return path, read(path, plain)
}

// shiftTo moves all times such that the newest change is at the given instant.
func shiftTo(rows []returnRow, newest time.Time) {
	if newest.IsZero() {
		return
	}
	var last time.Time
	for i := range rows {
		if rows[i].updatedAt.After(last) {
			last = rows[i].updatedAt
		}
	}
	by := newest.UTC().Truncate(time.Microsecond).Sub(last)
	for i := range rows {
		rows[i].shift(by)
	}
}

// shift moves every time of a return and its items.
func (r *returnRow) shift(by time.Duration) {
	r.life.shift(by)
	moved := []*time.Time{&r.createdAt, &r.updatedAt, &r.deletedAt, &r.refund.at}
	for i := range r.items {
		item := &r.items[i]
		moved = append(moved, &item.createdAt, &item.updatedAt, &item.deletedAt, &item.orderedAt)
	}
	for _, at := range moved {
		if !at.IsZero() {
			*at = at.Add(by)
		}
	}
}
