package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gitlab.com/eshopbox-team/return-sync/functions/cmd/returnsync/internal/index"
	"gitlab.com/eshopbox-team/return-sync/functions/internal/rehearsal"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/destination"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/destination/algolia"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/ledger"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/source"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/source/mysql"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/verify"
)

// spoiltReturns is how many returns TestRepairOfRandomCorruption has, unless
// RETURN_SYNC_REPAIR_RETURNS says another number: 87000 are 200,000 records.
const spoiltReturns = 1000

// spoiler spoils index and ledger behind the pipeline's back and keeps the account
// of it. The expected repair is computed here, not by the code under test.
type spoiler struct {
	*rehearsal.Stack
	t       *testing.T
	dice    *rand.Rand
	client  *algolia.Client
	browser *algolia.Browser
	index   string
	entries map[uint64][]ledger.Entry // the ledger as it was
	roots   []uint64
	wrong   map[string]bool // differences, as differenceText writes them
	costs   map[string]bool // the ids of records that the repair has to send or delete
}

// newSpoiler returns a spoiler of returns.
func newSpoiler(t *testing.T, s *rehearsal.Stack) *spoiler {
	t.Helper()
	c := &spoiler{Stack: s, t: t, dice: rand.New(rand.NewPCG(4, 2)), entries: map[uint64][]ledger.Entry{}, wrong: map[string]bool{}, costs: map[string]bool{}}
	d, err := s.Entity("returns")
	c.must(err)
	c.index = d.Index
	c.client, err = algolia.New(algolia.Config{
		AppID: rehearsal.AppID, WriteKey: rehearsal.AdminKey, URL: s.AlgoliaURL(), BatchRecords: 1000, BatchBytes: 8_000_000, Senders: 4,
		Attempts: 3, WriteTimeout: 20 * time.Second, MaxRefused: 1,
	})
	c.must(err)
	c.browser, err = algolia.NewBrowser(algolia.BrowseConfig{AppID: rehearsal.AppID, Key: rehearsal.AdminKey, URL: s.AlgoliaURL(), Attempts: 3, Timeout: 20 * time.Second})
	c.must(err)
	rows, err := s.Store.Comparisons.LedgerPage(t.Context(), d.Name, source.Every, 10_000_000)
	c.must(err)
	for _, r := range rows {
		c.entries[r.Root], err = ledger.Unpack(r.Packed)
		c.must(err)
		c.roots = append(c.roots, r.Root)
	}
	return c
}

// must ends the test on an error.
func (c *spoiler) must(err error) {
	c.t.Helper()
	if err != nil {
		c.t.Fatal(err)
	}
}

// differenceText is a difference as a text.
func differenceText(root uint64, id string, k verify.Kind, where verify.Place) string {
	return fmt.Sprintf("%d %s %s in the %s", root, id, k, where)
}

// expect adds a difference whose repair sends or deletes the record.
func (c *spoiler) expect(root uint64, id string, k verify.Kind, where verify.Place) {
	c.wrong[differenceText(root, id, k, where)] = true
	c.costs[id] = true
}

// spoilIndex changes a hundredth of the records, deletes a hundredth, and adds as
// many strangers.
func (c *spoiler) spoilIndex() {
	type record struct {
		root uint64
		id   string
	}
	var all []record
	for _, root := range c.roots {
		for _, e := range c.entries[root] {
			all = append(all, record{root, e.ID})
		}
	}
	n := max(len(all)/100, 1)
	c.dice.Shuffle(len(all), func(a, b int) { all[a], all[b] = all[b], all[a] })
	var changed []string
	for _, r := range all[:n] {
		changed = append(changed, r.id)
		c.expect(r.root, r.id, verify.Different, verify.InIndex)
	}
	var ops []destination.Op
	for chunk := range slices.Chunk(changed, 1000) {
		objects, err := c.browser.Objects(c.t.Context(), c.index, chunk)
		c.must(err)
		for id, body := range objects {
			ops = append(ops, destination.Op{ID: id, Body: c.spoil(body)})
		}
	}
	for _, r := range all[n : 2*n] {
		ops = append(ops, destination.Op{ID: r.id})
		c.expect(r.root, r.id, verify.Missing, verify.InIndex)
	}
	for i := range n {
		id, root := fmt.Sprint("stranger-", i), c.roots[c.dice.IntN(len(c.roots))]+uint64(c.dice.IntN(2)*50_000_000)
		ops = append(ops, destination.Op{ID: id, Body: fmt.Appendf(nil, `{"objectID":%q,"account":"acme","returnId":%d}`, id, root)})
		c.expect(root, id, verify.Orphaned, verify.InIndex)
	}
	for chunk := range slices.Chunk(ops, 10_000) {
		r, err := c.client.Push(c.t.Context(), c.index, chunk)
		c.must(err)
		c.must(c.client.Wait(c.t.Context(), c.index, r.TaskID))
	}
	c.t.Logf("index: %d of %d records changed, %d deleted, %d strangers", n, len(all), n, n)
}

// spoil changes a record's content.
func (c *spoiler) spoil(body []byte) []byte {
	var fields map[string]any
	c.must(json.Unmarshal(body, &fields))
	fields["status"] = "SPOILT"
	body, err := json.Marshal(fields)
	c.must(err)
	return body
}

// spoilLedger makes a hash wrong in a hundredth of the rows, removes a hundredth,
// and has some know records that never were.
func (c *spoiler) spoilLedger() {
	n := max(len(c.roots)/100, 1)
	roots := slices.Clone(c.roots)
	c.dice.Shuffle(len(roots), func(a, b int) { roots[a], roots[b] = roots[b], roots[a] })
	roots = slices.DeleteFunc(roots, func(root uint64) bool { return len(c.entries[root]) == 0 })
	for i, root := range roots[:3*n] {
		entries := slices.Clone(c.entries[root])
		switch i % 3 {
		case 0:
			at := c.dice.IntN(len(entries))
			entries[at].Hash[c.dice.IntN(16)] ^= 1
			c.expect(root, entries[at].ID, verify.Different, verify.InLedger)
		case 1:
			for _, e := range entries {
				c.expect(root, e.ID, verify.Missing, verify.InLedger)
			}
			c.exec("DELETE FROM sync_ledger WHERE root_id = ?", root)
			continue
		default:
			id := fmt.Sprintf("R%d-never", root)
			entries = append(entries, ledger.Entry{ID: id})
			c.expect(root, id, verify.Orphaned, verify.InLedger)
		}
		c.exec("UPDATE sync_ledger SET records = ? WHERE root_id = ?", ledger.PackVersion(0, entries), root)
	}
	c.t.Logf("ledger: of %d rows %d with a wrong hash, %d removed, %d with a record that never was", len(c.roots), n, n, n)
}

// exec runs a statement that touches one row.
func (c *spoiler) exec(query string, args ...any) {
	c.t.Helper()
	res, err := c.DB.ExecContext(c.t.Context(), query, args...)
	c.must(err)
	if n, err := res.RowsAffected(); err != nil || n != 1 {
		c.t.Fatalf("%s touched %d rows, %v", query, n, err)
	}
}

// operations is how many operations the index was ever sent.
func (c *spoiler) operations() int {
	sum := 0
	for _, n := range c.Algolia.Stats().Operations {
		sum += n
	}
	return sum
}

// TestRepairOfRandomCorruption spoils index and ledger at random: verify names
// exactly that, a dry run predicts exactly the operations, the repair costs
// exactly these, and afterwards nothing differs.
func TestRepairOfRandomCorruption(t *testing.T) {
	returns := spoiltReturns
	asked, err := strconv.Atoi(os.Getenv("RETURN_SYNC_REPAIR_RETURNS"))
	if err == nil {
		returns = asked
	}
	s, d := stack(t, returns, rehearsal.Options{})
	if err == nil {
		measure(t, s, d)
	}
	c := newSpoiler(t, s)
	c.spoilLedger()
	c.spoilIndex()

	var reports []verify.Report
	c.json(d, exitAttention, &reports, "verify", "--deep", "--limit", "10000000")
	named := map[string]bool{}
	for _, one := range reports[0].Differences {
		named[differenceText(one.Root, one.ID, one.Kind, one.Where)] = true
	}
	if diff := cmp.Diff(c.wrong, named); diff != "" || int64(len(named)) != reports[0].Total() {
		t.Fatalf("verify names %d differences, of %d (-want +got):\n%.4000s", reports[0].Total(), len(c.wrong), diff)
	}
	var costs []index.RepairCost
	c.json(d, exitAttention, &costs, "repair", "--deep", "--dry-run")
	if costs[0].Operations != int64(len(c.costs)) {
		t.Errorf("a dry run predicts %d operations; it takes %d", costs[0].Operations, len(c.costs))
	}

	sent, began := c.operations(), time.Now()
	call(t, d, "repair", "--deep", "--wait").expect(t, exitOK, []string{"DIFFERENCES", "repair 1 of returns: done"}, []string{"compared again"})
	if n := c.operations() - sent; n != len(c.costs) {
		t.Errorf("the repair cost %d operations, want %d", n, len(c.costs))
	}
	t.Logf("%d differences, named exactly; repaired by %d operations in %v", len(c.wrong), len(c.costs), time.Since(began))
	call(t, d, "verify", "--deep").expect(t, exitOK, []string{"source, ledger and index agree"}, nil)
	call(t, d, "repair", "--deep", "--wait").expect(t, exitOK, []string{"agree"}, nil)
	if n := c.operations() - sent; n != len(c.costs) {
		t.Errorf("repairing what is right cost %d operations", n-len(c.costs))
	}
	sound(t, s)
	if r := synced(t, s); r.Counts.Operations != 0 {
		t.Errorf("the next sync sent something: %v", r.Counts)
	}
}

// json runs a command with --json and reads what it prints.
func (c *spoiler) json(d deps, code int, into any, args ...string) {
	c.t.Helper()
	r := call(c.t, d, append(args, "--json")...)
	if err := json.Unmarshal([]byte(r.out), into); err != nil || r.code != code {
		c.t.Fatalf("%v: exit code %d, %v\n%.1000s\n%s", args, r.code, err, r.out, r.log)
	}
}

// measure logs the cost of a clean comparison next to a plain scan of the source.
func measure(t *testing.T, s *rehearsal.Stack, d deps) {
	t.Helper()
	scan, records := timed(func() int { return scanned(t, s) })
	shallow, _ := timed(func() int { call(t, d, "verify").expect(t, exitOK, []string{"agree"}, nil); return 0 })
	deep, _ := timed(func() int { call(t, d, "verify", "--deep").expect(t, exitOK, []string{"agree"}, nil); return 0 })
	t.Logf("%d records: plain scan %v, verify %v (%.2f), verify --deep %v (%.2f)", records, scan, shallow,
		float64(shallow)/float64(scan), deep, float64(deep)/float64(scan))
}

// timed returns the shortest of three times.
func timed(fn func() int) (best time.Duration, result int) {
	best = time.Hour
	for range 3 {
		began := time.Now()
		result = fn()
		best = min(best, time.Since(began))
	}
	return best.Round(time.Millisecond), result
}

// scanned reads every record of the source once and returns how many there are.
func scanned(t *testing.T, s *rehearsal.Stack) (records int) {
	t.Helper()
	src, err := mysql.Open(s.DSN(), 2)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = src.Close() }()
	def, err := s.Entity("returns")
	if err != nil {
		t.Fatal(err)
	}
	for at := source.Every; ; {
		roots, err := src.Roots(t.Context(), def, at, 1000)
		if err != nil {
			t.Fatal(err)
		}
		if len(roots) == 0 {
			return records
		}
		rows, err := src.Rows(t.Context(), def, roots)
		if err != nil {
			t.Fatal(err)
		}
		records += len(rows.Records)
		at.After = roots[len(roots)-1]
	}
}

// TestRepairOfTheLedgerAlone repairs without an index to read, and replaces rows of the
// ledger that cannot be read.
func TestRepairOfTheLedgerAlone(t *testing.T) {
	s, d := stack(t, 60, rehearsal.Options{})
	call(t, d, "repair", "--wait").expect(t, exitOK, []string{"returns: source and ledger agree"}, nil)
	c := newSpoiler(t, s)
	c.exec("UPDATE sync_ledger SET records = 'x' WHERE root_id = ?", c.roots[0])
	c.exec("DELETE FROM sync_ledger WHERE root_id = ?", c.roots[1])
	want := len(c.entries[c.roots[0]]) + len(c.entries[c.roots[1]])
	call(t, d, "repair", "--dry-run").expect(t, exitAttention, []string{"returns: repair would sync 2 roots and cost " + strconv.Itoa(want) + " operations"}, nil)
	sent := c.operations()
	call(t, d, "repair", "--wait").expect(t, exitOK, []string{"unreadable", "repair 1 of returns: done"}, nil)
	if n := c.operations() - sent; n != want {
		t.Errorf("%d operations, want %d", n, want)
	}
	call(t, d, "verify").expect(t, exitOK, []string{"agree"}, nil)
	sound(t, s)
}

// TestRepairOfManyRoots has more roots differ than are gathered at once, and a
// stranger of another account for each: what is noted of a root while the
// comparison goes on must not keep it from judging the root's other records.
func TestRepairOfManyRoots(t *testing.T) {
	s, d := stack(t, 1300, rehearsal.Options{Env: []string{"JOB_PAUSE=100ms"}})
	c := newSpoiler(t, s)
	var ops []destination.Op
	for _, root := range c.roots {
		if len(c.entries[root]) == 0 {
			continue
		}
		ops = append(ops, destination.Op{ID: c.entries[root][0].ID},
			destination.Op{ID: fmt.Sprint("stranger-", root), Body: fmt.Appendf(nil, `{"objectID":"stranger-%d","account":"zz","returnId":%d}`, root, root)})
	}
	r, err := c.client.Push(t.Context(), c.index, ops)
	c.must(err)
	c.must(c.client.Wait(t.Context(), c.index, r.TaskID))
	sent := c.operations()
	call(t, d, "repair", "--deep", "--wait").expect(t, exitOK, []string{fmt.Sprint(len(ops)) + " DIFFERENCES", "repair 1 of returns: done"}, nil)
	if n := c.operations() - sent; n != len(ops) {
		t.Errorf("the repair cost %d operations, want %d", n, len(ops))
	}
	sound(t, s)
}

// TestRepairOfAnEmptiedIndex heals an index that somebody has emptied, and one
// return that was deleted without a trace.
func TestRepairOfAnEmptiedIndex(t *testing.T) {
	s, d := stack(t, 80, rehearsal.Options{})
	c := newSpoiler(t, s)
	gone := c.roots[slices.IndexFunc(c.roots, func(root uint64) bool { return len(c.entries[root]) > 0 })]
	for _, q := range []string{"DELETE FROM order_return_item WHERE order_return_id = ?", "DELETE FROM order_return WHERE id = ?"} {
		if _, err := s.DB.ExecContext(t.Context(), q, gone); err != nil {
			t.Fatal(err)
		}
	}
	var ops []destination.Op
	for _, root := range c.roots {
		for _, e := range c.entries[root] {
			if root != gone {
				ops = append(ops, destination.Op{ID: e.ID})
			}
		}
	}
	r, err := c.client.Push(t.Context(), c.index, ops)
	c.must(err)
	c.must(c.client.Wait(t.Context(), c.index, r.TaskID))
	call(t, d, "repair", "--deep", "--wait").expect(t, exitOK, []string{"orphaned", "repair 1 of returns: done"}, nil)
	sound(t, s)
	if left := slices.Collect(maps.Keys(c.Algolia.Stats().Records)); len(left) == 0 {
		t.Error("the index is empty")
	}
	out := call(t, d, "jobs", "list", "--all").out
	if want := fmt.Sprint(len(ops)); !strings.Contains(out, want) {
		t.Errorf("no %s saved records in:\n%s", want, out)
	}
}
