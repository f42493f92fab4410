// Package spapi is the source that is Amazon's Selling Partner API, reports version
// 2021-06-30. In a definition:
//
//	reportTypeId: GET_FLAT_FILE_ALL_ORDERS_DATA_BY_ORDER_DATE_GENERAL
//	source:
//	  kind: spapi
//	  marketplaces: [ATVPDKIKX0DER]
//	  options: {reportPeriod: DAY}   # reportOptions
//	  rows: /salesAndTrafficByAsin   # only of a JSON document: where its rows are
//
// An order is sent once: createReport is not repeated, and after a crash or a lost
// answer getReports is searched for it. CANCELLED is a failure, never an empty
// success, because Amazon says it for no data, for a cancel and for an order that came
// too soon. FATAL may carry a document that explains why. Documents are text separated
// by tabs, unpacked if Amazon says so, in the charset of their header; their address
// is valid for five minutes and is asked for anew where it has expired.
//
// Every operation waits for a limit that all processes of the application share
// (report.Limiter), and createReport for one of the report type besides.
package spapi

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/fault"
	"gitlab.com/eshopbox-team/return-sync/shared/httpcall"
	"gitlab.com/eshopbox-team/return-sync/shared/report"
)

// Kind is the source's name in definitions.
const Kind = "spapi"

// Config holds the environment's settings of the application at Amazon.
type Config struct {
	// URL is the region's address, such as https://sellingpartnerapi-na.amazon.com.
	URL string `env:"SPAPI_URL, default=https://sellingpartnerapi-na.amazon.com"`
	// TokenURL gives access tokens (Login with Amazon).
	TokenURL     string `env:"SPAPI_TOKEN_URL, default=https://api.amazon.com/auth/o2/token"`
	ClientID     string `env:"SPAPI_CLIENT_ID"`
	ClientSecret string `env:"SPAPI_CLIENT_SECRET"`
	RefreshToken string `env:"SPAPI_REFRESH_TOKEN"`
}

// Check refuses an incomplete configuration.
func (c Config) Check() error {
	if c.URL == "" || c.TokenURL == "" || c.ClientID == "" || c.ClientSecret == "" || c.RefreshToken == "" {
		return errors.New("the configuration is not complete:\n  SPAPI_CLIENT_ID, SPAPI_CLIENT_SECRET and SPAPI_REFRESH_TOKEN: the application's credentials at Amazon")
	}
	return nil
}

// limits are the rates that Amazon documents, by operation. That of a report type is in
// addition to createReport's.
var limits = map[string]report.Rate{
	"createReport":      {PerSecond: 0.0167, Burst: 15},
	"getReport":         {PerSecond: 2, Burst: 15},
	"getReportDocument": {PerSecond: 0.0167, Burst: 15},
	"getReports":        {PerSecond: 0.0222, Burst: 10},
}

// typeLimits are the rates of single report types: once in 15 minutes, which is 96 a
// day.
var typeLimits = map[string]report.Rate{
	"GET_SALES_AND_TRAFFIC_REPORT": {PerSecond: 1.0 / 900, Burst: 1},
}

// Client is the application at Amazon. Its sources share it, for the token. It is safe
// for concurrent use.
type Client struct {
	Config  Config
	Limiter report.Limiter
	HTTP    *http.Client // nil is http.DefaultClient
	Now     func() time.Time
	// Rates replaces limits and typeLimits, by name, for an emulator.
	Rates map[string]report.Rate

	mu    sync.Mutex
	token string
	until time.Time
}

// calls is the client of one request; redirects are not followed, because they would
// carry the token elsewhere.
func (c *Client) calls() *httpcall.Client {
	plain := http.DefaultClient
	if c.HTTP != nil {
		plain = c.HTTP
	}
	own := *plain
	own.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &httpcall.Client{HTTP: &own, Service: "the Selling Partner API", Secrets: []string{c.Config.ClientSecret, c.Config.RefreshToken}}
}

// tokenSlack is how long before its end a token is not used any more.
const tokenSlack = time.Minute

// access returns an access token, a new one where the last is not valid any more.
func (c *Client) access(ctx context.Context) (string, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.token != "" && c.Now().Before(c.until) {
		return c.token, nil
	}
	form := url.Values{
		"grant_type": {"refresh_token"}, "refresh_token": {c.Config.RefreshToken},
		"client_id": {c.Config.ClientID}, "client_secret": {c.Config.ClientSecret},
	}
	calls := c.calls()
	calls.Service = "Login with Amazon"
	calls.Policy = httpcall.Policy{Attempts: 4, First: 200 * time.Millisecond, Most: 5 * time.Second, Attempt: 20 * time.Second}
	answer, err := calls.Do(ctx, func(ctx context.Context) (*http.Request, error) {
		r, err := http.NewRequestWithContext(ctx, http.MethodPost, c.Config.TokenURL, strings.NewReader(form.Encode()))
		if err == nil {
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		}
		return r, err
	})
	if kind := fault.KindOf(err); kind == fault.Invalid || kind == fault.Misconfigured {
		return "", fault.Wrap(err, fault.Misconfigured, "spapi-login", "Login with Amazon refuses SPAPI_CLIENT_ID, SPAPI_CLIENT_SECRET or SPAPI_REFRESH_TOKEN")
	}
	if err != nil {
		return "", err
	}
	var got struct {
		Token string  `json:"access_token"`
		Life  float64 `json:"expires_in"`
	}
	if err := json.Unmarshal(answer.Body, &got); err != nil || got.Token == "" {
		return "", fault.New(fault.Retry, "spapi-login", "Login with Amazon gave no token")
	}
	c.token, c.until = got.Token, c.Now().Add(time.Duration(got.Life)*time.Second-tokenSlack)
	return c.token, nil
}

// Examine demands that Login with Amazon gives a token. It orders nothing.
func (c *Client) Examine(ctx context.Context) error {
	_, err := c.access(ctx)
	return err
}

// drop forgets a token that Amazon refused.
func (c *Client) drop(token string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.token == token {
		c.token = ""
	}
}

// wait waits for the shared limits of an operation, and of a report type where one is
// given.
func (c *Client) wait(ctx context.Context, operation, typeID string) error {
	rate, ok := c.Rates[typeID]
	if !ok {
		rate, ok = typeLimits[typeID]
	}
	if ok {
		if err := c.Limiter.Wait(ctx, "spapi/"+operation+"/"+typeID, rate); err != nil {
			return err
		}
	}
	return c.Limiter.Wait(ctx, "spapi/"+operation, c.rate(operation))
}

// rate returns an operation's rate.
func (c *Client) rate(operation string) report.Rate {
	if r, ok := c.Rates[operation]; ok {
		return r
	}
	return limits[operation]
}

// call is one call of an operation.
type call struct {
	operation string
	typeID    string // of an order, for its own limit
	method    string
	path      string
	query     url.Values
	body      any // nil: none
}

// send makes the call once, or twice where the token had expired, and reads the answer
// into the value that into points to.
func (c *Client) send(ctx context.Context, k call, into any) error {
	for attempt := 1; ; attempt++ {
		err := c.once(ctx, k, into)
		if !errors.Is(err, errToken) {
			return err
		}
		if attempt == 2 {
			return fault.Wrap(err, fault.Misconfigured, "spapi-forbidden",
				"the Selling Partner API refuses "+k.operation+": the application lacks a role for "+k.typeID+" or its authorization was withdrawn")
		}
	}
}

// errToken says that Amazon refused the token, or the right; it says the same of both.
var errToken = errors.New("access was refused")

// once makes the call once.
func (c *Client) once(ctx context.Context, k call, into any) error {
	token, err := c.access(ctx)
	if err != nil {
		return err
	}
	if err := c.wait(ctx, k.operation, k.typeID); err != nil {
		return err
	}
	var body []byte
	if k.body != nil {
		if body, err = json.Marshal(k.body); err != nil {
			return err
		}
	}
	address := strings.TrimSuffix(c.Config.URL, "/") + "/reports/2021-06-30" + k.path
	if len(k.query) > 0 {
		address += "?" + k.query.Encode()
	}
	ctx, cancel := context.WithTimeout(ctx, callTime)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, k.method, address, bytes.NewReader(body))
	if err != nil {
		return fault.New(fault.Misconfigured, "bad-address", "SPAPI_URL is no address")
	}
	request.Header.Set("X-Amz-Access-Token", token)
	request.Header.Set("Content-Type", "application/json")
	calls := c.calls()
	calls.Secrets = append(calls.Secrets, token)
	answer, err := calls.Once(request)
	if err != nil {
		return err
	}
	return c.judge(ctx, k, token, answer, into)
}

// callTime bounds one call.
const callTime = 30 * time.Second

// judge reads an answer.
func (c *Client) judge(ctx context.Context, k call, token string, answer httpcall.Answer, into any) error {
	switch {
	case answer.Success():
		if err := json.Unmarshal(answer.Body, into); err != nil {
			return fault.New(fault.Retry, "spapi-answer", "the Selling Partner API answered %s with something else than its JSON", k.operation)
		}
		return nil
	case answer.Status == http.StatusTooManyRequests:
		rest := max(answer.After, time.Duration(float64(time.Second)/c.rate(k.operation).PerSecond))
		if err := c.Limiter.Block(context.WithoutCancel(ctx), "spapi/"+k.operation, rest); err != nil {
			return err
		}
		return fault.New(fault.Throttled, "spapi-quota", "the Selling Partner API's quota of %s is used up", k.operation).WithAfter(rest)
	case answer.Status == http.StatusForbidden, answer.Status == http.StatusUnauthorized:
		c.drop(token)
		return errToken
	}
	kind := httpcall.KindOf(answer.Status)
	if kind == fault.Invalid || kind == fault.NotFound {
		kind = fault.Misconfigured
	}
	return fault.New(kind, "spapi-refused", "the Selling Partner API answered %s with %d: %s", k.operation, answer.Status, reason(answer.Body))
}

// maxReason bounds the text of Amazon's that an error quotes.
const maxReason = 200

// reason returns Amazon's code and message.
func reason(body []byte) string {
	var got struct {
		Errors []struct{ Code, Message string }
	}
	if json.Unmarshal(body, &got) != nil || len(got.Errors) == 0 {
		return "no reason"
	}
	return cut(fmt.Sprintf("%s, %s", got.Errors[0].Code, got.Errors[0].Message))
}

// cut returns the beginning of a text of others as one line.
func cut(text string) string {
	text = strings.Join(strings.Fields(strings.ToValidUTF8(text, "")), " ")
	if len(text) > maxReason {
		text = strings.ToValidUTF8(text[:maxReason], "") + "..."
	}
	return text
}
