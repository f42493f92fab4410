package rehearsal

import (
	"context"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/states"
)

// stepsEnv is the address at which a child asks, between any two steps, whether to
// go on. It names the child.
const stepsEnv = "RETURN_SYNC_REHEARSAL_STEPS"

// stepsPath is where the front answers that question.
const stepsPath = "/rehearsal/step"

// askParent returns a hook that asks the address before it lets the flow go on.
// While it asks, the process is held exactly between two steps: that is where
// its parent kills it or lets it sleep.
func askParent(address string) states.Steps {
	if address == "" {
		return nil
	}
	return func(step string) {
		res, err := http.Get(address + "&step=" + url.QueryEscape(step)) //nolint:noctx // the hook has no context
		if err == nil {
			_, _ = io.Copy(io.Discard, res.Body)
			_ = res.Body.Close()
		}
	}
}

// Blow is what happens to a process at a step.
type Blow struct {
	Step string
	Nth  int  // at which arrival, from 1; 0 is the next one
	Hold bool // hold the process until Release; otherwise kill it
}

// steps decides what happens between two steps of a function's process.
type steps struct {
	mu     sync.Mutex
	blows  []*Blow
	chance float64 // of a kill at any step
	slow   float64 // of a pause at any step
	pause  time.Duration
	dice   *rand.Rand
	kill   func(function string)
	passed map[string]int // arrivals, by step
	killed map[string]int // kills, by step
	held   map[string]int
	// holding are the processes that are held now, by step, the first one first.
	holding map[string][]*heldProcess
}

// heldProcess is a process that waits at a step.
type heldProcess struct {
	function string
	released chan struct{} // closed by Release
}

// newSteps returns a decider that lets everything pass.
func newSteps(seed int64, kill func(string)) *steps {
	return &steps{
		dice: rand.New(rand.NewPCG(uint64(seed), 3)), kill: kill,
		passed: map[string]int{}, killed: map[string]int{}, held: map[string]int{}, holding: map[string][]*heldProcess{},
	}
}

// ServeHTTP answers a process that waits between two steps.
func (s *steps) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	step, function := r.FormValue("step"), r.FormValue("function")
	pause, kill, held := s.decide(step, function)
	if kill {
		// The process waits for our answer and so dies here and nowhere else.
		s.kill(function)
		return
	}
	if held != nil {
		select {
		case <-held.released:
		case <-r.Context().Done():
			s.forget(step, held)
		}
	}
	hold(r.Context(), pause)
	w.WriteHeader(http.StatusNoContent)
}

// forget takes a process that is gone off the list of those that are held.
func (s *steps) forget(step string, held *heldProcess) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.holding[step] = slices.DeleteFunc(s.holding[step], func(h *heldProcess) bool { return h == held })
}

// hold waits, or until the process that is held is gone.
func hold(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

// decide counts an arrival and decides its outcome: the process pauses, dies, or is
// held until it is released.
func (s *steps) decide(step, function string) (pause time.Duration, kill bool, held *heldProcess) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.passed[step]++
	for i, b := range s.blows {
		if b.Step != step {
			continue
		}
		if b.Nth--; b.Nth > 0 {
			continue
		}
		s.blows = append(s.blows[:i], s.blows[i+1:]...)
		if b.Hold {
			s.held[step]++
			held = &heldProcess{function: function, released: make(chan struct{})}
			s.holding[step] = append(s.holding[step], held)
			return 0, false, held
		}
		s.killed[step]++
		return 0, true, nil
	}
	if s.chance > 0 && s.dice.Float64() < s.chance {
		s.killed[step]++
		return 0, true, nil
	}
	if s.slow > 0 && s.dice.Float64() < s.slow {
		s.held[step]++
		return s.pause, false, nil
	}
	return 0, false, nil
}

// Strike arranges what happens at a step.
func (s *Stack) Strike(b Blow) {
	s.steps.mu.Lock()
	defer s.steps.mu.Unlock()
	s.steps.blows = append(s.steps.blows, &b)
}

// StrikeAtRandom kills a function's process at any step with the chance kill, or
// holds it for the pause with the chance slow; zeros end it.
func (s *Stack) StrikeAtRandom(kill, slow float64, pause time.Duration) {
	s.steps.mu.Lock()
	defer s.steps.mu.Unlock()
	s.steps.chance, s.steps.slow, s.steps.pause = kill, slow, pause
}

// Kills returns how often a process was killed, by step.
func (s *Stack) Kills() map[string]int {
	return s.steps.copy(func(s *steps) map[string]int { return s.killed })
}

// Holds returns how often a process was held, by step.
func (s *Stack) Holds() map[string]int {
	return s.steps.copy(func(s *steps) map[string]int { return s.held })
}

// copy returns a copy of one of the counters.
func (s *steps) copy(of func(*steps) map[string]int) map[string]int {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := map[string]int{}
	for k, v := range of(s) {
		out[k] = v
	}
	return out
}
