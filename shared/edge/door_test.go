package edge_test

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"gitlab.com/eshopbox-team/return-sync/shared/edge"
)

// TestDoor fills a door, is refused, and is let in when somebody has left.
func TestDoor(t *testing.T) {
	inside, leave := make(chan struct{}), make(chan struct{})
	door := edge.Door(slog.New(slog.DiscardHandler), 3, http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		inside <- struct{}{}
		<-leave
	}))
	call := func() *httptest.ResponseRecorder {
		w := httptest.NewRecorder()
		door.ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/", strings.NewReader("x")))
		return w
	}
	var all sync.WaitGroup
	for range 3 {
		all.Go(func() { call() })
		<-inside
	}
	for range 5 {
		if w := call(); w.Code != http.StatusServiceUnavailable || w.Header().Get("Retry-After") != "1" || !strings.Contains(w.Body.String(), `"busy"`) {
			t.Errorf("%d %v %s", w.Code, w.Header(), w.Body)
		}
	}
	close(leave)
	all.Wait()
	all.Go(func() { call() })
	<-inside
	all.Wait()
}

// taker keeps the pieces of an answer.
type taker struct {
	*httptest.ResponseRecorder
	pieces edge.Ready
}

// Take implements edge.Taker.
func (t *taker) Take(r edge.Ready) { t.pieces = r }

// TestReadyIsNotCopied gives large pieces to a writer and to one that keeps them.
func TestReadyIsNotCopied(t *testing.T) {
	ready := edge.Ready{[]byte(`{"a":`), []byte(strings.Repeat("1", 1<<20)), []byte("}\n")}
	h := edge.Handle(slog.New(slog.DiscardHandler), func(*http.Request) (any, error) { return ready, nil }, http.MethodGet)
	plain, keeping := httptest.NewRecorder(), &taker{ResponseRecorder: httptest.NewRecorder()}
	h.ServeHTTP(plain, httptest.NewRequest(http.MethodGet, "/", nil))
	h.ServeHTTP(keeping, httptest.NewRequest(http.MethodGet, "/", nil))
	if plain.Body.Len() != ready.Size() || plain.Header().Get("Content-Type") != "application/json; charset=utf-8" || !strings.HasPrefix(plain.Body.String(), `{"a":111`) {
		t.Errorf("%d bytes, %v", plain.Body.Len(), plain.Header())
	}
	if len(keeping.pieces) != 3 || &keeping.pieces[1][0] != &ready[1][0] || keeping.Body.Len() != 0 {
		t.Error("the pieces were copied")
	}
}
