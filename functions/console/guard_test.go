package console

import (
	"io/fs"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/lestrrat-go/jwx/v3/jwt"

	"gitlab.com/eshopbox-team/return-sync/shared/identity"
)

// TestWhoMayDoWhat tries every address with every kind of caller, by bearer token and by
// session.
func TestWhoMayDoWhat(t *testing.T) {
	w := newWorld(t)
	good := operator(t)
	parts := strings.Split(good, ".")
	for name, c := range map[string]struct {
		token       string
		read, write int
	}{
		"nobody":              {"", 401, 401},
		"a forger":            {good[:len(good)-4] + "AAAA", 401, 401},
		"an unsigned token":   {"eyJhbGciOiJub25lIn0." + parts[1] + ".", 401, 401},
		"another algorithm":   {"eyJhbGciOiJIUzUxMiJ9." + parts[1] + "." + parts[2], 401, 401},
		"an expired operator": {token(t, func(b *jwt.Builder) { b.Claim("roles", "operator").Expiration(time.Now().Add(-time.Hour)) }), 401, 401},
		"another's operator":  {token(t, func(b *jwt.Builder) { b.Claim("roles", "operator").Issuer("https://other.example") }), 401, 401},
		"a reader":            {token(t, nil), 200, 403},
		"a tenant":            {token(t, func(b *jwt.Builder) { b.Claim("account", "operator") }), 403, 403},
		"a tenant's operator": {token(t, func(b *jwt.Builder) { b.Claim("account", "acme").Claim("roles", "operator") }), 403, 403},
		"a searching tenant": {token(t, func(b *jwt.Builder) {
			b.Claim("account", "acme").Claim("roles", "operator").Audience([]string{"search"})
		}), 401, 401},
		"a searcher's role": {token(t, func(b *jwt.Builder) { b.Claim("roles", "operator").Audience([]string{"search"}) }), 401, 401},
		"a role for nobody": {token(t, func(b *jwt.Builder) { b.Claim("roles", "operator").Audience(nil) }), 401, 401},
		"another role":      {token(t, func(b *jwt.Builder) { b.Claim("roles", "operators Operator") }), 200, 403},
		"an operator":       {good, 200, 400},
	} {
		for way, headers := range map[string][]string{
			"bearer": {"Cookie", "", "Authorization", "Bearer " + c.token}, "session": nil,
		} {
			if way == "bearer" && c.token == "" {
				headers = []string{"Cookie", ""}
			}
			if got := w.page(t, "GET", "/state", "", c.token, headers...); got.StatusCode != c.read {
				t.Errorf("%s reads the state by %s: %d, want %d", name, way, got.StatusCode, c.read)
			}
			if got := w.page(t, "GET", "/runs/0", "", c.token, headers...); got.StatusCode != map[int]int{200: 400, 401: 401, 403: 403}[c.read] {
				t.Errorf("%s reads a run by %s: %d", name, way, got.StatusCode)
			}
			if got := w.page(t, "GET", "/session", "", c.token, headers...); got.StatusCode != 200 || strings.Contains(got.body, `"signedIn":true`) != (c.read == 200) {
				t.Errorf("%s asks for the session by %s: %d %s", name, way, got.StatusCode, got.body)
			}
			var paths []string
			for action := range actions {
				paths = append(paths, "/act/"+action)
			}
			for question := range questions {
				paths = append(paths, "/ask/"+question)
			}
			for _, action := range slices.Sorted(slices.Values(paths)) {
				// The body is invalid, but the caller is checked first.
				if got := w.page(t, "POST", action, `{"colour":1}`, c.token, headers...); got.StatusCode != c.write {
					t.Errorf("%s does %s by %s: %d %s, want %d", name, action, way, got.StatusCode, got.body, c.write)
				}
			}
		}
		if c.read != 200 {
			if got := w.page(t, "GET", "/events", "", c.token); got.StatusCode != c.read {
				t.Errorf("%s opens a stream: %d", name, got.StatusCode)
			}
			if got := w.page(t, "POST", "/session", `{"token":"`+c.token+`"}`, ""); got.StatusCode != c.read || len(got.Cookies()) > 0 {
				t.Errorf("%s signs in: %d %v", name, got.StatusCode, got.Cookies())
			}
		}
	}
	if got := w.page(t, "GET", "/state", "", good, identity.IAPHeader, good); got.StatusCode != 200 {
		t.Errorf("an assertion that nobody asked for: %d", got.StatusCode)
	}
	if n := w.traces(t); n != 0 {
		t.Errorf("%d traces of what was refused", n)
	}
}

// TestAnotherSiteChangesNothing uses an operator's browser from other sites.
func TestAnotherSiteChangesNothing(t *testing.T) {
	w, session := newWorld(t), operator(t)
	body := `{"entity":"returns"}`
	for name, headers := range map[string][]string{
		"a form":                         {ChangeHeader, "", "Content-Type", "application/x-www-form-urlencoded", "Sec-Fetch-Site", "cross-site", "Origin", "https://evil.example"},
		"no header":                      {ChangeHeader, ""},
		"another site":                   {"Sec-Fetch-Site", "cross-site"},
		"a sister site":                  {"Sec-Fetch-Site", "same-site"},
		"another origin":                 {"Sec-Fetch-Site", "", "Origin", "https://evil.example"},
		"another port":                   {"Sec-Fetch-Site", "", "Origin", "https://example.com:8443"},
		"an origin that begins like us":  {"Sec-Fetch-Site", "", "Origin", "https://example.com.evil.example"},
		"no origin, as from a sandbox":   {"Sec-Fetch-Site", "", "Origin", "null"},
		"a bearer's token from a script": {"Cookie", "", "Authorization", "Bearer " + session, "Sec-Fetch-Site", "cross-site"},
	} {
		for _, path := range []string{"/act/start-entity", "/act/add-schedule", "/ask/compare", "/session/end", "/session"} {
			got := w.page(t, "POST", path, body, session, headers...)
			if got.StatusCode != 403 || len(got.Cookies()) > 0 {
				t.Errorf("%s, %s: %d %s %v", name, path, got.StatusCode, got.body, got.Cookies())
			}
		}
	}
	for name, headers := range map[string][]string{"plain text": {"Content-Type", "text/plain"}, "no kind": {"Content-Type", ""}} {
		if got := w.page(t, "POST", "/act/start-entity", body, session, headers...); got.StatusCode != 400 {
			t.Errorf("%s: %d", name, got.StatusCode)
		}
	}
	for _, method := range []string{"GET", "HEAD", "PUT", "DELETE", "OPTIONS"} {
		if got := w.page(t, method, "/act/start-entity?entity=returns", body, session); got.StatusCode < 400 || got.Header.Get("Access-Control-Allow-Origin") != "" {
			t.Errorf("%s: %d %v", method, got.StatusCode, got.Header)
		}
	}
	if n := w.traces(t); n != 0 {
		t.Errorf("%d traces of what was refused", n)
	}
	if got := w.page(t, "POST", "/act/start-entity", body, session); got.StatusCode != 200 || w.traces(t) == 0 {
		t.Errorf("the page itself: %d %s", got.StatusCode, got.body)
	}
}

// TestTheSessionsCookie checks the cookie that a browser receives.
func TestTheSessionsCookie(t *testing.T) {
	w, good := newWorld(t), operator(t)
	for host, want := range map[string]string{"example.com": "__Host-return-sync", "127.0.0.1:8080": "return-sync", "[::1]:80": "return-sync", "localhost": "return-sync", "localhost.evil.example": "__Host-return-sync"} {
		r, _ := http.NewRequest("GET", "http://"+host+"/", nil)
		if got := CookieName(secure(r)); got != want {
			t.Errorf("%s: %s", host, got)
		}
	}
	in := w.page(t, "POST", "/session", `{"token":" Bearer `+good+`\n"}`, "")
	if len(in.Cookies()) != 1 || in.StatusCode != 200 {
		t.Fatalf("%d %s", in.StatusCode, in.body)
	}
	c := in.Cookies()[0]
	if c.Name != "__Host-return-sync" || !c.HttpOnly || !c.Secure || c.SameSite != http.SameSiteStrictMode || c.Path != "/" || c.Domain != "" || c.MaxAge < 3500 || c.MaxAge > 3600 {
		t.Errorf("%v", in.Header["Set-Cookie"])
	}
	if strings.Contains(in.body, good) {
		t.Error("the token is in the answer")
	}
	out := w.page(t, "POST", "/session/end", "{}", good)
	if len(out.Cookies()) != 1 || out.Cookies()[0].MaxAge >= 0 || out.Cookies()[0].Value != "" {
		t.Errorf("%v", out.Header["Set-Cookie"])
	}
	long := w.page(t, "POST", "/session", `{"token":"`+strings.Repeat("x", 3900)+`"}`, "")
	if long.code() != "long-token" {
		t.Errorf("%d %s", long.StatusCode, long.body)
	}
}

// TestEveryAnswerIsCareful checks the headers of pages, answers and refusals.
func TestEveryAnswerIsCareful(t *testing.T) {
	w := newWorld(t)
	for _, path := range []string{"/", "/console.js", "/console.css", "/state", "/session", "/first", "/events", "/nothing", "/SyncConsole/", "/console/dom.js", "/act/start-entity"} {
		got := w.send(t, "GET", path, "")
		h := got.Header
		// The page's own files are no secret: a browser keeps them, and asks whether they changed.
		keeps := "no-store"
		if h.Get("ETag") != "" {
			keeps = "no-cache"
		}
		if csp := h.Get("Content-Security-Policy"); !strings.Contains(csp, "default-src 'none'") || !strings.Contains(csp, "frame-ancestors 'none'") || strings.Contains(csp, "unsafe") ||
			h.Get("X-Content-Type-Options") != "nosniff" || (h.Get("Cache-Control") != keeps && got.StatusCode != 404) || h.Get("X-Frame-Options") != "DENY" || h.Get("Referrer-Policy") != "no-referrer" {
			t.Errorf("%s: %v", path, h)
		}
	}
	for path, want := range map[string]string{"/console": "/console/", "/SyncConsole": "/SyncConsole/"} {
		if got := w.send(t, "GET", path, ""); got.StatusCode != http.StatusTemporaryRedirect || got.Header.Get("Location") != want {
			t.Errorf("%s: %d %s", path, got.StatusCode, got.Header.Get("Location"))
		}
	}
}

// TestThePageIsSelfContained looks for violations of the page's own policy: files of
// third parties, inline scripts and styles, and HTML made from texts.
func TestThePageIsSelfContained(t *testing.T) {
	forbidden := regexp.MustCompile(`(?i)(src|href|from)[= ]["'](https?:)?//|<script>|<style|style="|\bon[a-z]+="|innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|javascript:`)
	ids := regexp.MustCompile(`\$\('([a-z]+)'\)|section\('([a-z]+)'`)
	html, err := files.ReadFile("page/index.html")
	if err != nil {
		t.Fatal(err)
	}
	err = fs.WalkDir(files, "page", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := fs.ReadFile(files, path)
		if found := forbidden.FindString(string(text)); found != "" && !strings.HasSuffix(path, ".svg") {
			t.Errorf("%s has %s", path, found)
		}
		for _, m := range ids.FindAllStringSubmatch(string(text), -1) {
			if id := m[1] + m[2]; !strings.Contains(string(html), `id="`+id+`"`) {
				t.Errorf("%s uses #%s, which the page does not have", path, id)
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}
