package exchange

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/clock"
	"gitlab.com/eshopbox-team/return-sync/shared/exchange"
	"gitlab.com/eshopbox-team/return-sync/shared/exchange/store"
	"gitlab.com/eshopbox-team/return-sync/shared/fault"
)

// soakFigures are the numbers of a soak.
type soakFigures struct {
	Synced  int `json:"synced"`  // syncs that ended well
	Failed  int `json:"failed"`  // syncs that the faults ended
	Slices  int `json:"slices"`  // that syncs brought in line, those too that failed at another
	PutOff  int `json:"putOff"`  // beside another sync, or behind one whose process died
	Cuts    int `json:"cuts"`    // connections
	Edits   int `json:"edits"`   // of slices on the primary
	Looks   int `json:"looks"`   // at a copy in between
	Torn    int `json:"torn"`    // looks that found neither the old nor the new content
	Settled int `json:"settled"` // attempts that the last syncs needed behind the faults
	mu      sync.Mutex
}

// add counts.
func (f *soakFigures) add(count *int, n int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	*count += n
}

// read returns a count.
func (f *soakFigures) read(count *int) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return *count
}

// misbehave switches the faults of the line on or off.
func (p *play) misbehave(_ context.Context, on bool) error {
	p.line.bad.Store(on)
	return nil
}

// The pace of a soak.
const (
	editEvery = 400 * time.Millisecond
	cutEvery  = 7 * time.Second
	syncEvery = 100 * time.Millisecond
)

// churn has both secondaries sync again and again, while people edit slices on the primary
// and the line cuts connections.
func (p *play) churn(ctx context.Context) error {
	p.soaked.Store(true)
	var all sync.WaitGroup
	var problems []error
	var mu sync.Mutex
	start := func(every time.Duration, do func() error) {
		all.Go(func() {
			for clock.Sleep(ctx, every) == nil {
				if err := do(); err != nil && ctx.Err() == nil {
					mu.Lock()
					problems = append(problems, err)
					mu.Unlock()
					return
				}
			}
		})
	}
	dice := rand.New(rand.NewPCG(uint64(p.stack.Options.Seed), 21))
	start(editEvery, func() error { return p.edit(ctx, dice) })
	cutAt := 0 // slices: on a slow machine, cuts at a pace of their own would leave time for none
	start(cutEvery, func() error {
		if n := p.soak.read(&p.soak.Slices); p.line.bad.Load() && n > cutAt {
			cutAt = n
			p.soak.add(&p.soak.Cuts, p.line.cut())
		}
		return nil
	})
	for _, s := range p.secondaries {
		start(syncEvery, func() error { return p.attempt(ctx, s) })
	}
	all.Wait()
	return errors.Join(problems...)
}

// attempt syncs a secondary, whatever comes of it, and looks at its copies.
func (p *play) attempt(ctx context.Context, s *server) error {
	r, err := s.sync(ctx, p.primary.id)
	for _, one := range r.Results {
		if one.Outcome == exchange.OutcomeSynced || one.Outcome == exchange.OutcomeUnchanged {
			p.soak.add(&p.soak.Slices, 1)
		}
	}
	switch {
	case ctx.Err() != nil:
		return nil
	case err == nil:
		p.soak.add(&p.soak.Synced, 1)
	case fault.KindOf(err) == fault.Superseded:
		p.soak.add(&p.soak.PutOff, 1)
	default:
		p.soak.add(&p.soak.Failed, 1)
	}
	for _, id := range p.slices {
		whole, err := sound(ctx, s.tables, id)
		if err != nil {
			return err
		}
		p.soak.add(&p.soak.Looks, 1)
		if !whole {
			p.soak.add(&p.soak.Torn, 1)
		}
	}
	return nil
}

// sound reports whether a copy's grains are those that its row states, which the swap
// writes together: content between the old and the new has neither's hash. A copy that is
// swapped meanwhile is read again.
func sound(ctx context.Context, t *store.Store, slice exchange.ID) (bool, error) {
	for {
		before, err := t.Slices.Slice(ctx, slice)
		if fault.KindOf(err) == fault.NotFound {
			return true, nil // not synced yet
		}
		if err != nil {
			return false, err
		}
		proof, err := exchange.Prove(t.Grains.IDs(ctx, slice, exchange.Whole), before.Metadata)
		if err != nil {
			return false, err
		}
		after, err := t.Slices.Slice(ctx, slice)
		if err != nil {
			return false, err
		}
		if before.Digest == after.Digest {
			return proof.Equal(before.Proof()) || before.LastGood.IsZero() && proof.Count == 0, nil
		}
	}
}

// edit changes a slice on the primary as a person would: grains get new content, some
// leave, metadata changes, or a lock stands for a moment.
func (p *play) edit(ctx context.Context, dice *rand.Rand) error {
	tables, id := p.primary.tables, p.slices[rotors]
	p.soak.add(&p.soak.Edits, 1)
	switch dice.IntN(10) {
	case 0:
		slice, err := tables.Slices.Slice(ctx, id)
		if err != nil {
			return err
		}
		slice.Metadata = map[string]string{"edition": fmt.Sprint(dice.IntN(1000))}
		return tables.Slices.UpdateSlice(ctx, slice)
	case 1:
		err := tables.Slices.AllowSync(ctx, id, false)
		if err == nil {
			_ = clock.Sleep(ctx, editEvery)
			err = tables.Slices.AllowSync(context.WithoutCancel(ctx), id, true)
		}
		return err
	case 2:
		g, err := tables.Grains.GrainKeyed(ctx, id, grain(id, rotors, dice.IntN(p.grains[rotors]), "").Key)
		if fault.KindOf(err) == fault.NotFound {
			return nil
		}
		if err != nil {
			return err
		}
		return tables.Grains.DeleteGrain(ctx, g.ID)
	}
	var list []exchange.Grain
	from := dice.IntN(p.grains[rotors] - changes)
	for i := range 1 + dice.IntN(changes) {
		list = append(list, grain(id, rotors, from+i, fmt.Sprint(dice.IntN(1_000_000))))
	}
	return tables.Grains.AddGrains(ctx, id, list, true)
}

// settle ends a soak: each secondary syncs until nothing is left to do.
func (p *play) settle(ctx context.Context) error {
	for _, s := range p.secondaries {
		for {
			p.soak.add(&p.soak.Settled, 1)
			r, err := s.sync(ctx, p.primary.id)
			if err == nil && unchanged(r) {
				break
			}
			if clock.Sleep(ctx, syncEvery) != nil {
				return fmt.Errorf("%s is not in line behind the faults: %w", s.name, err)
			}
		}
	}
	return nil
}

// unchanged reports whether a sync had nothing to do.
func unchanged(r exchange.Report) bool {
	for _, one := range r.Results {
		if one.Outcome != exchange.OutcomeUnchanged {
			return false
		}
	}
	return true
}
