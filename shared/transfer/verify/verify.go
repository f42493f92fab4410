// Package verify compares a whole model on both sides: each side is read by slices, and
// the records that differ are named. It reads alone; jobs for what differs are drafts.
//
// A record that changes while it is compared looks different. So every difference is read
// again before it is reported, and a record with an open job counts as pending.
package verify

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/transfer"
)

// Kind is a kind of difference.
type Kind string

// The kinds.
const (
	OnlyStudio Kind = "only-in-studio"
	OnlyOnline Kind = "only-online"
	Links      Kind = "links"  // the foreign ids disagree
	Dates      Kind = "dates"  // both sides have it, with different dates
	Fields     Kind = "fields" // the dates agree and the fields do not: no job would see it
)

// Difference is a record that differs. An id is 0 for a side that lacks it.
type Difference struct {
	Kind   Kind   `json:"kind"`
	Studio int64  `json:"studio"`
	Online int64  `json:"online"`
	Says   string `json:"says"`

	source transfer.Record // of the side that a job would name
	from   transfer.Side
}

// Result is what a comparison found.
type Result struct {
	Model       string         `json:"model"`
	Studio      int64          `json:"studio"` // records read
	Online      int64          `json:"online"`
	Same        int64          `json:"same"`
	Pending     int64          `json:"pending"` // differ, and have an open job
	Differences int64          `json:"differences"`
	Kinds       map[Kind]int64 `json:"kinds"`
}

// Jobs says whether a record has an open job.
type Jobs interface {
	Open(ctx context.Context, system transfer.Side, model string, id int64) (bool, error)
}

// Comparison compares one flow's models.
type Comparison struct {
	Studio, Online transfer.System
	Flow           transfer.Flow
	Jobs           Jobs
	Slice          int // records that are read at once
	// Deep converts every record as a transfer would, further tables and the records that it
	// refers to included; otherwise fields are compared that both sides hold as they are.
	Deep bool
	// Each gets every difference; its error ends the comparison.
	Each func(ctx context.Context, d Difference) error
}

// seen is what is kept of a studio record until the online side was read: 32 bytes.
type seen struct {
	foreign int64
	date    int64 // microseconds
	fields  uint64
	met     bool
}

// Run compares.
func (c *Comparison) Run(ctx context.Context) (Result, error) {
	r := Result{Model: c.Flow.Studio, Kinds: map[Kind]int64{}}
	records := map[int64]*seen{}
	err := c.walk(ctx, c.Studio, c.Flow.Studio, func(one transfer.Record) error {
		r.Studio++
		records[one.ID] = &seen{foreign: one.ForeignID, date: one.Effective().UnixMicro(), fields: c.sum(one, transfer.Studio)}
		return nil
	})
	if err != nil {
		return r, err
	}
	err = c.walk(ctx, c.Online, c.Flow.Online, func(one transfer.Record) error {
		r.Online++
		return c.online(ctx, &r, records, one)
	})
	if err != nil {
		return r, err
	}
	for id, s := range records {
		if s.met || c.Flow.Direction == transfer.ToStudio && s.foreign == 0 {
			continue
		}
		if err := c.differs(ctx, &r, id, s.foreign); err != nil {
			return r, err
		}
	}
	return r, nil
}

// walk reads a side by slices.
func (c *Comparison) walk(ctx context.Context, side transfer.System, model string, fn func(transfer.Record) error) error {
	for after := int64(0); ; {
		list, err := side.Search(ctx, model, transfer.Query{After: after, Most: c.Slice})
		if err != nil {
			return err
		}
		for _, one := range list {
			if one.ID <= after {
				return fmt.Errorf("%s answers out of order: %d after %d", model, one.ID, after)
			}
			after = one.ID
			if err := fn(one); err != nil {
				return err
			}
		}
		if len(list) < c.Slice {
			return nil
		}
	}
}

// online compares an online record with what studio holds.
func (c *Comparison) online(ctx context.Context, r *Result, records map[int64]*seen, one transfer.Record) error {
	s := records[one.ForeignID]
	switch {
	case s == nil && one.ForeignID == 0 && c.Flow.Direction == transfer.ToOnline:
		return nil
	case s == nil:
		return c.differs(ctx, r, one.ForeignID, one.ID)
	}
	s.met = true
	if !c.Deep && s.foreign == one.ID && s.date == one.Effective().UnixMicro() && s.fields == c.sum(one, transfer.Online) {
		r.Same++
		return nil
	}
	return c.differs(ctx, r, one.ForeignID, one.ID)
}

// differs reads a pair again and reports it if it still differs.
func (c *Comparison) differs(ctx context.Context, r *Result, studio, online int64) error {
	a, err := c.again(ctx, c.Studio, c.Flow.Studio, studio)
	if err == nil && a != nil { // the rows of further tables have dates too
		*a, err = c.Flow.Compose(ctx, c, *a)
	}
	if err != nil {
		return err
	}
	b, err := c.again(ctx, c.Online, c.Flow.Online, online)
	if err != nil {
		return err
	}
	d, different, err := c.judge(ctx, a, b)
	if err != nil {
		return err
	}
	if !different {
		if a != nil {
			r.Same++
		}
		return nil
	}
	pending := false
	for _, one := range []struct {
		side   transfer.Side
		record *transfer.Record
	}{{transfer.Studio, a}, {transfer.Online, b}} {
		if one.record == nil || pending {
			continue
		}
		if pending, err = c.Jobs.Open(ctx, one.side, c.Flow.On(one.side), one.record.ID); err != nil {
			return err
		}
	}
	if pending {
		r.Pending++
		return nil
	}
	r.Differences++
	r.Kinds[d.Kind]++
	if c.Each == nil {
		return nil
	}
	return c.Each(ctx, d)
}

// again reads a record once more; nil for one that is not there.
func (c *Comparison) again(ctx context.Context, side transfer.System, model string, id int64) (*transfer.Record, error) {
	if id == 0 {
		return nil, nil
	}
	r, err := side.Read(ctx, model, id)
	if errors.Is(err, transfer.ErrNotFound) {
		return nil, nil
	}
	return &r, err
}

// judge compares a pair of records; nil for one that is not there.
func (c *Comparison) judge(ctx context.Context, a, b *transfer.Record) (d Difference, different bool, err error) {
	if a != nil {
		d.Studio, d.source, d.from = a.ID, *a, transfer.Studio
	}
	if b != nil {
		d.Online = b.ID
	}
	switch {
	case a == nil && b == nil:
		return d, false, nil
	case b == nil:
		d.Kind, d.Says = OnlyStudio, fmt.Sprintf("studio %d has no record online", a.ID)
	case a == nil:
		d.Kind, d.Says, d.source, d.from = OnlyOnline, fmt.Sprintf("online %d has no record in studio", b.ID), *b, transfer.Online
	case a.ForeignID != b.ID || b.ForeignID != a.ID:
		d.Kind, d.Says = Links, fmt.Sprintf("studio %d refers to online %d, and online %d to studio %d", a.ID, a.ForeignID, b.ID, b.ForeignID)
	case !a.Effective().Equal(b.Effective()):
		d.Kind, d.Says = Dates, fmt.Sprintf("studio has the date %s, online %s", a.Effective().Format(time.RFC3339Nano), b.Effective().Format(time.RFC3339Nano))
		if b.Effective().After(a.Effective()) {
			d.source, d.from = *b, transfer.Online
		}
	default:
		names, err := c.fields(ctx, *a, *b)
		if err != nil || len(names) == 0 {
			return d, false, err
		}
		d.Kind, d.Says = Fields, "the dates agree, and these fields do not: "+strings.Join(names, ", ")
	}
	return d, true, nil
}

// Draft is the job that brings the record over. Where the dates agree the job is forced
// from a side; false if that is empty.
func (d Difference) Draft(f transfer.Flow, priority int, forced transfer.Side) (transfer.Draft, bool) {
	j := transfer.Job{State: transfer.New, Date: d.source.Effective(), Priority: priority, System: d.from, RecordID: d.source.ID}
	if d.Kind == Fields {
		if forced == "" {
			return transfer.Draft{}, false
		}
		j.System, j.RecordID, j.KindInfo = forced, map[transfer.Side]int64{transfer.Studio: d.Studio, transfer.Online: d.Online}[forced], transfer.Forced
	}
	j.Model = f.On(j.System)
	return transfer.Draft{Job: j}, true
}
