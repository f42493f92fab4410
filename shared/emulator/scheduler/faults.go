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

// check refuses a probability outside [0, 1].
func (f Faults) check() error {
	if err := chaos.CheckProbability(twiceFault, f.Twice); err != nil {
		return err
	}
	return chaos.CheckProbability(lateFault, f.Late)
}

// lateness is the injected delay of a job's coming tick. The lock is held.
func (s *Server) lateness(j *job) time.Duration {
	if !s.Dice.Hit(s.Chosen.Late, lateFault, j.message.GetName(), j.planned) {
		return 0
	}
	s.Strike(lateFault)
	return s.Dice.Between(s.Chosen.LateMin, s.Chosen.LateMax, j.message.GetName(), j.planned)
}

// twice starts a second delivery of a tick if the fault strikes. The lock is
// held.
func (s *Server) twice(e *execution, call push.Call) {
	name := e.job.message.GetName()
	if !s.Dice.Hit(s.Chosen.Twice, twiceFault, name, e.ordinal) {
		return
	}
	s.Strike(twiceFault)
	s.stats.Running++
	s.SendAgain(call, s.Dice.Between(0, s.Chosen.TwiceAfter, name, e.ordinal), func() { s.stats.Running-- })
}
