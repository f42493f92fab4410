package scope

import "time"

// Details is a scope's members as its details list them, by instance id. The
// documented column is a JSON structure of unpublished shape; this one is ours.
type Details map[string]Detail

// Detail is one member of the details. Times are epoch milliseconds.
type Detail struct {
	State       State     `json:"state"`
	StartedAt   *int64    `json:"startedAt"`
	CompletedAt *int64    `json:"completedAt"`
	Entities    []string  `json:"entities"`
	PagesDone   int       `json:"pagesDone"`
	PagesTotal  int       `json:"pagesTotal"`
	Failures    []Failure `json:"failures"`
}

// DetailsOf returns the details of members.
func DetailsOf(members []Member) Details {
	d := make(Details, len(members))
	for _, m := range members {
		d[m.ID] = Detail{
			State: m.State, StartedAt: millis(m.StartedAt), CompletedAt: millis(m.CompletedAt),
			Entities: append([]string{}, m.Entities...), Failures: append([]Failure{}, m.Failures...),
			PagesDone: m.PagesDone, PagesTotal: m.PagesTotal,
		}
	}
	return d
}

// Answer is a scope as callers see it, in the documented names. Times are epoch
// milliseconds. Title, Run and Reason are ours.
type Answer struct {
	ID            string  `json:"id"`
	Title         string  `json:"title"`
	State         State   `json:"state"`
	NotStarted    int     `json:"notStarted"`
	Syncing       int     `json:"syncing"`
	Failed        int     `json:"failed"`
	Synced        int     `json:"synced"`
	LastStartedAt *int64  `json:"lastStartedAt"`
	LastFailedAt  *int64  `json:"lastFailedAt"`
	LastSyncedAt  *int64  `json:"lastSyncedAt"`
	Timestamp     int64   `json:"timestamp"`
	Run           int64   `json:"run"`
	Reason        string  `json:"reason"`
	Details       Details `json:"details"`
}

// Answer returns the scope as callers see it.
func (s Scope) Answer() Answer {
	details := s.Details
	if details == nil {
		details = Details{}
	}
	return Answer{
		ID: s.ID, Title: s.Title, State: s.State,
		NotStarted: s.Counts.NotStarted, Syncing: s.Counts.Syncing, Failed: s.Counts.Failed, Synced: s.Counts.Synced,
		LastStartedAt: millis(s.LastStartedAt), LastFailedAt: millis(s.LastFailedAt), LastSyncedAt: millis(s.LastSyncedAt),
		Timestamp: s.ChangedAt.UnixMilli(), Run: s.Run, Reason: s.Reason, Details: details,
	}
}

// StatusAnswer is a status as callers see it, in the documented names. The id is
// a text, as in the documentation's examples; the last five members are ours.
type StatusAnswer struct {
	ID         string `json:"id"`
	Provider   string `json:"provider"`
	Entity     string `json:"entity"`
	FunctionID string `json:"functionId"`
	State      State  `json:"state"`
	Timestamp  int64  `json:"timestamp"`
	Error      string `json:"error"`
	InstanceID string `json:"instanceId"`
	StartedAt  int64  `json:"startedAt"`
	RunID      int64  `json:"runId"`
	PagesDone  int    `json:"pagesDone"`
	PagesTotal int    `json:"pagesTotal"`
}

// millis returns a time as epoch milliseconds, nil for none.
func millis(t *time.Time) *int64 {
	if t == nil {
		return nil
	}
	ms := t.UnixMilli()
	return &ms
}
