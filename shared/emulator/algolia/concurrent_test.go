package algolia_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"

	"gitlab.com/eshopbox-team/return-sync/shared/emulator/algolia"
)

// TestAtOnce searches, browses and counts while records change and the index is
// rebuilt under it. A batch moves all records from one state to the other, so no
// reader may ever see both.
func TestAtOnce(t *testing.T) {
	server := newServer(t)
	const size = 200
	batch := func(state string) string {
		var requests []string
		for n := range size {
			requests = append(requests, fmt.Sprintf(`{"action":"addObject","body":{"objectID":"%d","state":%q}}`, n, state))
		}
		return `{"requests":[` + strings.Join(requests, ",") + `]}`
	}
	do(t, server, "PUT", "/1/indexes/i/settings", `{"attributesForFaceting":["state"]}`)
	do(t, server, "POST", "/1/indexes/i/batch", batch("a"))
	eventually(t, "loading", func() bool { return server.Stats().Records["APP"]["i"] == size })
	stop := make(chan struct{})
	var readers sync.WaitGroup
	for range 3 {
		readers.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				got := do(t, server, "POST", "/1/indexes/i/query", `{"facets":["state"],"hitsPerPage":0}`)
				if !strings.Contains(got, fmt.Sprintf(`":%d}`, size)) {
					t.Errorf("half a batch is visible: %s", got)
				}
				do(t, server, "POST", "/1/indexes/i/browse", `{"filters":"state:a","query":"a"}`)
			}
		})
	}
	random := rand.New(rand.NewPCG(3, 4))
	for n := range 60 {
		do(t, server, "POST", "/1/indexes/i/batch", batch(string("ab"[random.IntN(2)])))
		if n%20 == 0 {
			do(t, server, "PUT", "/1/indexes/i/settings", fmt.Sprintf(`{"searchableAttributes":["state","x%d"]}`, n))
		}
	}
	do(t, server, "POST", "/1/indexes/end/batch", `{"requests":[{"action":"addObject","body":{"objectID":"1"}}]}`)
	eventually(t, "the end", func() bool { return server.Stats().Records["APP"]["end"] == 1 })
	close(stop)
	readers.Wait()
}

// TestWornIndex changes one record until its dead versions are cleared away.
func TestWornIndex(t *testing.T) {
	server := algolia.New(algolia.Options{PublishDelay: -1})
	defer func() { _ = server.Close() }()
	var requests []string
	for n := range 500 {
		requests = append(requests, fmt.Sprintf(`{"action":"addObject","body":{"objectID":"%d","name":"kept"}}`, n))
	}
	body := `{"requests":[` + strings.Join(requests, ",") + `]}`
	for range 25 {
		do(t, server, "POST", "/1/indexes/i/batch", body)
	}
	do(t, server, "POST", "/1/indexes/end/batch", `{"requests":[{"action":"addObject","body":{"objectID":"1"}}]}`)
	eventually(t, "loading", func() bool {
		return server.Stats().Records["APP"]["i"] == 500 && server.Stats().Records["APP"]["end"] == 1
	})
	if got := do(t, server, "POST", "/1/indexes/i/query", `{"query":"kept","hitsPerPage":0}`); !strings.Contains(got, `"nbHits":500`) {
		t.Error(got)
	}
}
