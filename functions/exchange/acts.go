package exchange

import (
	"context"
	"fmt"

	"gitlab.com/eshopbox-team/return-sync/functions/internal/operate"
	"gitlab.com/eshopbox-team/return-sync/shared/audit"
	"gitlab.com/eshopbox-team/return-sync/shared/exchange"
	"gitlab.com/eshopbox-team/return-sync/shared/exchange/store"
)

// The names of acts in the audit that more than one way to act has.
const (
	actEditSubscription = "edit-subscription"
	actEditCompany      = "edit-company"
	actLock             = "lock-slice"
	actUnlock           = "unlock-slice"
	actSync             = "sync-exchange"
	actAddGrain         = "add-grain"
)

// Acts are the changes that console and command line make; the routes make the same ones.
// Each leaves a row of the audit.
type Acts struct {
	Store *store.Store
	Audit *audit.Store
}

// SwitchSubscription switches a subscription on or off and returns its name.
func (a Acts) SwitchSubscription(ctx context.Context, by operate.Actor, id exchange.ID, active bool) (name string, err error) {
	err = a.audited(ctx, by, actEditSubscription, "subscription "+id.String(), func(e *audit.Entry) error {
		sub, err := editSubscription(ctx, a.Store, e, id, func(s *exchange.Subscription) error {
			s.Active = active
			return nil
		})
		name = sub.Name
		return err
	})
	return name, err
}

// SwitchCompany switches a company on or off and returns its name.
func (a Acts) SwitchCompany(ctx context.Context, by operate.Actor, id exchange.ID, active bool) (name string, err error) {
	err = a.audited(ctx, by, actEditCompany, "company "+id.String(), func(e *audit.Entry) error {
		company, err := editCompany(ctx, a.Store, e, id, func(c *exchange.Company) error {
			c.Active = active
			return nil
		})
		name = company.Name
		return err
	})
	return name, err
}

// AllowSync unlocks a slice for partners, or locks it, and returns its name.
func (a Acts) AllowSync(ctx context.Context, by operate.Actor, id exchange.ID, allow bool) (name string, err error) {
	action := actLock
	if allow {
		action = actUnlock
	}
	err = a.audited(ctx, by, action, "slice "+id.String(), func(e *audit.Entry) error {
		slice, err := allowSync(ctx, a.Store, e, id, allow)
		name = slice.Name
		return err
	})
	return name, err
}

// AddFile makes a file the content of a slice.
func (a Acts) AddFile(ctx context.Context, by operate.Actor, slice exchange.Slice, g exchange.Grain) error {
	return a.audited(ctx, by, actAddGrain, label("slice", slice.Name, slice.ID), func(e *audit.Entry) error {
		e.New = fmt.Sprintf("grain %s of %s", g.ID, g.Source)
		return a.Store.Grains.AddGrains(ctx, slice.ID, []exchange.Grain{g}, true)
	})
}

// Started notes that a person started a sync, and starts it.
func (a Acts) Started(ctx context.Context, by operate.Actor, target string, test bool, start func() error) error {
	return a.audited(ctx, by, actSync, target, func(e *audit.Entry) error {
		if test {
			e.New = "without update"
		}
		return start()
	})
}

// audited does an act and keeps its row.
func (a Acts) audited(ctx context.Context, by operate.Actor, action, object string, do func(*audit.Entry) error) error {
	return operate.Audited(ctx, a.Audit, by, audit.Entry{Action: action, Object: object}, do)
}

// label names an object in the audit.
func label(kind, name string, id exchange.ID) string {
	return fmt.Sprintf("%s %s (%s)", kind, name, id)
}

// onOff words a flag.
func onOff(on bool) string {
	if on {
		return "on"
	}
	return "off"
}

// editSubscription changes a subscription and completes the row of the audit.
func editSubscription(ctx context.Context, tables *store.Store, e *audit.Entry, id exchange.ID, change func(*exchange.Subscription) error) (exchange.Subscription, error) {
	words := func(s exchange.Subscription) string {
		return fmt.Sprintf("%s, %s, description %q", s.Name, onOff(s.Active), s.Description)
	}
	sub, err := tables.Subscriptions.Subscription(ctx, id)
	if err != nil {
		return sub, err
	}
	e.Object, e.Old = label("subscription", sub.Name, id), words(sub)
	if err := change(&sub); err != nil {
		return sub, err
	}
	e.New = words(sub)
	if err := tables.Subscriptions.UpdateSubscription(ctx, sub); err != nil {
		return sub, err
	}
	return tables.Subscriptions.Subscription(ctx, id)
}

// editCompany changes a company and completes the row of the audit.
func editCompany(ctx context.Context, tables *store.Store, e *audit.Entry, id exchange.ID, change func(*exchange.Company) error) (exchange.Company, error) {
	words := func(c exchange.Company) string {
		return fmt.Sprintf("%s, %s, address %q", c.Name, onOff(c.Active), c.SyncAddr)
	}
	company, err := tables.Companies.Company(ctx, id)
	if err != nil {
		return company, err
	}
	e.Object, e.Old = label("company", company.Name, id), words(company)
	if err := change(&company); err != nil {
		return company, err
	}
	e.New = words(company)
	if err := tables.Companies.UpdateCompany(ctx, company); err != nil {
		return company, err
	}
	return tables.Companies.Company(ctx, id)
}

// allowSync locks or unlocks a slice and completes the row of the audit.
func allowSync(ctx context.Context, tables *store.Store, e *audit.Entry, id exchange.ID, allow bool) (exchange.Slice, error) {
	slice, err := tables.Slices.Slice(ctx, id)
	if err != nil {
		return slice, err
	}
	e.Object, e.Old, e.New = label("slice", slice.Name, id), "sync "+onOff(slice.AllowSync), "sync "+onOff(allow)
	return slice, tables.Slices.AllowSync(ctx, id, allow)
}
