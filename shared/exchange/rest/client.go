package rest

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"gitlab.com/eshopbox-team/return-sync/shared/exchange"
	"gitlab.com/eshopbox-team/return-sync/shared/fault"
	"gitlab.com/eshopbox-team/return-sync/shared/httpcall"
)

// grainsAtOnce is how many grains are fetched at once.
const grainsAtOnce = 4

// maxAnswer bounds an answer, in bytes.
const maxAnswer = 8 << 20

// Client is a secondary that is logged in at a primary. It implements
// exchange.Remote.
type Client struct {
	Server  Server    // who answered
	Date    time.Time // of that server's clock when it answered, in whole seconds; zero if it did not say
	base    *url.URL
	http    *http.Client
	token   string
	company exchange.ID                     // ours
	slices  map[exchange.ID]*exchange.Slice // as listed, of which State has not been asked for
	calls   httpcall.Policy
}

// Config says how a Client calls.
type Config struct {
	HTTP    *http.Client
	Company exchange.ID // ours, as the primary knows it
	Retry   httpcall.Policy
}

// Open logs in at a primary with an API key.
func Open(ctx context.Context, address, key string, c Config) (*Client, error) {
	base, err := ParseAddress(address)
	if err != nil {
		return nil, err
	}
	client := &Client{base: base, http: c.HTTP, company: c.Company, calls: c.Retry}
	var token Token
	if err := client.call(ctx, request{method: http.MethodPost, path: "/login", body: Login{Key: key}, secret: key}, &token); err != nil {
		return nil, err
	}
	if token.Token == "" {
		return nil, fault.New(fault.Invalid, "bad-peer", "the primary answered the login without a token")
	}
	client.token = token.Token
	if err := client.call(ctx, request{path: "/server", date: &client.Date}, &client.Server); err != nil {
		return nil, err
	}
	return client, nil
}

// Session returns the address and the token with which a websocket is opened.
func (c *Client) Session() (address, token string) {
	return c.base.JoinPath("sync").String(), c.token
}

// request is one call.
type request struct {
	method, path, secret string
	query                url.Values
	body                 any
	date                 *time.Time // set to the answer's date
}

// call makes a call and reads its answer into out; a nil out ignores the answer.
func (c *Client) call(ctx context.Context, r request, out any) error {
	var body []byte
	if r.body != nil {
		encoded, err := json.Marshal(r.body)
		if err != nil {
			return err
		}
		body = encoded
	}
	client := &httpcall.Client{HTTP: c.http, Policy: c.calls, Most: maxAnswer, Service: "the primary", Secrets: []string{c.token, r.secret}}
	answer, err := client.Do(ctx, func(ctx context.Context) (*http.Request, error) { return c.request(ctx, r, body) })
	if err == nil && r.date != nil {
		*r.date, _ = http.ParseTime(answer.Header.Get("Date"))
	}
	if err != nil || out == nil {
		return err
	}
	return fault.Wrap(json.Unmarshal(answer.Body, out), fault.Invalid, "bad-peer", "the primary's answer to "+r.path+" cannot be read")
}

// request builds the request of a call.
func (c *Client) request(ctx context.Context, r request, body []byte) (*http.Request, error) {
	u := c.base.JoinPath(r.path)
	u.RawQuery = r.query.Encode()
	request, err := http.NewRequestWithContext(ctx, cmp.Or(r.method, http.MethodGet), u.String(), bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	request.Header.Set("Accept", "application/json")
	request.Header.Set("User-Agent", "Sandpiper")
	if body != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	if c.token != "" {
		request.Header.Set("Authorization", "Bearer "+c.token)
	}
	return request, nil
}

// Subscriptions implements exchange.Remote. A public program does not know tests.
func (c *Client) Subscriptions(ctx context.Context, _ bool) ([]exchange.Subscription, error) {
	var list []exchange.Subscription
	if err := c.call(ctx, request{path: "/v1/sync/subs"}, &list); err != nil {
		return nil, err
	}
	c.slices = map[exchange.ID]*exchange.Slice{}
	for _, s := range list {
		c.slices[s.SliceID] = s.Slice
	}
	return list, nil
}

// State implements exchange.Remote. The slice's row comes with the subscriptions. It
// serves one question: a further one, and a slice that is locked, need the list again.
func (c *Client) State(ctx context.Context, slice exchange.ID) (exchange.State, error) {
	s := c.slices[slice]
	if s == nil || !s.AllowSync {
		if _, err := c.Subscriptions(ctx, false); err != nil {
			return exchange.State{}, err
		}
		s = c.slices[slice]
	}
	if s == nil {
		return exchange.State{}, fault.New(fault.NotFound, "not-found", "the primary does not list the slice")
	}
	delete(c.slices, slice)
	var list []Meta
	if err := c.call(ctx, request{path: "/v1/slices/metadata/" + slice.String()}, &list); err != nil {
		return exchange.State{}, err
	}
	state := exchange.State{AllowSync: s.AllowSync, Type: s.Type, Date: s.Date, Proof: s.Proof()}
	if len(list) > 0 {
		state.Metadata = map[string]string{}
	}
	for _, m := range list {
		state.Metadata[m.Key] = m.Value
	}
	return state, nil
}

// Grains implements exchange.Reader. A grain that is gone meanwhile is left out.
func (c *Client) Grains(ctx context.Context, slice exchange.ID, ids []exchange.ID, fn func(exchange.Grain) error) error {
	for part := range slices.Chunk(ids, 4*grainsAtOnce) {
		grains := make([]*exchange.Grain, len(part))
		group, fetching := errgroup.WithContext(ctx)
		group.SetLimit(grainsAtOnce)
		for i, id := range part {
			group.Go(func() (err error) {
				grains[i], err = c.grain(fetching, slice, id)
				return err
			})
		}
		if err := group.Wait(); err != nil {
			return err
		}
		for _, g := range grains {
			if g == nil {
				continue
			}
			if err := fn(*g); err != nil {
				return err
			}
		}
	}
	return nil
}

// grain fetches one grain, nil if it is gone.
func (c *Client) grain(ctx context.Context, slice, id exchange.ID) (*exchange.Grain, error) {
	var g exchange.Grain
	err := c.call(ctx, request{path: "/v1/grains/" + id.String()}, &g)
	if fault.KindOf(err) == fault.NotFound {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if g.SliceID == exchange.First { // the public program may leave it out
		g.SliceID = slice
	}
	if g.ID != id || g.SliceID != slice {
		return nil, fault.New(fault.Invalid, "bad-peer", "grain %s of another slice came where %s was asked for", g.ID, id)
	}
	g.PayloadLen = len(g.Payload)
	return &g, g.Check()
}

// Done implements exchange.Remote. The company is ours, because the primary knows us by
// it.
func (c *Client) Done(ctx context.Context, d exchange.Done) error {
	if d.Test {
		return nil // a public program has no mark for tests
	}
	a := exchange.Activity{
		CompanyID: c.company, SubID: d.Subscription, Success: d.OK, Message: `Slice "` + d.Name + `"`, Error: d.Error,
		Duration: max(1, d.Duration), // 0 is refused
	}
	return c.call(ctx, request{method: http.MethodPost, path: "/v1/activity", body: a}, nil)
}
