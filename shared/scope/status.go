package scope

import (
	"strconv"
	"time"
)

// Status is one entity's part of one call of sync-entities or of one start.
type Status struct {
	ID          int64
	Operation   string // the call's token, the same for all its entities
	Instance    string // the member it was made for; may be empty
	Provider    string
	Entity      string
	FunctionID  string
	State       State
	Interrupted bool // it failed because what carried it was lost
	Error       string
	StartedAt   time.Time
	ChangedAt   time.Time // the last change of state
	RunID       int64     // the run that it follows; 0 before that began
	PagesDone   int
	PagesTotal  int
}

// Trail is what can be seen of the work that a status stands for.
type Trail struct {
	// Begun says that there is a run. Ended is how it ended: Synced, Failed or
	// Interrupted; empty while it goes on.
	Begun  bool
	Ended  State
	Reason string // the run's last error
	// Bound says that the claim is known. Before, Starting says that the process that
	// wrote the status may still be about to start it.
	Bound    bool
	Starting bool
	// Held says that the claim is the one that was bound and its lease lives.
	Held bool
}

// The reasons that stand in a status's error.
const (
	lostStart = "the program that started this sync ended before the sync was under way; start it again"
	lostRun   = "the sync was interrupted: its lease ran out; start it again"
	lostClaim = "the sync's claim ended before its run began; start it again"
)

// Verdict says where the status stands and, unless it synced, why. Interrupted
// is work that nobody is doing any more.
func (t Trail) Verdict() (State, string) {
	switch {
	case t.Ended == Synced:
		return Synced, ""
	case t.Ended == Failed:
		return Failed, orElse(t.Reason, "the sync failed")
	case t.Ended == Interrupted:
		return Interrupted, orElse(t.Reason, lostRun)
	case !t.Bound && t.Starting, t.Bound && t.Held:
		return Syncing, ""
	case !t.Bound:
		return Interrupted, lostStart
	case t.Begun:
		return Interrupted, lostRun
	}
	return Interrupted, lostClaim
}

// orElse returns a text, or another if it is empty.
func orElse(text, other string) string {
	if text == "" {
		return other
	}
	return text
}

// Answer returns the status as callers see it.
func (s Status) Answer() StatusAnswer {
	return StatusAnswer{
		ID: strconv.FormatInt(s.ID, 10), Provider: s.Provider, Entity: s.Entity, FunctionID: s.FunctionID,
		State: s.State, Timestamp: s.ChangedAt.UnixMilli(), Error: s.Error, InstanceID: s.Instance,
		StartedAt: s.StartedAt.UnixMilli(), RunID: s.RunID, PagesDone: s.PagesDone, PagesTotal: s.PagesTotal,
	}
}
