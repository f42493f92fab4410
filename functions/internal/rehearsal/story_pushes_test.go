package rehearsal

import (
	"bytes"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"strings"
	"sync"
)

// pushLog counts how often each record was sent to the index.
type pushLog struct {
	mu   sync.Mutex
	sent map[string]int
}

// newPushLog returns an empty count.
func newPushLog() *pushLog { return &pushLog{sent: map[string]int{}} }

// counts returns a copy of the counts, by record.
func (p *pushLog) counts() map[string]int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return maps.Clone(p.sent)
}

// watch counts the records of batches and passes every request on.
func (p *pushLog) watch(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/batch") {
			body, _ := io.ReadAll(r.Body) // what is cut short is the index's to refuse
			r.Body = io.NopCloser(bytes.NewReader(body))
			p.count(body)
		}
		next.ServeHTTP(w, r)
	})
}

// count adds a batch's records.
func (p *pushLog) count(body []byte) {
	var batch struct {
		Requests []struct {
			Body struct {
				ObjectID string `json:"objectID"`
			} `json:"body"`
		} `json:"requests"`
	}
	if json.Unmarshal(body, &batch) != nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, r := range batch.Requests {
		p.sent[r.Body.ObjectID]++
	}
}
