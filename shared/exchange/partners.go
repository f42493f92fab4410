package exchange

import (
	"context"
	"slices"

	"golang.org/x/sync/errgroup"
)

// PartnersOf returns the companies that the server of a company can sync with: active
// ones with an address.
func PartnersOf(own ID, all []Company) []Company {
	return slices.DeleteFunc(slices.Clone(all), func(c Company) bool { return !c.Active || c.SyncAddr == "" || c.ID == own })
}

// EachPartner runs a sync with each of some partners, several at once, and returns
// their reports in the order of the partners. Each run has a connection of its own; a
// failure of one does not touch the others.
func EachPartner(ctx context.Context, partners []Company, atOnce int, run func(context.Context, Company) Report) []Report {
	reports := make([]Report, len(partners))
	var group errgroup.Group
	group.SetLimit(max(1, atOnce))
	for i, partner := range partners {
		group.Go(func() error {
			reports[i] = run(ctx, partner)
			return nil
		})
	}
	_ = group.Wait() // no run returns an error
	return reports
}
