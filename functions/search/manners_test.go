package search

import (
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"gitlab.com/eshopbox-team/return-sync/functions/internal/wire"
)

func TestFreshness(t *testing.T) {
	w := newWorld(t, nil)
	mine := token(t, own, nil)
	ask := func(path, method, body string) (stale bool, r reply) {
		t.Helper()
		r = w.call(t, method, path, body, mine)
		var a struct {
			AsOf  *time.Time
			Stale bool
		}
		if err := json.Unmarshal([]byte(r.body), &a); err != nil || r.status != http.StatusOK {
			t.Fatalf("%d %s: %v", r.status, r.body, err)
		}
		if a.AsOf == nil || !a.AsOf.Equal(*w.asOf.Load()) {
			t.Errorf("%s %s: as of %v", method, path, a.AsOf)
		}
		return a.Stale, r
	}
	for _, path := range []string{"GET /", "GET /own-1", "POST /key", "POST /"} {
		method, p, _ := strings.Cut(path, " ")
		body := ""
		if path == "POST /" {
			body = batchOf("returns", nil)
		}
		stale, r := ask(p, method, body)
		if stale || r.header.Get("X-Data-Stale") != "false" || r.header.Get("X-Data-Age") != "300" || r.header.Get("Last-Modified") != "Fri, 20 Nov 2026 14:15:00 GMT" {
			t.Errorf("%s: %v, %v", path, stale, r.header)
		}
	}
	w.setNow(clock.Add(25 * time.Minute)) // as of is 30 minutes ago: two periods
	if stale, _ := ask("/", http.MethodGet, ""); stale {
		t.Error("stale too soon")
	}
	w.setNow(clock.Add(25*time.Minute + time.Second))
	if stale, r := ask("/", http.MethodGet, ""); !stale || r.header.Get("X-Data-Stale") != "true" {
		t.Error("not stale")
	}
}

// TestDatabaseAway takes the database away: searches go on with the last known
// moment, marked stale, and recover by themselves.
func TestDatabaseAway(t *testing.T) {
	w := newWorld(t, nil)
	w.get(t, "") // reads as of
	w.away.Store(true)
	now := clock
	wait := func(stale bool) {
		t.Helper()
		for late := time.Now().Add(time.Minute); time.Now().Before(late); time.Sleep(2 * time.Millisecond) { // reads go on beside the answers
			now = now.Add(5 * time.Second)
			w.setNow(now)
			if !stale { // runs go on closing
				fresh := now
				w.asOf.Store(&fresh)
			}
			if a, r := w.get(t, ""); r.status != http.StatusOK || a.AsOf == nil {
				t.Fatalf("%d %s", r.status, r.body)
			} else if a.Stale == stale {
				return
			}
		}
		t.Errorf("stale never became %v", stale)
	}
	wait(true)
	w.away.Store(false)
	wait(false)
}

func TestNeverSyncedIsStale(t *testing.T) {
	w := newWorld(t, nil)
	w.asOf.Store(nil)
	a, r := w.get(t, "")
	if a.AsOf != nil || !a.Stale || !strings.Contains(r.body, `"asOf":null`) || r.header.Get("Last-Modified") != "" {
		t.Errorf("%+v %v", a, r.header)
	}
}

func TestTags(t *testing.T) {
	w := newWorld(t, nil)
	mine := token(t, own, nil)
	first := w.call(t, http.MethodGet, "/?query=red", "", mine)
	tag := first.header.Get("ETag")
	for _, known := range []string{tag, "*", `"x", ` + tag, strings.TrimPrefix(tag, "W/")} {
		r := w.call(t, http.MethodGet, "/?query=red", "", mine, "If-None-Match", known)
		if r.status != http.StatusNotModified || r.body != "" || r.header.Get("ETag") != tag {
			t.Errorf("%s: %d %s", known, r.status, r.body)
		}
	}
	for name, r := range map[string]reply{
		"another query":   w.call(t, http.MethodGet, "/?query=blue", "", mine, "If-None-Match", tag),
		"another account": w.call(t, http.MethodGet, "/?query=red", "", token(t, rival, nil), "If-None-Match", tag),
	} {
		if r.status != http.StatusOK || r.header.Get("ETag") == tag {
			t.Errorf("%s: %d", name, r.status)
		}
	}
	if got := first.header.Get("Cache-Control"); got != "private, no-cache" || !strings.Contains(strings.Join(first.header.Values("Vary"), ","), "Authorization") {
		t.Errorf("%v", first.header)
	}
	if r := w.call(t, http.MethodGet, "/?page=-1", "", mine, "If-None-Match", "*"); r.status != http.StatusBadRequest || r.header.Get("Cache-Control") != "no-store" {
		t.Errorf("an error: %d %v", r.status, r.header)
	}
}

func TestCompression(t *testing.T) {
	w := newWorld(t, nil)
	mine := token(t, own, nil)
	plain := w.call(t, http.MethodGet, "/", "", mine)
	for accept, packed := range map[string]bool{"gzip": true, "br, gzip;q=0.5": true, "": false, "gzip;q=0": false, "identity": false, "br": false} {
		r := w.call(t, http.MethodGet, "/", "", mine, "Accept-Encoding", accept)
		body := r.body
		if packed {
			z, err := gzip.NewReader(strings.NewReader(r.body))
			if err != nil {
				t.Fatal(err)
			}
			text, err := io.ReadAll(z)
			if err != nil {
				t.Fatal(err)
			}
			body = string(text)
		}
		if body != plain.body || (r.header.Get("Content-Encoding") == "gzip") != packed {
			t.Errorf("%q: %v", accept, r.header)
		}
	}
}

func TestCrossOrigin(t *testing.T) {
	w := newWorld(t, nil)
	const good = "https://portal.example"
	ask := []string{"Access-Control-Request-Method", "POST", "Access-Control-Request-Headers", "authorization"}
	r := w.call(t, http.MethodOptions, "/", "", "", append(ask, "Origin", good)...)
	if r.status != http.StatusNoContent || r.header.Get("Access-Control-Allow-Origin") != good || r.header.Get("Access-Control-Max-Age") == "" ||
		!strings.Contains(r.header.Get("Access-Control-Allow-Headers"), "Authorization") || r.header.Get("Access-Control-Allow-Credentials") != "" {
		t.Errorf("preflight: %d %v", r.status, r.header)
	}
	for _, origin := range []string{"https://evil.example", "https://portal.example.evil.example", "null", "http://portal.example", "https://PORTAL.example"} {
		r := w.call(t, http.MethodOptions, "/", "", "", append(ask, "Origin", origin)...)
		if r.header.Get("Access-Control-Allow-Origin") != "" || r.header.Get("Access-Control-Allow-Methods") != "" {
			t.Errorf("%s: %v", origin, r.header)
		}
	}
	if r := w.call(t, http.MethodGet, "/?page=-1", "", token(t, own, nil), "Origin", good); r.header.Get("Access-Control-Allow-Origin") != good {
		t.Error("an error cannot be read by the page that caused it")
	}
}

func TestRate(t *testing.T) {
	w := newWorld(t, func(s *wire.Search) { s.Limits.Rate, s.Limits.Burst = 2, 20 })
	mine := token(t, own, nil)
	many := `{"requests":[` + strings.Repeat(`{"indexName":"returns"},`, 18) + `{"indexName":"returns"}]}`
	if r := w.call(t, http.MethodPost, "/", many, mine); r.status != http.StatusOK {
		t.Fatalf("%d %s", r.status, r.body)
	}
	w.get(t, "")
	a, r := w.get(t, "")
	if r.status != http.StatusTooManyRequests || r.header.Get("Retry-After") != "1" || a.Error.Code != "too-many" {
		t.Errorf("%d %v %+v", r.status, r.header, a.Error)
	}
	if r := w.call(t, http.MethodGet, "/", "", token(t, rival, nil)); r.status != http.StatusOK {
		t.Errorf("another account pays for it: %d", r.status)
	}
	w.setNow(clock.Add(time.Second))
	if _, r := w.get(t, ""); r.status != http.StatusOK {
		t.Errorf("after waiting: %d", r.status)
	}
	if r := w.call(t, http.MethodPost, "/", many, mine); r.status != http.StatusTooManyRequests || r.header.Get("Retry-After") == "" {
		t.Errorf("a batch beyond the allowance: %d", r.status)
	}
}

// TestLimiterIsBounded shows more accounts to a limiter than it remembers.
func TestLimiterIsBounded(t *testing.T) {
	l := newLimiter(1, 2)
	for i := range maxAccounts + 500 {
		l.take([]string{fmt.Sprint("a", i)}, 2, clock.Add(time.Duration(i)*time.Millisecond))
	}
	if len(l.accounts) > maxAccounts {
		t.Errorf("%d accounts are remembered", len(l.accounts))
	}
	at := clock.Add((maxAccounts + 500) * time.Millisecond)
	if l.take([]string{fmt.Sprint("a", maxAccounts+499)}, 1, at) == 0 {
		t.Error("the newest account was forgotten before the oldest")
	}
}

func TestBodies(t *testing.T) {
	w := newWorld(t, func(s *wire.Search) { s.Limits.MaxBody = 1000 })
	mine := token(t, own, nil)
	for name, c := range map[string]struct {
		body, encoding, code string
		status               int
	}{
		"too large": {strings.Repeat(" ", 1001), "", "body-too-large", http.StatusRequestEntityTooLarge}, "compressed": {"x", "gzip", "bad-encoding", http.StatusBadRequest},
		"largest": {batchOf("returns", nil) + strings.Repeat(" ", 1000-len(batchOf("returns", nil))), "", "", http.StatusOK},
		"plain":   {batchOf("returns", nil), "identity", "", http.StatusOK},
	} {
		r := w.call(t, http.MethodPost, "/", c.body, mine, "Content-Encoding", c.encoding)
		if code, _ := r.problem(); code != c.code || r.status != c.status {
			t.Errorf("%s: %d %s", name, r.status, r.body)
		}
	}
	for path, methods := range map[string]string{"/": "DELETE PUT PATCH", "/key": "GET PUT", "/own-1": "POST DELETE", "/openapi.json": "POST"} {
		for method := range strings.FieldsSeq(methods) {
			if r := w.call(t, method, path, "", mine); r.status != http.StatusMethodNotAllowed || r.header.Get("Allow") == "" {
				t.Errorf("%s %s: %d", method, path, r.status)
			}
		}
	}
	if r := w.call(t, http.MethodHead, "/?query=red", "", mine); r.status != http.StatusOK || r.header.Get("ETag") == "" {
		t.Errorf("HEAD: %d %v", r.status, r.header)
	}
}
