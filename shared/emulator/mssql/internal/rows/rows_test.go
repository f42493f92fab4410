package rows

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/emulator/mssql/internal/tds"
)

// sample returns a database with people and their letters.
func sample() *DB {
	whole := tds.Type{Kind: tds.Int}
	return New([]Table{
		{Name: "dbo.P", Key: "ID", Columns: []Column{{"ID", whole, false}, {"N", whole, true}, {"U", whole, true}}, Unique: []string{"U"}},
		{Name: "dbo.L", Key: "ID", Columns: []Column{{"ID", whole, false}, {"P", whole, false}}, References: []Reference{{Column: "P", Table: "dbo.P"}}},
		{Name: "dbo.C", Key: "ID", Columns: []Column{{"ID", whole, false}, {"P", whole, true}}, References: []Reference{{Column: "P", Table: "dbo.P", Cascade: true}}},
	}, 0)
}

// number returns the server's number of an error, 0 for none of the server.
func number(err error) int32 {
	var known *tds.Error
	if errors.As(err, &known) {
		return known.Number
	}
	return 0
}

// insert inserts a row in a transaction of its own.
func insert(t *testing.T, db *DB, table string, row Row) int64 {
	t.Helper()
	tx := db.Begin(1)
	id, err := tx.Insert(t.Context(), table, row)
	if err != nil {
		t.Fatal(err)
	}
	tx.Commit()
	return id
}

func TestConstraints(t *testing.T) {
	db, ctx := sample(), t.Context()
	p := insert(t, db, "dbo.P", Row{"U": int64(7)})
	insert(t, db, "dbo.L", Row{"P": p})
	q := insert(t, db, "dbo.P", Row{})
	insert(t, db, "dbo.C", Row{"P": q})
	tx := db.Begin(1)
	_, twin := tx.Insert(ctx, "dbo.P", Row{"U": int64(7)})
	_, nowhere := tx.Insert(ctx, "dbo.L", Row{"P": int64(99)})
	_, null := tx.Insert(ctx, "dbo.L", Row{})
	_, referred := tx.Delete(ctx, "dbo.P", p)
	_, moved := tx.Update(ctx, "dbo.P", q, nil, Row{"U": int64(7)})
	for name, c := range map[string]struct {
		err  error
		want int32
	}{"twin": {twin, 2627}, "nowhere": {nowhere, 547}, "null": {null, 515}, "referred": {referred, 547}, "moved": {moved, 2627}} {
		if number(c.err) != c.want {
			t.Errorf("%s: %v", name, c.err)
		}
	}
	if gone, err := tx.Delete(ctx, "dbo.P", q); !gone || err != nil {
		t.Error(gone, err)
	}
	if len(db.Snapshot("dbo.C")) != 0 {
		t.Error("a part is left")
	}
	tx.Rollback()
	if len(db.Snapshot("dbo.C")) != 1 || len(db.Snapshot("dbo.P")) != 2 {
		t.Error("the rollback lost rows")
	}
}

// TestReaderWaits reads a row that another transaction has changed.
func TestReaderWaits(t *testing.T) {
	db := sample()
	id := insert(t, db, "dbo.P", Row{"N": int64(1)})
	tx := db.Begin(1)
	if _, err := tx.Update(t.Context(), "dbo.P", id, nil, Row{"N": int64(2)}); err != nil {
		t.Fatal(err)
	}
	short, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if _, err := db.Begin(2).Rows(short, "dbo.P", "ID", id); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("it read what is not committed: %v", err)
	}
	read := make(chan any, 1)
	go func() {
		list, err := db.Begin(3).Rows(t.Context(), "dbo.P", "ID", id)
		if err != nil || len(list) != 1 {
			read <- err
			return
		}
		read <- list[0]["N"]
	}()
	tx.Rollback()
	if got := <-read; got != int64(1) {
		t.Errorf("read %v", got)
	}
}

// TestDeadlock lets two transactions want each other's row: one loses, the other goes on.
func TestDeadlock(t *testing.T) {
	db := sample()
	a, b := insert(t, db, "dbo.P", Row{}), insert(t, db, "dbo.P", Row{})
	both, lost := make(chan struct{}, 2), make(chan bool, 2)
	work := func(session int, first, second int64) {
		tx := db.Begin(session)
		_, err := tx.Update(t.Context(), "dbo.P", first, nil, Row{"N": int64(session)})
		both <- struct{}{}
		for err == nil && len(both) < 2 {
			time.Sleep(time.Millisecond)
		}
		if err == nil {
			_, err = tx.Update(t.Context(), "dbo.P", second, nil, Row{"N": int64(session)})
		}
		lost <- number(err) == 1205
		if err != nil {
			tx.Rollback()
			return
		}
		tx.Commit()
	}
	go work(1, a, b)
	go work(2, b, a)
	if x, y := <-lost, <-lost; x == y {
		t.Errorf("lost %v and %v", x, y)
	}
}

// TestTransactionsAreWhole moves amounts between rows in many transactions at once, of
// which some are rolled back and some lose dead-locks: the sum stays.
func TestTransactionsAreWhole(t *testing.T) {
	db := sample()
	var ids []int64
	for range 5 {
		ids = append(ids, insert(t, db, "dbo.P", Row{"N": int64(100)}))
	}
	var wait sync.WaitGroup
	for session := range 4 {
		wait.Go(func() {
			r := rand.New(rand.NewPCG(5, uint64(session)))
			for range 200 {
				tx := db.Begin(session + 1)
				from, to := ids[r.IntN(5)], ids[r.IntN(5)]
				add := func(id, n int64) error {
					if _, err := tx.Update(t.Context(), "dbo.P", id, nil, Row{}); err != nil { // takes the lock
						return err
					}
					list, err := tx.Rows(t.Context(), "dbo.P", "ID", id)
					if err != nil {
						return err
					}
					_, err = tx.Update(t.Context(), "dbo.P", id, nil, Row{"N": list[0]["N"].(int64) + n})
					return err
				}
				if errors.Join(add(from, -1), add(to, 1)) != nil || r.IntN(5) == 0 {
					tx.Rollback()
				} else {
					tx.Commit()
				}
			}
		})
	}
	wait.Wait()
	sum := int64(0)
	for _, row := range db.Snapshot("dbo.P") {
		sum += row["N"].(int64)
	}
	if sum != 500 || len(db.locks) != 0 {
		t.Errorf("the sum is %d, %d locks are left", sum, len(db.locks))
	}
}

func TestBackToAMark(t *testing.T) {
	db := sample()
	tx := db.Begin(1)
	if _, err := tx.Insert(t.Context(), "dbo.P", Row{"N": int64(1)}); err != nil {
		t.Fatal(err)
	}
	mark := tx.Mark()
	if _, err := tx.Insert(t.Context(), "dbo.P", Row{"N": int64(2)}); err != nil {
		t.Fatal(err)
	}
	tx.Back(mark)
	tx.Commit()
	if all := db.Snapshot("dbo.P"); len(all) != 1 {
		t.Errorf("%v", all)
	}
}

func TestConversions(t *testing.T) {
	at := time.Date(2026, 5, 1, 10, 0, 0, 123456789, time.FixedZone("", 7200))
	text := tds.Type{Kind: tds.NVarChar, Length: 50}
	for _, c := range []struct {
		v    any
		from tds.Type
		to   string
		want any // an int is the number of an error
	}{
		{"12", text, "int", int64(12)}, {"x", text, "int", 245}, {int64(1 << 40), tds.Type{Kind: tds.BigInt}, "int", 8115}, {int64(256), text, "tinyint", 8115},
		{"1.005", text, "decimal(5,2)", "1.01"}, {"-0.001", text, "decimal(5,2)", "0.00"}, {"1e3", text, "decimal(5,2)", 8114}, {"1000", text, "decimal(5,2)", 8115}, {"abc", text, "decimal(5,2)", 8114},
		{"größe", text, "nvarchar(5)", "größe"}, {"😀😀", text, "nvarchar(3)", 2628}, {int64(5), tds.Type{Kind: tds.Int}, "nvarchar(5)", "5"},
		{at, tds.Type{Kind: tds.DateTimeOffset}, "datetime2(7)", time.Date(2026, 5, 1, 10, 0, 0, 123456800, time.UTC)}, {at, text, "date", time.Date(2026, 5, 1, 0, 0, 0, 0, time.UTC)},
		{"2026-05-01", text, "datetime2", time.Date(2026, 5, 1, 0, 0, 0, 0, time.UTC)}, {"first of May", text, "date", 241}, {int64(5), tds.Type{Kind: tds.Int}, "date", 206},
		{nil, text, "varbinary(max)", 257}, {nil, tds.Type{Kind: tds.Null}, "varbinary(5)", 257}, {nil, text, "int", nil}, {[]byte{1, 2}, tds.Type{Kind: tds.VarBinary}, "varbinary(1)", 2628},
		{"6f9619ff-8b86-d011-b42d-00c04fc964ff", text, "uniqueidentifier", "6F9619FF-8B86-D011-B42D-00C04FC964FF"}, {"x", text, "uniqueidentifier", 8169},
		{"true", text, "bit", true}, {int64(2), tds.Type{Kind: tds.Int}, "bit", true}, {"maybe", text, "bit", 245}, {at, text, "bit", 206}, {"1", text, "float", 206},
	} {
		to, err := tds.ParseType(c.to)
		if err != nil {
			t.Fatal(err)
		}
		got, e := Coerce(c.v, c.from, to)
		if want, fails := c.want.(int); fails {
			if e == nil || e.Number != int32(want) {
				t.Errorf("%v as %s: %v, %v; want error %d", c.v, c.to, got, e, want)
			}
		} else if e != nil || fmt.Sprint(got) != fmt.Sprint(c.want) {
			t.Errorf("%v as %s: %v, %v; want %v", c.v, c.to, got, e, c.want)
		}
	}
}
