package follow

import (
	"fmt"
	"math/rand/v2"
	"os"
	"testing"
	"time"

	function "gitlab.com/eshopbox-team/return-sync/functions/follow"
	"gitlab.com/eshopbox-team/return-sync/functions/internal/rehearsal"
)

// soakEnv asks for a soak that lasts that time, such as 10m; without it three kills are
// played.
const soakEnv = "RETURN_SYNC_FOLLOW_SOAK"

// TestKills deletes, moves and changes rows without a stamp or a version, so that no window
// shows it, while the process that follows and the database are killed. No tick comes. In
// the end the index holds exactly the records of the database.
func TestKills(t *testing.T) {
	const sample, pause = 3, 4 * time.Second // between two kills of a soak following works as it does on all days
	long, _ := time.ParseDuration(os.Getenv(soakEnv))
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	dice := rand.New(rand.NewPCG(seed, 0))
	rows := 1000 + int(10*long.Seconds()) // so that there is something to delete all the time
	w := start(t, rows, rehearsal.Options{Durable: true, Env: []string{"FOLLOW_LEASE=2s", "LOG_LEVEL=ERROR"}})
	var deleted, moved int64
	kill := 0
	for end := time.Now().Add(long); kill < sample || time.Now().Before(end); kill++ {
		if kill >= sample {
			for next := time.Now().Add(pause); time.Now().Before(next); time.Sleep(100 * time.Millisecond) {
				w.unseen(dice, rows, &deleted, &moved)
			}
		}
		for range 25 + dice.IntN(50) {
			w.unseen(dice, rows, &deleted, &moved)
		}
		switch kill % 3 {
		case 0, 1:
			if err := w.Kill(function.Name); err != nil {
				t.Fatal(err)
			}
			for range dice.IntN(20) { // nobody follows meanwhile
				w.unseen(dice, rows, &deleted, &moved)
			}
			if kill%6 == 1 { // and what it has not read is purged
				w.purge()
			}
			if err := w.Revive(t.Context(), function.Name); err != nil {
				t.Fatal(err)
			}
		case 2:
			if err := rehearsal.CrashDatabase(t.Context(), w.Stack); err != nil {
				t.Fatal(err)
			}
		}
	}
	began := time.Now()
	w.equal()
	w.until("no gap is open", func() bool {
		state, err := w.Store.Follow.State(t.Context())
		return err == nil && len(state.Gaps) == 0
	})
	t.Logf("%d hard deletes, %d moves, %d kills; equal %v after the last", deleted, moved, kill, time.Since(began).Round(time.Millisecond))
	var windows int
	if err := w.DB.QueryRow("SELECT COUNT(*) FROM sync_run WHERE kind = 'window'").Scan(&windows); err != nil || windows != 1 {
		t.Errorf("%d windows, %v; want the first alone", windows, err)
	}
}

// unseen changes rows in a way that no window shows, and counts those that were deleted or
// moved.
func (w *world) unseen(dice *rand.Rand, rows int, deleted, moved *int64) {
	w.t.Helper()
	const stamp = "updated_at = updated_at"
	item := dice.IntN(rows*23/10) + 1
	switch dice.IntN(4) {
	case 0:
		*deleted += w.exec("DELETE FROM order_return_item WHERE id = ?", item)
	case 1:
		*moved += w.exec("UPDATE order_return_item SET order_return_id = (SELECT id FROM order_return WHERE id >= ? ORDER BY id LIMIT 1), line_no = ?, "+stamp+" WHERE id = ?", dice.IntN(rows*9/10)+1, 100+dice.IntN(1_000_000), item)
	case 2:
		root := dice.IntN(rows) + 1
		*deleted += w.exec("DELETE FROM order_return_item WHERE order_return_id = ?", root)
		*deleted += w.exec("DELETE FROM order_return WHERE id = ?", root)
	default:
		w.exec(fmt.Sprintf("UPDATE order_return_item SET sku = CONCAT('S', %d), %s WHERE id = ?", dice.IntN(1_000_000), stamp), item)
	}
}

// purge removes the binlog up to its present end.
func (w *world) purge() {
	w.t.Helper()
	w.exec("FLUSH BINARY LOGS")
	var file string
	if err := w.DB.QueryRowContext(w.t.Context(), "SELECT 1").Scan(new(int)); err != nil {
		w.t.Fatal(err)
	}
	rows, err := w.DB.QueryContext(w.t.Context(), "SHOW BINARY LOGS")
	if err != nil {
		w.t.Fatal(err)
	}
	defer func() { _ = rows.Close() }()
	columns, err := rows.Columns()
	if err != nil {
		w.t.Fatal(err)
	}
	for rows.Next() {
		into := make([]any, len(columns))
		for i := range into {
			into[i] = new([]byte)
		}
		into[0] = &file
		if err := rows.Scan(into...); err != nil {
			w.t.Fatal(err)
		}
	}
	w.exec("PURGE BINARY LOGS TO '" + file + "'")
}
