package algolia

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"strconv"
	"time"

	"github.com/algolia/algoliasearch-client-go/v3/algolia/errs"
	"github.com/algolia/algoliasearch-client-go/v3/algolia/transport"

	"gitlab.com/eshopbox-team/return-sync/shared/fault"
)

// exchange travels in the context of one call of the client and carries both
// bodies past it.
type exchange struct {
	body   []byte        // what to send instead of the client's body; nil keeps that
	answer []byte        // what a success was answered with
	after  time.Duration // what a 429 asked for
}

// exchangeKey is the context key of an exchange.
type exchangeKey struct{}

// with returns a context that carries the exchange.
func (x *exchange) with(ctx context.Context) context.Context {
	return context.WithValue(ctx, exchangeKey{}, x)
}

// Reasons why a call is an error although the client says nothing.
var (
	errNoAnswer = errors.New("the call ended without an answer")
	errCount    = errors.New("there is not one result a query")
	errTooLarge = errors.New("the answer is too large")
)

// outcome classifies a call. The client returns no error when its context ends
// while an answer arrives, so a call without an answer is one.
func (x *exchange) outcome(ctx context.Context, err error) error {
	if err == nil {
		err = ctx.Err()
	}
	if err == nil && x.answer == nil {
		err = errNoAnswer
	}
	var refused *errs.AlgoliaErr
	switch {
	case err == nil:
		return nil
	case !errors.As(err, &refused):
		return fault.Wrap(err, fault.Retry, "index-unreachable", "the index does not answer; try again")
	case refused.Status == http.StatusNotFound:
		return err
	case refused.Status == http.StatusTooManyRequests:
		return &fault.Error{Kind: fault.Throttled, Code: "index-throttled", Message: "the index asks to slow down", After: max(x.after, time.Second), Err: err}
	default:
		// Everything that we send was checked, so a refusal is our mistake.
		return err
	}
}

// requester sends the client's requests; see the package comment.
type requester struct {
	next transport.Requester
}

// maxAnswer is more than the largest batch of the largest records.
const maxAnswer = 256 << 20

// Request sends one request of the client.
func (r *requester) Request(req *http.Request) (*http.Response, error) {
	x, _ := req.Context().Value(exchangeKey{}).(*exchange)
	if x == nil {
		return r.next.Request(req)
	}
	if x.body != nil {
		// The client encodes into a pipe: closing it ends the encoder.
		if err := req.Body.Close(); err != nil {
			return nil, err
		}
		req.Body = io.NopCloser(bytes.NewReader(x.body))
		req.ContentLength = int64(len(x.body))
	}
	res, err := r.next.Request(req)
	if err != nil {
		return nil, err
	}
	if seconds, err := strconv.Atoi(res.Header.Get("Retry-After")); err == nil && seconds > 0 {
		x.after = min(time.Duration(seconds)*time.Second, time.Minute)
	}
	if res.StatusCode != http.StatusOK {
		return res, nil
	}
	return x.keep(res)
}

// keep takes the answer's body and leaves an empty object for the client.
func (x *exchange) keep(res *http.Response) (*http.Response, error) {
	answer, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer+1))
	if err = errors.Join(err, res.Body.Close()); err != nil {
		return nil, err
	}
	if len(answer) > maxAnswer {
		return nil, errTooLarge
	}
	x.answer = answer
	res.Body = io.NopCloser(bytes.NewReader([]byte("{}")))
	return res, nil
}
