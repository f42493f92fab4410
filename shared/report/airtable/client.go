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
	"gitlab.com/eshopbox-team/return-sync/shared/report"
)

// DefaultURL is the address of Airtable's Web API.
const DefaultURL = "https://api.airtable.com"

// Penalty is how long a base refuses requests after one too many.
const Penalty = 30 * time.Second

// limit is the rate of requests to a base: a little below the 5 in any second that
// Airtable takes, because requests that were sent evenly arrive unevenly. Beyond the
// monthly calls Airtable takes 2 a second; 429 and Penalty then slow everybody.
var limit = report.Rate{PerSecond: 4.7, Burst: 1}

// LimitOf returns the name of a base's limit, which all that call it share.
func LimitOf(base string) string { return "airtable/" + base }

// Client calls the Web API for one base. It is safe for concurrent use.
type Client struct {
	URL   string // empty is DefaultURL
	Base  string // its id: app and 14 letters or digits
	Token string // personal access token
	HTTP  *http.Client
	// Limiter shares the base's rate between all processes.
	Limiter report.Limiter
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
		if err := c.Limiter.Wait(ctx, LimitOf(c.Base), limit); err != nil {
			return err
		}
		request, err := http.NewRequestWithContext(ctx, method, address, bytes.NewReader(text))
		if err != nil {
			return err
		}
		request.Header.Set("Authorization", "Bearer "+c.Token)
		if body != nil {
			request.Header.Set("Content-Type", "application/json")
		}
		answer, err := client.Once(request)
		if err != nil {
			return err
		}
		return c.read(ctx, answer, out)
	})
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
		// The block makes every process wait, this one by its next turn at the limiter.
		wait := max(a.After, Penalty)
		err := c.Limiter.Block(context.WithoutCancel(ctx), LimitOf(c.Base), wait)
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
