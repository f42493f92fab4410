package algolia

import (
	"strconv"
	"sync"
)

// logKept is how many of an application's last calls are remembered.
const logKept = 1000

// logbook remembers the last calls of an application.
type logbook struct {
	mu      sync.Mutex
	entries []object // oldest first
}

// log notes an answered call.
func (c *call) log(status int) {
	if c.app == nil {
		return
	}
	body := c.body[:min(len(c.body), 1000)]
	entry := object{
		"timestamp": c.server.stamp(), "method": c.http.Method, "answer_code": strconv.Itoa(status),
		"query_body": string(body), "answer": "", "url": c.http.URL.Path, "ip": c.http.RemoteAddr,
		"query_headers": "", "sha1": randomID(20), "nb_api_calls": "1", "processing_time_ms": "1",
		"index": c.vars["index"],
	}
	log := &c.app.logs
	log.mu.Lock()
	defer log.mu.Unlock()
	if log.entries = append(log.entries, entry); len(log.entries) >= 2*logKept {
		log.entries = append([]object(nil), log.entries[len(log.entries)-logKept:]...)
	}
}

// getLogs answers the last calls, newest first, from offset on and of one index
// when asked; type=error leaves out what succeeded.
func getLogs(c *call) (*answer, error) {
	offset, length := number(c.query.Get("offset"), 0), number(c.query.Get("length"), 10)
	name, kind := c.query.Get("indexName"), c.query.Get("type")
	log := &c.app.logs
	log.mu.Lock()
	defer log.mu.Unlock()
	logs := []object{}
	for i := len(log.entries) - 1; i >= 0 && len(logs) < min(length, logKept); i-- {
		e := log.entries[i]
		code, _ := e["answer_code"].(string)
		if name != "" && e["index"] != name || kind == "error" && code < "300" {
			continue
		}
		if offset--; offset < 0 {
			logs = append(logs, e)
		}
	}
	return ok(object{"logs": logs})
}
