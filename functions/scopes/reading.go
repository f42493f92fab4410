package scopes

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"

	"gitlab.com/eshopbox-team/return-sync/shared/fault"
	"gitlab.com/eshopbox-team/return-sync/shared/scope"
	"gitlab.com/eshopbox-team/return-sync/shared/scope/scopestore"
)

// maxList is how many scopes or statuses one answer has at most.
const maxList = 1000

// scopesAnswer is all scopes.
type scopesAnswer struct {
	Scopes []scope.Answer `json:"scopes"`
}

// statusesAnswer is the newest statuses.
type statusesAnswer struct {
	Statuses []scope.StatusAnswer `json:"statuses"`
}

// read lets a reader in, reads its parameters and brings everything up to date.
func (f *function) read(r *http.Request, known ...string) (url.Values, error) {
	if _, err := f.person(r); err != nil {
		return nil, err
	}
	values, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return nil, fault.Wrap(err, fault.Invalid, "bad-parameter", "the URL's parameters cannot be read")
	}
	for name, list := range values {
		if !slices.Contains(known, name) || len(list) != 1 {
			return nil, fault.New(fault.Invalid, "bad-parameter", "a parameter is not known here, or is there twice; known: %q", known).WithParam(name)
		}
	}
	return values, f.Flow.Refresh(r.Context())
}

// scopes answers with all scopes.
func (f *function) scopes(r *http.Request) (any, error) {
	if _, err := f.read(r); err != nil {
		return nil, err
	}
	list, err := f.Flow.Store.Scopes(r.Context(), maxList)
	answer := scopesAnswer{Scopes: []scope.Answer{}}
	for _, s := range list {
		answer.Scopes = append(answer.Scopes, s.Answer())
	}
	return answer, err
}

// scope answers with one scope.
func (f *function) scope(r *http.Request) (any, error) {
	if _, err := f.read(r); err != nil {
		return nil, err
	}
	id := r.PathValue("id")
	if err := scope.CheckID(id, "id"); err != nil {
		return nil, err
	}
	s, err := f.Flow.Store.Scope(r.Context(), id)
	return s.Answer(), err
}

// statuses answers with the newest statuses.
func (f *function) statuses(r *http.Request) (any, error) {
	values, err := f.read(r, "entity", "state", "instanceId", "limit")
	if err != nil {
		return nil, err
	}
	filter, err := filterOf(values)
	if err != nil {
		return nil, err
	}
	list, err := f.Flow.Store.Statuses(r.Context(), filter)
	answer := statusesAnswer{Statuses: []scope.StatusAnswer{}}
	for _, s := range list {
		answer.Statuses = append(answer.Statuses, s.Answer())
	}
	return answer, err
}

// filterOf reads the parameters of a list of statuses.
func filterOf(values url.Values) (scopestore.StatusFilter, error) {
	f := scopestore.StatusFilter{
		Entity: values.Get("entity"), State: scope.State(values.Get("state")), Instance: values.Get("instanceId"), Limit: 100,
	}
	if !slices.Contains([]scope.State{"", scope.Syncing, scope.Synced, scope.Failed}, f.State) {
		return f, fault.New(fault.Invalid, "bad-parameter", "state is one of %s, %s and %s", scope.Syncing, scope.Synced, scope.Failed).WithParam("state")
	}
	for name, id := range map[string]string{"entity": f.Entity, "instanceId": f.Instance} {
		if id == "" {
			continue
		}
		if err := scope.CheckID(id, name); err != nil {
			return f, err
		}
	}
	if text := values.Get("limit"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 || n > maxList {
			return f, fault.New(fault.Invalid, "bad-parameter", "limit is a number from 1 to %d", maxList).WithParam("limit")
		}
		f.Limit = n
	}
	return f, nil
}
