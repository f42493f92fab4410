package scopes

import (
	"strings"
	"testing"

	"gitlab.com/eshopbox-team/return-sync/shared/sync/member"
)

// TestAnotherSiteChangesNothing lets a signed-in browser be used by another site:
// whatever a browser adds by itself proves nothing here, and no other origin is
// let in.
func TestAnotherSiteChangesNothing(t *testing.T) {
	w, op := newWorld(t), operator(t)
	for name, headers := range map[string][]string{
		"a cookie":          {"Cookie", "return-sync=" + op + "; __Host-return-sync=" + op},
		"a form":            {"Cookie", "__Host-return-sync=" + op, "Content-Type", "application/x-www-form-urlencoded", "Origin", "https://evil.example", "Sec-Fetch-Site", "cross-site"},
		"basic credentials": {"Authorization", "Basic b3BlcmF0b3I6b3BlcmF0b3I="},
		"an assertion":      {"X-Goog-IAP-JWT-Assertion", op},
	} {
		if r := w.call(t, "POST", "/start-sync-scope", startBody, "", headers...); r.status != 401 {
			t.Errorf("%s: %d %s", name, r.status, r.body)
		}
	}
	for _, path := range []string{"/start-sync-scope", "/scopes"} {
		r := w.call(t, "OPTIONS", path, "", "", "Origin", "https://evil.example", "Access-Control-Request-Method", "POST", "Access-Control-Request-Headers", "authorization")
		if r.status < 400 || r.header.Get("Access-Control-Allow-Origin")+r.header.Get("Access-Control-Allow-Headers") != "" {
			t.Errorf("%s lets other origins in: %d %v", path, r.status, r.header)
		}
	}
	if r := w.call(t, "GET", "/scopes", "", op, "Origin", "https://evil.example"); r.header.Get("Access-Control-Allow-Origin") != "" {
		t.Errorf("%v", r.header)
	}
	var n int
	if err := w.db.QueryRow("SELECT COUNT(*) FROM sync_scope").Scan(&n); err != nil || n != 0 {
		t.Errorf("%d scopes, %v", n, err)
	}
}

// TestMarkupLeavesAsText has markup in titles and in what is refused: no answer
// holds a letter that a browser could take for markup, or is called a page.
func TestMarkupLeavesAsText(t *testing.T) {
	w, op := newWorld(t), operator(t)
	w.call(t, "POST", "/start-sync-scope", strings.Replace(startBody, "<b>Every night</b>", "<script>alert(1)</script>", 1), op).ok(t, &member.ScopeDone{})
	for _, r := range []reply{
		w.call(t, "GET", "/scopes", "", op), w.call(t, "GET", "/scopes/nightly", "", op), w.call(t, "GET", "/statuses", "", op),
		w.call(t, "GET", "/scopes/<script>", "", op), w.call(t, "POST", "/<script>", "{}", op), w.call(t, "GET", "/statuses?<script>=1", "", op),
		w.call(t, "POST", "/start-sync-scope", `{"instanceId":"<script>"}`, op), w.call(t, "POST", "/sync-entities", `{"options":{"entities":["<script>"]}}`, op),
		w.call(t, "POST", "/sync-entities", `{"<script>":1}`, op),
	} {
		if strings.ContainsAny(r.body, "<>") || !strings.HasPrefix(r.header.Get("Content-Type"), "application/json") || r.header.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%d %s: %s", r.status, r.header.Get("Content-Type"), r.body)
		}
	}
}
