package index

import (
	"context"

	"gitlab.com/eshopbox-team/return-sync/functions/cmd/internal/cli"
	"gitlab.com/eshopbox-team/return-sync/shared/judge"
)

// checkIndices asks the live index of the entity named, or all live indices, for their
// number of records and their settings, keeps the answers and returns the findings. Without
// a key it returns none; status reports that the index was not checked.
func checkIndices(ctx context.Context, s *cli.Session, name string) ([]judge.Finding, error) {
	var limits judge.Limits
	_, db, entities, err := s.LiveTables(ctx, false, name, &limits)
	if err != nil {
		return nil, err
	}
	check, err := s.Env.IndexCheck(ctx, db)
	if err != nil || check == nil {
		return nil, err
	}
	var f judge.Facts
	for _, def := range entities {
		x, err := check.Keep(ctx, def)
		if err != nil {
			return nil, err
		}
		asOf, err := db.Claims.AsOf(ctx, def.JobType)
		if err != nil {
			return nil, err
		}
		f.Now = x.At
		f.Entities = append(f.Entities, judge.Entity{Name: def.Name, Watermark: asOf, Index: &x, Plan: judge.Never{}})
	}
	return limits.Findings(f), nil
}
