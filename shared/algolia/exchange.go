package algolia

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/httpcall"
)

// Exchange travels in the context of one call of the client. It carries bodies
// past the client, and afterwards says what the client itself does not.
type Exchange struct {
	// Body returns the body that is sent in place of the client's, and its length in
	// bytes. It is called once a host that is asked; nil sends the client's own.
	Body func() (io.Reader, int64)
	// Most, if positive, keeps the body of a success in Answer, which may have so
	// many bytes, and gives the client an empty object.
	Most   int64
	Answer []byte // nil without a success, and where the answer is too large
	// Room, if set, is called when a success begins to arrive, before memory is taken for
	// its body. Its error ends the call without an answer, and stands in Refused.
	Room    func() error
	Refused error
	Large   bool // the answer has more than Most bytes
	// After is the Retry-After of the last answer, 0 for no opinion.
	After time.Duration
	// Lost says that a request had no answer, or a 5xx: it may still be applied.
	Lost bool
}

// exchangeKey is the context key of an Exchange.
type exchangeKey struct{}

// With returns a context that carries the exchange.
func (x *Exchange) With(ctx context.Context) context.Context {
	return context.WithValue(ctx, exchangeKey{}, x)
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
	x, _ := req.Context().Value(exchangeKey{}).(*Exchange)
	if x == nil {
		return r.do(req)
	}
	if x.Body != nil {
		if req.Body != nil {
			// The client encodes into a pipe: closing the pipe ends the encoder.
			if err := req.Body.Close(); err != nil {
				return nil, err
			}
		}
		body, length := x.Body()
		req.Body, req.ContentLength = io.NopCloser(body), length
	}
	res, err := r.do(req)
	x.Lost = x.Lost || err != nil || res.StatusCode >= http.StatusInternalServerError
	if err != nil {
		return nil, err
	}
	x.After = min(httpcall.RetryAfter(res.Header.Get("Retry-After"), time.Time{}), maxAfter)
	if res.StatusCode == http.StatusOK && x.Most > 0 {
		return x.keep(res)
	}
	return res, nil
}

// maxAfter bounds how long the index can make a call wait.
const maxAfter = 10 * time.Minute

// The most bytes of an answer that goes to the client: a page of the largest
// records to browse, and a refusal.
const (
	maxAnswer  = 128 << 20
	maxRefusal = 1 << 20
)

// do sends a request. A longer answer is an error of reading.
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

// keep takes the answer's body and leaves an empty object for the client. The
// client would ask the next host again if a large answer were an error.
func (x *Exchange) keep(res *http.Response) (*http.Response, error) {
	var answer []byte
	var err error
	if x.Room != nil {
		x.Refused = x.Room()
	}
	if x.Refused == nil {
		answer, err = readAtMost(res, x.Most)
	}
	if err = errors.Join(err, res.Body.Close()); err != nil && x.Refused == nil {
		return nil, err
	}
	x.Answer, x.Large = answer, answer == nil && x.Refused == nil
	res.Body = io.NopCloser(bytes.NewReader([]byte("{}")))
	return res, nil
}

// firstRead is the bytes that an answer of unknown size is read into first.
const firstRead = 32 << 10

// readAtMost reads a body, nil if it has more than most bytes. It takes as much
// memory as the answer announces, and at most twice its size where it announces
// nothing.
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
