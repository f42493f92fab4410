package odoo

import (
	"bytes"
	"context"
	"encoding/xml"
	"errors"
	"net/http"
	"strings"

	"gitlab.com/eshopbox-team/return-sync/shared/fault"
	"gitlab.com/eshopbox-team/return-sync/shared/httpcall"
	"gitlab.com/eshopbox-team/return-sync/shared/transfer/odoo/xmlrpc"
)

// hidden stands in the place of the password.
const hidden = "[hidden]"

// texts are a call as it went over the wire, without the password.
type texts struct{ request, answer string }

// execute calls a method of a model.
func (s *Side) execute(ctx context.Context, client *httpcall.Client, model, method string, args []any, kwargs map[string]any) (any, texts, error) {
	user, err := s.login(ctx)
	if err != nil {
		return nil, texts{}, err
	}
	call := func(password string) ([]byte, error) {
		return xmlrpc.Call("execute_kw", s.config.Database, user, password, model, method, args, kwargs)
	}
	body, err := call(s.config.Password)
	if err != nil {
		return nil, texts{}, fault.Wrap(err, fault.Invalid, "odoo-value", "a value for "+model)
	}
	shown, err := call(hidden)
	if err != nil {
		return nil, texts{}, err
	}
	v, answer, err := s.post(ctx, client, "object", body)
	var f *xmlrpc.Fault
	if errors.As(err, &f) && f.Code == accessDenied {
		s.mu.Lock()
		s.user = 0 // the next call logs in again
		s.mu.Unlock()
	}
	return v, texts{string(shown), s.mask(answer)}, err
}

// login returns the user's id.
func (s *Side) login(ctx context.Context) (int64, error) {
	s.mu.Lock()
	user := s.user
	s.mu.Unlock()
	if user != 0 {
		return user, nil
	}
	body, err := xmlrpc.Call("login", s.config.Database, s.config.User, s.config.Password)
	if err != nil {
		return 0, err
	}
	v, _, err := s.post(ctx, &s.reads, "common", body)
	if err != nil {
		return 0, err
	}
	switch id := v.(type) {
	case int64:
		s.mu.Lock()
		defer s.mu.Unlock()
		s.user = id
		return id, nil
	case bool:
		return 0, fault.New(fault.Misconfigured, "odoo-login", "Odoo refuses the user %s of the database %s", s.config.User, s.config.Database)
	}
	return 0, odd("login answered with a %T", v)
}

// post sends a call and reads the answer, whose text it returns as well.
func (s *Side) post(ctx context.Context, client *httpcall.Client, service string, body []byte) (any, []byte, error) {
	answer, err := client.Do(ctx, func(ctx context.Context) (*http.Request, error) {
		r, err := http.NewRequestWithContext(ctx, http.MethodPost, s.config.URL+"/xmlrpc/2/"+service, bytes.NewReader(body))
		if err != nil {
			return nil, fault.Wrap(httpcall.Redact(err, s.config.Password), fault.Misconfigured, "odoo-settings", "the address of Odoo")
		}
		r.Header.Set("Content-Type", "text/xml")
		return r, nil
	})
	if err != nil {
		return nil, answer.Body, err
	}
	v, err := xmlrpc.Answer(answer.Body)
	var f *xmlrpc.Fault
	switch {
	case errors.As(err, &f):
		f.Text = s.mask([]byte(f.Text))
		return nil, answer.Body, classify(f)
	case err != nil:
		return nil, answer.Body, fault.Wrap(err, fault.Retry, "odoo-answer", "Odoo's answer")
	}
	return v, answer.Body, nil
}

// mask hides the password in a text, as it is and as XML writes it.
func (s *Side) mask(text []byte) string {
	var escaped strings.Builder
	_ = xml.EscapeText(&escaped, []byte(s.config.Password)) // a builder takes everything
	return strings.NewReplacer(s.config.Password, hidden, escaped.String(), hidden).Replace(string(text))
}
