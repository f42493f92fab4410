// Package search says what may be asked of the index and what is answered.
//
// Every question is fenced: the account comes from the caller's identity, never
// from the question, and a question without an account has no answer. What a
// caller sends is read into the few things that it may choose; nothing of it is
// passed on as it came.
package search

import (
	"context"
	"encoding/json"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/fault"
)

// Question is what a caller may choose.
type Question struct {
	Text        string
	Page        int // from 0
	HitsPerPage int // 1 to MaxHitsPerPage
	Statuses    []string
}

// The limits of a question.
const (
	MaxHitsPerPage = 100
	MaxHits        = 1000 // page * hitsPerPage; the index keeps no order behind it
	maxText        = 512  // bytes, the index's own limit
	maxStatuses    = 20
)

// Result is what an engine found.
type Result struct {
	Hits   []json.RawMessage
	NbHits int
}

// Engine asks the index. The account is never empty.
type Engine interface {
	Search(ctx context.Context, index string, fence Fence, q Question) (Result, error)
}

// Fence restricts a search to one account.
type Fence struct {
	Field   string // the record's field
	Account string
}

// Answer is what a caller gets. AsOf is the moment up to which the index is
// known to be true; Stale says that it is older than it should be.
type Answer struct {
	Hits        []json.RawMessage `json:"hits"`
	NbHits      int               `json:"nbHits"`
	Page        int               `json:"page"`
	NbPages     int               `json:"nbPages"`
	HitsPerPage int               `json:"hitsPerPage"`
	Query       string            `json:"query"`
	AsOf        *time.Time        `json:"asOf"`
	Stale       bool              `json:"stale"`
}

// Parse reads a question from a URL's parameters. Parameters that it does not
// know are refused, so that a misspelt filter never widens an answer.
func Parse(values url.Values) (Question, error) {
	q := Question{HitsPerPage: 20}
	for name, list := range values {
		if name != "filter" && len(list) > 1 {
			return q, invalid(name, "%s stands %d times; give it once", name, len(list))
		}
	}
	var err error
	for name, list := range values {
		switch name {
		case "query":
			q.Text = list[0]
		case "page":
			q.Page, err = number(name, list[0], 0, MaxHits)
		case "hitsPerPage":
			q.HitsPerPage, err = number(name, list[0], 1, MaxHitsPerPage)
		case "filter":
			q.Statuses, err = statuses(list)
		default:
			err = invalid(name, "unknown parameter %q: use query, page, hitsPerPage and filter", name)
		}
		if err != nil {
			return q, err
		}
	}
	return q, q.check()
}

// check looks at what depends on more than one parameter.
func (q Question) check() error {
	if len(q.Text) > maxText {
		return invalid("query", "the query has %d bytes; %d are the most", len(q.Text), maxText)
	}
	if (q.Page+1)*q.HitsPerPage > MaxHits {
		return invalid("page", "only the first %d hits can be paged through; narrow the search with a query or filter", MaxHits)
	}
	return nil
}

// statusForm is what a status may look like.
var statusForm = regexp.MustCompile(`^[A-Z][A-Z_]{0,39}$`)

// statuses reads filter=status:VALUE parameters.
func statuses(list []string) ([]string, error) {
	var out []string
	for _, f := range list {
		value, ok := strings.CutPrefix(f, "status:")
		if !ok || !statusForm.MatchString(value) {
			return nil, invalid("filter", "%q is not a filter: use status:VALUE, such as status:RETURN_DELIVERED", f)
		}
		if !slices.Contains(out, value) {
			out = append(out, value)
		}
	}
	if len(out) > maxStatuses {
		return nil, invalid("filter", "%d filters are too many; %d are the most", len(out), maxStatuses)
	}
	return out, nil
}

// number reads a whole number within limits.
func number(name, text string, low, high int) (int, error) {
	n, err := strconv.Atoi(text)
	if err != nil || n < low || n > high {
		return 0, invalid(name, "%s is %q; want a whole number from %d to %d", name, text, low, high)
	}
	return n, nil
}

// invalid returns an error that names the parameter.
func invalid(param, format string, args ...any) error {
	return fault.New(fault.Invalid, "bad-parameter", format, args...).WithParam(param)
}

// AnswerOf puts an answer together. Stale is judged at now: an index is stale
// when nothing has closed for longer than after.
func AnswerOf(q Question, r Result, asOf *time.Time, now time.Time, after time.Duration) Answer {
	hits := r.Hits
	if hits == nil {
		hits = []json.RawMessage{}
	}
	reachable := min(r.NbHits, MaxHits)
	return Answer{
		Hits: hits, NbHits: r.NbHits, Page: q.Page, HitsPerPage: q.HitsPerPage, Query: q.Text,
		NbPages: (reachable + q.HitsPerPage - 1) / q.HitsPerPage,
		AsOf:    asOf, Stale: asOf == nil || now.Sub(*asOf) > after,
	}
}
