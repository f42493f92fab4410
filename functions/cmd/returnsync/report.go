package main

import (
	"time"

	"gitlab.com/eshopbox-team/return-sync/functions/internal/wire"
	"gitlab.com/eshopbox-team/return-sync/shared/claim"
	"gitlab.com/eshopbox-team/return-sync/shared/entity"
	"gitlab.com/eshopbox-team/return-sync/shared/run"
	"gitlab.com/eshopbox-team/return-sync/shared/store"
)

// report is what status shows. Its JSON is for programs: fields are added, never
// renamed.
type report struct {
	OK        bool           `json:"ok"`
	Now       time.Time      `json:"now"` // the state database's clock
	Schema    schemaReport   `json:"schema"`
	Attention []attention    `json:"attention"`
	Entities  []entityReport `json:"entities"`
}

// schemaReport is the version that the database has and the one that this
// program knows.
type schemaReport struct {
	Have int64 `json:"have"`
	Want int64 `json:"want"`
}

// entityReport is one entity's part.
type entityReport struct {
	Name       string       `json:"name"`
	Index      string       `json:"index"`
	AsOf       *time.Time   `json:"asOf"`       // the watermark; null before the first sync
	LagSeconds *float64     `json:"lagSeconds"` // now - asOf
	Claim      claimReport  `json:"claim"`
	Running    *wire.Answer `json:"running"`
	Last       *wire.Answer `json:"last"`
	Parked     int64        `json:"parked"`
	Doubts     int64        `json:"doubts"`
	// Operations is what the index was sent, as it bills it.
	Operations store.Operations `json:"operations"`
}

// claimReport is who may run the entity's next window.
type claimReport struct {
	State      string     `json:"state"` // none, free, claimed or processing
	LeaseUntil *time.Time `json:"leaseUntil,omitempty"`
	Expired    bool       `json:"expired"`
}

// reportOf returns an entity's part.
func reportOf(d entity.Definition, s store.Status) entityReport {
	e := entityReport{
		Name: d.Name, Index: d.Index, Claim: claimReport{State: "none"},
		Running: answerOf(s.Current), Last: answerOf(s.Last), Parked: s.Parked, Doubts: s.Doubts, Operations: s.Operations,
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

// claimOf returns a claim's part. A claim that nobody has decided about by the
// end of its lease is expired.
func claimOf(r claim.Row) claimReport {
	c := claimReport{State: "free"}
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
func answerOf(r *run.Run) *wire.Answer {
	if r == nil {
		return nil
	}
	a := wire.RunAnswer(*r)
	return &a
}

// lag is how far the index is behind; false before the first sync.
func (e entityReport) lag() (time.Duration, bool) {
	if e.LagSeconds == nil {
		return 0, false
	}
	return time.Duration(*e.LagSeconds * float64(time.Second)), true
}
