package verify

import (
	"context"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"slices"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/fault"
	"gitlab.com/eshopbox-team/return-sync/shared/transfer"
)

// plain are the pairs of fields that both sides hold as they are.
func (c *Comparison) plain() (list []transfer.Pair) {
	for _, p := range c.Flow.Fields {
		converted := p.As != transfer.Plain || p.Joined != nil || p.Values != nil || p.Lookup != nil || p.Many != nil || c.inTable(p.Studio)
		if p.Only == "" && !converted {
			list = append(list, p)
		}
	}
	return list
}

// inTable reports whether a field of studio is one of a further table.
func (c *Comparison) inTable(name string) bool {
	return slices.ContainsFunc(c.Flow.Tables, func(t transfer.Table) bool {
		return len(name) > len(t.Name) && name[:len(t.Name)+1] == t.Name+"."
	})
}

// sum is a hash of a record's plain fields. Values that say the same have one hash.
func (c *Comparison) sum(r transfer.Record, side transfer.Side) uint64 {
	words := map[string]string{}
	for _, p := range c.plain() {
		name := p.Online
		if side == transfer.Studio {
			name = p.Studio
		}
		words[p.Online] = word(r.Fields[name])
	}
	text, _ := json.Marshal(words) // texts have a JSON form, and names are sorted
	h := fnv.New64a()
	_, _ = h.Write(text) // it never fails
	return h.Sum64()
}

// word is a value as a text; nothing and an empty text are one.
func word(v any) string {
	if transfer.Empty(v) {
		return ""
	}
	if n, ok := transfer.Number(v); ok {
		return fmt.Sprint(n)
	}
	if at, ok := transfer.Time(v); ok {
		return transfer.Micro(at).Format(time.RFC3339Nano)
	}
	return fmt.Sprint(v)
}

// fields returns the names of fields that differ between two records of one date.
func (c *Comparison) fields(ctx context.Context, studio, online transfer.Record) (names []string, err error) {
	if !c.Deep {
		for _, p := range c.plain() {
			if word(studio.Fields[p.Studio]) != word(online.Fields[p.Online]) {
				names = append(names, p.Online)
			}
		}
		return names, nil
	}
	to, source, target := transfer.Online, studio, online
	if !c.Flow.Writes(transfer.Online) {
		to, source, target = transfer.Studio, online, studio
	}
	mapped, err := c.Flow.Map(ctx, c, source, &target, to)
	switch {
	case err != nil && !fault.Retryable(err):
		return []string{err.Error()}, nil // a value without a counterpart is a difference
	case err != nil:
		return nil, err
	}
	for name, v := range mapped.Fields {
		if !transfer.Same(v, target.Fields[name]) {
			names = append(names, name)
		}
	}
	for _, p := range mapped.Parts { // what a transfer would write of a further table
		names = append(names, p.Model)
	}
	slices.Sort(names)
	return names, nil
}

// Look implements transfer.Looker.
func (c *Comparison) Look(ctx context.Context, side transfer.Side, model string, id int64) (transfer.Record, error) {
	return c.on(side).Read(ctx, model, id)
}

// LookFor implements transfer.Looker.
func (c *Comparison) LookFor(ctx context.Context, side transfer.Side, model string, q transfer.Query) ([]transfer.Record, error) {
	return c.on(side).Search(ctx, model, q)
}

// on returns a side.
func (c *Comparison) on(side transfer.Side) transfer.System {
	if side == transfer.Studio {
		return c.Studio
	}
	return c.Online
}
