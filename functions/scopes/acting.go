package scopes

import (
	"context"
	"net/http"
	"strconv"

	"gitlab.com/eshopbox-team/return-sync/shared/edge"
	"gitlab.com/eshopbox-team/return-sync/shared/fault"
	"gitlab.com/eshopbox-team/return-sync/shared/scope"
)

// deletedAnswer is what a delete did.
type deletedAnswer struct {
	Deleted bool   `json:"deleted"`
	Message string `json:"message"`
}

// act plays an action for an operator.
func (f *function) act(r *http.Request) (any, error) {
	who, err := f.person(r)
	if err != nil {
		return nil, err
	}
	action := scope.Action(r.PathValue("action"))
	if action == "" {
		return nil, fault.New(fault.NotFound, "no-action", "there is no such action; there are %q", scope.Actions())
	}
	if err := who.Demand(); err != nil {
		return nil, err
	}
	if r.URL.RawQuery != "" {
		return nil, fault.New(fault.Invalid, "bad-parameter", "an action takes its parameters in the body, not in the URL")
	}
	body, err := edge.LimitedBody(r, f.Limits.MaxBody)
	if err != nil {
		return nil, err
	}
	req, err := scope.ParseRequest(action, body)
	if err != nil {
		return nil, err
	}
	f.Log.InfoContext(r.Context(), "an operator acts on sync scopes", "action", action, "subject", who.Subject)
	switch action {
	case scope.StartScope:
		return f.Flow.Start(r.Context(), req, "")
	case scope.SyncEntities:
		return f.Flow.SyncEntities(r.Context(), req)
	}
	return f.remove(r.Context(), action, req)
}

// remove plays the two actions that delete.
func (f *function) remove(ctx context.Context, action string, req scope.Request) (any, error) {
	if err := f.Flow.Refresh(ctx); err != nil {
		return nil, err
	}
	ok, err := f.Flow.Met(ctx, req.When)
	if err != nil || !ok {
		return deletedAnswer{Message: "the condition is not met; nothing was done"}, err
	}
	id := string(req.Options.ID)
	if action == scope.DeleteScope {
		if err := scope.CheckID(id, "options.id"); err != nil {
			return nil, err
		}
		return deletedAnswer{Deleted: true, Message: "deleted"}, f.Flow.Store.DeleteScope(ctx, id)
	}
	number, err := strconv.ParseInt(id, 10, 64)
	if err != nil || number < 1 {
		return nil, fault.New(fault.Invalid, "bad-id", "options.id is no sync status: want its number, such as \"7\"").WithParam("options.id")
	}
	return deletedAnswer{Deleted: true, Message: "deleted"}, f.Flow.Store.DeleteStatus(ctx, number)
}
