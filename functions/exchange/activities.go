package exchange

import (
	"gitlab.com/eshopbox-team/return-sync/shared/exchange"
	"gitlab.com/eshopbox-team/return-sync/shared/fault"
)

func (f *function) activityRoutes() []route {
	return []route{
		{"POST /activity", roleSync, onPrimary, "", f.recordActivity},
		{"GET /activity", roleAdmin, anywhere, "", f.activities},
		{"GET /activity/{id}", roleAdmin, anywhere, "", f.activity},
		{"DELETE /activity/{id}", roleAdmin, anywhere, "remove-activity", f.removeActivity},
	}
}

// recordActivity answers POST /activity: a partner reports how a slice ended. The
// company is the token's, whatever the body says, and the subscription one of its own.
func (f *function) recordActivity(c *call) (any, error) {
	var a exchange.Activity
	if err := c.body(&a); err != nil {
		return nil, err
	}
	a.CompanyID, a.Duration, a.Added, a.Gone, a.Bytes = c.caller.Company, max(0, a.Duration), max(0, a.Added), max(0, a.Gone), max(0, a.Bytes)
	if a.Message == "" {
		return nil, fault.New(fault.Invalid, "no-message", "an activity needs a message").WithParam("message")
	}
	if a.SubID != exchange.First {
		sub, err := f.Store.Subscriptions.Subscription(c.Context(), a.SubID)
		if err != nil && fault.KindOf(err) != fault.NotFound {
			return nil, err
		}
		if err != nil || sub.CompanyID != c.caller.Company {
			return nil, fault.New(fault.Forbidden, "no-access", "No Access to this subscription")
		}
	}
	if err := f.Store.Activities.Record(c.Context(), a); err != nil {
		return nil, err
	}
	return created(a, f.Store.Activities.Prune(c.Context()))
}

// activities answers GET /activity, newest first.
func (f *function) activities(c *call) (any, error) {
	p, err := pageOf(c)
	if err != nil {
		return nil, err
	}
	list, total, err := f.Store.Activities.List(c.Context(), p.offset(), p.size)
	return answerOf(list, p, total), err
}

// activity answers GET /activity/{id}.
func (f *function) activity(c *call) (any, error) {
	return numbered(c, f.Store.Activities.Activity)
}

// removeActivity answers DELETE /activity/{id}.
func (f *function) removeActivity(c *call) (any, error) {
	id, err := c.number()
	if err != nil {
		return nil, err
	}
	return done(f.Store.Activities.DeleteActivity(c.Context(), id))
}
