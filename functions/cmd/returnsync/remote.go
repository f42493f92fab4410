package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/sync/flow"
)

// remoteCron is what the settings say about the cron function.
type remoteCron struct {
	URL   string `env:"CRON_URL, required"`
	Token string `env:"CRON_TOKEN"`
}

// How long the cron function may take, and how much of its answer is read and
// shown.
const (
	tickWithin = time.Minute
	readAtMost = 1 << 20
	showAtMost = 300
)

// remoteTick returns the tick that the cron function plays.
func (s *session) remoteTick(c remoteCron) ticker {
	return func(ctx context.Context, entity string) ([]flow.Started, error) {
		ctx, cancel := context.WithTimeout(ctx, tickWithin)
		defer cancel()
		req, err := c.request(ctx, entity)
		if err != nil {
			return nil, err
		}
		res, err := s.client.Do(req)
		if err != nil {
			return nil, c.silent(req.URL.Host, err)
		}
		defer func() { _ = res.Body.Close() }()
		body, err := io.ReadAll(io.LimitReader(res.Body, readAtMost))
		if err != nil {
			return nil, c.silent(req.URL.Host, err)
		}
		return c.read(res, body)
	}
}

// request returns the call of the cron function. A token goes over an encrypted
// line or stays on this machine.
func (c remoteCron) request(ctx context.Context, entity string) (*http.Request, error) {
	at, err := url.Parse(c.URL)
	if err != nil || at.Host == "" || at.Scheme != "http" && at.Scheme != "https" {
		return nil, errors.New("CRON_URL is no address: want https://host/path")
	}
	ip := net.ParseIP(at.Hostname())
	if c.Token != "" && at.Scheme == "http" && at.Hostname() != "localhost" && !ip.IsLoopback() {
		return nil, errors.New("CRON_URL begins with http, which would show CRON_TOKEN to everybody on the way: use https")
	}
	if entity != "" {
		q := at.Query()
		q.Set("entity", entity)
		at.RawQuery = q.Encode()
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, at.String(), nil)
	if err == nil && c.Token != "" {
		req.Header.Set("Authorization", "Bearer "+c.Token)
	}
	return req, err
}

// silent says that no answer came. The client's own error holds the whole
// address, which may hold a secret.
func (c remoteCron) silent(host string, err error) error {
	var inner *url.Error
	if errors.As(err, &inner) {
		err = inner.Err
	}
	return fmt.Errorf("the cron function at %s does not answer: %w: check CRON_URL and the network", host, err)
}

// read reads the cron function's answer.
func (c remoteCron) read(res *http.Response, body []byte) ([]flow.Started, error) {
	var answer struct {
		Started []flow.Started `json:"started"`
	}
	switch {
	case res.StatusCode == http.StatusUnauthorized || res.StatusCode == http.StatusForbidden:
		return nil, fmt.Errorf("the cron function answered %d: set CRON_TOKEN to an identity token for its address, of an account that its CALLER_EMAILS names (gcloud auth print-identity-token --include-email --audiences=... --impersonate-service-account=...)", res.StatusCode)
	case res.StatusCode == http.StatusOK && json.Unmarshal(body, &answer) == nil && answer.Started != nil:
		return answer.Started, nil
	}
	shown := oneLine(string(body[:min(len(body), showAtMost)]))
	return nil, fmt.Errorf("the cron function answered %d %s: check CRON_URL, or read that function's log", res.StatusCode, shown)
}
