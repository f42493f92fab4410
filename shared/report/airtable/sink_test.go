package airtable_test

import (
	"context"
	"errors"
	"fmt"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	emulator "gitlab.com/eshopbox-team/return-sync/shared/emulator/airtable"
	"gitlab.com/eshopbox-team/return-sync/shared/fault"
	"gitlab.com/eshopbox-team/return-sync/shared/httpcall"
	"gitlab.com/eshopbox-team/return-sync/shared/report"
	"gitlab.com/eshopbox-team/return-sync/shared/report/airtable"
	"gitlab.com/eshopbox-team/return-sync/shared/report/reporttest"
)

// world is an emulator with a client.
type world struct {
	*testing.T
	server *emulator.Server
	client *airtable.Client
}

// start starts an emulator without rates.
func start(t *testing.T) world {
	t.Helper()
	server := emulator.New(emulator.Options{Rate: -1})
	web := httptest.NewServer(server)
	t.Cleanup(func() { server.Close(); web.Close() })
	return world{t, server, &airtable.Client{
		URL: web.URL, Base: emulator.DefaultBase.ID, Token: "patLocal", Gate: openGate{},
		Policy: httpcall.Policy{Attempts: 4, First: time.Millisecond},
	}}
}

// openGate lets every request pass.
type openGate struct{}

func (openGate) Enter(ctx context.Context, _ string) (airtable.Slot, error) {
	return airtable.Slot{}, ctx.Err()
}

func (openGate) Leave(context.Context, string, airtable.Slot, time.Duration) error { return nil }

func (openGate) Block(context.Context, string, time.Duration) error { return nil }

// faults sets the emulator's faults.
func (w world) faults(rules ...emulator.Fault) {
	w.Helper()
	if err := w.server.SetFaults(emulator.Faults{Rules: rules}); err != nil {
		w.Fatal(err)
	}
}

// sink returns a destination that makes its table.
func (w world) sink() *airtable.Sink {
	return &airtable.Sink{Client: w.client, Table: "sales", Make: true}
}

// read returns what the table holds of a document.
func (w world) read(document string) map[string]map[string]string {
	w.Helper()
	out := map[string]map[string]string{}
	tables, err := w.client.Tables(w.Context())
	if err != nil {
		w.Fatal(err)
	}
	if len(tables) == 0 {
		return out
	}
	for r, err := range w.client.List(w.Context(), "sales", airtable.Query{Filter: "{Document}=" + airtable.Quote(document)}) {
		if err != nil {
			w.Fatal(err)
		}
		fields := map[string]string{}
		for name, value := range r.Fields {
			fields[name] = fmt.Sprint(value)
		}
		out[r.Text("Row Key")] = fields
	}
	return out
}

func TestSink(t *testing.T) {
	reporttest.RunSink(t, func(t *testing.T) reporttest.Sinked {
		w := start(t)
		w.faults(emulator.Fault{Kind: "refuse", Pattern: "^the bad one$"})
		return reporttest.Sinked{
			Sink: w.sink(), Most: 2000,
			Read: func(_ *testing.T, document string) map[string]map[string]string { return w.read(document) },
			Bad:  func(n int64) report.Row { return reporttest.Line(n, "bad", "the bad one", 0) },
		}
	})
}

// order is a report of one day.
var order = reporttest.DatedOrder("sales", "2026-11-20", 0)

// lines returns rows with numbers from 1 to n.
func lines(n int) []report.Row {
	var rows []report.Row
	for i := range n {
		rows = append(rows, reporttest.Line(int64(i+1), "k"+strconv.Itoa(i+1), "name", int64(i+1)))
	}
	return rows
}

// write writes rows, which has to succeed.
func (w world) write(s *airtable.Sink, o report.Order, rows ...report.Row) report.Outcome {
	w.Helper()
	out, err := s.Write(w.Context(), o, report.Stream(rows))
	if err != nil {
		w.Fatal(err)
	}
	return out
}

// TestDocumentsAtOnce writes several documents through one sink at the same time, part by
// part: each ends whole. The race detector looks on.
func TestDocumentsAtOnce(t *testing.T) {
	w := start(t)
	s := w.sink()
	w.write(s, order, lines(1)...) // makes the table
	var all sync.WaitGroup
	for day := range 5 {
		o := reporttest.DatedOrder("sales", fmt.Sprintf("2026-10-%02d", 10+day), 0)
		all.Go(func() {
			for range 3 {
				if _, err := s.Write(t.Context(), o, report.Stream(lines(35))); err != nil {
					t.Error(err)
				}
			}
		})
		defer func() {
			if n := len(w.read(o.Document())); n != 35 {
				t.Errorf("%s has %d records", o.Document(), n)
			}
		}()
	}
	all.Wait()
}

func TestARefusedRequestIsSplit(t *testing.T) {
	w := start(t)
	rows := lines(30)
	for _, bad := range []int{3, 17, 18} {
		rows[bad].Fields["name"] = "bad " + strconv.Itoa(bad)
	}
	w.faults(emulator.Fault{Kind: "refuse", Pattern: "^bad "})
	var settled atomic.Int64
	s := w.sink()
	s.Progress = func(_ string, rows int) { settled.Add(int64(rows)) }
	out := w.write(s, order, rows...)
	if out.Written != 27 || len(out.Parked) != 3 || settled.Load() != 30 {
		t.Fatalf("%+v, progress %d", out, settled.Load())
	}
	for i, p := range out.Parked {
		if p.Row != []int64{4, 18, 19}[i] || !strings.Contains(p.Reason, `INVALID_VALUE_FOR_COLUMN: Field "name"`) {
			t.Errorf("%+v", p)
		}
	}
	if have := w.read(order.Document()); len(have) != 27 {
		t.Errorf("the table holds %d records", len(have))
	}
}

func TestAWrongTableStopsThePart(t *testing.T) {
	w := start(t)
	w.faults(emulator.Fault{Kind: "refuse", Pattern: "^name$"})
	_, err := w.sink().Write(t.Context(), order, report.Stream(lines(500)))
	if fault.KindOf(err) != fault.Misconfigured || !strings.Contains(err.Error(), "more than 100 rows") {
		t.Errorf("%v", err)
	}
}

func TestDuplicatesInTheTableAreNamed(t *testing.T) {
	w := start(t)
	w.write(w.sink(), order, lines(3)...)
	twin, err := w.server.Edit(emulator.Edit{Base: "SYNC", Table: "sales", Fields: map[string]any{"Document": order.Document(), "Row Key": "k2"}})
	if err != nil {
		t.Fatal(err)
	}
	changed := lines(3)
	for i := range changed {
		changed[i].Fields["name"] = "new"
	}
	out := w.write(w.sink(), order, changed...)
	if out.Written != 2 || len(out.Parked) != 1 || out.Parked[0].Key != "k2" || !strings.Contains(out.Parked[0].Reason, twin) {
		t.Errorf("%+v, the duplicate is %s", out, twin)
	}
	// One that comes into being after the document was read is refused by Airtable.
	s := w.sink()
	w.write(s, order, changed[:1]...)
	if _, err := w.server.Edit(emulator.Edit{Base: "SYNC", Table: "sales", Fields: map[string]any{"Document": order.Document(), "Row Key": "k3"}}); err != nil {
		t.Fatal(err)
	}
	changed[2].Fields["name"] = "newer"
	if out := w.write(s, order, changed[2]); len(out.Parked) != 1 || !strings.Contains(out.Parked[0].Reason, "matches 2 records") {
		t.Errorf("%+v", out)
	}
}

func TestAPersonsEditIsWrittenOver(t *testing.T) {
	w := start(t)
	w.write(w.sink(), order, lines(2)...)
	edit := func(fields map[string]any) {
		for r, err := range w.client.List(t.Context(), "sales", airtable.Query{Filter: "{Row Key}='k1'"}) {
			if err != nil {
				t.Fatal(err)
			}
			if _, err := w.server.Edit(emulator.Edit{Base: "SYNC", Table: "sales", Record: r.ID, Fields: fields}); err != nil {
				t.Fatal(err)
			}
		}
	}
	edit(map[string]any{"amount": "99"})
	if _, err := w.client.CreateField(t.Context(), "sales", airtable.LongText("Remark")); err != nil {
		t.Fatal(err)
	}
	edit(map[string]any{"Remark": "mine"})
	if out := w.write(w.sink(), order, lines(2)...); out.Written != 1 || out.Unchanged != 1 {
		t.Errorf("%+v", out)
	}
	if have := w.read(order.Document())["k1"]; have["amount"] != "1" || have["Remark"] != "mine" {
		t.Errorf("%v", have)
	}
}

// TestFaults writes through everything that goes wrong on the way.
func TestFaults(t *testing.T) {
	for _, kind := range []emulator.FaultKind{"serverError", "reset", "resetApplied", "html", "rateLimit"} {
		t.Run(string(kind), func(t *testing.T) {
			w := start(t)
			if err := w.server.SetFaults(emulator.Faults{Rules: []emulator.Fault{{Kind: "serverError", Max: 1}, {Kind: kind, Probability: 0.2, Route: "PATCH /v0/{base}/{table}"}}}); err != nil {
				t.Fatal(err)
			}
			out := w.write(w.sink(), order, lines(200)...)
			w.faults()
			if have := w.read(order.Document()); out.Written != 200 || len(have) != 200 {
				t.Errorf("%+v, the table holds %d", out, len(have))
			}
			if w.server.Stats().Faults[kind] == 0 {
				t.Error("the fault never happened")
			}
		})
	}
}

func TestDeletesSurviveALostAnswer(t *testing.T) {
	w := start(t)
	s, later := w.sink(), reporttest.DatedOrder("sales", "2026-11-20", 60)
	w.write(s, order, lines(25)...)
	w.write(s, later, lines(1)...)
	w.faults(emulator.Fault{Kind: "resetApplied", Route: "DELETE /v0/{base}/{table}", Max: 2})
	if err := s.Finish(t.Context(), later); err != nil {
		t.Fatal(err)
	}
	if have := w.read(order.Document()); len(have) != 1 {
		t.Errorf("%d records are left", len(have))
	}
}

func TestMisconfiguration(t *testing.T) {
	w := start(t)
	for name, test := range map[string]struct {
		change func(*airtable.Client, *airtable.Sink)
		want   string
	}{
		"no table": {func(_ *airtable.Client, s *airtable.Sink) { s.Make = false }, "has no table sales"},
		"token":    {func(c *airtable.Client, _ *airtable.Sink) { c.Token = "patWrongSecret" }, "refuses the token"},
		"base":     {func(c *airtable.Client, _ *airtable.Sink) { c.Base = "appOther" }, "AIRTABLE_BASE"},
	} {
		client, sink := *w.client, w.sink()
		sink.Client = &client
		test.change(&client, sink)
		_, err := sink.Write(t.Context(), order, report.Stream(lines(1)))
		if fault.KindOf(err) != fault.Misconfigured || !strings.Contains(err.Error(), test.want) || strings.Contains(err.Error(), "patWrongSecret") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := w.client.CreateTable(t.Context(), "sales", "", airtable.Text("Row Key")); err != nil {
		t.Fatal(err)
	}
	sink := w.sink()
	sink.Make = false
	if _, err := sink.Write(t.Context(), order, report.Stream(lines(1))); fault.KindOf(err) != fault.Misconfigured || !strings.Contains(err.Error(), "no field Document") {
		t.Errorf("%v", err)
	}
}

func TestValues(t *testing.T) {
	w := start(t)
	if _, err := w.client.CreateTable(t.Context(), "sales", "", airtable.Text("Row Key"), airtable.Text("Document"), airtable.DateTime("Report Time"),
		airtable.Number("n", 2), airtable.Checkbox("c"), airtable.Date("d"), airtable.DateTime("at"), airtable.Select("s", "old"), airtable.LongText("j")); err != nil {
		t.Fatal(err)
	}
	sink := w.sink()
	sink.Make = false
	row := func(n int64, fields map[string]any) report.Row {
		return report.Row{Number: n, Key: strconv.FormatInt(n, 10), Fields: fields}
	}
	rows := []report.Row{
		row(1, map[string]any{"n": " 1.5 ", "c": "true", "d": "2026-11-20T10:00:00Z", "at": "2026-11-20", "s": "fresh", "j": map[string]any{"a": []any{"b"}}, "other": "left out"}),
		row(2, map[string]any{"n": "", "c": "no", "d": nil}),
		row(3, map[string]any{"n": "many"}),
		row(4, map[string]any{"c": "perhaps"}),
		row(5, map[string]any{"d": "soon"}),
	}
	out := w.write(sink, order, rows...)
	if out.Written != 2 || len(out.Parked) != 3 || strings.Contains(fmt.Sprint(out.Parked), "many") {
		t.Fatalf("%+v", out)
	}
	if out := w.write(sink, order, rows[:2]...); out.Unchanged != 2 {
		t.Errorf("the second time: %+v", out)
	}
	if out := w.write(w.sink(), order, rows[:2]...); out.Written != 1 || out.Unchanged != 1 { // the other is a column now
		t.Errorf("with Make: %+v", out)
	}
	have := w.read(order.Document())
	want := map[string]string{"Row Key": "1", "Document": "sales|2026-11-20", "Report Time": "2026-11-20T08:00:00.000Z", "n": "1.5", "c": "true",
		"d": "2026-11-20", "at": "2026-11-20T00:00:00.000Z", "s": "fresh", "j": `{"a":["b"]}`, "other": "left out"}
	if diff := cmp.Diff(want, have["1"]); diff != "" {
		t.Errorf("(-want +have):\n%s", diff)
	}
}

func TestConcurrentParts(t *testing.T) {
	w := start(t)
	s := w.sink()
	rows := lines(400)
	w.write(s, order, rows[:1]...)
	var group sync.WaitGroup
	errs := make(chan error, 4)
	for part := range 4 {
		group.Go(func() {
			_, err := s.Write(context.Background(), order, report.Stream(rows[part*100:part*100+100]))
			errs <- err
		})
	}
	group.Wait()
	close(errs)
	for err := range errs {
		if err != nil {
			t.Error(err)
		}
	}
	if have := w.read(order.Document()); len(have) != 400 {
		t.Errorf("%d records", len(have))
	}
}

func TestErrorsHaveNoSecret(t *testing.T) {
	c := &airtable.Client{URL: "http://127.0.0.1:1", Base: "appX", Token: "patVerySecret", Gate: openGate{}}
	_, err := c.Tables(t.Context())
	if fault.KindOf(err) != fault.Retry || strings.Contains(err.Error(), "patVerySecret") || errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
}

func FuzzQuote(f *testing.F) {
	f.Add(`it's`)
	f.Add(`\'`)
	f.Fuzz(func(t *testing.T, text string) {
		quoted := airtable.Quote(text)
		inner := quoted[1 : len(quoted)-1]
		for i := 0; i < len(inner); i++ {
			switch inner[i] {
			case '\\':
				i++ // the next character is taken as it is
				if i == len(inner) {
					t.Fatalf("%q ends in a backslash", quoted)
				}
			case '\'':
				t.Fatalf("%q breaks out of its quotes", quoted)
			}
		}
	})
}
