package rehearsal

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/sethvargo/go-envconfig"

	"gitlab.com/eshopbox-team/return-sync/functions/internal/wire"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/entity"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/verify"
)

// Environment returns the environment that the stack's functions have, for who
// works on the same stack from outside, as the command line does.
func (s *Stack) Environment() map[string]string {
	known := map[string]string{}
	for _, one := range s.env() {
		name, value, _ := strings.Cut(one, "=")
		known[name] = value
	}
	return known
}

// looker returns what compares a stack's source, ledger and index, and the
// definition of an entity as its functions have it. close ends it.
func (s *Stack) looker(ctx context.Context, name string) (v verify.Verifier, d entity.Definition, close func() error, err error) {
	known := s.Environment()
	// The functions of a soak give up early on purpose; who looks on need not.
	known["ALGOLIA_ATTEMPTS"] = "10"
	e := &wire.Env{Lookup: envconfig.MapLookuper(known), Log: slog.New(slog.DiscardHandler)}
	var db wire.Databases
	var defs wire.Definitions
	if err = wire.Configure(ctx, e.Lookup, &db, &defs); err != nil {
		return v, d, e.Close, err
	}
	if d, err = defs.Named(name); err != nil {
		return v, d, e.Close, err
	}
	v, err = e.Verifier(ctx, db, s.Store, true)
	return v, d, e.Close, err
}

// beside compares deeply, again and again, while everything goes wrong. Nothing
// that goes wrong makes drift, so any that is named is a false alarm.
type beside struct {
	mu      sync.Mutex
	rounds  int // comparisons that came to their end
	unended int // that did not: the index fails on purpose
	pending int64
	alarms  []string
}

// alarmsKept is how many false alarms are told.
const alarmsKept = 10

// look compares until the context ends.
func (b *beside) look(ctx context.Context, v verify.Verifier, d entity.Definition) {
	for ctx.Err() == nil {
		r, err := v.Run(ctx, d, verify.Options{Deep: true, List: alarmsKept})
		switch {
		case ctx.Err() != nil:
		case err != nil:
			b.note(verify.Report{}, true)
			hold(ctx, 50*time.Millisecond)
		default:
			b.note(r, false)
		}
	}
}

// note writes down what came of a comparison.
func (b *beside) note(r verify.Report, unended bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if unended {
		b.unended++
		return
	}
	b.rounds++
	b.pending += r.Pending
	if !r.Clean() && len(b.alarms) < alarmsKept {
		b.alarms = append(b.alarms, fmt.Sprintf("a false alarm of the comparison beside: %v: %+v", r, r.Differences))
	}
}

// fill puts what was found into a soak's report.
func (b *beside) fill(r *SoakReport) {
	b.mu.Lock()
	defer b.mu.Unlock()
	r.Verified, r.VerifyFailed, r.VerifyPending, r.FalseAlarms = b.rounds, b.unended, b.pending, len(b.alarms)
}

// problems returns what must not have happened.
func (b *beside) problems() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.rounds == 0 {
		return []string{"no comparison beside the soak came to its end"}
	}
	return b.alarms
}

// lookOn begins to compare; stop ends it and returns what must not have
// happened.
func (s *Stack) lookOn(ctx context.Context, b *beside) (stop func() ([]string, error), err error) {
	v, d, end, err := s.looker(ctx, "returns")
	if err != nil {
		return nil, err
	}
	looking, cancel := context.WithCancel(ctx)
	var work sync.WaitGroup
	work.Go(func() { b.look(looking, v, d) })
	return func() ([]string, error) {
		cancel()
		work.Wait()
		return b.problems(), end()
	}, nil
}
