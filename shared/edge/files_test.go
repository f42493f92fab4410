package edge

import (
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/fstest"
)

// TestFiles asks for files in every form: new, known, compressed, and those that there are
// not.
func TestFiles(t *testing.T) {
	long := strings.Repeat("let a = 1;\n", 100)
	h, err := Files(fstest.MapFS{"index.html": {Data: []byte("<p>")}, "page.js": {Data: []byte(long)}, "in/deep.css": {Data: []byte("a{}")}})
	if err != nil {
		t.Fatal(err)
	}
	ask := func(method, path string, header ...string) *http.Response {
		r := httptest.NewRequest(method, path, nil)
		for i := 0; i < len(header); i += 2 {
			r.Header.Set(header[i], header[i+1])
		}
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		return w.Result()
	}
	for path, want := range map[string]string{"/": "<p>", "/index.html": "<p>", "/page.js": long, "/in/deep.css": "a{}"} {
		plain := ask("GET", path)
		body, _ := io.ReadAll(plain.Body)
		if string(body) != want || plain.Header.Get("ETag") == "" || plain.Header.Get("Cache-Control") != "no-cache" || plain.Header.Get("Content-Encoding") != "" || plain.Header.Get("Content-Type") == "" {
			t.Errorf("%s: %d %v %.40s", path, plain.StatusCode, plain.Header, body)
		}
		known := ask("GET", path, "If-None-Match", `W/"x", `+plain.Header.Get("ETag"))
		if body, _ := io.ReadAll(known.Body); known.StatusCode != 304 || len(body) > 0 {
			t.Errorf("%s again: %d %s", path, known.StatusCode, body)
		}
		if body, _ := io.ReadAll(ask("HEAD", path).Body); len(body) > 0 {
			t.Errorf("HEAD %s: %s", path, body)
		}
	}
	small := ask("GET", "/page.js", "Accept-Encoding", "br, gzip")
	zip, err := gzip.NewReader(small.Body)
	if err != nil {
		t.Fatal(err)
	}
	if body, err := io.ReadAll(zip); err != nil || string(body) != long || small.Header.Get("Content-Encoding") != "gzip" {
		t.Errorf("compressed: %v %v", err, small.Header)
	}
	for _, path := range []string{"/nothing", "/in", "/in/", "/../files.go", "/page.js/x"} {
		if got := ask("GET", path); got.StatusCode != 404 {
			t.Errorf("%s: %d", path, got.StatusCode)
		}
	}
}
