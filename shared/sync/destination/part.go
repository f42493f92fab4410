package destination

import "gitlab.com/eshopbox-team/return-sync/shared/sync/source"

// Part selects records of an index. The zero Part is none of them;
// Roots is source.Every for all.
type Part struct {
	AccountField, Account string       // a tenant's records; empty for every tenant's
	RootField             string       // the field that Roots is about
	Roots                 source.Range // the records whose root lies in it
}
