package tasks

import (
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/emulator/internal/chaos"
)

// Duration is a time.Duration written in JSON as "250ms".
type Duration = chaos.Duration

// Faults are what the real queue may do to a task, each with the probability
// (0 to 1) that it strikes one attempt. Which attempts are struck depends on
// Options.Seed, the task's name and the attempt alone, so a story replays.
type Faults struct {
	// Duplicate delivers an attempt twice with the same headers, the second
	// time after up to DuplicateAfter; zero is at the same moment. The
	// second answer is ignored.
	Duplicate      float64  `json:"duplicate,omitempty"`
	DuplicateAfter Duration `json:"duplicate_after,omitzero"`
	// Late dispatches an attempt LateMin to LateMax after its schedule time.
	Late    float64  `json:"late,omitempty"`
	LateMin Duration `json:"late_min,omitzero"`
	LateMax Duration `json:"late_max,omitzero"`
	// Reorder lets another due task overtake the one whose turn it is.
	Reorder float64 `json:"reorder,omitempty"`
	// Drop loses a task's first attempt before it reaches the target; the
	// next one comes after RedeliverAfter or the usual backoff, whichever is
	// longer.
	Drop           float64  `json:"drop,omitempty"`
	RedeliverAfter Duration `json:"redeliver_after,omitzero"`
	// LoseResponse treats an attempt that the target answered, even with
	// 200, as failed: it is retried.
	LoseResponse float64 `json:"lose_response,omitempty"`
}

// The names under which faults are drawn and counted.
const (
	duplicateFault = "duplicate"
	lateFault      = "late"
	reorderFault   = "reorder"
	dropFault      = "drop"
	responseFault  = "lose_response"
)

func (f Faults) probability(fault string) float64 {
	switch fault {
	case duplicateFault:
		return f.Duplicate
	case lateFault:
		return f.Late
	case reorderFault:
		return f.Reorder
	case dropFault:
		return f.Drop
	default:
		return f.LoseResponse
	}
}

// check refuses a probability outside [0, 1].
func (f Faults) check() error {
	for _, fault := range []string{duplicateFault, lateFault, reorderFault, dropFault, responseFault} {
		if err := chaos.CheckProbability(fault, f.probability(fault)); err != nil {
			return err
		}
	}
	return nil
}

// strikes decides a fault of a delivery and counts it. The lock is not held.
func (s *Server) strikes(d delivery, fault string) bool {
	if fault == dropFault && d.attempt > 0 {
		return false
	}
	if !s.Dice.Hit(d.faults.probability(fault), fault, d.name, d.attempt) {
		return false
	}
	s.Mu.Lock()
	defer s.Mu.Unlock()
	s.Strike(fault)
	return true
}

// lateness is the injected delay of a task's next attempt. The lock is held.
func (s *Server) lateness(t *task) time.Duration {
	name, attempt := t.message.GetName(), int(t.message.GetDispatchCount())
	if !s.Dice.Hit(s.Chosen.Late, lateFault, name, attempt) {
		return 0
	}
	s.Strike(lateFault)
	return s.Dice.Between(s.Chosen.LateMin, s.Chosen.LateMax, name, attempt)
}

// overtake returns the task whose turn it is, or one behind it that is due
// too. The lock is held.
func (s *Server) overtake(q *queue, now time.Time) *task {
	head := q.due[0]
	if len(q.due) < 2 || !s.Dice.Hit(s.Chosen.Reorder, reorderFault, head.message.GetName(), int(head.message.GetDispatchCount())) {
		return head
	}
	if last := q.due[len(q.due)-1]; !last.at.After(now) {
		s.Strike(reorderFault)
		return last
	}
	return head
}

// duplicate starts a second delivery if the fault strikes. The lock is held.
func (s *Server) duplicate(d delivery) {
	if !s.Dice.Hit(d.faults.Duplicate, duplicateFault, d.name, d.attempt) {
		return
	}
	s.Strike(duplicateFault)
	s.count(1)
	s.SendAgain(d.call, s.Dice.Between(0, d.faults.DuplicateAfter, d.name, d.attempt), func() { s.count(-1) })
}
