package main

import (
	"context"

	"gitlab.com/eshopbox-team/return-sync/functions/internal/wire"
	"gitlab.com/eshopbox-team/return-sync/shared/judge"
)

// checkIndices asks the live indices of the entity named, or of all, about
// themselves, keeps the answers and returns what is wrong with them. Without a key
// to ask with it returns nothing; status says that an index was not checked.
func (s *session) checkIndices(ctx context.Context, name string) ([]judge.Finding, error) {
	var defs wire.Definitions
	var limits judge.Limits
	d, err := s.configure(ctx, need{targets: []any{&defs, &limits}})
	if err != nil {
		return nil, err
	}
	db, entities, err := s.live(ctx, d, defs, name)
	if err != nil {
		return nil, err
	}
	check, err := s.IndexCheck(ctx, db)
	if err != nil || check == nil {
		return nil, err
	}
	var f judge.Facts
	for _, def := range entities {
		x, err := check.Keep(ctx, def)
		if err != nil {
			return nil, err
		}
		asOf, err := db.AsOf(ctx, def.JobType)
		if err != nil {
			return nil, err
		}
		f.Now = x.At
		f.Entities = append(f.Entities, judge.Entity{Name: def.Name, Watermark: asOf, Index: &x, Plan: judge.Never{}})
	}
	return limits.Findings(f), nil
}
