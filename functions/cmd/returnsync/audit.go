package main

import (
	"cmp"
	"context"

	"github.com/spf13/pflag"

	"gitlab.com/eshopbox-team/return-sync/shared/store"
)

// addBy adds the flag that names who changes something.
func addBy(f *pflag.FlagSet, by *string) {
	f.StringVar(by, "by", "", "who changes this, for the audit (default: the user of this machine)")
}

// audited does something and keeps who did it; by is the flag's.
func (s *session) audited(ctx context.Context, db *store.DB, by string, a store.Audit, do func(*store.Audit) error) error {
	a.Who, a.Via = cmp.Or(by, s.user, "somebody"), store.ViaCLI
	return db.Audited(ctx, a, do)
}
