package rehearsal

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"os"
	"sync"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/flow"
)

// stepsEnv tells a child where to ask, between any two steps, whether to go on.
const stepsEnv = "RETURN_SYNC_REHEARSAL_STEPS"

// stepsPath is where the front answers that question.
const stepsPath = "/rehearsal/step"

// askParent returns a hook that asks the address before it lets the flow go on.
// While it asks, the process is held exactly between two steps: that is where
// its parent kills it or lets it sleep.
func askParent(address string) flow.Steps {
	if address == "" {
		return nil
	}
	return func(step string) {
		res, err := http.Get(address + "?step=" + url.QueryEscape(step) + "&function=" + url.QueryEscape(os.Getenv("FUNCTION_TARGET"))) //nolint:noctx // the hook has no context
		if err == nil {
			_, _ = io.Copy(io.Discard, res.Body)
			_ = res.Body.Close()
		}
	}
}

// Blow is what happens to a process at a step.
type Blow struct {
	Step  string
	Nth   int           // at which arrival, from 1; 0 is the next one
	Pause time.Duration // how long to hold the process; 0 kills it
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
	last   map[string]string // function that was last held, by step
}

// newSteps returns a decider that lets everything pass.
func newSteps(seed int64, kill func(string)) *steps {
	return &steps{
		dice: rand.New(rand.NewPCG(uint64(seed), 3)), kill: kill,
		passed: map[string]int{}, killed: map[string]int{}, held: map[string]int{}, last: map[string]string{},
	}
}

// ServeHTTP answers a process that waits between two steps.
func (s *steps) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	step, function := r.FormValue("step"), r.FormValue("function")
	pause, kill := s.decide(step)
	if kill {
		// The process waits for our answer and so dies here and nowhere else.
		s.kill(function)
		return
	}
	if pause > 0 {
		s.mu.Lock()
		s.last[step] = function
		s.mu.Unlock()
		hold(r.Context(), pause)
	}
	w.WriteHeader(http.StatusNoContent)
}

// hold waits, or until the process that is held is gone.
func hold(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

// decide notes an arrival and says what happens.
func (s *steps) decide(step string) (pause time.Duration, kill bool) {
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
		if b.Pause > 0 {
			s.held[step]++
			return b.Pause, false
		}
		s.killed[step]++
		return 0, true
	}
	if s.chance > 0 && s.dice.Float64() < s.chance {
		s.killed[step]++
		return 0, true
	}
	if s.slow > 0 && s.dice.Float64() < s.slow {
		s.held[step]++
		return s.pause, false
	}
	return 0, false
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

// Passed returns how often each step was reached.
func (s *Stack) Passed() map[string]int {
	return s.steps.copy(func(s *steps) map[string]int { return s.passed })
}

// Unstruck returns the steps of blows that have not fallen.
func (s *Stack) Unstruck() []string {
	s.steps.mu.Lock()
	defer s.steps.mu.Unlock()
	var names []string
	for _, b := range s.steps.blows {
		names = append(names, fmt.Sprintf("%s (in %d)", b.Step, b.Nth))
	}
	return names
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
