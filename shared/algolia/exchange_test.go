package algolia

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
)

// TestAnswersAreBounded reads answers of sizes around the most that a refusal may
// have: a success may have more, a refusal not.
func TestAnswersAreBounded(t *testing.T) {
	for _, c := range []struct {
		status, size int
		ok           bool
	}{{200, maxRefusal + 1, true}, {403, maxRefusal, true}, {403, maxRefusal + 1, false}, {500, 2 * maxRefusal, false}} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(c.status)
			_, _ = w.Write(make([]byte, c.size))
		}))
		defer server.Close()
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL, nil)
		if err != nil {
			t.Fatal(err)
		}
		res, err := (&requester{client: newHTTPClient()}).Request(req)
		if err != nil {
			t.Fatal(err)
		}
		_, err = io.Copy(io.Discard, res.Body)
		_ = res.Body.Close()
		var large *http.MaxBytesError
		if errors.As(err, &large) == c.ok || err != nil && c.ok {
			t.Errorf("%d with %d bytes: %v", c.status, c.size, err)
		}
	}
}
