package base

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/clock"
	"gitlab.com/eshopbox-team/return-sync/shared/fault"
	"gitlab.com/eshopbox-team/return-sync/shared/report"
	"gitlab.com/eshopbox-team/return-sync/shared/report/airtable"
	"gitlab.com/eshopbox-team/return-sync/shared/runlog"
	"gitlab.com/eshopbox-team/return-sync/shared/schedule"
)

// Cursor is how far a stream of ours was written into the base.
type Cursor struct {
	At time.Time
	ID int64
}

// Store is what the base asks of its own tables.
type Store interface {
	// Lease gives the base to the caller for a time; false: another caller has it.
	Lease(ctx context.Context, d time.Duration) (token string, ok bool, err error)
	// Renew makes the caller's lease begin anew; a fault.Superseded says that it was lost.
	Renew(ctx context.Context, token string, d time.Duration) error
	Release(ctx context.Context, token string) error
	// Shadows returns a sheet's shadows: all, or those of some keys and records.
	Shadows(ctx context.Context, sheet string, some *Some) ([]Shadow, error)
	// Keep stores shadows and entries of the log in one transaction.
	Keep(ctx context.Context, sheet string, list []Shadow, notes []string) error
	Drop(ctx context.Context, sheet string, keys []string) error
	Cursor(ctx context.Context, name string) (Cursor, error)
	Move(ctx context.Context, name string, c Cursor) error
	// Entries returns entries of the run log behind an id, oldest first, that are older
	// than settle. Behind 0 it begins with the newest limit entries.
	Entries(ctx context.Context, after int64, settle time.Duration, limit int) ([]runlog.Entry, error)
}

// Some are keys and record ids.
type Some struct{ Keys, Records []string }

// Types is what the base asks of the table of report types.
type Types interface {
	List(ctx context.Context) ([]report.Type, error)
	Edit(ctx context.Context, name string, change func(*report.Edit)) (report.Type, error)
}

// Reports is what the base asks of the table of reports.
type Reports interface {
	Report(ctx context.Context, k report.Key) (report.Report, error)
	Changed(ctx context.Context, at time.Time, afterID int64, limit int) ([]report.Report, error)
	Operate(ctx context.Context, k report.Key, act report.Act) (report.Report, string, error)
}

// Schedules is what the base asks of the table of schedules.
type Schedules interface {
	Schedules(ctx context.Context) (schedule.Poll, error)
	AddSchedule(ctx context.Context, e schedule.Edit) (int64, error)
	EditSchedule(ctx context.Context, id int64, version string, change func(*schedule.Edit)) (schedule.Row, error)
	DeleteSchedule(ctx context.Context, id int64, version string) (schedule.Row, error)
}

// Base is the SYNC base.
type Base struct {
	Client    *airtable.Client
	Store     Store
	Types     Types
	Reports   Reports
	Schedules Schedules
	// Lease is how long others wait for a caller that died; a caller that works renews it.
	// 0 is 30 seconds.
	Lease time.Duration
	// Keep is how long entries of the log and unchanged reports stay in the base; 0: for
	// ever.
	Keep time.Duration
}

// Summary is what a round did.
type Summary struct {
	Edits   int `json:"edits"`   // of people, made on our side
	Written int `json:"written"` // rows, into the base
	Notes   int `json:"notes"`   // entries of the log about the base
	Entries int `json:"entries"` // of the log, written into the base
	Pruned  int `json:"pruned"`  // old records of the base
	// Busy says that another caller had the base.
	Busy bool `json:"busy,omitempty"`
}

// Round brings both sides in step once.
func (b *Base) Round(ctx context.Context, now time.Time) (sum Summary, err error) {
	lease := cmp.Or(b.Lease, usualLease)
	token, ok, err := b.Store.Lease(ctx, lease)
	if err != nil || !ok {
		return Summary{Busy: err == nil}, err
	}
	ctx, cancel := context.WithTimeout(ctx, roundTime)
	defer cancel()
	renewed := make(chan error, 1)
	go func() {
		defer cancel() // without the lease the round ends
		renewed <- b.renew(ctx, token, lease)
	}()
	defer func() {
		cancel()
		err = errors.Join(<-renewed, err, b.Store.Release(context.WithoutCancel(ctx), token))
	}()
	var problems []error
	for _, step := range []func(context.Context, time.Time, *Summary) error{b.keepSchedules, b.keepTypes, b.keepReports, b.keepLogs, b.prune} {
		err := step(ctx, now, &sum)
		problems = append(problems, err)
		if fault.Retryable(err) && err != nil {
			break // Airtable or the database is away: the next round goes on
		}
	}
	return sum, fault.Join(problems...)
}

// The times of a round.
const (
	usualLease = 30 * time.Second
	roundTime  = 4 * time.Minute // the rest is left to the next round
)

// renew renews the lease until ctx ends, or until it is lost.
func (b *Base) renew(ctx context.Context, token string, lease time.Duration) error {
	for clock.Sleep(ctx, lease/3) == nil {
		if err := b.Store.Renew(ctx, token, lease); err != nil && ctx.Err() == nil {
			return err
		}
	}
	return nil
}

// side is our side of a table.
type side struct {
	sheet Sheet
	whole bool
	rows  func(ctx context.Context) ([]Row, error)
	// edit makes a person's edit.
	edit func(ctx context.Context, c change) error
	// add takes a row that a person added and returns its key; empty: it stays alone for
	// now. A nil add takes none.
	add func(ctx context.Context, values map[string]any) (key string, err error)
	// drop deletes a row that a person deleted; a nil drop lets it come back.
	drop func(ctx context.Context, key string) error
}

// step brings one table in step.
func (b *Base) step(ctx context.Context, s side, theirs []airtable.Record, shadows []Shadow, sum *Summary) error {
	rows, err := s.rows(ctx)
	if err != nil {
		return err
	}
	p := s.sheet.compare(rows, theirs, shadows, s.whole)
	taken, err := b.take(ctx, s, &p, rows, sum)
	if err != nil {
		return err
	}
	if len(p.edits)+taken > 0 {
		if rows, err = s.rows(ctx); err != nil {
			return err
		}
	}
	return b.write(ctx, s.sheet, p, rows, shadows, sum)
}

// take takes what people did over to our side and notes the rest. It returns how many
// rows came or went.
func (b *Base) take(ctx context.Context, s side, p *plan, rows []Row, sum *Summary) (taken int, err error) {
	for _, c := range p.edits {
		switch err := s.edit(ctx, c); fault.KindOf(err) {
		case fault.Invalid, fault.NotFound, fault.Superseded:
			p.notes = append(p.notes, fmt.Sprintf("%s: the change of row %s is put back: %s", s.sheet.Name, c.key, sentence(err)))
			p.seen = append(p.seen, Shadow{c.key, p.records[c.key], p.theirs[c.key]})
		default:
			if err != nil {
				return taken, err
			}
			sum.Edits++
		}
	}
	for _, r := range p.added {
		n, err := b.welcome(ctx, s, p, r)
		if err != nil {
			return taken, err
		}
		taken += n
		sum.Edits += n
	}
	n, err := b.vanished(ctx, s, p, rows)
	sum.Edits += n
	taken += n
	if err == nil && len(p.seen)+len(p.notes) > 0 {
		err = b.Store.Keep(ctx, s.sheet.Name, p.seen, p.notes)
		sum.Notes += len(p.notes)
	}
	return taken, err
}

// welcome takes a row that a person added.
func (b *Base) welcome(ctx context.Context, s side, p *plan, r airtable.Record) (int, error) {
	if s.add != nil {
		values := s.sheet.values(r)
		key, err := s.add(ctx, values)
		if err != nil && fault.KindOf(err) != fault.Invalid {
			return 0, err
		}
		if err == nil && key != "" {
			p.theirs[key], p.records[key] = values, r.ID
			return 1, b.Store.Keep(ctx, s.sheet.Name, []Shadow{{key, r.ID, values}}, nil)
		}
		if err == nil {
			return 0, nil // it is not complete yet
		}
		p.notes = append(p.notes, fmt.Sprintf("%s: a new row cannot be taken: %s", s.sheet.Name, sentence(err)))
	} else if key := s.sheet.keyOf(r); key != "" {
		p.notes = append(p.notes, fmt.Sprintf("%s: the row %q (%s) is a duplicate or was added by hand, and is ignored: delete it", s.sheet.Name, key, r.ID))
	} else {
		return 0, nil // an empty row
	}
	p.seen = append(p.seen, Shadow{Key: foreign(r.ID), Record: r.ID})
	return 0, nil
}

// vanished deletes what people deleted, or lets it come back.
func (b *Base) vanished(ctx context.Context, s side, p *plan, rows []Row) (n int, err error) {
	if len(p.gone) == 0 {
		return 0, nil
	}
	if s.drop == nil || p.accident(rows) {
		p.notes = append(p.notes, fmt.Sprintf("%s: %d deleted rows come back, such as %s", s.sheet.Name, len(p.gone), p.gone[0].Key))
		return 0, b.Store.Drop(ctx, s.sheet.Name, keys(p.gone))
	}
	for _, one := range p.gone {
		if err := s.drop(ctx, one.Key); err != nil && fault.KindOf(err) != fault.NotFound {
			return n, err
		}
		n++
	}
	return n, b.Store.Drop(ctx, s.sheet.Name, keys(p.gone))
}

// sentence is the part of an error that people read.
func sentence(err error) string {
	var f *fault.Error
	if errors.As(err, &f) {
		return f.Message
	}
	return err.Error()
}
