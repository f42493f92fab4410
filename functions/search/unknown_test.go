package search

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	writer "gitlab.com/eshopbox-team/return-sync/shared/sync/destination/algolia"
)

// ways are the requests that ask the index, or hand out a way to it.
var ways = []struct{ method, path, body string }{
	{http.MethodGet, "/", ""},
	{http.MethodHead, "/", ""},
	{http.MethodGet, "/?query=red&sort=updatedAt_desc", ""},
	{http.MethodPost, "/", batchOf("returns", nil)},
	{http.MethodPost, "/", `{"requests":[{"indexName":"returns","type":"facet","facet":"courier","params":{"facetQuery":"b"}}]}`},
	{http.MethodGet, "/own-1", ""},
	{http.MethodGet, "/no-such-record", ""},
	{http.MethodPost, "/key", ""},
	{http.MethodGet, "/openapi.json", ""},
}

// putOff demands that every way is answered 503 with a code and a time to wait.
func (w *world) putOff(t *testing.T, when, code string) {
	t.Helper()
	for _, c := range ways {
		r := w.call(t, c.method, c.path, c.body, token(t, own, nil))
		got, _ := r.problem()
		if r.status != http.StatusServiceUnavailable || r.header.Get("Retry-After") == "" || got != code {
			t.Errorf("%s: %s %s: %d %v %s", when, c.method, c.path, r.status, r.header, r.body)
		}
	}
}

// served demands that every way is answered.
func (w *world) served(t *testing.T, when string) {
	t.Helper()
	for _, c := range ways {
		r := w.call(t, c.method, c.path, c.body, token(t, own, nil))
		want := http.StatusOK
		if c.path == "/no-such-record" {
			want = http.StatusNotFound
		}
		if r.status != want {
			t.Errorf("%s: %s %s: %d %s", when, c.method, c.path, r.status, r.body)
		}
	}
}

// TestUnknownTarget starts an instance while the state database is away: it cannot
// know which index is live, and answers nothing until it does.
func TestUnknownTarget(t *testing.T) {
	w := newWorld(t, nil)
	w.away.Store(true)
	w.putOff(t, "away since the start", "index-unknown")
	if r := w.call(t, http.MethodGet, "/", "", ""); r.status != http.StatusUnauthorized {
		t.Errorf("a caller without a token learns of the database: %d", r.status)
	}
	w.setNow(clock.Add(30 * time.Minute))
	w.putOff(t, "away for half an hour", "index-unknown")
	w.away.Store(false)
	fresh := clock.Add(30 * time.Minute)
	w.asOf.Store(&fresh)
	w.setNow(clock.Add(30*time.Minute + 10*time.Second))
	w.served(t, "the first request after the database came back")
}

// TestLastKnownTarget takes the database away after the target was read: the last
// known one is used for a bounded time.
func TestLastKnownTarget(t *testing.T) {
	w := newWorld(t, nil)
	w.served(t, "at first")
	w.away.Store(true)
	w.setNow(clock.Add(trust))
	if a, r := w.get(t, ""); r.status != http.StatusOK || !a.Stale || a.AsOf == nil {
		t.Errorf("within the bound: %d %s", r.status, r.body)
	}
	w.served(t, "within the bound")
	w.setNow(clock.Add(trust + time.Second))
	w.putOff(t, "beyond the bound", "index-unknown")
	w.away.Store(false)
	w.setNow(clock.Add(trust + 20*time.Second))
	w.served(t, "after the database came back")
}

// TestMissingIndex deletes the index: only where nothing was ever synced is that
// an empty answer.
func TestMissingIndex(t *testing.T) {
	w := newWorld(t, nil)
	client, err := writer.New(writer.Config{AppID: "APP", WriteKey: adminID, URL: w.index.URL, BatchRecords: 1, BatchBytes: 1, Senders: 1, Attempts: 1, WriteTimeout: 20 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range w.parts.Schema.IndexNames() {
		if err := client.DeleteIndex(t.Context(), name); err != nil {
			t.Fatal(err)
		}
	}
	asking := ways[:7]
	for _, c := range asking {
		r := w.call(t, c.method, c.path, c.body, token(t, own, nil))
		code, _ := r.problem()
		if r.status != http.StatusServiceUnavailable || code != "index-missing" && code != "sort-missing" || r.header.Get("Retry-After") == "" {
			t.Errorf("synced before: %s %s: %d %v %s", c.method, c.path, r.status, r.header, r.body)
		}
	}
	w.asOf.Store(nil)
	w.setNow(clock.Add(10 * time.Second))
	for _, c := range asking {
		r := w.call(t, c.method, c.path, c.body, token(t, own, nil))
		want := http.StatusOK
		switch {
		case strings.Contains(c.path, "sort="):
			want = http.StatusServiceUnavailable
		case c.path == "/own-1", c.path == "/no-such-record":
			want = http.StatusNotFound
		}
		if r.status != want {
			t.Errorf("never synced: %s %s: %d %s", c.method, c.path, r.status, r.body)
		}
		if c.path == "/" && c.method == http.MethodGet {
			var a struct{ NbHits int }
			if err := json.Unmarshal([]byte(r.body), &a); err != nil || a.NbHits != 0 || !strings.Contains(r.body, `"asOf":null`) {
				t.Errorf("never synced: %s", r.body)
			}
		}
	}
	w.away.Store(true)
	w.setNow(clock.Add(20 * time.Second))
	if r := w.call(t, http.MethodGet, "/", "", token(t, own, nil)); r.status != http.StatusServiceUnavailable {
		t.Errorf("never synced as far as is known, and the database is away: %d %s", r.status, r.body)
	}
}
