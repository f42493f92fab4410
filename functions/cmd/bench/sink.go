package main

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// sink stands in place of the index: it counts records and bytes, keeps nothing,
// and answers after the latency that is set. What is not a batch or a task goes to the
// emulator behind it.
type sink struct {
	records, bytes, requests atomic.Int64
	tasks                    atomic.Int64
	latency                  atomic.Int64 // nanoseconds
	bodies                   sync.Pool
}

// sinkTask begins the number of every task of the sink, and of none of the
// emulator's, which takes the settings.
const sinkTask = "77"

// recordMark begins every record of a batch.
var recordMark = []byte(`{"action":"addObject"`)

// before returns the sink in front of an index.
func (s *sink) before(behind http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case strings.HasSuffix(r.URL.Path, "/batch") && strings.Count(r.URL.Path, "/") == 4:
			s.batch(w, r)
		case strings.Contains(r.URL.Path, "/task/"+sinkTask):
			s.wait()
			_, _ = io.WriteString(w, `{"status":"published","pendingTask":false}`)
		default:
			behind.ServeHTTP(w, r)
		}
	})
}

// batch counts a batch.
func (s *sink) batch(w http.ResponseWriter, r *http.Request) {
	buf, _ := s.bodies.Get().(*bytes.Buffer)
	if buf == nil {
		buf = &bytes.Buffer{}
	}
	defer s.bodies.Put(buf)
	buf.Reset()
	if _, err := buf.ReadFrom(r.Body); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	s.records.Add(int64(bytes.Count(buf.Bytes(), recordMark)))
	s.bytes.Add(int64(buf.Len()))
	s.requests.Add(1)
	s.wait()
	_, _ = fmt.Fprintf(w, `{"taskID":%s%010d,"objectIDs":[]}`, sinkTask, s.tasks.Add(1))
}

// wait takes as long as a far index would.
func (s *sink) wait() {
	if d := time.Duration(s.latency.Load()); d > 0 {
		time.Sleep(d)
	}
}
