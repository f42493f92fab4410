package matrix_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"gitlab.com/eshopbox-team/return-sync/shared/queue"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/run"
)

// idForms are ids of a line that passes from order to order: one that says nothing of
// the order, one whose number may be an order's, and one that no number stands in.
var idForms = map[string]string{
	"text":       "CONCAT('line-', CONV(l.id + 700, 10, 36))",
	"a number":   "CONCAT('L', l.id)",
	"no number":  "CONCAT('line ', CHAR(96 + l.id USING utf8mb4))",
	"the number": "CAST(l.id AS CHAR)",
}

// lines is a definition of lines that pass from order to order.
func lines(id string, pageSize int) files {
	return files{
		"entity.yaml": fmt.Sprintf("name: thing\njobType: THING_JOB\nindex: thing\npageSize: %d\noverlap: 10m\n", pageSize),
		"changed.sql": "SELECT id AS _root FROM orders WHERE updated_at >= :from AND updated_at < :to",
		"rows.sql": "SELECT o.id AS _root, o.updated_at AS _version, l.updated_at AS _version_line, " + id + ` AS objectID, o.name AS name, l.id AS line
			FROM orders o JOIN line l ON l.order_id = o.id WHERE o.id IN (:ids)`,
	}
}

// newLines returns a world of n orders, order i with line i at first.
func newLines(t *testing.T, id string, pageSize, n int) *world {
	t.Helper()
	w := newWorld(t, setup{}, lines(id, pageSize),
		"CREATE TABLE orders (id BIGINT UNSIGNED NOT NULL PRIMARY KEY, name VARCHAR(40) NOT NULL, updated_at DATETIME(6) NOT NULL) CHARSET=utf8mb4",
		"CREATE TABLE line (id INT UNSIGNED NOT NULL PRIMARY KEY, order_id BIGINT UNSIGNED NOT NULL, updated_at DATETIME(6) NOT NULL, KEY (order_id)) CHARSET=utf8mb4")
	for i := 1; i <= n; i++ {
		w.exec("INSERT INTO orders VALUES (?, ?, UTC_TIMESTAMP(6))", i, fmt.Sprint("order ", i))
		w.exec("INSERT INTO line VALUES (?, ?, UTC_TIMESTAMP(6))", i, i)
	}
	return w
}

// pass gives a line to another order, in one transaction.
func (w *world) pass(line, from, to int) {
	w.t.Helper()
	tx, err := w.tables.Begin()
	w.must(err)
	_, err = tx.Exec("UPDATE line SET order_id = ?, updated_at = UTC_TIMESTAMP(6) WHERE id = ?", to, line)
	w.must(err)
	_, err = tx.Exec("UPDATE orders SET updated_at = UTC_TIMESTAMP(6) WHERE id IN (?, ?)", from, to)
	w.must(err)
	w.must(tx.Commit())
}

// TestAnIdPassesToAnotherRoot passes lines between orders on one page and on two, in
// both orders of the pages, and to and fro.
func TestAnIdPassesToAnotherRoot(t *testing.T) {
	for name, id := range idForms {
		for _, pageSize := range []int{1, 10} {
			t.Run(fmt.Sprintf("%s, page size %d", name, pageSize), func(t *testing.T) {
				t.Parallel()
				w := newLines(t, id, pageSize, 3)
				w.sync()
				w.agrees("at first")
				for _, step := range [][3]int{{1, 1, 3}, {1, 3, 1}, {3, 3, 1}, {2, 2, 3}, {2, 3, 2}, {3, 1, 3}} {
					w.pass(step[0], step[1], step[2])
					w.backwards(step[2] < step[1])
					w.sync()
					w.agrees(fmt.Sprint("after ", step))
				}
				w.exec("DELETE FROM line WHERE id = 2")
				w.exec("UPDATE orders SET updated_at = UTC_TIMESTAMP(6)")
				w.sync()
				w.agrees("after a real deletion")
				if n := len(w.ids()); n != 2 {
					t.Errorf("%d records are in the index", n)
				}
			})
		}
	}
}

// backwards has the pages of a run delivered in the opposite order.
func (w *world) backwards(so bool) {
	w.before = nil
	if !so {
		return
	}
	w.before = func(first queue.Task) {
		if first.Route != run.RoutePage {
			return
		}
		var rest []queue.Task
		for {
			t, ok := w.queue.Take()
			if !ok {
				break
			}
			rest = append(rest, t)
		}
		for i := len(rest) - 1; i >= 0; i-- {
			w.must(w.play(rest[i]))
		}
	}
}

// TestIdsPassAtRandom passes lines at random between syncs and within them: a change
// between two pages of one run is found by that run or by the next.
func TestIdsPassAtRandom(t *testing.T) {
	const orders = 6
	for name, id := range idForms {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dice := rand.New(rand.NewPCG(7, 11))
			w := newLines(t, id, 2, orders)
			at := map[int]int{}
			for i := 1; i <= orders; i++ {
				at[i] = i
			}
			move := func() {
				line, to := 1+dice.IntN(orders), 1+dice.IntN(orders)
				w.pass(line, at[line], to)
				at[line] = to
			}
			w.sync()
			for round := range 8 {
				for range 1 + dice.IntN(4) {
					move()
				}
				w.before = func(queue.Task) {
					if dice.IntN(3) == 0 {
						move()
					}
				}
				w.sync()
				w.before = nil
				w.sync()
				w.sync()
				w.agrees(fmt.Sprint("round ", round))
			}
		})
	}
}
