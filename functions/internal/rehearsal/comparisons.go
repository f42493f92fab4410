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

// Environment returns the environment of the stack's functions, for a program that works
// on the stack from outside, as the command line does.
func (s *Stack) Environment() map[string]string {
	known := map[string]string{}
	for _, one := range s.env() {
		name, value, _ := strings.Cut(one, "=")
		known[name] = value
	}
	return known
}

// openVerifier returns a verifier of a stack's source, ledger and index, and the definition
// of an entity as the stack's functions have it. close ends it.
func (s *Stack) openVerifier(ctx context.Context, name string) (v verify.Verifier, d entity.Definition, close func() error, err error) {
	known := s.Environment()
	// The functions of a soak give up early on purpose; the verifier does not.
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

// comparisons verify deeply, again and again, while everything goes wrong. No fault
// makes drift, so any drift that they report is a false alarm.
type comparisons struct {
	mu      sync.Mutex
	rounds  int // comparisons that ended
	unended int // comparisons that the index's faults cut short
	pending int64
	alarms  []string
}

// alarmsKept is how many false alarms are reported.
const alarmsKept = 10

// run compares until the context ends.
func (c *comparisons) run(ctx context.Context, v verify.Verifier, d entity.Definition) {
	for ctx.Err() == nil {
		r, err := v.Run(ctx, d, verify.Options{Deep: true, List: alarmsKept})
		switch {
		case ctx.Err() != nil:
		case err != nil:
			c.record(verify.Report{}, true)
			hold(ctx, 50*time.Millisecond)
		default:
			c.record(r, false)
		}
	}
}

// record counts a comparison.
func (c *comparisons) record(r verify.Report, unended bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if unended {
		c.unended++
		return
	}
	c.rounds++
	c.pending += r.Pending
	if !r.Clean() && len(c.alarms) < alarmsKept {
		c.alarms = append(c.alarms, fmt.Sprintf("a false alarm of a comparison: %v: %+v", r, r.Differences))
	}
}

// fill writes the counts into a soak's report.
func (c *comparisons) fill(r *SoakReport) {
	c.mu.Lock()
	defer c.mu.Unlock()
	r.Verified, r.VerifyFailed, r.VerifyPending, r.FalseAlarms = c.rounds, c.unended, c.pending, len(c.alarms)
}

// problems returns the false alarms.
func (c *comparisons) problems() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.rounds == 0 {
		return []string{"no comparison during the soak ended"}
	}
	return c.alarms
}

// beginComparing begins the comparisons; stop ends them and returns the false alarms.
func (s *Stack) beginComparing(ctx context.Context, c *comparisons) (stop func() ([]string, error), err error) {
	v, d, end, err := s.openVerifier(ctx, "returns")
	if err != nil {
		return nil, err
	}
	comparing, cancel := context.WithCancel(ctx)
	var work sync.WaitGroup
	work.Go(func() { c.run(comparing, v, d) })
	return func() ([]string, error) {
		cancel()
		work.Wait()
		return c.problems(), end()
	}, nil
}
