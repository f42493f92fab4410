// Package scope holds the words and rules of sync scopes and statuses.
//
// A scope is a named group of members that are started and tracked as one. A
// member is an instance id; it stands for the entities that are synced in its
// name. A sync of entities makes a status for each, and a status follows the run
// that its entity's claim began, or had begun already.
//
//	scope 1 --- n member 1 --- n status 1 --- 1 run of an entity
//
// # States of a scope
//
//	syncing      a member has not completed; one that never started counts too
//	failed       all members have completed, at least one failed
//	synced       all members have completed, none failed
//	interrupted  the process or run behind a member died: the scope will not
//	             complete by itself; start it again
//
// An early failure therefore leaves a scope syncing until the last member has
// completed. Counts are of members, not of entities, and only an interrupted
// scope's do not add up to the number of its members: there is a state for a
// member that was running when it was interrupted, but no count.
//
// Only a scope that is syncing is open. A closed scope ignores its entities, and a
// start resets every member: completions of a previous start are ignored.
package scope

import "time"

// ScheduleKind is the kind by which schedules name a scope (target_kind).
const ScheduleKind = "scope"

// State is where a scope, a member or a status stands.
type State string

// The states. A scope is never NotStarted; a status is Syncing, Synced or Failed.
const (
	NotStarted  State = "notStarted"
	Syncing     State = "syncing"
	Synced      State = "synced"
	Failed      State = "failed"
	Interrupted State = "interrupted"
)

// Counts is how many members are in each state.
type Counts struct {
	NotStarted int
	Syncing    int
	Failed     int
	Synced     int
}

// Scope is a scope as it is stored.
type Scope struct {
	ID      string
	Title   string
	State   State
	Counts  Counts
	Run     int64  // how often it was started
	Reason  string // why it was interrupted, in words
	Details Details
	// The times of the last events of each kind; a start leaves the end of
	// earlier ones.
	LastStartedAt *time.Time
	LastFailedAt  *time.Time
	LastSyncedAt  *time.Time
	ChangedAt     time.Time
}

// Judge returns the state of a scope with these members and its counts. When one
// of them was interrupted the scope is, and with it every member that is still
// running, so Judge may change members.
func Judge(members []Member) (State, Counts) {
	for _, m := range members {
		if m.State == Interrupted {
			return Interrupted, Interrupt(members)
		}
	}
	c := count(members)
	switch {
	case c.NotStarted+c.Syncing > 0:
		return Syncing, c
	case c.Failed > 0:
		return Failed, c
	}
	return Synced, c
}

// Interrupt ends the members that are running; what has completed or never began
// stays what it is.
func Interrupt(members []Member) Counts {
	for i := range members {
		if members[i].State == Syncing {
			members[i].State = Interrupted
		}
	}
	return count(members)
}

// count counts members by state.
func count(members []Member) Counts {
	var c Counts
	for _, m := range members {
		switch m.State {
		case NotStarted:
			c.NotStarted++
		case Syncing:
			c.Syncing++
		case Failed:
			c.Failed++
		case Synced:
			c.Synced++
		}
	}
	return c
}

// Completed returns when the last member completed, nil if none did.
func Completed(members []Member) *time.Time {
	var last *time.Time
	for _, m := range members {
		if m.CompletedAt != nil && (last == nil || m.CompletedAt.After(*last)) {
			last = m.CompletedAt
		}
	}
	return last
}
