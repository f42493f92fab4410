package verify_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/sync/ledger"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/source"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/verify"
)

// corruption spoils index and ledger at random and keeps the list of differences.
type corruption struct {
	*world
	dice   *rand.Rand
	wanted []verify.Difference
}

// all is every record that the ledger knows, by root, with the roots in order.
func (c *corruption) all() (map[uint64][]ledger.Entry, []uint64) {
	c.t.Helper()
	rows, err := c.Comparisons.LedgerPage(c.t.Context(), c.def.Name, source.Every, 1_000_000)
	if err != nil {
		c.t.Fatal(err)
	}
	entries := map[uint64][]ledger.Entry{}
	var roots []uint64
	for _, r := range rows {
		if entries[r.Root], err = ledger.Unpack(r.Packed); err != nil {
			c.t.Fatal(err)
		}
		roots = append(roots, r.Root)
	}
	return entries, roots
}

// pick returns n different records, a root of each and its entry.
func pick(dice *rand.Rand, entries map[uint64][]ledger.Entry, roots []uint64, n int) (of []uint64, ids []string) {
	type pair struct {
		root uint64
		id   string
	}
	var pairs []pair
	for _, root := range roots {
		for _, e := range entries[root] {
			pairs = append(pairs, pair{root, e.ID})
		}
	}
	dice.Shuffle(len(pairs), func(a, b int) { pairs[a], pairs[b] = pairs[b], pairs[a] })
	for _, p := range pairs[:n] {
		of, ids = append(of, p.root), append(ids, p.id)
	}
	return of, ids
}

// want notes a difference.
func (c *corruption) want(root uint64, id string, k verify.Kind, where verify.Place, account string) {
	c.wanted = append(c.wanted, verify.Difference{Root: root, ID: id, Kind: k, Where: where, Account: account})
}

// invented is the first root that is in the ledger alone.
const invented = 20_000_000

// index changes n records, deletes n and adds n strangers. It chooses from the ledger,
// which may have been spoilt before, except for invented entries.
func (c *corruption) index(n int) {
	entries, roots := c.all()
	roots = slices.DeleteFunc(roots, func(root uint64) bool { return root >= invented })
	of, ids := pick(c.dice, entries, roots, 2*n)
	docs := c.objects(ids...)
	change := map[string]map[string]any{}
	for i, id := range ids {
		account := docs[i]["account"].(string)
		if i < n {
			c.want(of[i], id, verify.Missing, verify.InIndex, account)
			change[id] = nil
			continue
		}
		c.want(of[i], id, verify.Different, verify.InIndex, account)
		switch c.dice.IntN(3) {
		case 0:
			docs[i]["status"] = "SPOILT"
		case 1:
			delete(docs[i], "returnNumber")
		default:
			docs[i]["returnId"] = c.dice.IntN(1_000_000) + 10_000_000
		}
		change[id] = docs[i]
	}
	for i := range n {
		id, root := fmt.Sprint("stranger-", i), roots[c.dice.IntN(len(roots))]+uint64(c.dice.IntN(2)*5_000_000)
		c.want(root, id, verify.Orphaned, verify.InIndex, "acme")
		change[id] = map[string]any{"account": "acme", "returnId": root}
	}
	c.push(change)
}

// ledger forgets n records, spoils the hash of n and invents n.
func (c *corruption) ledger(n int) {
	entries, roots := c.all()
	of, ids := pick(c.dice, entries, roots, 2*n)
	docs := c.objects(ids...)
	touched := map[uint64]bool{}
	for i, root := range of {
		touched[root] = true
		at := slices.IndexFunc(entries[root], func(e ledger.Entry) bool { return e.ID == ids[i] })
		if i < n {
			c.want(root, ids[i], verify.Missing, verify.InLedger, docs[i]["account"].(string))
			entries[root] = slices.Delete(slices.Clone(entries[root]), at, at+1)
			continue
		}
		c.want(root, ids[i], verify.Different, verify.InLedger, docs[i]["account"].(string))
		entries[root][at].Hash[c.dice.IntN(16)] ^= 1 << c.dice.IntN(8)
	}
	for i := range n {
		id, root := fmt.Sprint("invented-", i), uint64(invented+i)
		c.want(root, id, verify.Orphaned, verify.InLedger, "")
		entries[root] = []ledger.Entry{{ID: id}}
		touched[root] = true
	}
	for root := range touched {
		if len(entries[root]) == 0 {
			c.exec("DELETE FROM sync_ledger WHERE root_id = ?", root)
			continue
		}
		c.setLedger(root, ledger.PackVersion(0, entries[root]))
	}
}

// TestRandomCorruption spoils index and ledger in many ways and finds exactly the spoilt
// records.
func TestRandomCorruption(t *testing.T) {
	w := newWorld(t, 150)
	for seed := range uint64(less(5, 1)) {
		c := &corruption{world: w, dice: rand.New(rand.NewPCG(seed, 5))}
		c.ledger(6)
		c.index(6)
		want(t, w.verify(verify.Options{Deep: true}), c.wanted...)
		// The same in many rounds, as for a large index.
		v := w.verifier()
		v.HoldNames(20)
		r, err := v.Run(t.Context(), w.def, verify.Options{Deep: true, List: 1000})
		if err != nil {
			t.Fatal(err)
		}
		want(t, r, c.wanted...)
		if t.Failed() {
			t.Fatalf("with seed %d", seed)
		}
		c.restore()
	}
}

// restore restores index and ledger by syncing all roots again.
func (c *corruption) restore() {
	c.t.Helper()
	strangers := map[string]map[string]any{}
	for _, d := range c.wanted {
		if d.Where == verify.InIndex && d.Kind == verify.Orphaned {
			strangers[d.ID] = nil
		}
	}
	c.push(strangers)
	c.exec("DELETE FROM sync_ledger")
	c.exec("UPDATE order_return_algolia_sync SET date_range_end = NULL")
	c.sync()
}

// less returns a test's size, or the smaller one for -short: the race detector makes a
// comparison ten times as slow, and finds no more in many rows.
func less(usual, short int) int {
	if testing.Short() {
		return short
	}
	return usual
}

// TestTwentyThousandRecords spoils one in a hundred, finds exactly those, and logs the
// cost of a clean comparison and of a plain scan.
func TestTwentyThousandRecords(t *testing.T) {
	records := less(20_000, 1_000)
	w := newWorld(t, records*45/100)
	scan := fastest(func() { w.scan() })
	shallow := fastest(func() { want(t, w.verify(verify.Options{})) })
	var r verify.Report
	deep := fastest(func() { r = w.verify(verify.Options{Deep: true}) })
	want(t, r)
	t.Logf("%d records: plain scan %v, verify %v (%.2f), verify --deep %v (%.2f)", r.Records, scan, shallow,
		float64(shallow)/float64(scan), deep, float64(deep)/float64(scan))
	if r.Records < int64(records) {
		t.Fatalf("only %d records", r.Records)
	}
	c := &corruption{world: w, dice: rand.New(rand.NewPCG(1, 2))}
	c.ledger(records / 100)
	c.index(records / 100)
	r = w.verify(verify.Options{Deep: true})
	want(t, r, c.wanted...)
}

// fastest returns the shortest of three times.
func fastest(fn func()) time.Duration {
	best := time.Duration(1<<63 - 1)
	for range 3 {
		began := time.Now()
		fn()
		best = min(best, time.Since(began))
	}
	return best
}

// scan reads every record of the source once and does nothing with it.
func (w *world) scan() {
	w.t.Helper()
	at := source.Every
	for {
		roots, err := w.src.Roots(w.t.Context(), w.def, at, 1000)
		if err != nil {
			w.t.Fatal(err)
		}
		if len(roots) == 0 {
			return
		}
		if _, err := w.src.Rows(w.t.Context(), w.def, roots); err != nil {
			w.t.Fatal(err)
		}
		at.After = roots[len(roots)-1]
	}
}
