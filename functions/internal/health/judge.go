package health

import (
	"fmt"

	"gitlab.com/eshopbox-team/return-sync/shared/judge"
)

// Attention is a problem that needs a person, and the remedy.
type Attention = judge.Finding

// SchemaTodo returns the remedy for outdated or newer tables; nil when the version fits.
func SchemaTodo(have, want int64) *Attention {
	switch {
	case have < want:
		return &Attention{Kind: "schema", Problem: fmt.Sprintf("our tables are at version %d and this program needs %d", have, want), Do: "run: returnsync migrate"}
	case have > want:
		return &Attention{Kind: "schema", Problem: fmt.Sprintf("our tables are at version %d and this program knows only %d", have, want), Do: "install the newer returnsync"}
	}
	return nil
}
