package algolia_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"gitlab.com/eshopbox-team/return-sync/shared/fault"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/destination"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/destination/algolia"
)

// proxied returns a bench and a client that reaches its index through a proxy, which
// answers a request itself where judge gives a status.
func proxied(t *testing.T, judge func(body []byte) (status int, message string)) (*bench, *algolia.Client) {
	t.Helper()
	b := newBench(t, nil)
	target, err := url.Parse(b.url)
	if err != nil {
		t.Fatal(err)
	}
	to := httputil.NewSingleHostReverseProxy(target)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
		if status, message := judge(body); status != 0 {
			w.WriteHeader(status)
			_ = json.NewEncoder(w).Encode(map[string]any{"message": message, "status": status})
			return
		}
		to.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	client, err := algolia.New(config(server.URL))
	if err != nil {
		t.Fatal(err)
	}
	return b, client
}

// settled pushes and waits until what was accepted shows.
func settled(t *testing.T, client *algolia.Client, list []destination.Op) (destination.Result, error) {
	t.Helper()
	r, err := client.Push(t.Context(), "things", list)
	if r.TaskID > 0 {
		if err := client.Wait(t.Context(), "things", r.TaskID); err != nil {
			t.Error(err)
		}
	}
	return r, err
}

// TestARefusedRequestIsNoRefusedRecord has a proxy refuse every request: for good, and
// for the first requests only, whatever their number. No record may count as refused.
func TestARefusedRequestIsNoRefusedRecord(t *testing.T) {
	for _, n := range []int{1, 2, 35, 90} {
		for _, refusals := range []int64{1, 2, 5, 20, 1 << 30} {
			t.Run(fmt.Sprintf("%d records, %d refusals", n, refusals), func(t *testing.T) {
				t.Parallel()
				var seen atomic.Int64
				b, client := proxied(t, func([]byte) (int, string) {
					if seen.Add(1) <= refusals {
						return http.StatusBadRequest, "Bad Request"
					}
					return 0, ""
				})
				r, err := settled(t, client, ops(n))
				switch {
				case len(r.Refused) > 0 && err == nil:
					t.Errorf("records were refused: %v", refused(r))
				case err != nil && fault.KindOf(err) != fault.Retry:
					t.Errorf("%v", err)
				case err == nil && b.count() != n:
					t.Errorf("%d of %d records arrived", b.count(), n)
				case refusals == 1<<30 && err == nil:
					t.Error("a push that no request of was accepted has no error")
				}
			})
		}
	}
}

// TestTooLargeARequestIsSplit has a proxy that takes requests up to a size.
func TestTooLargeARequestIsSplit(t *testing.T) {
	const most = 3000
	b, client := proxied(t, func(body []byte) (int, string) {
		if len(body) > most {
			return http.StatusRequestEntityTooLarge, "Request Entity Too Large"
		}
		return 0, ""
	})
	list := append(ops(200), destination.Op{ID: "big", Body: []byte(`{"objectID":"big","x":"` + strings.Repeat("x", most) + `"}`)})
	r, err := settled(t, client, list)
	if err != nil || !slices.Equal(refused(r), []string{"big"}) || b.count() != 200 {
		t.Errorf("refused %v, %d records, %v", refused(r), b.count(), err)
	}
}

// TestDeletionsMakeRoom has an index whose quota is used up: it takes deletions, and
// records only after them.
func TestDeletionsMakeRoom(t *testing.T) {
	for _, helps := range []bool{true, false} {
		var deleted atomic.Bool
		b, client := proxied(t, func(body []byte) (int, string) {
			if bytes.Contains(body, []byte("addObject")) && (!deleted.Load() || !helps) {
				return http.StatusForbidden, "Record quota exceeded"
			}
			deleted.Store(deleted.Load() || bytes.Contains(body, []byte("deleteObject")))
			return 0, ""
		})
		b.push(ops(10))
		list := []destination.Op{{ID: "r1"}, {ID: "new", Body: []byte(`{"objectID":"new"}`)}, {ID: "r2"}}
		_, err := settled(t, client, list)
		if want := map[bool]int{true: 9, false: 8}[helps]; b.count() != want || (err == nil) != helps {
			t.Errorf("deletions help: %v; %d records, want %d; %v", helps, b.count(), want, err)
		}
		if !helps && fault.KindOf(err) != fault.Misconfigured {
			t.Errorf("%v", err)
		}
	}
}
