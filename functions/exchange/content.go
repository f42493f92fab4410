package exchange

import (
	"maps"
	"slices"
	"strings"

	"gitlab.com/eshopbox-team/return-sync/shared/exchange"
	"gitlab.com/eshopbox-team/return-sync/shared/exchange/rest"
	"gitlab.com/eshopbox-team/return-sync/shared/fault"
)

func (f *function) sliceRoutes() []route {
	return []route{
		{"GET /slices", roleAdmin, anywhere, "", f.slices},
		{"POST /slices", roleAdmin, onPrimary, "create-slice", f.createSlice},
		{"GET /slices/{id}", roleSync, anywhere, "", withID(f.slice)},
		{"GET /slices/name/{name}", roleSync, anywhere, "", f.sliceNamed},
		{"PATCH /slices/{id}", roleAdmin, anywhere, "edit-slice", withID(f.editSlice)},
		{"DELETE /slices/{id}", roleAdmin, anywhere, "remove-slice", withID(f.removeSlice)},
		{"GET /slices/metadata/{id}", roleSync, anywhere, "", withID(f.metadata)},
		{"POST /slices/refresh/{id}", roleAdmin, onPrimary, "refresh-slice", withID(func(c *call, id exchange.ID) (any, error) {
			return f.Store.Refresh(c.Context(), id)
		})},
		{"PUT /slices/lock/{id}", roleAdmin, onPrimary, "lock-slice", withID(func(c *call, id exchange.ID) (any, error) {
			return done(f.Store.AllowSync(c.Context(), id, false))
		})},
		{"PUT /slices/unlock/{id}", roleAdmin, onPrimary, "unlock-slice", withID(func(c *call, id exchange.ID) (any, error) {
			return done(f.Store.AllowSync(c.Context(), id, true))
		})},
	}
}

// readable refuses a slice that the caller may not read.
func (f *function) readable(c *call, slice exchange.ID) error {
	if c.reach() == nil {
		return nil
	}
	return f.subscribed(c, slice)
}

// slices answers GET /slices: all, or those with any of tags, or with all of tags-all.
func (f *function) slices(c *call) (any, error) {
	query := c.URL.Query()
	names, all := query.Get("tags"), query.Get("tags-all")
	if names == "" && all == "" {
		list, err := f.Store.Slices(c.Context())
		if err != nil {
			return nil, err
		}
		return listed(c, list)
	}
	tags := strings.Split(strings.ToLower(names+all), ",")
	slices.Sort(tags)
	if tags = slices.Compact(tags); len(tags) > maxPageSize || names != "" && all != "" {
		return nil, fault.New(fault.Invalid, "bad-tags", "give tags or tags-all, at most %d names", maxPageSize)
	}
	list, err := f.Store.Tagged(c.Context(), tags, all != "")
	if err != nil {
		return nil, err
	}
	return listed(c, list)
}

// sliceEdit is what may be written of a slice. A new slice is locked until it is
// unlocked.
type sliceEdit struct {
	ID        string            `json:"id"`
	Name      string            `json:"name"`
	SliceName string            `json:"slice_name"` // as answers call it
	Type      string            `json:"slice_type"`
	AllowSync bool              `json:"allow_sync"`
	Metadata  map[string]string `json:"metadata"`
}

// checked returns the slice of an edit.
func (e sliceEdit) checked() (s exchange.Slice, err error) {
	name := e.Name
	if name == "" {
		name = e.SliceName
	}
	if s.Name, err = exchange.CleanName(name); err != nil {
		return s, err
	}
	s.Type, s.AllowSync, s.Metadata = e.Type, e.AllowSync, e.Metadata
	if err := exchange.CheckType(s.Type); err != nil {
		return s, err
	}
	return s, exchange.CheckMetadata(s.Metadata)
}

// createSlice answers POST /slices.
func (f *function) createSlice(c *call) (any, error) {
	var edit sliceEdit
	if err := c.body(&edit); err != nil {
		return nil, err
	}
	slice, err := edit.checked()
	if err != nil {
		return nil, err
	}
	if slice.ID, err = idOr(edit.ID); err != nil {
		return nil, err
	}
	if err := f.Store.CreateSlice(c.Context(), slice); err != nil {
		return nil, err
	}
	return created(f.Store.Slice(c.Context(), slice.ID))
}

// slice answers GET /slices/{id}.
func (f *function) slice(c *call, id exchange.ID) (any, error) {
	if err := f.readable(c, id); err != nil {
		return nil, err
	}
	return f.Store.Slice(c.Context(), id)
}

// sliceNamed answers GET /slices/name/{name}. To a partner a slice that is not the
// partner's is as absent as one that does not exist.
func (f *function) sliceNamed(c *call) (any, error) {
	slice, err := f.Store.SliceNamed(c.Context(), strings.ToLower(c.PathValue("name")))
	if err != nil {
		return nil, err
	}
	if err := f.readable(c, slice.ID); fault.KindOf(err) == fault.Forbidden {
		return nil, fault.New(fault.NotFound, "not-found", "there is no such slice")
	} else if err != nil {
		return nil, err
	}
	return slice, nil
}

// editSlice answers PATCH /slices/{id}. What the body does not name stays.
func (f *function) editSlice(c *call, id exchange.ID) (any, error) {
	old, err := f.Store.Slice(c.Context(), id)
	if err != nil {
		return nil, err
	}
	edit := sliceEdit{Name: old.Name, Type: old.Type, AllowSync: old.AllowSync}
	if err := c.body(&edit); err != nil {
		return nil, err
	}
	if edit.Metadata == nil {
		edit.Metadata = old.Metadata
	}
	if edit.SliceName != "" {
		edit.Name = edit.SliceName
	}
	slice, err := edit.checked()
	if err != nil {
		return nil, err
	}
	slice.ID = id
	if err := f.Store.UpdateSlice(c.Context(), slice); err != nil {
		return nil, err
	}
	return f.Store.Slice(c.Context(), id)
}

// removeSlice answers DELETE /slices/{id}.
func (f *function) removeSlice(c *call, id exchange.ID) (any, error) {
	return done(f.Store.DeleteSlice(c.Context(), id))
}

// metadata answers GET /slices/metadata/{id}: a bare list by key.
func (f *function) metadata(c *call, id exchange.ID) (any, error) {
	if err := f.readable(c, id); err != nil {
		return nil, err
	}
	meta, err := f.Store.Metadata(c.Context(), id)
	list := []rest.Meta{}
	for _, key := range slices.Sorted(maps.Keys(meta)) {
		list = append(list, rest.Meta{Key: key, Value: meta[key]})
	}
	return list, err
}

func (f *function) grainRoutes() []route {
	return []route{
		{"POST /grains", roleAdmin, onPrimary, "add-grain", f.addGrain},
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
	if err := f.Store.AddGrains(c.Context(), g.SliceID, []exchange.Grain{g}, c.yes("replace")); err != nil {
		return nil, err
	}
	return created(f.Store.Grain(c.Context(), g.ID, nil))
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
	total, err := f.Store.Count(c.Context(), slice, exchange.Whole)
	if err != nil {
		return nil, err
	}
	list, err := f.Store.Grains(c.Context(), slice, p.offset(), p.size, c.yes("payload"))
	return answerOf(list, p, total), err
}

// grain answers GET /grains/{id}. A partner reads the grains of slices that its
// company subscribes to.
func (f *function) grain(c *call, id exchange.ID) (any, error) {
	return f.Store.Grain(c.Context(), id, c.reach())
}

// grainKeyed answers GET /grains/{slice}/{key}.
func (f *function) grainKeyed(c *call, id exchange.ID) (any, error) {
	return f.Store.GrainKeyed(c.Context(), id, strings.ToLower(c.PathValue("key")))
}

// removeGrain answers DELETE /grains/{id}.
func (f *function) removeGrain(c *call, id exchange.ID) (any, error) {
	return done(f.Store.DeleteGrain(c.Context(), id))
}

func (f *function) subRoutes() []route {
	return []route{
		{"GET /subs", roleAdmin, anywhere, "", func(c *call) (any, error) { return paged(c, f.Store.Subscriptions)(nil) }},
		{"POST /subs", roleAdmin, onPrimary, "create-subscription", f.createSub},
		{"GET /subs/{id}", roleAdmin, anywhere, "", withID(f.sub)},
		{"GET /subs/name/{name}", roleAdmin, anywhere, "", func(c *call) (any, error) {
			return f.Store.SubscriptionNamed(c.Context(), strings.ToLower(c.PathValue("name")))
		}},
		{"PUT /subs/{id}", roleAdmin, anywhere, "edit-subscription", withID(f.editSub)},
		{"PATCH /subs/{id}", roleAdmin, anywhere, "edit-subscription", withID(f.editSub)},
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
	if err := f.Store.CreateSubscription(c.Context(), sub); err != nil {
		return nil, err
	}
	return created(f.Store.Subscription(c.Context(), sub.ID))
}

// sub answers GET /subs/{id}.
func (f *function) sub(c *call, id exchange.ID) (any, error) {
	return f.Store.Subscription(c.Context(), id)
}

// editSub answers PUT and PATCH /subs/{id}. What the body does not name stays; slice
// and company of a subscription never change.
func (f *function) editSub(c *call, id exchange.ID) (any, error) {
	sub, err := f.Store.Subscription(c.Context(), id)
	if err != nil {
		return nil, err
	}
	edit := subEdit{Name: sub.Name, Description: sub.Description, Active: sub.Active}
	if err := c.body(&edit); err != nil {
		return nil, err
	}
	if sub.Name, err = exchange.CleanName(edit.Name); err != nil {
		return nil, err
	}
	sub.Description, sub.Active = edit.Description, edit.Active
	if err := f.Store.UpdateSubscription(c.Context(), sub); err != nil {
		return nil, err
	}
	return f.Store.Subscription(c.Context(), id)
}

// removeSub answers DELETE /subs/{id}.
func (f *function) removeSub(c *call, id exchange.ID) (any, error) {
	return done(f.Store.DeleteSubscription(c.Context(), id))
}

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
		sub, err := f.Store.Subscription(c.Context(), a.SubID)
		if err != nil && fault.KindOf(err) != fault.NotFound {
			return nil, err
		}
		if err != nil || sub.CompanyID != c.caller.Company {
			return nil, fault.New(fault.Forbidden, "no-access", "No Access to this subscription")
		}
	}
	return created(a, f.Store.Record(c.Context(), a))
}

// activities answers GET /activity, newest first.
func (f *function) activities(c *call) (any, error) {
	p, err := pageOf(c)
	if err != nil {
		return nil, err
	}
	list, total, err := f.Store.Activities(c.Context(), p.offset(), p.size)
	return answerOf(list, p, total), err
}

// activity answers GET /activity/{id}.
func (f *function) activity(c *call) (any, error) {
	id, err := c.number()
	if err != nil {
		return nil, err
	}
	return f.Store.Activity(c.Context(), id)
}

// removeActivity answers DELETE /activity/{id}.
func (f *function) removeActivity(c *call) (any, error) {
	id, err := c.number()
	if err != nil {
		return nil, err
	}
	return done(f.Store.DeleteActivity(c.Context(), id))
}
