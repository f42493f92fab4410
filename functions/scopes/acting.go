package scopes

import (
	"net/http"

	"gitlab.com/eshopbox-team/return-sync/functions/internal/operate"
	"gitlab.com/eshopbox-team/return-sync/shared/audit"
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
	acts, by := operate.ScopeActs{Flow: f.Flow}, operate.Actor{Who: who.Subject, Via: audit.ViaScopes}
	switch action {
	case scope.StartScope:
		return acts.Start(r.Context(), by, req)
	case scope.SyncEntities:
		return acts.SyncEntities(r.Context(), by, req)
	}
	remove := acts.DeleteStatus
	if action == scope.DeleteScope {
		remove = acts.DeleteScope
	}
	deleted, err := remove(r.Context(), by, string(req.Options.ID), req.When)
	if err == nil && !deleted {
		return deletedAnswer{Message: "the condition is not met; nothing was done"}, nil
	}
	return deletedAnswer{Deleted: true, Message: "deleted"}, err
}
