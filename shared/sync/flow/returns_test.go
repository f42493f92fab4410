package flow_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/sample"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/run"
)

// newReturns returns a world with the owner's tables, empty.
func newReturns(t *testing.T) *world {
	t.Helper()
	w := newWorld(t, definition(t, "returns"))
	if err := sample.Migrate(t.Context(), w.SQL()); err != nil {
		t.Fatal(err)
	}
	return w
}

// TestReturnsUnderAWarehouse syncs generated returns while a simulated warehouse
// changes them at random.
func TestReturnsUnderAWarehouse(t *testing.T) {
	w := newReturns(t)
	w.def.PageSize = 20
	_, err := sample.Generate(t.Context(), w.SQL(), sample.GenerateOptions{Rows: 100, Seed: 7, Now: time.Now()})
	if err != nil {
		t.Fatal(err)
	}
	w.synced()
	house := sample.NewWarehouse(w.SQL(), 3)
	for range 3 {
		for range 40 {
			if c, err := house.Step(t.Context()); err != nil {
				t.Fatal(err)
			} else if c.Kind == sample.ItemErased { // leaves no trace but for verify
				w.exec("UPDATE order_return SET row_version = row_version + 1 WHERE id = ?", c.ReturnID)
			}
		}
		if r := w.synced(); r.Counts.Operations != r.Counts.Saved+r.Counts.Deleted {
			t.Errorf("%v: more was sent than was saved and deleted", r.Counts)
		}
	}
}

// courier is a return as out-of-order events leave its row. Times are hours of
// one day, 0 is NULL.
type courier struct {
	status                                              string
	event, picked, delivered, received, completed, lost int
	item                                                string
	want                                                string
	wantRank                                            int
	wantAt                                              int
}

// TestOlderCourierEventNeverShows holds the shown status to the rule: what
// happened last by the courier's clock, the further one at equal times.
func TestOlderCourierEventNeverShows(t *testing.T) {
	const way, delivered, processing, waiting, cancelled = "RETURN_ON_THE_WAY", "RETURN_DELIVERED", "RETURN_IN_PROCESSING", "AWAITING_PICKUP", "PICKUP_CANCELLED"
	cases := map[string]courier{
		"nothing happened yet":                    {status: waiting, want: waiting, wantRank: 10, wantAt: 1},
		"in order":                                {status: delivered, event: 8, picked: 4, delivered: 8, want: delivered, wantRank: 30, wantAt: 8},
		"in transit arrives after delivered":      {status: way, event: 6, picked: 4, delivered: 8, want: delivered, wantRank: 30, wantAt: 8},
		"in transit after received":               {status: way, event: 6, picked: 4, delivered: 8, received: 9, want: processing, wantRank: 40, wantAt: 9},
		"a newer event stands":                    {status: way, event: 10, picked: 4, delivered: 8, want: way, wantRank: 20, wantAt: 10},
		"equal times, the further one wins":       {status: way, event: 8, delivered: 8, want: delivered, wantRank: 30, wantAt: 8},
		"equal times, the status is further":      {status: processing, event: 8, delivered: 8, want: processing, wantRank: 40, wantAt: 8},
		"pickup after pickup":                     {status: waiting, event: 3, picked: 4, want: way, wantRank: 20, wantAt: 4},
		"cancelled, then late pending":            {status: waiting, event: 3, lost: 5, want: cancelled, wantRank: 90, wantAt: 5},
		"no event time falls back to created":     {status: way, picked: 4, want: way, wantRank: 20, wantAt: 4},
		"completed, late delivered":               {status: delivered, event: 8, delivered: 8, completed: 12, item: "RESTOCKED", want: "RESTOCKED", wantRank: 90, wantAt: 12},
		"completed, one item is damaged":          {status: delivered, event: 8, completed: 12, item: "DAMAGED", want: "DAMAGED", wantRank: 90, wantAt: 12},
		"lost":                                    {status: "LOST", event: 9, picked: 4, want: "LOST", wantRank: 90, wantAt: 9},
		"terminal, completed later, item not yet": {status: "LOST", event: 9, completed: 12, item: "PENDING", want: "LOST", wantRank: 90, wantAt: 12},
		"a terminal state, a late milestone":      {status: "LOST", event: 9, delivered: 9, want: "LOST", wantRank: 90, wantAt: 9},
	}
	w := newReturns(t)
	day := time.Date(2026, 5, 1, 0, 0, 0, 0, time.UTC)
	hour := func(n int) any {
		if n == 0 {
			return nil
		}
		return day.Add(time.Duration(n) * time.Hour)
	}
	names := map[int64]string{}
	id := int64(0)
	for name, c := range cases {
		id++
		names[id] = name
		w.exec(`INSERT INTO order_return (id, account_slug, customer_return_number, customer_order_number, status, status_event_at,
			picked_up_at, delivered_at, received_at, completed_at, cancelled_at, created_at) VALUES (?, 'acme', ?, 'O', ?, ?, ?, ?, ?, ?, ?, ?)`,
			id, name, c.status, hour(c.event), hour(c.picked), hour(c.delivered), hour(c.received), hour(c.completed), hour(c.lost), hour(1))
		w.exec("INSERT INTO order_return_item (order_return_id, line_no, sku, quantity, item_status) VALUES (?, 1, 'S', 1, ?)", id, c.item)
	}
	w.zeroDate(names, id+1)
	cases["event time is the zero date"] = courier{want: waiting, wantRank: 10, wantAt: 1}
	if r := w.synced(); r.State != run.Synced {
		t.Fatal(r)
	}
	for _, body := range w.index.content() {
		var got struct {
			ReturnID   int64
			Status     string
			StatusRank int
			StatusAt   int64
		}
		if err := json.Unmarshal([]byte(body), &got); err != nil {
			t.Fatal(err)
		}
		name := names[got.ReturnID]
		c := cases[name]
		at := int(time.UnixMilli(got.StatusAt).UTC().Sub(day).Hours())
		if got.Status != c.want || got.StatusRank != c.wantRank || at != c.wantAt {
			t.Errorf("%s: shows %s (%d) at %d h, want %s (%d) at %d h", name, got.Status, got.StatusRank, at, c.want, c.wantRank, c.wantAt)
		}
	}
}

// zeroDate adds a return whose event time is MySQL's 0000-00-00, which old
// tables use for "unknown" and a strict session cannot write.
func (w *world) zeroDate(names map[int64]string, id int64) {
	w.t.Helper()
	conn, err := w.SQL().Conn(w.t.Context())
	if err != nil {
		w.t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	for _, statement := range []string{
		"SET SESSION sql_mode = ''",
		fmt.Sprintf(`INSERT INTO order_return (id, account_slug, customer_return_number, customer_order_number, status_event_at, created_at)
			VALUES (%d, 'acme', 'zero', 'O', '0000-00-00 00:00:00', '2026-05-01 01:00:00')`, id),
		fmt.Sprintf("INSERT INTO order_return_item (order_return_id, line_no, sku, quantity) VALUES (%d, 1, 'S', 1)", id),
		"SET SESSION sql_mode = DEFAULT",
	} {
		if _, err := conn.ExecContext(w.t.Context(), statement); err != nil {
			w.t.Fatal(err)
		}
	}
	names[id] = "event time is the zero date"
}

// TestPersonalDataStaysAtHome looks for what must never leave the database.
func TestPersonalDataStaysAtHome(t *testing.T) {
	w := newReturns(t)
	w.exec(`INSERT INTO order_return (id, account_slug, customer_return_number, customer_order_number, contact_phone, email, pickup_address, remarks)
		VALUES (1, 'acme', 'RN', 'O', '+911234598765', 'secret@example.com', '221B Secret Street', 'secret remark')`)
	w.exec("INSERT INTO order_return_item (id, order_return_id, line_no, sku, quantity, customer_comment) VALUES (1, 1, 1, 'S', 1, 'secret comment')")
	w.synced()
	body := w.index.content()["R1-1"]
	var all map[string]any
	if err := json.Unmarshal([]byte(body), &all); err != nil {
		t.Fatal(err)
	}
	if found := secretsIn(body); len(found) > 0 {
		t.Errorf("the record holds %v: %s", found, body)
	}
}

// secretsIn returns the personal data that a record's text holds.
func secretsIn(body string) []string {
	var found []string
	for _, secret := range []string{"ecret", "12345", "@"} {
		if strings.Contains(body, secret) {
			found = append(found, secret)
		}
	}
	return found
}
