package flow

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"

	"gitlab.com/eshopbox-team/return-sync/shared/sync/entity"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/run"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/store"
)

// touched settles the roots whose rows are at the version that the ledger
// describes, and returns the others, which are to be read. A window reaches back
// over what earlier ones have covered, so most of what it lists may be as it was,
// and versions cost the database a third of rows.
//
// Only a definition that says so is trusted with this (see
// entity.Definition.TrustVersions). What is in doubt or parked is read whatever its version is, and so is all that
// a job asks for: people start jobs because they do not believe what is known.
func (p *Process) touched(ctx context.Context, held store.Page, b *book) ([]uint64, error) {
	if held.Run.Kind != run.Window || !b.def.TrustVersions {
		return b.roots, nil
	}
	var known []uint64
	for _, root := range b.roots {
		if b.believes(root) {
			known = append(known, root)
		}
	}
	if len(known) == 0 {
		return b.roots, nil
	}
	now, err := p.Source.Versions(ctx, b.def, known)
	if err != nil {
		return nil, err
	}
	same := make(map[uint64]bool, len(known))
	for _, root := range known {
		if v, there := now[root]; there && b.seal(v) == b.shelves[root].version {
			same[root] = true
			for _, e := range b.shelves[root].entries {
				e.settle(unchanged)
			}
		}
	}
	var look []uint64
	for _, root := range b.roots {
		if !same[root] {
			look = append(look, root)
		}
	}
	return look, nil
}

// believes reports whether all that the index holds of a root is known, and at
// what version of its rows.
func (b *book) believes(root uint64) bool {
	s := b.shelves[root]
	if s.version == 0 || len(s.entries) == 0 {
		return false
	}
	for _, e := range s.entries {
		if e.parked || e.held || e.hash == unknownHash {
			return false
		}
	}
	_, doubted := b.settled[root]
	return !doubted
}

// encoding changes when records of the same rows are written differently, so that
// what was pushed before is read again.
const encoding = "2"

// fingerprint tells definitions apart that make other records of the same rows.
func fingerprint(d entity.Definition) uint64 {
	text, _ := d.Rows.Bind(map[string][]any{"ids": {0}})
	what := fmt.Appendf(nil, "%s\n%s\n%v\n%d", encoding, text, d.Types, d.RecordLimit) // a map prints in order
	if d.Format.AccountKey {
		what = fmt.Appendf(what, "\n%s\n%x", d.Account, []byte(d.Format.IDs))
	}
	sum := sha256.Sum256(what)
	return binary.BigEndian.Uint64(sum[:])
}

// seal returns a version of rows as the ledger keeps it: one that no other
// definition gives. It is not 0, which is no version.
func (b *book) seal(version uint64) uint64 { return max(1, version^b.print) }
