package scheduler

import (
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/emulator/internal/chaos"
	"gitlab.com/eshopbox-team/return-sync/shared/emulator/internal/push"
)

// Duration is a time.Duration written in JSON as "250ms".
type Duration = chaos.Duration

// Faults are what the real scheduler may do to a tick, each with the
// probability (0 to 1) that it strikes one. Which ticks are struck depends on
// Options.Seed, the job's name and the tick's number alone, so a story
// replays.
type Faults struct {
	// Twice delivers a tick twice with the same schedule time, the second
	// time after up to TwiceAfter; zero is at the same moment. The second
	// answer is ignored.
	Twice      float64  `json:"twice,omitempty"`
	TwiceAfter Duration `json:"twice_after,omitzero"`
	// Late fires a tick LateMin to LateMax after its schedule time, which
	// it still carries.
	Late    float64  `json:"late,omitempty"`
	LateMin Duration `json:"late_min,omitzero"`
	LateMax Duration `json:"late_max,omitzero"`
}

// The names under which faults are drawn and counted.
const (
	twiceFault = "twice"
	lateFault  = "late"
)

// SetFaults replaces all faults; a tick that is planned keeps its lateness. A
// probability outside [0, 1] is an error that names its field.
func (s *Server) SetFaults(faults Faults) error {
	if err := chaos.CheckProbability(twiceFault, faults.Twice); err != nil {
		return err
	}
	if err := chaos.CheckProbability(lateFault, faults.Late); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = faults
	return nil
}

// lateness is the injected delay of a job's coming tick. The lock is held.
func (s *Server) lateness(j *job) time.Duration {
	if !s.dice.Hit(s.faults.Late, lateFault, j.message.GetName(), j.planned) {
		return 0
	}
	s.stats.fault(lateFault)
	return s.dice.Between(s.faults.LateMin, s.faults.LateMax, j.message.GetName(), j.planned)
}

// twice starts a second delivery of a tick if the fault strikes. The lock is
// held.
func (s *Server) twice(e *execution, call push.Call) {
	name := e.job.message.GetName()
	if !s.dice.Hit(s.faults.Twice, twiceFault, name, e.ordinal) {
		return
	}
	s.stats.fault(twiceFault)
	delay := s.dice.Between(0, s.faults.TwiceAfter, name, e.ordinal)
	call.Header = call.Header.Clone() // sending sets headers
	s.stats.Running++
	s.work.Add(1)
	go func() {
		defer s.work.Done()
		defer func() {
			s.mu.Lock()
			defer s.mu.Unlock()
			s.stats.Running--
		}()
		select {
		case <-time.After(delay):
			s.sender.Send(s.ctx, call)
		case <-s.ctx.Done():
		}
	}()
}
