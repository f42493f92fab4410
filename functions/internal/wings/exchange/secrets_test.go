package exchange

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"gitlab.com/eshopbox-team/return-sync/shared/audit"
	"gitlab.com/eshopbox-team/return-sync/shared/exchange"
	"gitlab.com/eshopbox-team/return-sync/shared/exchange/store"
)

// lockedLog is a log that several requests write to.
type lockedLog struct {
	mu sync.Mutex
	bytes.Buffer
}

func (l *lockedLog) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.Buffer.Write(p)
}

// TestSecretsStayOut syncs well and badly, with a primary that repeats in its refusals what
// it was sent, and finds no key, token or password in logs, reports, activities, the audit
// and the answers about companies and users. Tables have a key sealed or hashed alone.
func TestSecretsStayOut(t *testing.T) {
	t.Parallel()
	var log lockedLog
	var echoing atomic.Bool
	var tokens sync.Map // that crossed
	primary := newNode(t, "primary", func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if auth := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer "); auth != "" {
				tokens.Store(auth, true)
			}
			if echoing.Load() && r.URL.Path != "/server" {
				var body bytes.Buffer
				_, _ = body.ReadFrom(r.Body)
				w.WriteHeader(http.StatusBadRequest)
				_, _ = fmt.Fprintf(w, "you sent %s and %s", body.String(), r.Header.Get("Authorization"))
				return
			}
			next.ServeHTTP(w, r)
		})
	})
	secondary := newNode(t, "secondary", nil)
	befriend(primary, secondary)
	primary.publish("rotors", secondary.id, 3, 20)
	logger := slog.New(slog.NewJSONHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	secondary.partners.Log = logger
	sealed, err := secondary.Companies.SyncKey(t.Context(), primary.id)
	secondary.must(err)
	key, err := secondary.partners.Sealer.Open(primary.id, sealed)
	secondary.must(err)
	company, err := secondary.Companies.Company(t.Context(), primary.id)
	secondary.must(err)
	var reports []exchange.Report
	run := func(good bool) {
		t.Helper()
		r, err := secondary.partners.Sync(t.Context(), company, exchange.First, false)
		if err != nil || r.OK() != good {
			t.Fatalf("%+v, %v", r, err)
		}
		reports = append(reports, r)
	}
	run(true)
	echoing.Store(true)
	run(false)
	echoing.Store(false)
	secondary.must(secondary.Companies.SetSyncKey(t.Context(), primary.id, secondary.partners.Sealer.Seal(primary.id, key[:len(key)-1]+"0")))
	run(key[len(key)-1] == '0')
	seen := []string{key, key[32:], password, secondary.token, primary.token, string(sealed)}
	tokens.Range(func(token, _ any) bool {
		seen = append(seen, token.(string))
		return true
	})
	text, err := json.Marshal(reports)
	secondary.must(err)
	all := map[string]string{"logs": log.String(), "reports": string(text)}
	for name, n := range map[string]*node{"primary": primary, "secondary": secondary} {
		activities, _, err := n.Activities.List(t.Context(), 0, 100)
		n.must(err)
		audited, err := audit.New(n.db).Audits(t.Context(), 100)
		n.must(err)
		all[name+"'s rows"] = fmt.Sprintf("%+v %+v", activities, audited)
		for _, path := range []string{"/companies", "/users", "/servers", "/apikeys", "/settings", "/me", "/activity"} {
			_, _, answer := n.raw("GET", path, "")
			all[name+" "+path] = answer
		}
	}
	for where, text := range all {
		for i, secret := range seen {
			if len(secret) > 8 && strings.Contains(text, secret) {
				t.Errorf("%s: secret %d stands in %.300s", where, i, text)
			}
		}
	}
	if len(seen) < 8 || !strings.Contains(all["reports"], "400") {
		t.Errorf("%d secrets crossed; %s", len(seen), all["reports"])
	}
	var kept []store.Key
	kept, err = primary.Keys.List(t.Context(), nil)
	if err != nil || len(kept) != 1 || strings.Contains(key, fmt.Sprintf("%x", kept[0].Hash)) {
		t.Errorf("%+v, %v", kept, err)
	}
}
