package portal

import (
	"encoding/json"
	"errors"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// get asks the page's handler.
func get(t *testing.T, h http.Handler, method, path string) *httptest.ResponseRecorder {
	t.Helper()
	rec := httptest.NewRecorder()
	h.ServeHTTP(rec, httptest.NewRequest(method, path, nil))
	return rec
}

func TestHandler(t *testing.T) {
	want := Config{Search: "/s", Index: "returns", Others: []string{"stock"}, Tenants: []Tenant{{"acme", "a.b.c"}, {"other", "d.e.f"}}, Pictures: map[string]string{"https://images.example/": "pictures/"}}
	h := Handler(func(r *http.Request) (Config, error) {
		if name := r.PathValue("entity"); name != "" && name != "stock" {
			return Config{}, fs.ErrNotExist
		}
		return want, nil
	})
	for path, kind := range map[string]string{"/": "text/html", "/portal.js": "text/javascript", "/portal.css": "text/css", "/icon.svg": "image/svg+xml", "/portal.json": "application/json", "/entities/stock": "text/html", "/parts.js": "text/javascript", "/language.js": "text/javascript", "/texts/hi.json": "application/json", "/picture.svg": "image/svg+xml", "/entity.js": "text/javascript", "/entities/stock/portal.json": "application/json"} {
		rec := get(t, h, http.MethodGet, path)
		if rec.Code != http.StatusOK || !strings.HasPrefix(rec.Header().Get("Content-Type"), kind) || !strings.Contains(rec.Header().Get("Content-Security-Policy"), "script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self';") {
			t.Errorf("%s: %d %v", path, rec.Code, rec.Header())
		}
	}
	var got Config
	rec := get(t, h, http.MethodGet, "/portal.json")
	if err := json.Unmarshal(rec.Body.Bytes(), &got); err != nil || cmp.Diff(want, got) != "" || rec.Header().Get("Cache-Control") != "no-store" {
		t.Errorf("%+v %v", got, err)
	}
	for _, path := range []string{"/RT1000399", "/C12-7_a"} {
		if rec := get(t, h, http.MethodGet, path); rec.Code != http.StatusOK || rec.Body.String() != get(t, h, http.MethodGet, "/").Body.String() {
			t.Errorf("%s: %d %.80s", path, rec.Code, rec.Body)
		}
	}
	for _, path := range []string{"/nothing", "/entities/absent/portal.json", "/entities/stock/more"} {
		if rec := get(t, h, http.MethodGet, path); rec.Code != http.StatusNotFound {
			t.Errorf("%s: %d", path, rec.Code)
		}
	}
	if rec := get(t, h, http.MethodPost, "/portal.json"); rec.Code != http.StatusMethodNotAllowed {
		t.Errorf("%d", rec.Code)
	}
	starting := Handler(func(*http.Request) (Config, error) { return Config{}, errors.New("still starting") })
	if rec := get(t, starting, http.MethodGet, "/portal.json"); rec.Code != http.StatusServiceUnavailable {
		t.Errorf("%d", rec.Code)
	}
}

// TestThePageIsSelfContained looks for what would break the page's own policy:
// files of third parties, inline scripts and styles, and HTML made from texts.
func TestThePageIsSelfContained(t *testing.T) {
	forbidden := regexp.MustCompile(`(?i)(src|href)="(https?:)?//|<script>|<style|style="|onclick="|innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function`)
	ids := regexp.MustCompile(`\$\('([a-z]+)'\)`)
	html, scripts := map[string]string{}, map[string]string{}
	err := fs.WalkDir(files, "page", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := fs.ReadFile(files, path)
		if found := forbidden.FindString(string(text)); found != "" && !strings.HasSuffix(path, ".svg") {
			t.Errorf("%s has %s", path, found)
		}
		switch {
		case strings.HasSuffix(path, ".html"):
			html[path] = string(text)
		case strings.HasSuffix(path, ".js"):
			scripts[path] = string(text)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for page, own := range map[string]string{"page/index.html": "page/portal.js", "page/entity.html": "page/entity.js"} {
		used := ids.FindAllStringSubmatch(scripts[own]+scripts["page/parts.js"], -1)
		for _, m := range used {
			if !strings.Contains(html[page], `id="`+m[1]+`"`) {
				t.Errorf("the scripts of %s use #%s, which the page does not have", page, m[1])
			}
		}
		if len(used) < 5 {
			t.Errorf("%s: only %d ids are used", page, len(used))
		}
	}
}
