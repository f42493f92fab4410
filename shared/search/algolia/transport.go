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
	most   int64         // bytes that the answer may have
	answer []byte        // what a success was answered with
	large  bool          // the answer had more
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
)

// retryAfter is how long a caller of an index that does not answer is asked to wait.
const retryAfter = 2 * time.Second

// outcome classifies a call. The client returns no error when its context ends
// while an answer arrives, so a call without an answer is one.
func (x *exchange) outcome(ctx context.Context, err error) error {
	if err == nil {
		err = ctx.Err()
	}
	if x.large {
		return fault.New(fault.TooLarge, "answer-too-large", "the answer has more than %d bytes: ask for fewer hits, fields, facet values or matches to mark", x.most)
	}
	if err == nil && x.answer == nil {
		err = errNoAnswer
	}
	var refused *errs.AlgoliaErr
	switch {
	case err == nil:
		return nil
	case !errors.As(err, &refused):
		return &fault.Error{Kind: fault.Retry, Code: "index-unreachable", Message: "the index does not answer; try again", After: retryAfter, Err: err}
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

// keep takes the answer's body and leaves an empty object for the client, which
// would ask the next host again if it were told that the answer is too large.
func (x *exchange) keep(res *http.Response) (*http.Response, error) {
	answer, err := readAtMost(res, x.most)
	if err = errors.Join(err, res.Body.Close()); err != nil {
		return nil, err
	}
	x.answer, x.large = answer, answer == nil
	res.Body = io.NopCloser(bytes.NewReader([]byte("{}")))
	return res, nil
}

// firstRead is the bytes that an answer of unknown size is read into first.
const firstRead = 32 << 10

// readAtMost reads a body, nil if it has more than most bytes. Its memory is of
// the answer's size where the answer says it, and at most twice that where not.
func readAtMost(res *http.Response, most int64) ([]byte, error) {
	if res.ContentLength > most {
		return nil, nil
	}
	if res.ContentLength >= 0 {
		answer := make([]byte, res.ContentLength)
		_, err := io.ReadFull(res.Body, answer)
		return answer, err
	}
	answer := make([]byte, 0, firstRead)
	for {
		n, err := res.Body.Read(answer[len(answer):cap(answer)])
		answer = answer[:len(answer)+n]
		switch {
		case int64(len(answer)) > most:
			return nil, nil
		case errors.Is(err, io.EOF):
			return answer, nil
		case err != nil:
			return nil, err
		case len(answer) == cap(answer):
			larger := make([]byte, len(answer), min(2*int64(cap(answer)), most+1))
			copy(larger, answer)
			answer = larger
		}
	}
}
