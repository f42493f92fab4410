package algolia

import (
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/algolia/algoliasearch-client-go/v3/algolia/errs"
)

// FuzzParseRetryAfter checks that no header makes us wait longer than we allow,
// or a time that is not what it says.
func FuzzParseRetryAfter(f *testing.F) {
	for _, s := range []string{"1", "0", "-5", "99999999999", "9227000000", "Wed, 21 Oct 2026 07:28:00 GMT", " 3", ""} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, header string) {
		wait := parseRetryAfter(header)
		if wait < 0 || wait > maxRetryAfter {
			t.Fatalf("%q makes us wait %v", header, wait)
		}
		if n, err := strconv.Atoi(header); wait > 0 && wait < maxRetryAfter && (err != nil || wait != time.Duration(n)*time.Second) {
			t.Errorf("%q makes us wait %v", header, wait)
		}
	})
}

// FuzzRefusal checks that a refusal names only what stands in the index's words,
// and that what we keep of them is bounded: the name is compared with the batch,
// so a wrong one costs a request, never a record.
func FuzzRefusal(f *testing.F) {
	f.Add("Record at the position 3 objectID=R1-2 is too big size=11000/10000 bytes")
	f.Add("Invalid object attributes in one of the records of the batch")
	f.Add("objectID=")
	f.Add("Datensätze: " + strings.Repeat("ä", 200))
	f.Fuzz(func(t *testing.T, message string) {
		err := classifyStatus(&errs.AlgoliaErr{Status: http.StatusBadRequest, Message: message}, &exchange{})
		r, ok := refusalOf(err)
		if !ok {
			t.Fatalf("%q is no refusal: %v", message, err)
		}
		if r.objectID != "" && !strings.Contains(message, "objectID="+r.objectID) {
			t.Errorf("%q names %q", message, r.objectID)
		}
		if len(r.message) > maxReason || !utf8.ValidString(r.message) || !strings.HasPrefix(strings.ToValidUTF8(message, ""), r.message) {
			t.Errorf("%q was kept as %q", message, r.message)
		}
	})
}
