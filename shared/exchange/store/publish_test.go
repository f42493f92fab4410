package store_test

import (
	"database/sql"
	"errors"
	"strings"
	"testing"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/exchange"
	"gitlab.com/eshopbox-team/return-sync/shared/exchange/exchangetest"
	"gitlab.com/eshopbox-team/return-sync/shared/exchange/store"
)

// TestRecordsFeedASlice publishes records in a caller's transaction: new content is a
// new grain, equal content changes nothing, a record that is gone leaves, and a
// transaction that is rolled back publishes nothing.
func TestRecordsFeedASlice(t *testing.T) {
	b := open(t)
	ctx := t.Context()
	slice, asOf := exchange.NewID(), time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)
	for range 2 { // twice is once
		if err := b.Slices.EnsureSlice(ctx, exchange.Slice{ID: slice, Name: "returns", Type: exchange.DefaultType, AllowSync: true}); err != nil {
			t.Fatal(err)
		}
	}
	stop := errors.New("stop")
	publish := func(end error, at time.Time, records ...store.Record) {
		t.Helper()
		err := b.db.InTx(ctx, "publish", func(tx *sql.Tx) error { return errors.Join(store.PublishRecords(ctx, tx, slice, at, records), end) })
		if (err == nil) != (end == nil) {
			t.Fatal(err)
		}
	}
	held := func() exchange.Slice {
		t.Helper()
		s, err := b.Slices.Refresh(ctx, slice)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	one, two := store.Record{Key: "R1-1", Body: []byte(`{"a":1}`)}, store.Record{Key: "R1-2", Body: []byte(`{"a":2}`)}
	publish(stop, asOf, one)
	if s := held(); s.Count != 0 {
		t.Errorf("a transaction that was rolled back published: %+v", s)
	}
	publish(nil, asOf, one, two, store.Record{Key: "R1-3"})
	first := held()
	if first.Count != 2 || !first.Date.Equal(asOf) {
		t.Errorf("%+v", first)
	}
	publish(nil, asOf.Add(time.Hour), two, one)
	if s := held(); s.Hash != first.Hash || !s.Date.Equal(asOf) || !s.UpdatedAt.Equal(first.UpdatedAt) {
		t.Errorf("equal content changed the slice: %+v", s)
	}
	one.Body = []byte(`{"a":3}`)
	publish(nil, asOf.Add(-time.Hour), one, store.Record{Key: "R1-2"})
	s := held()
	g, err := b.Grains.GrainKeyed(ctx, slice, "R1-1")
	if err != nil || s.Count != 1 || s.Hash == first.Hash || !s.Date.Equal(asOf) || g.Payload != `{"a":3}` || g.ID != exchange.GrainID(slice, "R1-1", one.Body) {
		t.Errorf("%+v, %+v, %v", s, g, err)
	}
}

// TestALongIDHasAKey publishes records whose ids are longer than a grain's key may be.
func TestALongIDHasAKey(t *testing.T) {
	b := open(t)
	ctx := t.Context()
	slice := exchange.NewID()
	if err := b.Slices.EnsureSlice(ctx, exchange.Slice{ID: slice, Name: "returns", Type: exchange.DefaultType, AllowSync: true}); err != nil {
		t.Fatal(err)
	}
	body, held := []byte(`{"a":1}`), 0
	for _, c := range []struct {
		at   int // bytes of the two ids, which differ at their end
		body []byte
	}{{exchange.MaxKey, body}, {exchange.MaxKey + 1, body}, {1024, body}, {1024, body}, {1024, nil}} {
		list := []store.Record{{Key: strings.Repeat("k", c.at-1) + "1", Body: c.body}, {Key: strings.Repeat("k", c.at-1) + "2", Body: c.body}}
		err := b.db.InTx(ctx, "publish", func(tx *sql.Tx) error { return store.PublishRecords(ctx, tx, slice, time.Now(), list) })
		s, problem := b.Slices.Refresh(ctx, slice)
		if err = errors.Join(err, problem); err != nil {
			t.Fatal(err)
		}
		switch {
		case c.body == nil:
			held = 4
		case held < 6:
			held += 2
		}
		if s.Count != held {
			t.Errorf("ids of %d bytes, %q: %d grains, want %d", c.at, c.body, s.Count, held)
		}
	}
}

// BenchmarkFirstSync measures grains of 1 kB a second, from the tables of one server
// into those of another, over frames in memory.
func BenchmarkFirstSync(b *testing.B) {
	const grains = 5000
	for b.Loop() {
		b.StopTimer()
		w := exchangetest.NewWorld(b, open(b), open(b))
		w.Publish("rotors", grains, 1000)
		b.StartTimer()
		if r := w.Sync(false); !r.OK() || r.Results[0].Added != grains {
			b.Fatalf("%+v", r)
		}
	}
	b.ReportMetric(grains*float64(b.N)/b.Elapsed().Seconds(), "grains/s")
}

// BenchmarkUnchanged measures a session over 100 slices of which none changed.
func BenchmarkUnchanged(b *testing.B) {
	w := exchangetest.NewWorld(b, open(b), open(b))
	for i := range 100 {
		w.Publish("slice "+string(rune('a'+i/10))+string(rune('a'+i%10))+"x", 20, 100)
	}
	w.Sync(false)
	for b.Loop() {
		if r := w.Sync(false); !r.OK() || len(r.Results) != 100 || r.Results[99].Outcome != exchange.OutcomeUnchanged {
			b.Fatalf("%+v", r)
		}
	}
}
