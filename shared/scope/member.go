package scope

import "time"

// Member is a member of a scope as it is now.
type Member struct {
	ID          string
	Entities    []string // of its plan or, once it was started, of its statuses
	State       State
	StartedAt   *time.Time
	CompletedAt *time.Time // when its last entity ended; nil before
	Failures    []Failure
	// How far its runs are, in pages: the sum over its entities.
	PagesDone  int
	PagesTotal int
}

// Failure is one entity's failure within a member.
type Failure struct {
	Provider   string `json:"provider"`
	Entity     string `json:"entity"`
	FunctionID string `json:"functionId"`
	Error      string `json:"error"`
}

// MemberOf returns the member of a plan, given the statuses of the operation
// that last started it; without any it has not started. A member completes when
// all its entities have: it failed if one of them failed. If one was lost the
// member is interrupted, whatever the others do.
func MemberOf(p Plan, statuses []Status) Member {
	m := Member{ID: p.ID, Entities: p.entities(), State: NotStarted}
	if len(statuses) == 0 {
		return m
	}
	m.State, m.Entities, m.StartedAt = Synced, nil, &statuses[0].StartedAt
	var lost, running bool
	for i := range statuses {
		s := &statuses[i]
		m.Entities = append(m.Entities, s.Entity)
		m.PagesDone, m.PagesTotal = m.PagesDone+s.PagesDone, m.PagesTotal+s.PagesTotal
		lost, running = lost || s.Interrupted, running || s.State == Syncing
		if s.State == Failed {
			m.State = Failed
			m.Failures = append(m.Failures, Failure{s.Provider, s.Entity, s.FunctionID, s.Error})
		}
		if s.State != Syncing && (m.CompletedAt == nil || s.ChangedAt.After(*m.CompletedAt)) {
			m.CompletedAt = &s.ChangedAt
		}
	}
	switch {
	case lost:
		m.State, m.CompletedAt = Interrupted, nil
	case running:
		m.State, m.CompletedAt = Syncing, nil
	}
	return m
}
