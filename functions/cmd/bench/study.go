package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"
)

// subject is a row of a study's table.
type subject struct {
	name   string
	notRun string // why the subject cannot be measured; empty if it can
	// measure takes one measurement; rounds count from 0.
	measure func(ctx context.Context, w *world, round int) (reading, error)
}

// setup is a running product with the subjects that are measured on it.
type setup struct {
	subjects []subject
	open     func(context.Context) (*world, error)
	notes    string            // about the setup, above the table; open may set them
	settings map[string]string // of the database, by name; open may set them
	name     string            // of the database in the report
}

// wanted returns the subjects that can be measured.
func (s *setup) wanted() []subject {
	return slices.DeleteFunc(slices.Clone(s.subjects), func(one subject) bool { return one.notRun != "" })
}

// study is a table of subjects. Its groups are measured one after the other; the
// setups of a group take turns, so that all of them bear the same load of the machine.
type study struct {
	columns  []column
	groups   [][]*setup
	readings map[string][]reading // by subject, a reading a round
}

// run measures all rounds and prints the report.
func (s *study) run(ctx context.Context, o options, out, log io.Writer) error {
	s.readings = map[string][]reading{}
	for _, group := range s.groups {
		if err := s.rounds(ctx, group, o.repeat, log); err != nil {
			return err
		}
	}
	return s.report(o, out, time.Now())
}

// rounds measures the subjects of a group, each once a round.
func (s *study) rounds(ctx context.Context, group []*setup, repeat int, log io.Writer) (err error) {
	worlds := map[*setup]*world{}
	defer func() {
		for _, w := range worlds {
			err = errors.Join(err, w.close())
		}
	}()
	for _, one := range group {
		if len(one.wanted()) == 0 {
			continue
		}
		if worlds[one], err = one.open(ctx); err != nil {
			delete(worlds, one)
			return err
		}
	}
	for round := range repeat {
		for _, one := range group {
			for _, sub := range one.wanted() {
				r, err := sub.measure(ctx, worlds[one], round)
				if err != nil {
					return fmt.Errorf("%s: %w", sub.name, err)
				}
				s.readings[sub.name] = append(s.readings[sub.name], r)
				_, _ = fmt.Fprintf(log, "round %d of %d  %-14s  %s\n", round+1, repeat, sub.name, listed(r, "%.3f"))
			}
		}
	}
	return nil
}
