package airtable

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/fault"
	"gitlab.com/eshopbox-team/return-sync/shared/httpcall"
)

// DefaultURL is the address of Airtable's Web API.
const DefaultURL = "https://api.airtable.com"

// Penalty is how long a base refuses requests after one too many.
const Penalty = 30 * time.Second

// The room of a request at a base's gate.
const (
	// Slots is how many requests a base takes in any second.
	Slots = 5
	// transit bounds the time between sending a request and its arrival. A gate frees a
	// slot a second after that, or after the answer, whichever comes first.
	transit = 100 * time.Millisecond
)

// Gate shares a base's rate between all processes. Each request holds one of Slots
// slots from before it is sent until a second after it was answered, so no second sees
// more than Slots of them, however long each takes. It is safe for concurrent use.
type Gate interface {
	// Enter waits for a slot. Where that would take longer than the gate allows, it
	// returns a fault.Throttled with the time to wait.
	Enter(ctx context.Context, base string) (Slot, error)
	// Leave frees the slot a second from now, less spare.
	Leave(ctx context.Context, base string, s Slot, spare time.Duration) error
	// Block lets no request to the base pass for d from now, as a 429 asks.
	Block(ctx context.Context, base string, d time.Duration) error
}

// Slot is a slot that a request holds.
type Slot struct {
	Number int
	Token  string
}

// Client calls the Web API for one base. It is safe for concurrent use.
type Client struct {
	URL   string // empty is DefaultURL
	Base  string // its id: app and 14 letters or digits
	Token string // personal access token
	HTTP  *http.Client
	Gate  Gate
	// Policy repeats requests that got no answer, 429 or 5xx; the zero Policy makes one
	// attempt.
	Policy httpcall.Policy
}

// maxAnswer is how many bytes an answer may have: 100 records of long texts.
const maxAnswer = 32 << 20

// DefaultPolicy repeats a request for about a minute and a half, so that it outlives a
// Penalty.
func DefaultPolicy(clock httpcall.Clock) httpcall.Policy {
	return httpcall.Policy{Attempts: 6, First: time.Second, Most: 8 * time.Second, Attempt: 30 * time.Second, Clock: clock}
}

// call makes a request, which must be harmless to repeat, and reads the answer into
// out; nil ignores it. The path's parts are escaped.
func (c *Client) call(ctx context.Context, method string, path []string, query url.Values, body, out any) error {
	address, err := c.address(path, query)
	if err != nil {
		return err
	}
	var text []byte
	if body != nil {
		if text, err = json.Marshal(body); err != nil {
			return fault.Wrap(err, fault.Invalid, "airtable-request", "the records have no JSON form")
		}
	}
	client := httpcall.Client{HTTP: c.HTTP, Policy: c.Policy, Most: maxAnswer, Service: "Airtable", Secrets: []string{c.Token}}
	return c.Policy.Repeat(ctx, func(ctx context.Context) error {
		request, err := http.NewRequestWithContext(ctx, method, address, bytes.NewReader(text))
		if err != nil {
			return err
		}
		request.Header.Set("Authorization", "Bearer "+c.Token)
		if body != nil {
			request.Header.Set("Content-Type", "application/json")
		}
		slot, err := c.Gate.Enter(ctx, c.Base)
		if err != nil {
			return err
		}
		sent := c.now()
		answer, err := client.Once(request)
		spare := max(c.now().Sub(sent)-transit, 0)
		// A slot that cannot be freed is free when its lease ends.
		problem := c.Gate.Leave(context.WithoutCancel(ctx), c.Base, slot, min(spare, time.Second))
		if err != nil || problem != nil {
			return errors.Join(err, problem)
		}
		return c.read(ctx, answer, out)
	})
}

// now is the time of the policy's clock, the zero time where nobody knows it; then each
// slot is held for a second after its answer.
func (c *Client) now() time.Time {
	if c.Policy.Clock.Now == nil {
		return time.Time{}
	}
	return c.Policy.Clock.Now()
}

// read judges an answer and reads it into out.
func (c *Client) read(ctx context.Context, a httpcall.Answer, out any) error {
	if err := c.judge(ctx, a); err != nil || out == nil {
		return err
	}
	if err := json.Unmarshal(a.Body, out); err != nil { // a proxy's page, perhaps
		return fault.New(fault.Retry, "airtable-answer", "Airtable answered %d with something that is no JSON of its API", a.Status)
	}
	return nil
}

// address returns the address of a path below /v0.
func (c *Client) address(path []string, query url.Values) (string, error) {
	root := strings.TrimSuffix(c.URL, "/")
	if root == "" {
		root = DefaultURL
	}
	if _, err := url.Parse(root); err != nil {
		return "", fault.New(fault.Misconfigured, "airtable-url", "AIRTABLE_URL is no address")
	}
	for i, part := range path {
		path[i] = url.PathEscape(part)
	}
	address := root + "/v0/" + strings.Join(path, "/")
	if len(query) > 0 {
		address += "?" + query.Encode()
	}
	return address, nil
}

// judge returns the error of an answer, nil for a success.
func (c *Client) judge(ctx context.Context, a httpcall.Answer) error {
	if a.Success() {
		return nil
	}
	refusal := readRefusal(a)
	switch {
	case a.Status == http.StatusTooManyRequests:
		// The block makes every process wait, this one at its next request.
		wait := max(a.After, Penalty)
		err := c.Gate.Block(context.WithoutCancel(ctx), c.Base, wait)
		return errors.Join(fault.New(fault.Throttled, "airtable-rate", "Airtable asks to wait %v", wait), err)
	case a.Status == http.StatusNotFound || a.Status == http.StatusForbidden && refusal.kind == "INVALID_PERMISSIONS_OR_MODEL_NOT_FOUND":
		return fault.New(fault.Misconfigured, "airtable-missing",
			"Airtable does not know the base or table, or the token may not use it: check AIRTABLE_BASE and the token's scopes, then run: returnsync reports base check")
	case a.Status == http.StatusUnauthorized || a.Status == http.StatusForbidden:
		return fault.New(fault.Misconfigured, "airtable-token", "Airtable refuses the token: %s", refusal)
	case a.Status >= 500:
		return fault.New(fault.Retry, "airtable-down", "Airtable answered %d", a.Status)
	}
	kind := httpcall.KindOf(a.Status)
	if refusal.kind == "UNKNOWN_FIELD_NAME" {
		kind = fault.Misconfigured
	}
	return fault.Wrap(refusal, kind, "airtable-refused", "Airtable refused the request")
}

// refusal is Airtable's own reason.
type refusal struct{ kind, message string }

// Error says the reason without the content of a record.
func (r *refusal) Error() string {
	if r.message == "" {
		return r.kind
	}
	return r.kind + ": " + r.message
}

// maxReason is how many bytes of a reason are kept.
const maxReason = 300

// readRefusal reads an answer's reason.
func readRefusal(a httpcall.Answer) *refusal {
	var body struct {
		Error json.RawMessage `json:"error"`
	}
	var detail struct {
		Type    string `json:"type"`
		Message string `json:"message"`
	}
	r := &refusal{kind: http.StatusText(a.Status)}
	if json.Unmarshal(a.Body, &body) != nil {
		return r
	}
	if json.Unmarshal(body.Error, &detail) == nil && detail.Type != "" {
		r.kind, r.message = detail.Type, strings.ToValidUTF8(detail.Message[:min(len(detail.Message), maxReason)], "")
	} else {
		_ = json.Unmarshal(body.Error, &r.kind) // it may have another form, then the status has to do
	}
	return r
}
