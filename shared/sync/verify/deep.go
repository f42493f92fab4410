package verify

import (
	"cmp"
	"context"

	"gitlab.com/eshopbox-team/return-sync/shared/fault"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/destination"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/record"
)

// maxNames is the most records of the index that are held by name at once. If unequal
// slices hold more, they are read in several rounds.
const maxNames = 300_000

// compareIndex reads the index, sums it up by slices and names the differences.
func (c *check) compareIndex(ctx context.Context) error {
	if c.Index == nil {
		return fault.New(fault.Invalid, "no-index", "a deep comparison needs a key for the index: set ALGOLIA_BROWSE_KEY")
	}
	if !c.report.Range.Whole() && c.def.RootField == "" {
		return fault.New(fault.Invalid, "no-root-field", "%s/entity.yaml has no rootField, so its index cannot be compared in parts", c.def.Source)
	}
	have := newTable()
	keyed := !c.def.Format.AccountKey
	err := c.browse(ctx, "index", func(doc document) error {
		have.add(c.sliceOf(have, doc), doc.sum)
		keyed = keyed || doc.keyed
		return nil
	})
	if err != nil {
		return err
	}
	if !keyed && len(have.sums) > 0 {
		return fault.New(fault.Invalid, "hidden-field", "no record of index %s shows its field %s: give the key that reads the index (ALGOLIA_BROWSE_KEY) the right seeUnretrievableAttributes; if it has that, rebuild the index",
			c.def.Index, record.AccountKeyField)
	}
	dirty, all := differing(c.wanted, have)
	c.report.Slices, c.report.Descended = all, len(dirty)
	if len(dirty) == 0 {
		return nil
	}
	var names uint64
	for s := range dirty {
		names += have.sums[s].count
	}
	rounds := 1 + names/cmp.Or(c.names, maxNames)
	for n := range rounds {
		d := descent{check: c, table: have, dirty: dirty, round: n, rounds: rounds, names: map[string]document{}}
		if err := d.run(ctx); err != nil {
			return err
		}
	}
	return nil
}

// browse reads the records of the index that are to be compared.
func (c *check) browse(ctx context.Context, stage string, each func(document) error) error {
	part := destination.Part{AccountField: c.def.Account, Account: c.opts.Account, RootField: c.def.RootField, Roots: c.report.Range}
	read1000 := 0
	return c.Index.Browse(ctx, c.def.Index, part, func(body []byte) error {
		doc, err := read(c.def, body)
		if err != nil {
			return err
		}
		if stage == "index" {
			c.report.Indexed++
		}
		if read1000++; read1000%pageRoots == 0 {
			c.progress(stage)
		}
		if c.parked[doc.id] || !c.mine(doc.account) {
			return nil
		}
		return each(doc)
	})
}

// sliceOf returns the slice that a record of the index names by its fields.
func (c *check) sliceOf(t *table, doc document) slice {
	if c.def.RootField != "" && !doc.rooted {
		return slice{stray: true}
	}
	return c.sliceAt(t, doc.account, doc.root, doc.id)
}

// sliceAt returns the slice of an account's record: by its root, or by a hash of its id
// where records do not carry their root. A root from maxExact on does not survive in a
// record, so such records are compared together with those that name no root.
func (c *check) sliceAt(t *table, account string, root uint64, id string) slice {
	switch {
	case c.def.RootField == "":
		return t.slice(account, hashOf(id))
	case root >= maxExact:
		return slice{stray: true}
	}
	return t.slice(account, root)
}
