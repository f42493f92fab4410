package search

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"

	"gitlab.com/eshopbox-team/return-sync/shared/edge"
	"gitlab.com/eshopbox-team/return-sync/shared/fault"
	"gitlab.com/eshopbox-team/return-sync/shared/search"
)

// recordAnswer is one record.
type recordAnswer struct {
	Record json.RawMessage `json:"record"`
	search.Truth
}

// maxObjectID is the most bytes of an objectID.
const maxObjectID = 256

// errNoRecord is the answer for a record that is not there.
var errNoRecord = fault.New(fault.NotFound, "no-record", "there is no such record")

// record answers with one record.
func (f *function) record(r *http.Request) (any, error) {
	c, err := f.enter(r)
	if err != nil {
		return nil, err
	}
	if r.URL.RawQuery != "" {
		return nil, fault.New(fault.Invalid, "bad-parameter", "a record takes no parameters")
	}
	_, id, err := f.place(r.URL)
	if err != nil {
		return nil, err
	}
	if len(id) > maxObjectID || strings.Contains(id, "/") {
		return nil, errNoRecord
	}
	ctx, cancel := context.WithTimeout(r.Context(), f.Limits.Timeout)
	defer cancel()
	ctx = c.reserving(ctx, search.Bound([]search.Query{{HitsPerPage: 1}}, f.Limits.MaxAnswer))
	record, err := c.record(ctx, id)
	if err != nil {
		return nil, err
	}
	return ready(search.Around(recordAnswer{Truth: c.fresh(r)}, "record", record))
}

// keyAnswer is a key for the index itself.
type keyAnswer struct {
	search.Key
	search.Truth
}

// errGuessable refuses a key where the ids of records can be guessed: the filter of
// a key binds searches, and not reading a record by its id.
var errGuessable = fault.New(fault.NotFound, "no-keys",
	"this service gives no keys, because the ids of the index's records can be guessed and a key reads any record by its id; search through the service, or have its operator set SECRET_IDS=true and rebuild the index")

// key answers with a key for the index itself.
func (f *function) key(r *http.Request) (any, error) {
	c, err := f.enter(r)
	if err != nil {
		return nil, err
	}
	if f.Limits.KeyTTL == 0 {
		return nil, fault.New(fault.NotFound, "no-keys", "this service gives no keys; search through it")
	}
	if body, err := edge.LimitedBody(r, f.Limits.MaxBody); err != nil || len(body) > 0 || r.URL.RawQuery != "" {
		return nil, fault.New(fault.Invalid, "bad-parameter", "a key has no parameters: send an empty body")
	}
	if c.tenantFilter.Keyed && len(c.Schema.Format.IDs) == 0 {
		return nil, errGuessable
	}
	key, err := c.Engine.Key(c.tenantFilter, c.now.Add(f.Limits.KeyTTL), pseudonym(c.user))
	if err != nil {
		return nil, err
	}
	return keyAnswer{Key: key, Truth: c.fresh(r)}, nil
}
