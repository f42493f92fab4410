package console

import (
	"net/http"

	"gitlab.com/eshopbox-team/return-sync/shared/fault"
)

// errNoRecords is the answer of a console that may not read the index.
var errNoRecords = fault.New(fault.NotFound, "no-records", "this console shows no records: it has no ALGOLIA_BROWSE_KEY; use returnsync record show")

// maxName is the most bytes of the names in a question for a record.
const maxName = 4096

// record answers with all that is known of one record, and why a search finds it or not.
// Records belong to tenants' customers, so it takes an operator.
func (f *function) record(r *http.Request) (any, error) {
	p, err := f.person(r)
	if err != nil {
		return nil, err
	}
	if !p.Operator {
		return nil, fault.New(fault.Forbidden, "no-operator", "only an operator may read records")
	}
	if f.Records == nil {
		return nil, errNoRecords
	}
	asked := r.URL.Query()
	name, id := asked.Get("entity"), asked.Get("id")
	if id == "" || len(r.URL.RawQuery) > maxName {
		return nil, fault.New(fault.Invalid, "bad-record", "name a record by its objectID").WithParam("id")
	}
	d, err := f.live(r.Context(), name)
	if err != nil {
		return nil, err
	}
	var root *string
	if text := asked.Get("root"); text != "" {
		root = &text
	}
	return f.Records.Show(r.Context(), d, id, root)
}
