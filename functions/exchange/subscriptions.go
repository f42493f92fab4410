package exchange

import (
	"strings"

	"gitlab.com/eshopbox-team/return-sync/shared/exchange"
)

func (f *function) subRoutes() []route {
	return []route{
		{"GET /subs", roleAdmin, anywhere, "", func(c *call) (any, error) { return paged(c, f.Store.Subscriptions.List)(nil) }},
		{"POST /subs", roleAdmin, onPrimary, "create-subscription", f.createSub},
		{"GET /subs/{id}", roleAdmin, anywhere, "", withID(f.sub)},
		{"GET /subs/name/{name}", roleAdmin, anywhere, "", func(c *call) (any, error) {
			return f.Store.Subscriptions.SubscriptionNamed(c.Context(), strings.ToLower(c.PathValue("name")))
		}},
		{"PUT /subs/{id}", roleAdmin, anywhere, actEditSubscription, withID(f.editSub)},
		{"PATCH /subs/{id}", roleAdmin, anywhere, actEditSubscription, withID(f.editSub)},
		{"DELETE /subs/{id}", roleAdmin, anywhere, "remove-subscription", withID(f.removeSub)},
	}
}

// subEdit is what may be written of a subscription.
type subEdit struct {
	ID          string      `json:"id"`
	SliceID     exchange.ID `json:"slice_id"`
	CompanyID   exchange.ID `json:"company_id"`
	Name        string      `json:"name"`
	Description string      `json:"description"`
	Active      bool        `json:"active"`
}

// createSub answers POST /subs.
func (f *function) createSub(c *call) (any, error) {
	var edit subEdit
	if err := c.body(&edit); err != nil {
		return nil, err
	}
	sub := exchange.Subscription{SliceID: edit.SliceID, CompanyID: edit.CompanyID, Description: edit.Description, Active: edit.Active}
	var err error
	if sub.Name, err = exchange.CleanName(edit.Name); err != nil {
		return nil, err
	}
	if sub.ID, err = idOr(edit.ID); err != nil {
		return nil, err
	}
	if err := f.Store.Subscriptions.CreateSubscription(c.Context(), sub); err != nil {
		return nil, err
	}
	return created(f.Store.Subscriptions.Subscription(c.Context(), sub.ID))
}

// sub answers GET /subs/{id}.
func (f *function) sub(c *call, id exchange.ID) (any, error) {
	return f.Store.Subscriptions.Subscription(c.Context(), id)
}

// editSub answers PUT and PATCH /subs/{id}. What the body does not name stays; slice
// and company of a subscription never change.
func (f *function) editSub(c *call, id exchange.ID) (any, error) {
	return editSubscription(c.Context(), f.Store, c.entry, id, func(sub *exchange.Subscription) (err error) {
		edit := subEdit{Name: sub.Name, Description: sub.Description, Active: sub.Active}
		if err := c.body(&edit); err != nil {
			return err
		}
		sub.Description, sub.Active = edit.Description, edit.Active
		sub.Name, err = exchange.CleanName(edit.Name)
		return err
	})
}

// removeSub answers DELETE /subs/{id}.
func (f *function) removeSub(c *call, id exchange.ID) (any, error) {
	return done(f.Store.Subscriptions.DeleteSubscription(c.Context(), id))
}
