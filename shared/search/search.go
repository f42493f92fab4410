// Package search says what may be asked of the index and what is answered.
//
// Every question has a tenant filter: the accounts come from the caller's identity, never
// from the question, and a question without an account has no answer. What a
// caller sends, in whichever of two languages, is read into a Query that holds
// nothing but what a caller may choose; the index is asked with a text that is
// built anew from it. Nothing of a request is passed on as it came.
//
// The two languages are plain parameters of a GET (see ParseGet) and the
// protocol of InstantSearch, a POST of several queries at once (see ParseBatch).
// A Schema, read from an entity's definition, knows the fields that may be
// filtered, counted, sorted by and shown.
//
// An Engine asks the index with one technology; its rooms are this one's
// children.
package search

import (
	"context"
	"encoding/json"
	"slices"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/fault"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/record"
)

// defaultHits is how many hits are answered where the caller does not say.
const defaultHits = 20

// The limits of a question. Those of one index are in its Schema.
const (
	MaxHitsPerPage = 100
	MaxText        = 512     // bytes of a query, the index's own limit
	MaxTerms       = 100     // conditions of a filter
	MaxFilter      = 8 << 10 // bytes of a filter's text
	MaxFields      = 50      // names in a list of fields
	MaxBatch       = 50      // queries of one request
)

// Query is one question after it was checked.
type Query struct {
	Text        string
	Sort        Sort // the zero Sort is by relevance and then the index's own order
	Page        int  // from 0
	HitsPerPage int  // 0 to MaxHitsPerPage
	// Ranged queries ask for HitsPerPage hits from the hit Offset on, without regard
	// to pages.
	Ranged bool
	Offset int
	Filter Filter
	// Facet, if not empty, asks for the values of this facet that match
	// FacetText instead of for hits.
	Facet     string
	FacetText string
	// Options are further parameters, by the names that InstantSearch has for
	// them; each was checked against the list of what a caller may set. Values
	// are string, int, bool or []string.
	Options map[string]any
}

// TenantFilter restricts searches to accounts. It is made from an identity alone.
type TenantFilter struct {
	Field string // the record's field that names the account
	// Keyed says that records carry record.AccountKeyField, by which the index keeps
	// every two accounts apart. By Field it does not: it compares without regard to
	// case, so that what it counts may be another account's.
	Keyed    bool
	Accounts []string // at least one
}

// ErrUncounted is the answer where only counts are asked for, and those that the
// index gives may be another account's.
var ErrUncounted = fault.New(fault.Retry, "rebuild-needed",
	"this cannot be answered until the index is rebuilt, because the index cannot distinguish accounts that differ only in case")

// Check refuses a tenant filter that filters nothing.
func (f TenantFilter) Check() error {
	for _, account := range f.Accounts {
		if account == "" {
			return fault.New(fault.Forbidden, "no-account", "a search needs an account")
		}
	}
	if f.Field == "" || len(f.Accounts) == 0 {
		return fault.New(fault.Forbidden, "no-account", "a search needs an account")
	}
	return nil
}

// Around returns the text of a filter that holds only inside the tenant filter: it
// is a group of its own before the filter's groups, all joined by AND.
func (f TenantFilter) Around(filter Filter) string {
	group := make(Group, len(f.Accounts))
	for i, account := range f.Accounts {
		group[i] = Condition{Field: f.Field, Value: account}
		if f.Keyed {
			group[i] = Condition{Field: record.AccountKeyField, Value: record.AccountKey(account)}
		}
	}
	return append(Filter{group}, filter...).String()
}

// Holds reports whether an account, as it stands in a record, passes the tenant filter.
func (f TenantFilter) Holds(account []byte) bool {
	return len(account) > 0 && slices.ContainsFunc(f.Accounts, func(own string) bool { return own == string(account) })
}

// Result is what an engine found for one query: the members of the answer by
// the names that InstantSearch has for them, as JSON that is passed on without
// being decoded.
type Result map[string]json.RawMessage

// ErrNoIndex is what an Engine returns where the index does not exist. Whether that
// is an outage or the state before the first sync, only who knows the Truth can say.
var ErrNoIndex = fault.New(fault.Retry, "index-missing", "the index does not exist at the moment; try again").WithAfter(keepAsOf)

// Engine asks the index. Every method refuses a tenant filter that filters nothing.
type Engine interface {
	// Search answers the queries in their order; without an index the error is
	// ErrNoIndex.
	Search(ctx context.Context, f TenantFilter, queries []Query) ([]Result, error)
	// Record returns one record. One that is not there and one outside of the
	// tenant filter are the same fault.NotFound; without an index the error is ErrNoIndex.
	Record(ctx context.Context, f TenantFilter, objectID string) (json.RawMessage, error)
	// Key returns a key with which a browser may ask the index itself inside
	// the tenant filter until the time given. user separates users for rate limits.
	Key(f TenantFilter, until time.Time, user string) (Key, error)
}

// Key is what a browser needs to ask the index itself.
type Key struct {
	AppID      string    `json:"appId"`
	APIKey     string    `json:"apiKey"`
	IndexNames []string  `json:"indexNames"`
	ValidUntil time.Time `json:"validUntil"`
}

// invalid returns an error that names the parameter.
func invalid(param, format string, args ...any) error {
	return fault.New(fault.Invalid, "bad-parameter", format, args...).WithParam(param)
}
