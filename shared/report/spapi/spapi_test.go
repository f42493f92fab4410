package spapi_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/iotest"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/emulator/spapi"
	"gitlab.com/eshopbox-team/return-sync/shared/fault"
	"gitlab.com/eshopbox-team/return-sync/shared/report"
	"gitlab.com/eshopbox-team/return-sync/shared/report/reporttest"
	source "gitlab.com/eshopbox-team/return-sync/shared/report/spapi"
)

// amazon is the emulator with a source at it and a clock of its own.
type amazon struct {
	*source.Source
	limiter *limiter
	client  *http.Client
	url     string
	mu      sync.Mutex
	now     time.Time
}

// clock returns the time.
func (a *amazon) clock() time.Time {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.now
}

// pass lets time pass.
func (a *amazon) pass(d time.Duration) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.now = a.now.Add(d)
}

// limiter counts calls and remembers blocks.
type limiter struct {
	reporttest.Limiter
	blocked []string
}

// Block implements report.Limiter.
func (l *limiter) Block(_ context.Context, name string, d time.Duration) error {
	l.blocked = append(l.blocked, fmt.Sprint(name, " ", d.Round(time.Second)))
	return nil
}

// open starts an emulator with three rows a report; faults are rules as JSON.
func open(t *testing.T, o spapi.Options, faults string) *amazon {
	t.Helper()
	a := &amazon{limiter: &limiter{}, now: time.Date(2026, 11, 28, 12, 0, 0, 0, time.UTC)}
	o.Now, o.Queue, o.Work = a.clock, time.Second, time.Second
	if o.Content == nil {
		o.Content = func(w io.Writer, _ spapi.Order) error {
			_, err := io.WriteString(w, "name\tamount\nMüller\t1\n\"b\"\t2\nc\t\n")
			return err
		}
	}
	emulator := spapi.New(o)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet && r.ContentLength != 0 { // Amazon's gateway may refuse the request
			t.Errorf("GET %s has a body of %d bytes", r.URL.Path, r.ContentLength)
		}
		emulator.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	a.url, a.client = server.URL, server.Client()
	if faults != "" {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPut, server.URL+"/_emulator/faults", strings.NewReader(`{"seed":1,"rules":[`+faults+`]}`))
		if err != nil {
			t.Fatal(err)
		}
		answer, err := server.Client().Do(r)
		if err != nil || answer.StatusCode >= 300 {
			t.Fatalf("faults: %v %v", answer, err)
		}
		_ = answer.Body.Close()
	}
	client := &source.Client{
		Config:  source.Config{URL: server.URL, TokenURL: server.URL + "/auth/o2/token", ClientID: "local-client", ClientSecret: "local-secret", RefreshToken: "local-refresh"},
		Limiter: a.limiter, HTTP: server.Client(), Now: a.clock,
	}
	s, err := source.New(client, source.Settings{Marketplaces: []string{"ATVPDKIKX0DER"}}, "sales.yaml")
	if err != nil {
		t.Fatal(err)
	}
	a.Source = s
	return a
}

// dated is an order of the day before the clock's.
func dated() report.Order {
	o := reporttest.DatedOrder("sales", "2026-11-27", 0)
	o.Stamp, o.TypeID = time.Date(2026, 11, 28, 12, 0, 0, 0, time.UTC), "GET_SALES"
	return o
}

// TestAmazonPassesTheSuite runs the suite of sources against the emulator.
func TestAmazonPassesTheSuite(t *testing.T) {
	row := func(n int64, name, amount string) report.Row {
		return report.Row{Number: n, Fields: map[string]any{"name": name, "amount": amount}}
	}
	reporttest.RunSource(t, func(t *testing.T) reporttest.Sourced {
		a := open(t, spapi.Options{Unlimited: true}, "")
		hopeless := dated()
		hopeless.TypeID = "NO_SUCH_TYPE"
		return reporttest.Sourced{
			Source: a, Order: dated(), Hopeless: &hopeless, Pass: func() { a.pass(time.Second) },
			Want: []report.Row{row(1, "Müller", "1"), row(2, `"b"`, "2"), row(3, "c", "")},
		}
	})
}

// deliver takes an order through all steps.
func (a *amazon) deliver(ctx context.Context, o report.Order) (rows int, err error) {
	id, err := a.Request(ctx, o)
	if err != nil {
		return 0, err
	}
	var p report.Progress
	for range 10 {
		if p, err = a.Poll(ctx, o, id); err != nil || p.Ready {
			break
		}
		a.pass(time.Second)
	}
	if err != nil {
		return 0, err
	}
	for _, err := range a.Rows(ctx, o, p.Document) {
		if err != nil {
			return rows, err
		}
		rows++
	}
	return rows, nil
}

// TestAmazonsTroubles plays every fault that the emulator knows.
func TestAmazonsTroubles(t *testing.T) {
	for name, c := range map[string]struct {
		fault string
		want  string // of the error; empty: it passes
		kind  fault.Kind
	}{
		"a token that expired in the middle": {`{"kind":"expiredToken","max":1}`, "", 0},
		"a missing role":                     {`{"kind":"forbidden"}`, "lacks a role", fault.Misconfigured},
		"cancelled is no empty success":      {`{"kind":"cancelled","pattern":"SALES"}`, "cancelled the report", fault.Misconfigured},
		"fatal, with its explanation":        {`{"kind":"fatal","pattern":"SALES"}`, "it says: ", fault.Misconfigured},
		"an address that expired":            {`{"kind":"expiredURL","pattern":"SALES","max":1}`, "", 0},
		"a document that breaks off":         {`{"kind":"truncated","pattern":"SALES"}`, "broke off", fault.Retry},
		"the charset of the header":          {`{"kind":"latin1","pattern":"SALES"}`, "", 0},
		"a wrong charset":                    {`{"kind":"wrongCharset","pattern":"SALES"}`, "not valid text", fault.Misconfigured},
		"not packed":                         {`{"kind":"plain","pattern":"SALES"}`, "", 0},
		"HTML in the document's place":       {`{"kind":"htmlDocument","pattern":"SALES"}`, "HTML", fault.Misconfigured},
		"a row with a field less":            {`{"kind":"shortRow","pattern":"SALES"}`, "row 2 has 1 fields", fault.Misconfigured},
		"too many requests":                  {`{"kind":"rateLimit","route":"createReport"}`, "quota", fault.Throttled},
		"an outage":                          {`{"kind":"serverError","route":"createReport"}`, "createReport", fault.Retry},
	} {
		t.Run(name, func(t *testing.T) {
			o := spapi.Options{Unlimited: true}
			if strings.Contains(c.fault, "truncated") {
				o.Content = func(w io.Writer, _ spapi.Order) error {
					if _, err := io.WriteString(w, "name\tamount\n"); err != nil {
						return err
					}
					for n := range 100_000 { // more than the emulator sends before it breaks off
						if _, err := fmt.Fprintf(w, "%x\t%d\n", n*n, n); err != nil {
							return err
						}
					}
					return nil
				}
			}
			a := open(t, o, c.fault)
			rows, err := a.deliver(t.Context(), dated())
			switch {
			case c.want == "":
				if err != nil || rows != 3 {
					t.Errorf("%d rows, %v", rows, err)
				}
			case err == nil || !strings.Contains(err.Error(), c.want) || fault.KindOf(err) != c.kind:
				t.Errorf("%v (kind %d), want %q", err, fault.KindOf(err), c.want)
			}
			if c.kind == fault.Throttled && len(a.limiter.blocked) != 1 {
				t.Errorf("blocked: %q", a.limiter.blocked)
			}
		})
	}
}

// TestACutDocumentIsReadAgain ends the connection behind each of a document's first bytes,
// of which gzip's header is a part.
func TestACutDocumentIsReadAgain(t *testing.T) {
	for length := range int64(40) {
		a := open(t, spapi.Options{Unlimited: true}, "")
		a.client.Transport = cutting{a.client.Transport, length}
		if rows, err := a.deliver(t.Context(), dated()); fault.KindOf(err) != fault.Retry || !strings.Contains(err.Error(), "broke off") {
			t.Errorf("after %d bytes: %d rows, %v", length, rows, err)
		}
	}
}

// cutting cuts documents after some bytes.
type cutting struct {
	http.RoundTripper
	length int64
}

// RoundTrip implements http.RoundTripper.
func (c cutting) RoundTrip(r *http.Request) (*http.Response, error) {
	answer, err := c.RoundTripper.RoundTrip(r)
	if err == nil && answer.Header.Get("Content-Type") != "application/json" {
		answer.Body = struct {
			io.Reader
			io.Closer
		}{io.MultiReader(io.LimitReader(answer.Body, c.length), iotest.ErrReader(io.ErrUnexpectedEOF)), answer.Body}
	}
	return answer, err
}

// TestALostAnswerIsFoundAgain orders, loses the answer, and finds the order.
func TestALostAnswerIsFoundAgain(t *testing.T) {
	a := open(t, spapi.Options{Unlimited: true}, `{"kind":"resetApplied","route":"createReport","max":1}`)
	o := dated()
	if _, err := a.Request(t.Context(), o); fault.KindOf(err) != fault.Retry {
		t.Fatalf("the answer was not lost: %v", err)
	}
	id, err := a.Find(t.Context(), o, o.Stamp.Add(-30*time.Second))
	if err != nil || id == "" {
		t.Fatalf("%q, %v", id, err)
	}
	other := o
	other.From, other.To = o.From.AddDate(0, 0, -1), o.To.AddDate(0, 0, -1)
	if id, err := a.Find(t.Context(), other, o.Stamp.Add(-30*time.Second)); err != nil || id != "" {
		t.Errorf("another date's order was found: %q, %v", id, err)
	}
}

// TestLimitsAreByOperationAndType waits at the shared limiter before each call.
func TestLimitsAreByOperationAndType(t *testing.T) {
	a := open(t, spapi.Options{Unlimited: true}, "")
	o := dated()
	o.TypeID = "GET_SALES_AND_TRAFFIC_REPORT"
	if _, err := a.deliver(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]int{
		"spapi/createReport": 1, "spapi/createReport/GET_SALES_AND_TRAFFIC_REPORT": 1, "spapi/getReportDocument": 1, "spapi/getReports": 0,
	} {
		if got := a.limiter.Calls(name); got != want {
			t.Errorf("%s: %d calls, want %d", name, got, want)
		}
	}
}

// TestATodaysReportEndsNow orders no time to come.
func TestATodaysReportEndsNow(t *testing.T) {
	a := open(t, spapi.Options{Unlimited: true}, "")
	o := dated()
	o.From, o.To = o.From.AddDate(0, 0, 1), o.To.AddDate(0, 0, 1)
	if _, err := a.Request(t.Context(), o); err != nil {
		t.Error(err)
	}
	o.From, o.To = o.From.AddDate(0, 0, 1), o.To.AddDate(0, 0, 1)
	if _, err := a.Request(t.Context(), o); fault.Retryable(err) {
		t.Errorf("a date to come: %v", err)
	}
}

// TestNoSecretStandsInAnError asks with wrong credentials.
func TestNoSecretStandsInAnError(t *testing.T) {
	a := open(t, spapi.Options{ClientSecret: "another"}, "")
	_, err := a.Request(t.Context(), dated())
	if err == nil || strings.Contains(err.Error(), "local-secret") || strings.Contains(err.Error(), "local-refresh") || fault.Retryable(err) {
		t.Errorf("%v", err)
	}
}
