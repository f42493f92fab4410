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
			return f.Store.Slices.Refresh(c.Context(), id)
		})},
		{"PUT /slices/lock/{id}", roleAdmin, onPrimary, actLock, withID(f.allowing(false))},
		{"PUT /slices/unlock/{id}", roleAdmin, onPrimary, actUnlock, withID(f.allowing(true))},
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
		list, err := f.Store.Slices.List(c.Context())
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
	list, err := f.Store.Tags.Tagged(c.Context(), tags, all != "")
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
	if err := f.Store.Slices.CreateSlice(c.Context(), slice); err != nil {
		return nil, err
	}
	return created(f.Store.Slices.Slice(c.Context(), slice.ID))
}

// slice answers GET /slices/{id}.
func (f *function) slice(c *call, id exchange.ID) (any, error) {
	if err := f.readable(c, id); err != nil {
		return nil, err
	}
	return f.Store.Slices.Slice(c.Context(), id)
}

// sliceNamed answers GET /slices/name/{name}. To a partner a slice that is not the
// partner's is as absent as one that does not exist.
func (f *function) sliceNamed(c *call) (any, error) {
	slice, err := f.Store.Slices.SliceNamed(c.Context(), strings.ToLower(c.PathValue("name")))
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
	old, err := f.Store.Slices.Slice(c.Context(), id)
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
	if err := f.Store.Slices.UpdateSlice(c.Context(), slice); err != nil {
		return nil, err
	}
	return f.Store.Slices.Slice(c.Context(), id)
}

// removeSlice answers DELETE /slices/{id}.
func (f *function) removeSlice(c *call, id exchange.ID) (any, error) {
	return done(f.Store.Slices.DeleteSlice(c.Context(), id))
}

// metadata answers GET /slices/metadata/{id}: a bare list by key.
func (f *function) metadata(c *call, id exchange.ID) (any, error) {
	if err := f.readable(c, id); err != nil {
		return nil, err
	}
	meta, err := f.Store.Slices.Metadata(c.Context(), id)
	list := []rest.Meta{}
	for _, key := range slices.Sorted(maps.Keys(meta)) {
		list = append(list, rest.Meta{Key: key, Value: meta[key]})
	}
	return list, err
}

// allowing answers PUT /slices/lock/{id} and /slices/unlock/{id}.
func (f *function) allowing(allow bool) func(*call, exchange.ID) (any, error) {
	return func(c *call, id exchange.ID) (any, error) {
		_, err := allowSync(c.Context(), f.Store, c.entry, id, allow)
		return done(err)
	}
}
