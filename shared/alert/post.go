package alert

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/httpcall"
)

// Poster posts JSON to a channel's address. It is safe for concurrent use.
type Poster struct {
	name, url string // the setting's name; the address, which may be a secret
	client    *httpcall.Client
}

// readAtMost is how much of an answer is read, so that the connection can be used
// again.
const readAtMost = 64 << 10

// NewPoster returns the poster to an address, which a setting names. now reads a
// Retry-After that is a date.
func NewPoster(name, address string, now func() time.Time) *Poster {
	return &Poster{name: name, url: address, client: &httpcall.Client{
		HTTP: NewClient(), Most: readAtMost, Policy: httpcall.Policy{Clock: httpcall.Clock{Now: now}},
	}}
}

// Post sends a body and returns the answer's, with Send's error. Any 2xx says that the
// message was taken, whatever body follows the status.
func (p *Poster) Post(ctx context.Context, body any) ([]byte, error) {
	text, err := json.Marshal(body)
	if err != nil {
		return nil, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, p.url, bytes.NewReader(text))
	if err != nil {
		return nil, errors.New(p.name + " is no address: want https://host/path")
	}
	req.Header.Set("Content-Type", "application/json")
	answer, err := p.client.Once(req)
	if answer.Status == 0 {
		return nil, Unanswered(errors.Unwrap(err)) // the cause alone: the channel names itself
	}
	return answer.Body, Answered(answer.Status, answer.After)
}
