package cli

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

	"gitlab.com/eshopbox-team/return-sync/functions/internal/operate"
	"gitlab.com/eshopbox-team/return-sync/functions/internal/wire"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/claim"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/entity"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/flow"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/store"
)

// Ticker plays a tick for an entity, or for all without a name.
type Ticker func(ctx context.Context, entity string) ([]flow.Started, error)

// Run implements member.Ticker.
func (t Ticker) Run(ctx context.Context, tick flow.Tick) ([]flow.Started, error) {
	return t(ctx, tick.Entity)
}

// Tick is a tick with what it works on.
type Tick struct {
	Play     Ticker
	Remote   bool      // the cron function plays it, and keeps its row of the audit
	Store    *store.DB // nil without a need for it
	Entities entity.List
}

// Start plays the tick by hand.
func (t Tick) Start(ctx context.Context, by operate.Actor, name string) ([]flow.Started, error) {
	if t.Remote {
		return t.Play(ctx, name)
	}
	return operate.Acts{Store: t.Store, Ticker: t.Play}.StartEntity(ctx, by, flow.Tick{Entity: name})
}

// OpenTick opens a tick of the entity named, or of all: by the cron function, if CRON_URL
// is set, else in this process. The cron function's needs our own tables only with tables.
func (s *Session) OpenTick(ctx context.Context, name string, tables bool) (Tick, error) {
	_, isRemote := s.Env.Lookup.Lookup("CRON_URL")
	t := Tick{Remote: isRemote}
	var remote RemoteCron
	if t.Remote && !tables {
		err := wire.Configure(ctx, s.Env.Lookup, &remote)
		t.Play = s.remoteTick(remote)
		return t, err
	}
	var defs wire.Definitions
	targets := []any{&remote, &defs}
	if !t.Remote {
		targets = []any{&defs, &LocalCron{}}
	}
	d, err := s.Configure(ctx, !t.Remote, targets...)
	if err != nil {
		return t, err
	}
	if t.Entities, err = Definitions(defs, name); err != nil {
		return t, err
	}
	if t.Store, err = s.Migrated(ctx, d); err != nil {
		return t, err
	}
	if t.Play = s.remoteTick(remote); !t.Remote {
		t.Play, err = s.localTick(ctx)
	}
	return t, err
}

// LocalCron is what a tick in this process needs beside the database. Package wire reads
// the same settings; here they are reported as missing together with the others.
type LocalCron struct {
	Location  string `env:"TASKS_LOCATION, required"`
	WindowURL string `env:"WINDOW_URL, required"`
}

// localTick returns the tick that this process plays itself.
func (s *Session) localTick(ctx context.Context) (Ticker, error) {
	c, err := s.OpenCron(s.Env, ctx)
	if err != nil {
		return nil, err
	}
	return func(ctx context.Context, entity string) ([]flow.Started, error) {
		return c.Run(ctx, flow.Tick{Entity: entity, Occurrence: "manual-" + claim.NewToken(), ByHand: true})
	}, nil
}

// RemoteCron is what the settings say about the cron function.
type RemoteCron struct {
	URL   string `env:"CRON_URL"`
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
func (s *Session) remoteTick(c RemoteCron) Ticker {
	return func(ctx context.Context, entity string) ([]flow.Started, error) {
		ctx, cancel := context.WithTimeout(ctx, tickWithin)
		defer cancel()
		req, err := c.request(ctx, entity)
		if err != nil {
			return nil, err
		}
		res, err := s.Client.Do(req)
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

// request returns the call of the cron function. A token is sent over TLS or stays on
// this machine.
func (c RemoteCron) request(ctx context.Context, entity string) (*http.Request, error) {
	at, err := url.Parse(c.URL)
	if err != nil || at.Host == "" || at.Scheme != "http" && at.Scheme != "https" {
		return nil, errors.New("CRON_URL is not an address: want https://host/path")
	}
	ip := net.ParseIP(at.Hostname())
	if c.Token != "" && at.Scheme == "http" && at.Hostname() != "localhost" && !ip.IsLoopback() {
		return nil, errors.New("CRON_URL begins with http, which would send CRON_TOKEN unencrypted: use https")
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

// silent reports a missing answer. The client's own error quotes the whole address,
// which may contain a secret.
func (c RemoteCron) silent(host string, err error) error {
	var inner *url.Error
	if errors.As(err, &inner) {
		err = inner.Err
	}
	return fmt.Errorf("the cron function at %s does not answer: %w: check CRON_URL and the network", host, err)
}

// read reads the cron function's answer.
func (c RemoteCron) read(res *http.Response, body []byte) ([]flow.Started, error) {
	var answer struct {
		Started []flow.Started `json:"started"`
	}
	switch {
	case res.StatusCode == http.StatusUnauthorized || res.StatusCode == http.StatusForbidden:
		return nil, fmt.Errorf("the cron function answered %d: set CRON_TOKEN to an identity token for its address, of an account that its CALLER_EMAILS names (gcloud auth print-identity-token --include-email --audiences=... --impersonate-service-account=...)", res.StatusCode)
	case res.StatusCode == http.StatusOK && json.Unmarshal(body, &answer) == nil && answer.Started != nil:
		return answer.Started, nil
	}
	shown := OneLine(string(body[:min(len(body), showAtMost)]))
	return nil, fmt.Errorf("the cron function answered %d %s: check CRON_URL, or read that function's log", res.StatusCode, shown)
}
