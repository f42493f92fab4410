package exchange

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"

	"gitlab.com/eshopbox-team/return-sync/shared/exchange"
	"gitlab.com/eshopbox-team/return-sync/shared/exchange/rest"
	"gitlab.com/eshopbox-team/return-sync/shared/exchange/store"
	"gitlab.com/eshopbox-team/return-sync/shared/fault"
)

// The administrator of each secondary; the password guards nothing.
const (
	adminName     = "admin"
	adminPassword = "a-password-of-the-local-exchange"
)

// server is one company's server of the demonstration. Only checks read its tables.
type server struct {
	name   string
	id     exchange.ID
	url    string
	tables *store.Store
}

// sync has the server sync with the primary, as its administrator does. The error is of a
// sync that could not run or did not end well.
func (s *server) sync(ctx context.Context, primary exchange.ID) (r exchange.Report, err error) {
	var token rest.Token
	if err := s.post(ctx, "/login", "", rest.Login{Username: adminName, Password: adminPassword}, &token); err != nil {
		return r, err
	}
	if err := s.post(ctx, "/sync/"+primary.String(), token.Token, nil, &r); err != nil {
		return r, err
	}
	if !r.OK() {
		return r, fmt.Errorf("the sync failed: %s%s", r.Error, firstError(r))
	}
	return r, nil
}

// firstError returns the first failure of a report's subscriptions.
func firstError(r exchange.Report) string {
	for _, one := range r.Results {
		if one.Error != "" {
			return one.Name + ": " + one.Error
		}
	}
	return ""
}

// post calls the server. The answers to a sync that failed have its report too.
func (s *server) post(ctx context.Context, path, token string, body, out any) error {
	data, err := json.Marshal(body)
	if err != nil {
		return err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, s.url+path, bytes.NewReader(data))
	if err != nil {
		return err
	}
	if token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(io.LimitReader(response.Body, 1<<20))
	switch {
	case err != nil:
		return err
	case response.StatusCode == http.StatusOK, response.StatusCode == http.StatusBadGateway:
		return json.Unmarshal(text, out)
	case response.StatusCode == http.StatusConflict:
		return fault.New(fault.Superseded, "sync-running", "another sync runs, or its process died a moment ago")
	}
	return fmt.Errorf("%s answers %d: %.200s", strings.Split(path, "/")[1], response.StatusCode, text)
}
