package flow

import (
	"math/rand/v2"
	"strconv"
	"testing"

	"gitlab.com/eshopbox-team/return-sync/shared/report"
)

// TestRepeatedKeysAreFound compares with a map, for documents below and above what a
// process remembers.
func TestRepeatedKeysAreFound(t *testing.T) {
	dice := rand.New(rand.NewPCG(7, 18))
	for _, most := range []int{0, 1, 900, 100_000} {
		stored := map[uint64]int64{} // as the table does
		k := newKeys(func(list []report.RowKey) (map[uint64]bool, error) {
			earlier := map[uint64]bool{}
			for _, one := range list {
				if row, have := stored[one.Hash]; have && row != one.Row {
					earlier[one.Hash] = true
				} else {
					stored[one.Hash] = one.Row
				}
			}
			return earlier, nil
		})
		k.most = most
		seen, number := map[string]bool{}, int64(0)
		for range 40 {
			var rows []report.Row
			var want []bool
			for range 1 + dice.IntN(500) {
				number++
				key := strconv.Itoa(dice.IntN(8000))
				if dice.IntN(50) == 0 {
					key = ""
				}
				rows, want = append(rows, report.Row{Number: number, Key: key}), append(want, key != "" && seen[key])
				seen[key] = true
			}
			got, err := k.repeated(rows)
			if err != nil {
				t.Fatal(err)
			}
			for i := range rows {
				if got[i] != want[i] {
					t.Fatalf("most %d: row %d with key %q: repeated %v, want %v", most, rows[i].Number, rows[i].Key, got[i], want[i])
				}
			}
		}
		if k.set.used > most {
			t.Errorf("%d keys are in memory, want at most %d", k.set.used, most)
		}
	}
}
