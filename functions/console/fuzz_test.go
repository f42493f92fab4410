package console

import (
	"net/http"
	"strings"
	"testing"

	"gitlab.com/eshopbox-team/return-sync/shared/fault"
)

// FuzzReadJSON reads any body as an action: the body is accepted, or the error says what
// to correct.
func FuzzReadJSON(f *testing.F) {
	for _, body := range []string{"", "{}", `{"job":7}`, `{"edit":{"name":"n","timezone":5.5}}`, `{"entity":"a"}{}`, `{"records":[null]}`, "[", `{"job":1e99}`} {
		f.Add(body)
	}
	f.Fuzz(func(t *testing.T, body string) {
		r, err := http.NewRequest(http.MethodPost, "/act/x", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", "application/json; charset=utf-8")
		var into request
		err = readJSON(r, &into)
		if kind := fault.KindOf(err); err != nil && kind != fault.Invalid && kind != fault.TooLarge {
			t.Errorf("%q: %v", body, err)
		}
	})
}
