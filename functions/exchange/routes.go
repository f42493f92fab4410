package exchange

import (
	"context"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"

	"gitlab.com/eshopbox-team/return-sync/shared/audit"
	"gitlab.com/eshopbox-team/return-sync/shared/edge"
	"gitlab.com/eshopbox-team/return-sync/shared/exchange"
	"gitlab.com/eshopbox-team/return-sync/shared/exchange/rest"
	"gitlab.com/eshopbox-team/return-sync/shared/fault"
)

// The roles of users: a lower number may do more.
const (
	roleSuper   = 100
	roleAdmin   = 110
	roleCompany = 120 // administers a partner's keys
	roleSync    = 200 // a partner's server
	roleNobody  = 0   // no token is needed
)

// The roles of a server that a route may demand.
const (
	anywhere    = ""
	onPrimary   = rest.RolePrimary
	onSecondary = rest.RoleSecondary
)

// route is one way in.
type route struct {
	pattern string // method and path
	role    int    // the weakest that may call it; roleNobody demands no token
	server  string // the role of the server that has it
	audit   string // the act's name in the audit; empty for a read
	do      func(*call) (any, error)
}

// call is a request that has been judged.
type call struct {
	*http.Request
	caller caller
	entry  *audit.Entry // of the audit, of a change
}

// maxBody bounds a request's body in bytes: a grain, escaped, is the largest.
const maxBody = 8 << 20

// body reads the request's JSON over v, which keeps what the request does not name.
func (c *call) body(v any) error {
	data, err := edge.LimitedBody(c.Request, maxBody)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(data, v); err != nil {
		return fault.Wrap(err, fault.Invalid, "bad-body", "the body is not the JSON object that openapi.json describes")
	}
	return nil
}

// id returns the UUID of a path.
func (c *call) id(name string) (exchange.ID, error) { return exchange.ParseID(c.PathValue(name)) }

// withID reads the UUID that a path names {id}.
func withID(do func(*call, exchange.ID) (any, error)) func(*call) (any, error) {
	return func(c *call) (any, error) {
		id, err := c.id("id")
		if err != nil {
			return nil, err
		}
		return do(c, id)
	}
}

// number returns the number id of a path.
func (c *call) number() (int64, error) {
	n, err := strconv.ParseInt(c.PathValue("id"), 10, 64)
	if err != nil || n < 1 {
		return 0, fault.New(fault.Invalid, "bad-id", "the id must be a number from 1").WithParam("id")
	}
	return n, nil
}

// numbered returns the thing that the number of the path names.
func numbered[T any](c *call, read func(context.Context, int64) (T, error)) (thing T, err error) {
	id, err := c.number()
	if err != nil {
		return thing, err
	}
	return read(c.Context(), id)
}

// yes reports whether a query parameter says yes.
func (c *call) yes(name string) bool {
	switch strings.ToLower(c.URL.Query().Get(name)) {
	case "yes", "true", "1":
		return true
	}
	return false
}

// reach returns the company whose rows the caller may read, nil for all.
func (c *call) reach() *exchange.ID {
	if c.caller.Role <= roleAdmin {
		return nil
	}
	company := c.caller.Company
	return &company
}

// guarded judges a request and audits what it changes.
func (f *function) guarded(r route) edge.Handler {
	return func(request *http.Request) (any, error) {
		c := &call{Request: request}
		if r.role != roleNobody {
			who, err := f.caller(request)
			if err != nil {
				return nil, err
			}
			if who.Role > r.role {
				return nil, fault.New(fault.Forbidden, "forbidden", "this needs a stronger role")
			}
			c.caller = who
		}
		if r.server != anywhere && r.server != f.Settings.Role {
			return nil, fault.New(fault.Forbidden, "wrong-server-role", "resource is not allowed with this server-role")
		}
		if r.audit == "" {
			return r.do(c)
		}
		var answer any
		err := f.Audit.Audited(request.Context(), audit.Entry{Who: c.caller.Username, Via: "exchange", Action: r.audit, Object: request.URL.Path}, func(e *audit.Entry) (err error) {
			c.entry = e
			answer, err = r.do(c)
			return err
		})
		return answer, err
	}
}

// created is the answer to a creation.
func created(value any, err error) (any, error) {
	if err != nil {
		return nil, err
	}
	return edge.Result{Status: http.StatusCreated, Value: value}, nil
}

// done is the answer to a change that has nothing to show.
func done(err error) (any, error) {
	if err != nil {
		return nil, err
	}
	return struct{}{}, nil
}

// routes lists all ways in.
func (f *function) routes() []route {
	lists := [][]route{f.loginRoutes(), f.syncRoutes(), f.companyRoutes(), f.sliceRoutes(), f.grainRoutes(), f.subRoutes(), f.tagRoutes(), f.userRoutes(), f.activityRoutes()}
	all := []route{
		{"GET /check", roleNobody, anywhere, "", func(*call) (any, error) { return "Sandpiper API OK", nil }},
		{"GET /openapi.json", roleNobody, anywhere, "", func(*call) (any, error) { return description, nil }},
		{"GET /session.json", roleNobody, anywhere, "", func(*call) (any, error) { return sessionSchema, nil }},
	}
	for _, list := range lists {
		all = append(all, list...)
	}
	return all
}
