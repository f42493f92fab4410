package algolia

import (
	"math/rand/v2"
	"net/http"
	"regexp"
	"slices"
	"sync"
	"time"
)

// faultPlan decides which request fails. Safe for concurrent use.
type faultPlan struct {
	mu     sync.Mutex
	seed   int64
	faults Faults
	rules  []*plannedFault
	random *rand.Rand
	counts map[FaultKind]int
	// replaced is closed when other faults take the place of these.
	replaced chan struct{}
}

type plannedFault struct {
	Fault
	pattern *regexp.Regexp
	fired   int
}

// newFaultPlan panics on faults that check refuses: they come from the program.
func newFaultPlan(f Faults, seed int64) *faultPlan {
	p := &faultPlan{seed: seed, counts: map[FaultKind]int{}}
	if err := p.replace(f); err != nil {
		panic("algolia emulator: Options.Faults: " + err.Error())
	}
	return p
}

func (p *faultPlan) replace(f Faults) error {
	if err := f.check(); err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	seed := p.seed
	if f.Seed != nil {
		seed = *f.Seed
	}
	if p.replaced != nil {
		close(p.replaced)
	}
	p.faults, p.rules, p.replaced = f, nil, make(chan struct{})
	p.random = rand.New(rand.NewPCG(uint64(seed), 0))
	for _, rule := range f.Rules {
		planned := &plannedFault{Fault: rule}
		if rule.Pattern != "" {
			planned.pattern = regexp.MustCompile(rule.Pattern)
		}
		p.rules = append(p.rules, planned)
	}
	return nil
}

// fires decides whether a rule whose condition is met happens now. The caller
// holds the lock.
func (p *faultPlan) fires(rule *plannedFault) bool {
	if rule.Max > 0 && rule.fired >= rule.Max {
		return false
	}
	if rule.Probability > 0 && p.random.Float64() >= rule.Probability {
		return false
	}
	rule.fired++
	p.counts[rule.Kind]++
	return true
}

// decide returns the failure of a request, nil for none.
func (p *faultPlan) decide(route *route) *Fault {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, rule := range p.rules {
		switch rule.Kind {
		case RefuseNamed, RefuseUnnamed, SlowPublish:
			continue
		}
		if rule.covers(route) && p.fires(rule) {
			return &rule.Fault
		}
	}
	return nil
}

func (f *Fault) covers(route *route) bool {
	if f.Route != "" {
		return f.Route == route.name()
	}
	switch f.Scope {
	case "all":
		return true
	case "reads":
		return !route.writes()
	}
	return route.writes()
}

// publishDelay returns how much longer the next task stays pending, or what it
// waits for.
func (p *faultPlan) publishDelay() (time.Duration, <-chan struct{}) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, rule := range p.rules {
		if rule.Kind != SlowPublish || !p.fires(rule) {
			continue
		}
		if rule.DelayMS == 0 {
			return 0, p.replaced
		}
		return time.Duration(rule.DelayMS) * time.Millisecond, nil
	}
	return 0, nil
}

// refuses returns the refusal of a batch that holds a record some rule wants
// refused.
func (p *faultPlan) refuses(writes []write) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, rule := range p.rules {
		if rule.Kind != RefuseNamed && rule.Kind != RefuseUnnamed {
			continue
		}
		at := slices.IndexFunc(writes, rule.wants)
		if at < 0 || !p.fires(rule) {
			continue
		}
		if rule.Kind == RefuseNamed {
			return culprit(writes[at].id, at, "has an invalid attribute")
		}
		return refuse(http.StatusBadRequest, "Invalid object attributes in one of the records of the batch")
	}
	return nil
}

func (f *plannedFault) wants(w write) bool {
	return w.action != "deleteObject" && w.id != "" &&
		(slices.Contains(f.IDs, w.id) || f.pattern != nil && f.pattern.MatchString(w.id))
}
