package exchange

import (
	"strings"

	"gitlab.com/eshopbox-team/return-sync/shared/exchange"
	"gitlab.com/eshopbox-team/return-sync/shared/fault"
)

func (f *function) grainRoutes() []route {
	return []route{
		{"POST /grains", roleAdmin, onPrimary, actAddGrain, f.addGrain},
		{"GET /grains", roleAdmin, anywhere, "", f.allGrains},
		{"GET /grains/slice/{id}", roleAdmin, anywhere, "", withID(f.grains)},
		{"GET /grains/{id}", roleSync, anywhere, "", withID(f.grain)},
		{"GET /grains/{id}/{key}", roleAdmin, anywhere, "", withID(f.grainKeyed)},
		{"DELETE /grains/{id}", roleAdmin, onPrimary, "remove-grain", withID(f.removeGrain)},
	}
}

// addGrain answers POST /grains?replace=yes.
func (f *function) addGrain(c *call) (any, error) {
	var g exchange.Grain
	if err := c.body(&g); err != nil {
		return nil, err
	}
	if g.ID == exchange.First {
		g.ID = exchange.NewID()
	}
	g.Key = strings.ToLower(strings.TrimSpace(g.Key))
	if err := g.Check(); err != nil {
		return nil, err
	}
	if err := f.Store.Grains.AddGrains(c.Context(), g.SliceID, []exchange.Grain{g}, c.yes("replace")); err != nil {
		return nil, err
	}
	return created(f.Store.Grains.Grain(c.Context(), g.ID, nil))
}

// allGrains answers GET /grains, of one slice: filter=slice_id:ID.
func (f *function) allGrains(c *call) (any, error) {
	for _, pair := range pairs(c.URL.Query().Get("filter")) {
		if pair[0] == "slice_id" {
			id, err := exchange.ParseID(pair[1])
			if err != nil {
				return nil, err
			}
			return f.grains(c, id)
		}
	}
	return nil, fault.New(fault.Invalid, "no-slice", "name a slice: filter=slice_id:ID").WithParam("filter")
}

// grains answers GET /grains/slice/{id}: a page of a slice's grains.
func (f *function) grains(c *call, slice exchange.ID) (any, error) {
	p, err := pageOf(c)
	if err != nil {
		return nil, err
	}
	total, err := f.Store.Grains.Count(c.Context(), slice, exchange.Whole)
	if err != nil {
		return nil, err
	}
	list, err := f.Store.Grains.List(c.Context(), slice, p.offset(), p.size, c.yes("payload"))
	return answerOf(list, p, total), err
}

// grain answers GET /grains/{id}. A partner reads the grains of slices that its
// company subscribes to.
func (f *function) grain(c *call, id exchange.ID) (any, error) {
	return f.Store.Grains.Grain(c.Context(), id, c.reach())
}

// grainKeyed answers GET /grains/{slice}/{key}.
func (f *function) grainKeyed(c *call, id exchange.ID) (any, error) {
	return f.Store.Grains.GrainKeyed(c.Context(), id, strings.ToLower(c.PathValue("key")))
}

// removeGrain answers DELETE /grains/{id}.
func (f *function) removeGrain(c *call, id exchange.ID) (any, error) {
	return done(f.Store.Grains.DeleteGrain(c.Context(), id))
}
