package algolia_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/algolia/algoliasearch-client-go/v3/algolia/search"

	"gitlab.com/eshopbox-team/return-sync/shared/emulator/algolia"
)

func rules(list ...algolia.Fault) algolia.Faults { return algolia.Faults{Rules: list} }

var adminHeader = []string{"X-Algolia-Application-Id", "APP", "X-Algolia-API-Key", "admin"}

const oneRecord = `{"requests":[{"action":"addObject","body":{"objectID":"1"}}]}`

func TestStatusFaults(t *testing.T) {
	server, host := emulator(t, algolia.Options{Faults: rules(
		algolia.Fault{Kind: algolia.RateLimit, RetryAfter: 7, Max: 1},
		algolia.Fault{Kind: algolia.RateLimit, Max: 1},
		algolia.Fault{Kind: algolia.ServerError, Max: 1},
		algolia.Fault{Kind: algolia.ServerError, Status: 502, Scope: "reads", Max: 1},
	)})
	url := "http://" + host + "/1/indexes/i/"
	type outcome struct {
		Status int
		Retry  string
	}
	var got []outcome
	for range 4 {
		status, _, header := raw(t, "POST", url+"batch", oneRecord, adminHeader...)
		got = append(got, outcome{status, header.Get("Retry-After")})
	}
	same(t, "writes", []outcome{{429, "7"}, {429, ""}, {503, ""}, {200, ""}}, got)
	status, _, _ := raw(t, "POST", url+"query", "", adminHeader...)
	same(t, "read", 502, status)
	stats := server.Stats()
	same(t, "faults", map[algolia.FaultKind]int{algolia.RateLimit: 2, algolia.ServerError: 2}, stats.Faults)
	same(t, "requests", map[string]int{"200": 1, "429": 2, "503": 1}, stats.Requests["POST /1/indexes/{index}/batch"])
	same(t, "operations", map[string]int{"addObject": 1}, stats.Operations)
}

func TestClientSeesRateLimit(t *testing.T) {
	client := start(t, algolia.Options{Faults: rules(algolia.Fault{Kind: algolia.RateLimit})})
	_, err := client.InitIndex("i").SaveObjects([]record{{"objectID": "1"}})
	refusedWith(t, http.StatusTooManyRequests, err)
}

// TestLostAnswers plays connections that end without an answer, and looks
// whether the write was applied.
func TestLostAnswers(t *testing.T) {
	for kind, applied := range map[algolia.FaultKind]bool{
		algolia.Timeout: false, algolia.TimeoutApplied: true, algolia.Reset: false, algolia.ResetApplied: true,
	} {
		t.Run(string(kind), func(t *testing.T) {
			server, host := emulator(t, algolia.Options{Faults: rules(algolia.Fault{Kind: kind, Max: 1})})
			impatient := &http.Client{Timeout: 200 * time.Millisecond}
			if strings.HasPrefix(string(kind), "reset") {
				impatient.Timeout = 10 * time.Second
			}
			r := must[*http.Request](t)(http.NewRequest("POST", "http://"+host+"/1/indexes/i/batch", strings.NewReader(oneRecord)))
			r.Header.Set("X-Algolia-Application-Id", "APP")
			r.Header.Set("X-Algolia-API-Key", "admin")
			if res, err := impatient.Do(r); err == nil {
				_ = res.Body.Close()
				t.Fatalf("got an answer: %s", res.Status)
			}
			// Writes of one index are applied in order, so a later one shows that the lost one is through.
			later := strings.Replace(oneRecord, `"objectID":"`, `"objectID":"later-`, 1)
			raw(t, "POST", "http://"+host+"/1/indexes/i/batch", later, adminHeader...)
			eventually(t, "the later write", func() bool {
				status, _, _ := raw(t, "GET", "http://"+host+"/1/indexes/i/later-1", "", adminHeader...)
				return status == http.StatusOK
			})
			same(t, "applied", applied, server.Stats().Records["APP"]["i"] == 2)
			eventually(t, "counting", func() bool { return server.Stats().Requests["POST /1/indexes/{index}/batch"]["0"] == 1 })
		})
	}
}

func TestRefusedRecords(t *testing.T) {
	client := start(t, algolia.Options{Faults: rules(
		algolia.Fault{Kind: algolia.RefuseNamed, IDs: []string{"bad"}},
		algolia.Fault{Kind: algolia.RefuseUnnamed, Pattern: "^worse-[0-9]+$"},
	)})
	index := client.InitIndex("i")
	_, err := index.SaveObjects([]record{{"objectID": "good"}, {"objectID": "bad"}})
	refusedWith(t, http.StatusBadRequest, err)
	if !strings.Contains(err.Error(), "position 1 objectID=bad") {
		t.Errorf("named: %v", err)
	}
	_, err = index.SaveObjects([]record{{"objectID": "good"}, {"objectID": "worse-1"}})
	refusedWith(t, http.StatusBadRequest, err)
	if strings.Contains(err.Error(), "worse") {
		t.Errorf("unnamed: %v", err)
	}
	done[search.GroupBatchRes](t)(index.SaveObjects([]record{{"objectID": "good"}, {"objectID": "worse"}}))
}

func TestFaultsAtRunTime(t *testing.T) {
	server, host := emulator(t, algolia.Options{})
	url := "http://" + host + "/_emulator/"
	status, _, _ := raw(t, "GET", url+"faults", "", "X-Algolia-API-Key", "search", "X-Algolia-Application-Id", "APP")
	same(t, "search key", 403, status)
	status, _, _ = raw(t, "PUT", url+"faults", `{"rules":[{"kind":"sulk"}]}`, "X-Algolia-API-Key", "admin")
	same(t, "unknown kind", 400, status)
	status, _, _ = raw(t, "PUT", url+"faults", `{"rules":[{"kind":"slowPublish","delayMs":150}]}`, "X-Algolia-API-Key", "admin")
	same(t, "put", 200, status)
	_, body, _ := raw(t, "GET", url+"faults", "", "X-Algolia-API-Key", "admin")
	same(t, "get", record{"rules": []any{record{"kind": "slowPublish", "delayMs": 150.0}}}, body)
	begin := time.Now()
	raw(t, "POST", "http://"+host+"/1/indexes/i/batch", oneRecord, adminHeader...)
	eventually(t, "publishing", func() bool { return server.Stats().Records["APP"]["i"] == 1 })
	if taken := time.Since(begin); taken < 150*time.Millisecond {
		t.Errorf("published after %s", taken)
	}
	_, body, _ = raw(t, "GET", url+"stats", "", "X-Algolia-API-Key", "admin")
	same(t, "stats", []any{1.0, 1.0}, []any{body["largestBatch"], body["faults"].(record)["slowPublish"]})
}

// TestReplay checks that one seed gives one story.
func TestReplay(t *testing.T) {
	story := func(seed int64) string {
		_, host := emulator(t, algolia.Options{Seed: seed, Faults: rules(algolia.Fault{Kind: algolia.RateLimit, Probability: 0.5})})
		var out bytes.Buffer
		for range 40 {
			status, _, _ := raw(t, "POST", "http://"+host+"/1/indexes/i/batch", oneRecord, adminHeader...)
			_ = json.NewEncoder(&out).Encode(status)
		}
		return out.String()
	}
	first := story(1)
	same(t, "same seed", first, story(1))
	if first == story(2) {
		t.Error("another seed gives the same story")
	}
}

// refusedWith fails unless the client's error shows the status. SaveObjects
// keeps no more than the error's text.
func refusedWith(t *testing.T, status int, err error) {
	t.Helper()
	if err == nil || !strings.Contains(err.Error(), fmt.Sprintf("Algolia API error [%d]", status)) {
		t.Fatalf("error %v, want status %d", err, status)
	}
}

// TestOrderOfTasks checks that a slow task holds up its own index only, and that
// a move waits for the writes of both indices.
func TestOrderOfTasks(t *testing.T) {
	server, host := emulator(t, algolia.Options{Faults: rules(algolia.Fault{Kind: algolia.SlowPublish, DelayMS: 400, Max: 1})})
	records := func() map[string]int { return server.Stats().Records["APP"] }
	post := func(path, body string) { raw(t, "POST", "http://"+host+"/1/indexes/"+path, body, adminHeader...) }
	post("slow/batch", oneRecord)
	post("slow/batch", strings.Replace(oneRecord, `"1"`, `"2"`, 1))
	post("slow/operation", `{"operation":"move","destination":"moved"}`)
	post("fast/batch", oneRecord)
	eventually(t, "the other index", func() bool { return records()["fast"] == 1 })
	if len(records()) != 1 {
		t.Errorf("something overtook the slow task: %v", records())
	}
	eventually(t, "the move", func() bool { return records()["moved"] == 2 })
	if _, still := records()["slow"]; still {
		t.Error("the source of the move is still there")
	}
}

func TestClose(t *testing.T) {
	server, host := emulator(t, algolia.Options{PublishDelay: 50 * time.Millisecond})
	raw(t, "POST", "http://"+host+"/1/indexes/i/batch", oneRecord, adminHeader...)
	for range 2 {
		if err := server.Close(); err != nil {
			t.Fatal(err)
		}
	}
	status, _, _ := raw(t, "POST", "http://"+host+"/1/indexes/i/batch", oneRecord, adminHeader...)
	same(t, "a request after Close", 200, status)
	status, _, _ = raw(t, "GET", "http://"+host+"/1/indexes", "", "X-Algolia-Application-Id", "NEW", "X-Algolia-API-Key", "admin")
	same(t, "a new application after Close", 200, status)
}
