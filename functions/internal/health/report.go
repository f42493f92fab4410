// Package health reports the state of the syncs: the content of our tables about each
// entity, and the findings with their remedies. The command line and the console show
// the same report, so they never disagree.
//
// Package health reads our own tables, has package judge assess them, and changes
// nothing; given a Check, it also asks the live index.
package health

import (
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/judge"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/claim"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/entity"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/run"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/store"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/target"
)

// Report is the content of status and the console. Its JSON is for programs: fields are
// added, never renamed.
type Report struct {
	OK        bool        `json:"ok"`
	Now       time.Time   `json:"now"` // the state database's clock
	Schema    Schema      `json:"schema"`
	Attention []Attention `json:"attention"`
	Entities  []Entity    `json:"entities"`
	// Budget is the index's operations budget; absent without a cap.
	Budget *Budget `json:"budget,omitempty"`
}

// Schema holds the version of the database's tables and the version that this program
// knows.
type Schema struct {
	Have int64 `json:"have"`
	Want int64 `json:"want"`
}

// Entity is one entity's part.
type Entity struct {
	Name       string      `json:"name"`
	Target     string      `json:"target,omitempty"` // the index that searches see, of an entity that was rebuilt
	Index      string      `json:"index"`
	AsOf       *time.Time  `json:"asOf"`       // the watermark; null before the first sync
	LagSeconds *float64    `json:"lagSeconds"` // now - asOf
	Claim      Claim       `json:"claim"`
	Running    *run.Answer `json:"running"`
	Last       *run.Answer `json:"last"`
	Parked     int64       `json:"parked"`
	Doubts     int64       `json:"doubts"`
	// Operations is the index's bill.
	Operations store.Operations `json:"operations"`
	// IndexCheck is the live index's answer; absent before the first question.
	IndexCheck *judge.Index `json:"indexCheck,omitempty"`
	// PageError is the newest failed attempt at a page of the run under way.
	PageError *judge.PageError `json:"pageError,omitempty"`
	Upkeep
}

// Claim is the right to run the entity's next window.
type Claim struct {
	State      string     `json:"state"` // none, free, claimed or processing
	LeaseUntil *time.Time `json:"leaseUntil,omitempty"`
	Expired    bool       `json:"expired"`
}

// Of returns an entity's part.
func Of(d entity.Definition, s store.Status) Entity {
	e := Entity{
		Name: target.Parse(d.Name).Base, Index: d.Index, Claim: Claim{State: "none"},
		Running: answerOf(s.Current), Last: answerOf(s.Last), Parked: s.Parked, Doubts: s.Doubts, Operations: s.Operations,
	}
	if e.Name != d.Name {
		e.Target = d.Name
	}
	if s.Claim == nil {
		return e
	}
	e.Claim = claimOf(*s.Claim)
	if e.AsOf = s.Claim.Watermark; e.AsOf != nil {
		lag := s.Now.Sub(*e.AsOf).Seconds()
		e.LagSeconds = &lag
	}
	return e
}

// claimOf returns a claim's part. A claim without a decision at its lease's end is
// expired.
func claimOf(r claim.Row) Claim {
	c := Claim{State: "free"}
	switch r.Status {
	case claim.Free:
		return c
	case claim.Claimed:
		c.State = "claimed"
	default:
		c.State = "processing"
	}
	c.LeaseUntil = r.LeaseUntil
	c.Expired = claim.Decide(r, "") == claim.TakeOver
	return c
}

// answerOf returns a run's part; nil stays nil.
func answerOf(r *run.Run) *run.Answer {
	if r == nil {
		return nil
	}
	a := r.Answer()
	return &a
}

// Lag is the age of the index; false before the first sync.
func (e Entity) Lag() (time.Duration, bool) {
	if e.LagSeconds == nil {
		return 0, false
	}
	return time.Duration(*e.LagSeconds * float64(time.Second)), true
}
