package algolia

import (
	"context"
	"io"
	"net/http"
	"strconv"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/sync/destination"
)

// exchange travels in the context of one call of the client and tells what the
// client itself does not.
type exchange struct {
	ops        []destination.Op // what to send instead of the client's body
	retryAfter time.Duration    // what a 429 or 503 asked for
	lost       bool             // a request had no answer, or a 5xx: it may still be applied
}

// exchangeKey is the context key of an exchange.
type exchangeKey struct{}

// with returns a context that carries the exchange.
func (e *exchange) with(ctx context.Context) context.Context {
	return context.WithValue(ctx, exchangeKey{}, e)
}

// requester sends the client's requests; see the package comment.
type requester struct {
	client *http.Client
	scheme string // replaces https when not empty
}

// Request sends one request of the client.
func (r *requester) Request(req *http.Request) (*http.Response, error) {
	if r.scheme != "" {
		req.URL.Scheme = r.scheme
	}
	e, _ := req.Context().Value(exchangeKey{}).(*exchange)
	if e == nil {
		return r.do(req)
	}
	if e.ops != nil {
		// The client encodes into a pipe: closing it ends the encoder.
		if err := req.Body.Close(); err != nil {
			return nil, err
		}
		req.Body = io.NopCloser(newBatchBody(e.ops))
		req.ContentLength = batchLength(e.ops)
	}
	res, err := r.do(req)
	if err != nil {
		e.lost = true
		return nil, err
	}
	if res.StatusCode >= 500 {
		e.lost = true
	}
	e.retryAfter = parseRetryAfter(res.Header.Get("Retry-After"))
	return res, nil
}

// The most bytes of an answer: a page of the largest records to browse, and a
// refusal.
const (
	maxAnswer  = 128 << 20
	maxRefusal = 1 << 20
)

// do sends a request. More of an answer than it may have is an error of reading.
func (r *requester) do(req *http.Request) (*http.Response, error) {
	res, err := r.client.Do(req)
	if err != nil {
		return nil, err
	}
	most := int64(maxAnswer)
	if res.StatusCode != http.StatusOK {
		most = maxRefusal
	}
	res.Body = http.MaxBytesReader(nil, res.Body, most)
	return res, nil
}

// maxRetryAfter bounds what we let a server make us wait.
const maxRetryAfter = 10 * time.Minute

// parseRetryAfter reads whole seconds; a date or nonsense is no opinion.
func parseRetryAfter(s string) time.Duration {
	n, err := strconv.Atoi(s)
	if err != nil || n <= 0 {
		return 0
	}
	return time.Duration(min(n, int(maxRetryAfter/time.Second))) * time.Second // in this order: n may be too large for a Duration
}
