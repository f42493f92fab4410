package algolia

import (
	"net/http"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/algolia/algoliasearch-client-go/v3/algolia/errs"

	"gitlab.com/eshopbox-team/return-sync/shared/algolia"
)

// FuzzRefusal checks that a refusal names only what stands in the index's words,
// and that what we keep of them is bounded: the name is compared with the batch,
// so a wrong one costs a request, never a record.
func FuzzRefusal(f *testing.F) {
	f.Add("Record at the position 3 objectID=R1-2 is too big size=11000/10000 bytes")
	f.Add("Invalid object attributes in one of the records of the batch")
	f.Add("objectID=")
	f.Add("Datensätze: " + strings.Repeat("ä", 200))
	f.Fuzz(func(t *testing.T, message string) {
		err := classify(&errs.AlgoliaErr{Status: http.StatusBadRequest, Message: message}, &algolia.Exchange{})
		r, ok := refusalOf(err)
		if !ok {
			t.Fatalf("%q is no refusal: %v", message, err)
		}
		if r.objectID != "" && !strings.Contains(message, "objectID="+r.objectID) {
			t.Errorf("%q names %q", message, r.objectID)
		}
		if len(r.message) > algolia.MaxWords || !utf8.ValidString(r.message) || !strings.HasPrefix(strings.ToValidUTF8(message, ""), r.message) {
			t.Errorf("%q was kept as %q", message, r.message)
		}
	})
}
