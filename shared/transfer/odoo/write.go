package odoo

import (
	"context"
	"maps"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/fault"
	"gitlab.com/eshopbox-team/return-sync/shared/transfer"
)

// exact is the form of the synchronisation's dates, which Odoo keeps as texts because its
// own times have whole seconds.
const exact = "2006-01-02T15:04:05.000000Z"

// Write implements transfer.System. Parts are refused: no record of Odoo has any.
func (s *Side) Write(ctx context.Context, w transfer.Write) (transfer.Written, error) {
	if len(w.Parts) > 0 {
		return transfer.Written{}, fault.New(fault.Misconfigured, "odoo-parts", "the model %s of Odoo has no parts", w.Model)
	}
	kinds, err := s.kindsOf(ctx, w.Model)
	if err != nil {
		return transfer.Written{}, err
	}
	values, err := s.values(kinds, w)
	if err != nil {
		return transfer.Written{}, err
	}
	if w.Verb == transfer.Create {
		return s.create(ctx, w, values)
	}
	before, err := s.Read(ctx, w.Model, w.ID)
	if err != nil {
		return transfer.Written{}, err
	}
	if w.If != nil && !before.Effective().Equal(*w.If) {
		return transfer.Written{}, transfer.ErrChanged
	}
	ids := []int64{w.ID}
	switch w.Verb {
	case transfer.Remove:
		return s.call(ctx, w, "unlink", []any{ids}, nil)
	case transfer.Join:
		return s.call(ctx, w, "fso_merge", []any{}, map[string]any{"remove_id": w.ID, "keep_id": w.IntoID})
	}
	return s.call(ctx, w, "write", []any{ids, values}, nil)
}

// create creates a record unless another one has the foreign id.
func (s *Side) create(ctx context.Context, w transfer.Write, values map[string]any) (transfer.Written, error) {
	if w.ForeignID != 0 {
		if list, err := s.search(ctx, w.Model, []any{condition(back(w.Model), "=", w.ForeignID)}, 1); err != nil {
			return transfer.Written{}, err
		} else if len(list) > 0 {
			return transfer.Written{}, transfer.ErrChanged
		}
	}
	return s.call(ctx, w, "create", []any{values}, nil)
}

// call calls a method that writes. On an error the texts are returned as well.
func (s *Side) call(ctx context.Context, w transfer.Write, method string, args []any, kwargs map[string]any) (transfer.Written, error) {
	all := map[string]any{"context": map[string]any{"lang": s.config.Language, "create_sync_job": false}}
	maps.Copy(all, kwargs)
	v, text, err := s.execute(ctx, &s.writes, w.Model, method, args, all)
	written := transfer.Written{ID: w.ID, Request: text.request, Answer: text.answer}
	if err != nil {
		return written, s.judge(ctx, w, err)
	}
	if method == "create" {
		id, ok := v.(int64)
		if !ok || id < 1 {
			return written, odd("create answered with %v", v)
		}
		written.ID = id
	} else if v == false {
		return written, odd("%s answered with false", method)
	}
	return written, nil
}

// judge looks at a refused write: the record may have gone meanwhile, or another one may
// have the foreign id. The text of Odoo's message has the language of the user, so the
// record is asked for.
func (s *Side) judge(ctx context.Context, w transfer.Write, err error) error {
	switch fault.CodeOf(err) {
	case codeTaken:
		if _, found := s.Find(ctx, w.Model, w.ForeignID); w.Verb == transfer.Create && found == nil {
			return transfer.ErrChanged
		}
	case "odoo-warning", "odoo-exception":
		if w.Verb != transfer.Create {
			if _, gone := s.Read(ctx, w.Model, w.ID); gone != nil && fault.CodeOf(gone) == fault.CodeOf(transfer.ErrNotFound) {
				return transfer.ErrNotFound
			}
		}
	}
	return err
}

// values returns what a write sets. A model without dates takes those fields that it has.
func (s *Side) values(kinds map[string]string, w transfer.Write) (map[string]any, error) {
	values := map[string]any{}
	for name, v := range w.Fields {
		kind, known := kinds[name]
		if !known && !dated(kinds) {
			continue // a copy of a job for people: an older Odoo has fewer columns
		}
		v, err := outward(kind, v)
		if err != nil {
			return nil, wrong(name, err)
		}
		values[name] = v
	}
	if w.ForeignID != 0 {
		values[back(w.Model)] = w.ForeignID
	}
	for name, t := range map[string]*time.Time{dateField: w.WriteDate, versionField: w.SyncedVersion} {
		if t != nil && dated(kinds) {
			values[name] = transfer.Micro(*t).Format(exact)
		}
	}
	return values, nil
}
