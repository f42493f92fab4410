package algolia_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/emulator/algolia"
)

// returnSettings resemble those of an index of order returns.
const returnSettings = `{"searchableAttributes":["orderId","awb","customerName","item.sku","item.name"],
"attributesForFaceting":["status","courier","searchable(warehouse)","reason","filterOnly(account)","amount"],
"customRanking":["desc(updatedAt)"],"numericAttributesForFiltering":null}`

var (
	firstNames = strings.Fields("aarav vivaan aditya vihaan arjun sai reyansh ayaan krishna ishaan ananya diya saanvi aadhya kiara")
	goods      = strings.Fields("cotton shirt running shoes leather wallet denim jeans silk saree wireless headphone steel bottle yoga mat")
	statuses   = strings.Fields("created approved picked intransit delivered closed cancelled")
	couriers   = strings.Fields("delhivery bluedart ekart xpressbees shadowfax")
)

// returnRecord writes a record of about 900 bytes.
func returnRecord(b *bytes.Buffer, random *rand.Rand, n int) {
	pick := func(list []string) string { return list[random.IntN(len(list))] }
	fmt.Fprintf(b, `{"objectID":"R%d-1","orderId":"ORD-%d","awb":"AWB%010d","customerName":"%s %s","status":"%s",`,
		n, 100000+n, random.IntN(1e9), pick(firstNames), pick(firstNames), pick(statuses))
	fmt.Fprintf(b, `"courier":"%s","warehouse":"WH-%d","reason":"reason %d","account":"ACC%d","amount":%d,"updatedAt":%d,`,
		pick(couriers), random.IntN(30), random.IntN(12), random.IntN(200), random.IntN(5000), 1_700_000_000_000+int64(n)*1000)
	fmt.Fprintf(b, `"item":{"sku":"SKU%d","name":"%s %s %s","quantity":1,"mrp":%d},"version":%d,"deleted":false,"notes":"%s"}`,
		random.IntN(20000), pick(goods), pick(goods), pick(goods), random.IntN(9000), n, strings.Repeat("x", 420))
}

func returnBatch(random *rand.Rand, from, count int) []byte {
	var b bytes.Buffer
	b.WriteString(`{"requests":[`)
	for n := range count {
		if n > 0 {
			b.WriteByte(',')
		}
		b.WriteString(`{"action":"addObject","body":`)
		returnRecord(&b, random, from+n)
		b.WriteByte('}')
	}
	b.WriteString(`]}`)
	return b.Bytes()
}

// do sends a request straight to the handler.
func do(tb testing.TB, server *algolia.Server, method, path, body string) string {
	tb.Helper()
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	r.Header.Set("X-Algolia-Application-Id", "APP")
	r.Header.Set("X-Algolia-API-Key", "admin")
	w := httptest.NewRecorder()
	server.ServeHTTP(w, r)
	if w.Code >= http.StatusMultipleChoices {
		tb.Fatalf("%s %s = %d %s", method, path, w.Code, w.Body)
	}
	return w.Body.String()
}

// load fills an index and waits until it is all published.
func load(tb testing.TB, server *algolia.Server, records int) {
	tb.Helper()
	random := rand.New(rand.NewPCG(1, 2))
	do(tb, server, "PUT", "/1/indexes/r/settings", returnSettings)
	for from := 0; from < records; from += 1000 {
		do(tb, server, "POST", "/1/indexes/r/batch", string(returnBatch(random, from, min(1000, records-from))))
	}
	for server.Stats().Records["APP"]["r"] < records {
		time.Sleep(time.Millisecond)
	}
}

func newServer(tb testing.TB) *algolia.Server {
	server := algolia.New(algolia.Options{PublishDelay: -1})
	tb.Cleanup(func() { _ = server.Close() })
	return server
}

// BenchmarkLoad ingests and indexes 230,000 records of about 900 bytes in
// batches of 1,000.
func BenchmarkLoad(b *testing.B) {
	for b.Loop() {
		load(b, newServer(b), 230_000)
	}
}

var benchQueries = []string{"", "aarav", "aarv sh", "ORD-1234", "leather walet", "AWB00", "s", "headphnoe stel", "SKU12", "krishna ishan cotton"}

// BenchmarkSearch queries 50,000 records with typing mistakes, beginnings and
// all facets, and reports the 95th percentile.
func BenchmarkSearch(b *testing.B) {
	server := newServer(b)
	load(b, server, 50_000)
	var taken []time.Duration
	n := 0
	for b.Loop() {
		body := fmt.Sprintf(`{"query":%q,"facets":["*"],"filters":"NOT status:cancelled AND amount > 100"}`, benchQueries[n%len(benchQueries)])
		n++
		start := time.Now()
		do(b, server, "POST", "/1/indexes/r/query", body)
		taken = append(taken, time.Since(start))
	}
	slices.Sort(taken)
	b.ReportMetric(float64(taken[len(taken)*95/100].Microseconds())/1000, "p95-ms")
}

// BenchmarkChange updates one of 50,000 records and waits until the search finds
// the change.
func BenchmarkChange(b *testing.B) {
	server := newServer(b)
	load(b, server, 50_000)
	n := 0
	for b.Loop() {
		n++
		do(b, server, "POST", "/1/indexes/r/batch", fmt.Sprintf(
			`{"requests":[{"action":"partialUpdateObject","body":{"objectID":"R7-1","customerName":"changed%dx"}}]}`, n))
		for !strings.Contains(do(b, server, "POST", "/1/indexes/r/query", fmt.Sprintf(`{"query":"changed%dx","typoTolerance":false}`, n)), `"nbHits":1`) {
		}
	}
}
