package exchangetest

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"testing"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/exchange"
)

// Tables are a server's rows with what tests set up and look at.
type Tables interface {
	exchange.Catalog
	exchange.Content
	exchange.Local
	exchange.Copy
	exchange.Journal
	CreateCompany(ctx context.Context, c exchange.Company) error
	CreateSlice(ctx context.Context, s exchange.Slice) error
	UpdateSlice(ctx context.Context, s exchange.Slice) error
	AddGrains(ctx context.Context, slice exchange.ID, grains []exchange.Grain, replace bool) error
	CreateSubscription(ctx context.Context, b exchange.Subscription) error
	UpdateSubscription(ctx context.Context, b exchange.Subscription) error
	DeleteSubscription(ctx context.Context, id exchange.ID) error
	AllSubscriptions(ctx context.Context, company *exchange.ID) ([]exchange.Subscription, error)
}

// World is a primary and a secondary with tables of their own.
type World struct {
	T                    testing.TB
	Primary, Secondary   Tables
	Publisher, Receiver  exchange.Company  // as the other side knows them
	Waits                []time.Duration   // of the secondary
	WhileWaiting         func()            // called by each wait
	PrimaryEnd           func(*End)        // prepares the primary's end of the next session
	SecondaryEnd         func(*End)        // prepares the secondary's
	FromPrimary, FromSec *End              // of the last session
	Patient              time.Duration     // of the secondary; 0 is longer than a healthy peer takes
	Came                 exchange.Progress // the last that the secondary said
}

// NewWorld returns a world over two servers' tables.
func NewWorld(t testing.TB, primary, secondary Tables) *World {
	w := &World{T: t, Primary: primary, Secondary: secondary}
	w.Publisher = exchange.Company{ID: exchange.NewID(), Name: "abc brakes", SyncAddr: "https://abc.example", Active: true}
	w.Receiver = exchange.Company{ID: exchange.NewID(), Name: "epicor", Active: true}
	w.Must(primary.CreateCompany(t.Context(), w.Receiver))
	w.Must(secondary.CreateCompany(t.Context(), w.Publisher))
	return w
}

// Must fails the test on an error.
func (w *World) Must(err error) {
	w.T.Helper()
	if err != nil {
		w.T.Fatal(err)
	}
}

// Grains returns n grains of a slice from a number on; their payloads have size bytes.
func Grains(slice exchange.ID, from, n, size int) []exchange.Grain {
	list := make([]exchange.Grain, n)
	for i := range list {
		key := fmt.Sprintf("grain-%07d", from+i)
		payload := fmt.Sprintf("%s %0*d", key, max(1, size-len(key)-1), from+i)
		list[i] = exchange.Grain{
			ID: exchange.GrainID(slice, key, []byte(payload)), SliceID: slice, Key: key, Source: "test", Encoding: exchange.EncodingRaw,
			Payload: payload, PayloadLen: len(payload),
		}
	}
	return list
}

// Publish adds a slice with n grains to the primary and a subscription of the
// receiver to it.
func (w *World) Publish(name string, n, size int) exchange.Subscription {
	w.T.Helper()
	ctx := w.T.Context()
	slice := exchange.Slice{ID: exchange.NewID(), Name: name, Type: exchange.DefaultType, AllowSync: true}
	w.Must(w.Primary.CreateSlice(ctx, slice))
	for from := 0; from < n; from += 5000 {
		w.Must(w.Primary.AddGrains(ctx, slice.ID, Grains(slice.ID, from, min(5000, n-from), size), false))
	}
	sub := exchange.Subscription{ID: exchange.NewID(), SliceID: slice.ID, CompanyID: w.Receiver.ID, Name: name, Active: true}
	w.Must(w.Primary.CreateSubscription(ctx, sub))
	sub.Slice = &slice
	return sub
}

// side returns the secondary of the world.
func (w *World) side() *exchange.Secondary {
	return &exchange.Secondary{
		Local: w.Secondary, Copy: w.Secondary, Journal: w.Secondary, Log: slog.New(slog.DiscardHandler), Now: time.Now, LockTries: 3, LockWait: time.Second,
		Progress: func(p exchange.Progress) { w.Came = p },
		Sleep: func(_ context.Context, d time.Duration) error {
			w.Waits = append(w.Waits, d)
			if w.WhileWaiting != nil {
				w.WhileWaiting()
			}
			return nil
		},
	}
}

// Sync runs one session in memory.
func (w *World) Sync(test bool) exchange.Report {
	w.T.Helper()
	here, there := Pipe()
	w.FromSec, w.FromPrimary = here, there
	if w.PrimaryEnd != nil {
		w.PrimaryEnd(there)
	}
	if w.SecondaryEnd != nil {
		w.SecondaryEnd(here)
	}
	served := make(chan struct{})
	go func() {
		defer close(served)
		p := &exchange.Primary{Server: w.Publisher.ID, Catalog: w.Primary, Content: w.Primary, Journal: w.Primary, Log: slog.New(slog.DiscardHandler)}
		_ = p.Serve(w.T.Context(), there, w.Receiver.ID, time.Now())
		there.Close()
	}()
	report := w.Over(here, test)
	here.Close()
	<-served
	return report
}

// Over runs the secondary's side of a session over a connection.
func (w *World) Over(conn exchange.Conn, test bool) exchange.Report {
	w.T.Helper()
	peer, err := exchange.Open(w.T.Context(), conn, cmp.Or(w.Patient, patient))
	if err != nil {
		return exchange.Report{Error: err.Error()}
	}
	report := w.side().Sync(w.T.Context(), peer, exchange.Request{Partner: w.Publisher, Test: test})
	if report.Error == "" {
		w.Must(peer.End(w.T.Context()))
	}
	return report
}

// patient is longer than any answer of a healthy peer takes on a busy machine.
const patient = 30 * time.Second

// Bring syncs with a remote that is not a session's peer.
func (w *World) Bring(remote exchange.Remote, test bool) exchange.Report {
	return w.side().Sync(w.T.Context(), remote, exchange.Request{Partner: w.Publisher, Test: test})
}

// Same fails the test unless the secondary's copy of a slice has the primary's
// grains, byte by byte.
func (w *World) Same(slice exchange.ID) {
	w.T.Helper()
	if there, here := w.content(w.Primary, slice), w.content(w.Secondary, slice); there != here {
		w.T.Errorf("the copies differ: %d bytes there, %d here", len(there), len(here))
	}
}

// Content returns a text of everything that the secondary holds of a slice.
func (w *World) Content(slice exchange.ID) string { return w.content(w.Secondary, slice) }

func (w *World) content(tables Tables, slice exchange.ID) string {
	w.T.Helper()
	var text []byte
	var ids []exchange.ID
	for id, err := range tables.IDs(w.T.Context(), slice, exchange.Whole) {
		w.Must(err)
		ids = append(ids, id)
	}
	for len(ids) > 0 {
		n := min(len(ids), 500)
		grains := map[exchange.ID]exchange.Grain{}
		w.Must(tables.Read(w.T.Context(), slice, ids[:n], func(g exchange.Grain) error {
			grains[g.ID] = g
			return nil
		}))
		for _, id := range ids[:n] {
			g := grains[id]
			text = fmt.Appendf(text, "%s %s %s %s %s\n", id, g.Key, g.Source, g.Encoding, g.Payload)
		}
		ids = ids[n:]
	}
	return string(text)
}
