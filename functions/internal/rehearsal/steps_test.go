package rehearsal

import (
	"fmt"
)

// Release lets the process go on that has been held at a step the longest; false
// if none is held there.
func (s *Stack) Release(step string) bool {
	s.steps.mu.Lock()
	defer s.steps.mu.Unlock()
	waiting := s.steps.holding[step]
	if len(waiting) == 0 {
		return false
	}
	close(waiting[0].released)
	s.steps.holding[step] = waiting[1:]
	return true
}

// HeldAt returns the function of the process that has been held at a step the
// longest; "" if none is held there.
func (s *Stack) HeldAt(step string) string {
	s.steps.mu.Lock()
	defer s.steps.mu.Unlock()
	if waiting := s.steps.holding[step]; len(waiting) > 0 {
		return waiting[0].function
	}
	return ""
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
