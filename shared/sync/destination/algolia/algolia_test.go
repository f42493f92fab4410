package algolia_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	emulator "gitlab.com/eshopbox-team/return-sync/shared/emulator/algolia"
	"gitlab.com/eshopbox-team/return-sync/shared/fault"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/destination"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/destination/algolia"
)

// bench is a client before an emulator.
type bench struct {
	*algolia.Client
	server *emulator.Server
	url    string
	t      *testing.T
}

// config is a configuration that loses no time.
func config(url string) algolia.Config {
	return algolia.Config{
		AppID: "APP", WriteKey: "admin", URL: url, BatchRecords: 1000, BatchBytes: 8_000_000, Senders: 4, Attempts: 4,
		WriteTimeout: 2 * time.Second, MaxRefused: 100,
	}
}

// newBench starts an emulator with faults and a client; change may alter its
// configuration.
func newBench(t *testing.T, change func(*algolia.Config), rules ...emulator.Fault) *bench {
	t.Helper()
	server := emulator.New(emulator.Options{PublishDelay: time.Millisecond, Faults: emulator.Faults{Rules: rules}})
	listener := httptest.NewServer(server)
	t.Cleanup(func() {
		_ = server.Close()
		listener.Close()
	})
	cfg := config(listener.URL)
	if change != nil {
		change(&cfg)
	}
	client, err := algolia.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return &bench{Client: client, server: server, url: listener.URL, t: t}
}

// ops returns n records to save, named r0, r1 ...
func ops(n int) []destination.Op {
	list := make([]destination.Op, n)
	for i := range list {
		id := fmt.Sprint("r", i)
		list[i] = destination.Op{ID: id, Body: []byte(`{"objectID":"` + id + `","n":` + fmt.Sprint(i) + `}`)}
	}
	return list
}

// push pushes and waits until all is published.
func (b *bench) push(list []destination.Op) destination.Result {
	b.t.Helper()
	r, err := b.Push(b.t.Context(), "things", list)
	if err != nil {
		b.t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(b.t.Context(), 20*time.Second)
	defer cancel()
	if err := b.Wait(ctx, "things", r.TaskID); err != nil {
		b.t.Fatal(err)
	}
	return r
}

// get returns a record, empty if there is none.
func (b *bench) get(id string) string {
	b.t.Helper()
	req, err := http.NewRequestWithContext(b.t.Context(), http.MethodGet, b.url+"/1/indexes/things/"+id, nil)
	if err != nil {
		b.t.Fatal(err)
	}
	req.Header.Set("X-Algolia-Application-Id", "APP")
	req.Header.Set("X-Algolia-API-Key", "admin")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		b.t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	var body bytes.Buffer
	if _, err := body.ReadFrom(res.Body); err != nil {
		b.t.Fatal(err)
	}
	if res.StatusCode == http.StatusNotFound {
		return ""
	}
	return strings.TrimSpace(body.String())
}

// count returns how many records the index has.
func (b *bench) count() int { return b.server.Stats().Records["APP"]["things"] }

// refused returns the ids of what was refused, sorted.
func refused(r destination.Result) []string {
	var ids []string
	for _, x := range r.Refused {
		ids = append(ids, x.ID)
	}
	slices.Sort(ids)
	return ids
}

func TestSaveAndDelete(t *testing.T) {
	b := newBench(t, nil)
	list := ops(3)
	list[0].Body = []byte(`{"objectID":"r0","text":"क<b>\u0041"}`)
	list[1].Stamp = []byte(`,"syncedAt":17`)
	r := b.push(list)
	if r.Operations != 3 || len(r.Refused)+len(r.Uncertain) != 0 || b.count() != 3 {
		t.Errorf("result %+v, %d records", r, b.count())
	}
	var got map[string]any
	if err := json.Unmarshal([]byte(b.get("r1")), &got); err != nil || got["syncedAt"] != float64(17) || got["n"] != float64(1) {
		t.Errorf("record %v, %v", got, err)
	}
	if err := json.Unmarshal([]byte(b.get("r0")), &got); err != nil || got["text"] != "क<b>A" {
		t.Errorf("record %s", b.get("r0"))
	}
	b.push([]destination.Op{{ID: "r1"}, {ID: "never there"}, {ID: `odd "id" é`}})
	if b.count() != 2 || b.get("r1") != "" {
		t.Errorf("%d records after the delete", b.count())
	}
}

func TestPushOfNothing(t *testing.T) {
	b := newBench(t, nil)
	r, err := b.Push(t.Context(), "things", nil)
	if err != nil || r.TaskID != 0 || len(b.server.Stats().Requests) != 0 {
		t.Errorf("result %+v, %v, requests %v", r, err, b.server.Stats().Requests)
	}
}

const batchRoute = "POST /1/indexes/{index}/batch"

func TestBatchesAreCut(t *testing.T) {
	cases := map[string]struct {
		records, bytes, n int
		want              int
	}{
		"by number":              {100, 1 << 20, 250, 3},
		"exactly full":           {100, 1 << 20, 200, 2},
		"by size":                {1000, 2500, 10, 5},
		"one is larger than all": {1000, 10, 3, 3},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, func(cfg *algolia.Config) { cfg.BatchRecords, cfg.BatchBytes = c.records, c.bytes })
			list := ops(c.n)
			if name == "by size" {
				for i := range list {
					list[i].Body = fmt.Appendf(nil, `{"objectID":"r%d","x":"%s"}`, i, strings.Repeat("x", 1000))
				}
			}
			b.push(list)
			if got := b.server.Stats().Requests[batchRoute]["200"]; got != c.want || b.count() != c.n {
				t.Errorf("%d batches with %d records, want %d with %d", got, b.count(), c.want, c.n)
			}
		})
	}
}

func TestThrottling(t *testing.T) {
	t.Run("waited out", func(t *testing.T) {
		b := newBench(t, nil, emulator.Fault{Kind: emulator.RateLimit, RetryAfter: 1, Max: 1})
		began := time.Now()
		if r := b.push(ops(5)); r.Operations != 5 || len(r.Uncertain) != 0 {
			t.Errorf("result %+v", r)
		}
		if took := time.Since(began); took < time.Second {
			t.Errorf("it waited %v, the index asked for 1s", took)
		}
	})
	t.Run("no time to wait", func(t *testing.T) {
		b := newBench(t, nil, emulator.Fault{Kind: emulator.RateLimit, RetryAfter: 60})
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		began := time.Now()
		_, err := b.Push(ctx, "things", ops(5))
		var f *fault.Error
		if !errors.As(err, &f) || f.Kind != fault.Throttled || f.After != time.Minute {
			t.Errorf("error %#v, want it throttled for a minute", err)
		}
		if took := time.Since(began); took > 8*time.Second {
			t.Errorf("it took %v to see that there is no time", took)
		}
	})
}

func TestOutages(t *testing.T) {
	cases := map[string]struct {
		fault     emulator.Fault
		uncertain bool
	}{
		"refused with 503":     {emulator.Fault{Kind: emulator.ServerError, Max: 2}, true},
		"refused with 500":     {emulator.Fault{Kind: emulator.ServerError, Status: 500, Max: 1}, true},
		"reset":                {emulator.Fault{Kind: emulator.Reset, Max: 1}, true},
		"reset after applying": {emulator.Fault{Kind: emulator.ResetApplied, Max: 1}, true},
		"no answer":            {emulator.Fault{Kind: emulator.TimeoutApplied, Max: 1}, true},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c.fault.Route = batchRoute
			b := newBench(t, func(cfg *algolia.Config) { cfg.WriteTimeout = 500 * time.Millisecond }, c.fault)
			r := b.push(ops(4))
			if b.count() != 4 || r.TaskID == 0 {
				t.Errorf("%d records, %+v", b.count(), r)
			}
			if (len(r.Uncertain) == 4) != c.uncertain {
				t.Errorf("uncertain: %v", r.Uncertain)
			}
		})
	}
}

func TestOutageThatStaysIsAnError(t *testing.T) {
	b := newBench(t, func(cfg *algolia.Config) { cfg.Attempts = 2 }, emulator.Fault{Kind: emulator.ServerError})
	_, err := b.Push(t.Context(), "things", ops(1))
	if fault.KindOf(err) != fault.Retry || err == nil {
		t.Errorf("error %v", err)
	}
}

// TestEndedContextIsAnError ends the context before, and while an answer is due:
// the client itself would report neither an error nor a task.
func TestEndedContextIsAnError(t *testing.T) {
	b := newBench(t, nil, emulator.Fault{Kind: emulator.Timeout, Route: batchRoute})
	for name, after := range map[string]time.Duration{"before": 0, "while waiting": 200 * time.Millisecond} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), after)
			defer cancel()
			_, err := b.Push(ctx, "things", ops(3))
			if err == nil || fault.KindOf(err) != fault.Retry {
				t.Errorf("error %v", err)
			}
		})
	}
}

func TestKeyWithoutRightsIsNotRepeated(t *testing.T) {
	b := newBench(t, func(cfg *algolia.Config) { cfg.WriteKey = "search" })
	_, err := b.Push(t.Context(), "things", ops(1))
	if fault.KindOf(err) != fault.Misconfigured || !strings.Contains(fmt.Sprint(err), "write key") {
		t.Errorf("error %v", err)
	}
	total := 0
	for _, n := range b.server.Stats().Requests[batchRoute] {
		total += n
	}
	if total != 1 {
		t.Errorf("%d requests", total)
	}
}

func TestCulpritsAreIsolated(t *testing.T) {
	for _, kind := range []emulator.FaultKind{emulator.RefuseNamed, emulator.RefuseUnnamed} {
		for name, bad := range map[string][]string{
			"none": nil, "one": {"r500"}, "the first": {"r0"}, "the last": {"r999"}, "neighbours": {"r7", "r8"}, "far apart": {"r1", "r400", "r998"},
		} {
			t.Run(string(kind)+" "+name, func(t *testing.T) {
				t.Parallel()
				var rules []emulator.Fault
				if bad != nil {
					rules = append(rules, emulator.Fault{Kind: kind, IDs: bad})
				}
				b := newBench(t, nil, rules...)
				r := b.push(ops(1000))
				if !slices.Equal(refused(r), bad) || b.count() != 1000-len(bad) || r.Operations != int64(1000-len(bad)) {
					t.Errorf("refused %v, want %v; %d records, %d operations", refused(r), bad, b.count(), r.Operations)
				}
			})
		}
	}
}

// TestDeletesSurviveABadNeighbour has deletes in the batch that is refused.
func TestDeletesSurviveABadNeighbour(t *testing.T) {
	b := newBench(t, nil)
	b.push(ops(10))
	list := append(ops(4), destination.Op{ID: "r8"}, destination.Op{ID: "r9"}, destination.Op{ID: "bad", Body: []byte(`{"objectID":"bad"}`)})
	if err := b.faults(emulator.Fault{Kind: emulator.RefuseUnnamed, IDs: []string{"bad"}}); err != nil {
		t.Fatal(err)
	}
	if r := b.push(list); !slices.Equal(refused(r), []string{"bad"}) || b.count() != 8 {
		t.Errorf("refused %v, %d records", refused(r), b.count())
	}
}

// faults replaces the emulator's faults.
func (b *bench) faults(rules ...emulator.Fault) error {
	body, err := json.Marshal(emulator.Faults{Rules: rules})
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(b.t.Context(), http.MethodPut, b.url+"/_emulator/faults", bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("X-Algolia-Application-Id", "APP")
	req.Header.Set("X-Algolia-API-Key", "admin")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	if err := res.Body.Close(); err != nil || res.StatusCode != http.StatusOK {
		return fmt.Errorf("status %d, %w", res.StatusCode, err)
	}
	return nil
}

func TestTooManyRefusedIsNotTheRecordsFault(t *testing.T) {
	for _, kind := range []emulator.FaultKind{emulator.RefuseNamed, emulator.RefuseUnnamed} {
		b := newBench(t, func(cfg *algolia.Config) { cfg.MaxRefused = 5 }, emulator.Fault{Kind: kind, Pattern: "."})
		_, err := b.Push(t.Context(), "things", ops(200))
		if fault.CodeOf(err) != "index-refuses-all" || fault.KindOf(err) != fault.Misconfigured {
			t.Errorf("%s: %v", kind, err)
		}
		requests := 0
		for _, n := range b.server.Stats().Requests[batchRoute] {
			requests += n
		}
		if requests > 60 {
			t.Errorf("%s: %d requests to learn that all is refused", kind, requests)
		}
	}
}

// TestReasonIsWholeText answers a refusal whose words are cut within a letter.
func TestReasonIsWholeText(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if body, _ := io.ReadAll(r.Body); bytes.Contains(body, []byte("control")) {
			_ = json.NewEncoder(w).Encode(map[string]any{"taskID": 1, "objectIDs": []string{}})
			return
		}
		w.WriteHeader(http.StatusBadRequest)
		_ = json.NewEncoder(w).Encode(map[string]any{"message": "x" + strings.Repeat("क", 500), "status": 400})
	}))
	defer server.Close()
	client, err := algolia.New(config(server.URL))
	if err != nil {
		t.Fatal(err)
	}
	r, err := client.Push(t.Context(), "things", ops(1))
	if err != nil || len(r.Refused) != 1 {
		t.Fatalf("%+v, %v", r, err)
	}
	if !utf8.ValidString(r.Refused[0].Reason) || len(r.Refused[0].Reason) > 310 {
		t.Errorf("reason %q", r.Refused[0].Reason)
	}
}

func TestWait(t *testing.T) {
	b := newBench(t, nil, emulator.Fault{Kind: emulator.SlowPublish})
	r, err := b.Push(t.Context(), "things", ops(1))
	if err != nil {
		t.Fatal(err)
	}
	short, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if err := b.Wait(short, "things", r.TaskID); fault.CodeOf(err) != "index-not-published" || fault.KindOf(err) != fault.Retry {
		t.Errorf("an unpublished task: %v", err)
	}
	if err := b.faults(); err != nil { // publishes what the fault held back
		t.Fatal(err)
	}
	if err := b.Wait(t.Context(), "things", r.TaskID); err != nil || b.count() != 1 {
		t.Errorf("%d records after waiting, %v", b.count(), err)
	}
}

func TestWaitOutlivesAnOutage(t *testing.T) {
	b := newBench(t, nil)
	r := b.push(ops(1))
	if err := b.faults(emulator.Fault{Kind: emulator.ServerError, Scope: "reads", Max: 3}); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	if err := b.Wait(ctx, "things", r.TaskID); err != nil {
		t.Error(err)
	}
}

func TestNewRefusesNonsense(t *testing.T) {
	changes := map[string]func(*algolia.Config){
		"address":  func(c *algolia.Config) { c.URL = "127.0.0.1:9200" },
		"scheme":   func(c *algolia.Config) { c.URL = "ftp://host" },
		"batch":    func(c *algolia.Config) { c.BatchRecords = 0 },
		"attempts": func(c *algolia.Config) { c.Attempts = 0 },
	}
	for name, change := range changes {
		cfg := config("http://127.0.0.1:1")
		cfg.WriteKey = "s3cret-key"
		change(&cfg)
		if _, err := algolia.New(cfg); err == nil || strings.Contains(err.Error(), "s3cret") {
			t.Errorf("%s: error %v", name, err)
		}
	}
}
