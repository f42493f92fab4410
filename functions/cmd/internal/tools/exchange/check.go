package exchange

import (
	"context"
	"fmt"
	"strings"

	"gitlab.com/eshopbox-team/return-sync/shared/exchange"
	"gitlab.com/eshopbox-team/return-sync/shared/exchange/store"
)

// figures are the numbers of the summary.
type figures struct {
	Slices          int          `json:"slices"`      // that were compared, on the primary
	Grains          int          `json:"grains"`      // of these
	FromReturns     int          `json:"fromReturns"` // grains of the slice that returns feed
	Copies          int          `json:"copies"`      // slices on the secondaries
	Differences     int          `json:"differences"` // between the sides, re-read
	GrainsPerSecond float64      `json:"grainsPerSecond"`
	Soak            *soakFigures `json:"soak,omitempty"`
}

// The least that a check has to see.
const (
	leastSlices = 4
	leastGrains = 20_000
)

// check reads both sides again, grain by grain, and compares their bytes.
func (p *play) check(ctx context.Context) (any, []string, error) {
	var f figures
	problems := p.problems
	demand := func(ok bool, format string, args ...any) {
		if !ok {
			problems = append(problems, fmt.Sprintf(format, args...))
		}
	}
	f.GrainsPerSecond = rate(p.first)
	slices, err := p.primary.tables.Slices.List(ctx)
	if err != nil {
		return f, problems, err
	}
	for _, slice := range slices {
		there, err := contents(ctx, p.primary.tables, slice.ID)
		if err != nil {
			return f, problems, err
		}
		f.Slices++
		f.Grains += len(there)
		if slice.Name == returns {
			f.FromReturns = len(there)
		}
		for _, s := range p.secondaries {
			here, err := contents(ctx, s.tables, slice.ID)
			if err != nil {
				return f, problems, err
			}
			f.Copies++
			f.Differences += differences(there, here)
		}
	}
	demand(f.Slices >= leastSlices && f.Grains >= leastGrains, "%d slices with %d grains were exchanged; %d with %d are the least", f.Slices, f.Grains, leastSlices, leastGrains)
	demand(f.FromReturns > 0, "no return was published")
	demand(f.Differences == 0, "%d grains differ between the sides", f.Differences)
	own, foreign, err := p.accounts(ctx)
	demand(own && foreign == 0, "the slice of returns lacks returns of %s, or holds %d of others", tenant, foreign)
	if p.soaked.Load() {
		f.Soak = &p.soak
		demand(p.soak.Slices > 0 && p.soak.Failed > 0, "the soak saw %d slices brought in line and %d syncs fail: it tried nothing", p.soak.Slices, p.soak.Failed)
		demand(p.soak.Torn == 0, "%d times a copy was neither the old nor the new", p.soak.Torn)
	}
	return f, problems, err
}

// rate returns how many grains a second the first syncs brought.
func rate(reports []exchange.Report) float64 {
	added, seconds := 0, 0.0
	for _, r := range reports {
		seconds += r.Duration.Seconds()
		for _, one := range r.Results {
			added += one.Added
		}
	}
	return float64(int(float64(added) / max(seconds, 0.001)))
}

// accounts compares the slice of returns with the source: all items of the account are
// in it, and of other accounts none.
func (p *play) accounts(ctx context.Context) (own bool, foreign int, err error) {
	there, err := contents(ctx, p.primary.tables, p.slices[returns])
	if err != nil {
		return false, 0, err
	}
	mark := `"account":"` + tenant + `"`
	for _, payload := range there {
		if strings.Count(payload, mark) != 1 {
			foreign++
		}
	}
	return len(there) > 0, foreign, nil
}

// contents reads a slice's grains: everything of a grain by its id.
func contents(ctx context.Context, t *store.Store, slice exchange.ID) (map[exchange.ID]string, error) {
	all := map[exchange.ID]string{}
	var ids []exchange.ID
	for id, err := range t.Grains.IDs(ctx, slice, exchange.Whole) {
		if err != nil {
			return nil, err
		}
		ids = append(ids, id)
	}
	for len(ids) > 0 {
		n := min(len(ids), 500)
		err := t.Grains.Read(ctx, slice, ids[:n], func(g exchange.Grain) error {
			all[g.ID] = g.Key + "\x00" + g.Encoding + "\x00" + g.Source + "\x00" + g.Payload
			return nil
		})
		if err != nil {
			return nil, err
		}
		ids = ids[n:]
	}
	return all, nil
}

// differences counts the grains that only one side has, or that differ.
func differences(a, b map[exchange.ID]string) (n int) {
	for id, text := range a {
		if b[id] != text {
			n++
		}
	}
	for id := range b {
		if _, ok := a[id]; !ok {
			n++
		}
	}
	return n
}
