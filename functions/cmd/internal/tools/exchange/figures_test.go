package exchange

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/google/uuid"

	function "gitlab.com/eshopbox-team/return-sync/functions/exchange"
	"gitlab.com/eshopbox-team/return-sync/functions/internal/rehearsal"
	"gitlab.com/eshopbox-team/return-sync/shared/exchange"
	"gitlab.com/eshopbox-team/return-sync/shared/exchange/exchangetest"
)

// sizesEnv lists the numbers of grains to measure, with commas between. Without it a small
// sample is measured, and only memory is judged: times say nothing on a busy machine.
const sizesEnv = "RETURN_SYNC_FIGURES"

// The figures that a run with sizesEnv has to reach.
const (
	leastRate     = 2000 // grains of 1 kB a second
	leastShare    = 0.6  // of a plain copy's MB/s, of large grains
	mostUnchanged = 50 * time.Millisecond
	mostMemory    = 64.0 // MiB, of each side's process, whatever the slice's size
	moreMemory    = 8.0  // what a sample may take beyond, because a busy machine collects garbage late
)

// measured runs a sync of the first secondary and returns its only result and the run's time.
func (p *play) measured(t *testing.T) (exchange.Report, time.Duration) {
	t.Helper()
	r, err := p.secondaries[0].sync(t.Context(), p.primary.id)
	if err != nil {
		t.Fatal(err)
	}
	return r, r.Duration
}

// offer publishes a slice of n grains to the first secondary and returns a function that
// takes it back, on both sides.
func (p *play) offer(t *testing.T, n, size int) (exchange.ID, func()) {
	t.Helper()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	ctx, to := t.Context(), p.secondaries[0]
	slice := exchange.Slice{ID: exchange.NewID(), Type: exchange.DefaultType, AllowSync: true}
	slice.Name = "figures " + slice.ID.String()
	must(p.primary.tables.Slices.CreateSlice(ctx, slice))
	for from := 0; from < n; from += 5000 {
		must(p.primary.tables.Grains.AddGrains(ctx, slice.ID, exchangetest.Grains(slice.ID, from, min(5000, n-from), size), false))
	}
	sub := exchange.Subscription{ID: exchange.NewID(), SliceID: slice.ID, CompanyID: to.id, Name: slice.Name, Active: true}
	must(p.primary.tables.Subscriptions.CreateSubscription(ctx, sub))
	return slice.ID, func() {
		for _, s := range []*server{p.primary, to} {
			must(s.tables.Subscriptions.DeleteSubscription(ctx, sub.ID))
			must(s.tables.Slices.DeleteSlice(ctx, slice.ID))
		}
	}
}

// again starts both sides' processes anew, so that their peaks are of one slice.
func again(t *testing.T, s *rehearsal.Stack, p *play) (primary, secondary string) {
	t.Helper()
	primary, secondary = function.Name, function.Name+"-"+p.secondaries[0].name
	for _, name := range []string{primary, secondary} {
		if err := s.Kill(name); err != nil {
			t.Fatal(err)
		}
		if err := s.Revive(t.Context(), name); err != nil {
			t.Fatal(err)
		}
	}
	return primary, secondary
}

// figuresOf measures first syncs of slices of several sizes, the syncs behind one changed
// grain and behind none, and the memory of both sides; large grains and a plain copy by
// turns; and a hundred slices of which none changed.
func figuresOf(t *testing.T, s *rehearsal.Stack, p *play) {
	sizes, judged := os.Getenv(sizesEnv), os.Getenv(sizesEnv) != ""
	for text := range strings.SplitSeq(cmp.Or(sizes, "10,3000"), ",") {
		n, err := strconv.Atoi(text)
		if err != nil {
			t.Fatal(err)
		}
		growth(t, s, p, n, judged)
	}
	if judged {
		large(t, p)
		manySlices(t, p)
	}
}

// growth measures one size.
func growth(t *testing.T, s *rehearsal.Stack, p *play, n int, judged bool) {
	t.Helper()
	size := 1000
	if n > 100_000 {
		size = 100 // a gigabyte would measure the disk
	}
	id, done := p.offer(t, n, size)
	defer done()
	primary, secondary := again(t, s, p)
	_, first := p.measured(t)
	peaks := [2]float64{s.PeakMemory(primary), s.PeakMemory(secondary)}
	_, unchanged := p.measured(t)
	g := exchangetest.Grains(id, n/2, 1, size)[0]
	g.Payload, g.ID = "changed", exchange.NewID()
	if err := p.primary.tables.Grains.AddGrains(t.Context(), id, []exchange.Grain{g}, true); err != nil {
		t.Fatal(err)
	}
	r, one := p.measured(t)
	added := 0
	for _, result := range r.Results {
		added += result.Added
	}
	rate := float64(n) / first.Seconds()
	t.Logf("%8d grains of %4d B: first sync %8.2f s, %6.0f grains/s; unchanged %4d ms; one changed %6d ms; peak MiB: primary %.0f, secondary %.0f",
		n, size, first.Seconds(), rate, unchanged.Milliseconds(), one.Milliseconds(), peaks[0], peaks[1])
	if added != 1 {
		t.Errorf("%d grains were added, not 1", added)
	}
	most := mostMemory
	if !judged {
		most += moreMemory
	}
	if max(peaks[0], peaks[1]) > most {
		t.Errorf("%d grains: the processes took %.0f and %.0f MiB, more than %.0f", n, peaks[0], peaks[1], most)
	}
	if judged && n >= 1000 && rate < leastRate {
		t.Errorf("%d grains: %.0f grains/s, less than %d", n, rate, leastRate)
	}
}

// large measures grains of 100 kB by turns with a plain copy of the same rows.
func large(t *testing.T, p *play) {
	t.Helper()
	const n, size, rounds = 300, 100_000, 5
	var shares []float64
	for range rounds {
		id, done := p.offer(t, n, size)
		_, took := p.measured(t)
		plain := plainCopy(t, p, id)
		share := plain.Seconds() / took.Seconds()
		shares = append(shares, share)
		const mb = n * size / 1e6
		t.Logf("%d grains of 100 kB: %.1f MB/s; a plain websocket copy with INSERT: %.1f MB/s; share %.2f", n, mb/took.Seconds(), mb/plain.Seconds(), share)
		done()
	}
	slices.Sort(shares)
	if median := shares[rounds/2]; median < leastShare {
		t.Errorf("the median share of a plain copy is %.2f, less than %.1f", median, leastShare)
	}
}

// plainCopy copies a slice's rows over a websocket, a message and an INSERT each, in one
// transaction, without any accounting.
func plainCopy(t *testing.T, p *play, slice exchange.ID) time.Duration {
	t.Helper()
	ctx, must := t.Context(), func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	source := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, err := websocket.Accept(w, r, nil)
		if err != nil {
			return
		}
		rows, err := p.stack.DB.QueryContext(r.Context(), "SELECT payload FROM exchange_grain WHERE slice_id = ?", slice[:])
		for err == nil && rows.Next() {
			var payload []byte
			if err = rows.Scan(&payload); err == nil {
				err = c.Write(r.Context(), websocket.MessageBinary, payload)
			}
		}
		if rows != nil {
			_ = rows.Close()
		}
		_ = c.Close(websocket.StatusNormalClosure, "")
	}))
	defer source.Close()
	target := p.stack.Options.Database + "_" + p.secondaries[0].name
	_, err := p.stack.DB.ExecContext(ctx, "CREATE TABLE "+target+".plain (id BINARY(16) PRIMARY KEY, payload MEDIUMBLOB NOT NULL)")
	must(err)
	defer func() { _, _ = p.stack.DB.ExecContext(context.WithoutCancel(ctx), "DROP TABLE "+target+".plain") }()
	began := time.Now()
	c, response, err := websocket.Dial(ctx, source.URL, nil)
	must(err)
	if response.Body != nil {
		defer func() { _ = response.Body.Close() }()
	}
	c.SetReadLimit(-1)
	tx, err := p.stack.DB.BeginTx(ctx, &sql.TxOptions{})
	must(err)
	for {
		_, payload, err := c.Read(ctx)
		if websocket.CloseStatus(err) == websocket.StatusNormalClosure {
			break
		}
		must(err)
		id := uuid.New()
		_, err = tx.ExecContext(ctx, "INSERT INTO "+target+".plain VALUES (?, ?)", id[:], payload)
		must(err)
	}
	must(tx.Commit())
	return time.Since(began)
}

// manySlices measures a session over a hundred slices of which none changed.
func manySlices(t *testing.T, p *play) {
	t.Helper()
	for range 100 {
		_, done := p.offer(t, 20, 100)
		defer done()
	}
	p.measured(t)
	best := time.Hour
	var all []string
	for range 5 {
		_, took := p.measured(t)
		best = min(best, took)
		all = append(all, fmt.Sprint(took.Round(time.Millisecond)))
	}
	t.Logf("100 slices, none changed: %s", strings.Join(all, ", "))
	if best > mostUnchanged {
		t.Errorf("the best is %s, more than %s", best, mostUnchanged)
	}
}
