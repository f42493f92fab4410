package flow

import (
	"context"

	"gitlab.com/eshopbox-team/return-sync/shared/sync/run"
)

// skipUnchanged returns the roots that are to be read: all of the page but those
// whose rows are at the version that the ledger describes. Windows overlap, so most
// of a window's roots may be unchanged, and versions cost the database a third of
// what the rows do.
//
// It skips roots of definitions with entity.Definition.TrustVersions only, and none
// of a job: people start jobs because they doubt the ledger.
func (p *Process) skipUnchanged(ctx context.Context, a attempt, roots []uint64) ([]uint64, error) {
	if a.held.Run.Kind != run.Window || !a.def.TrustVersions {
		return roots, nil
	}
	certain := a.account.Certain()
	if len(certain) == 0 {
		return roots, nil
	}
	now, err := p.Source.Versions(ctx, a.def, certain)
	if err != nil {
		return nil, err
	}
	return a.account.Skip(now), nil
}
