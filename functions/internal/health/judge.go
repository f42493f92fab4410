package health

import (
	"fmt"

	"gitlab.com/eshopbox-team/return-sync/shared/judge"
)

// Attention is something that needs a person, and what to do about it.
type Attention = judge.Finding

// SchemaTodo says what is to be done about our tables; nil when they are right.
func SchemaTodo(have, want int64) *Attention {
	switch {
	case have < want:
		return &Attention{Kind: "schema", Problem: fmt.Sprintf("our tables are at version %d and this program needs %d", have, want), Do: "run: returnsync migrate"}
	case have > want:
		return &Attention{Kind: "schema", Problem: fmt.Sprintf("our tables are at version %d and this program knows only %d", have, want), Do: "install the newer returnsync"}
	}
	return nil
}
