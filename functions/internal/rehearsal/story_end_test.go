package rehearsal

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"gitlab.com/eshopbox-team/return-sync/shared/sync/oracle"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/run"
)

// finish ends the story: faults end, what is under way drains, and everything
// must be right.
func (s *story) finish() error {
	if s.stack == nil {
		return errors.New("the story has no commands")
	}
	if left := s.stack.Unstruck(); len(left) > 0 {
		return fmt.Errorf("these blows have not fallen, so the story proves nothing: %v", left)
	}
	if s.open != nil {
		return errors.New("the open transaction was not committed")
	}
	if err := s.calm(""); err != nil {
		return err
	}
	if err := s.drain(); err != nil {
		return err
	}
	return errors.Join(s.judgeIndex(), s.judgeLedger(), s.judgeRuns())
}

// drain waits until a run that began after the story is synced, nothing is left
// unconfirmed and no task waits.
func (s *story) drain() error {
	for range 5 {
		if err := s.heal(""); err != nil {
			return err
		}
		if err := s.settle(""); err != nil {
			return err
		}
		var doubts int
		if err := s.stack.DB.QueryRowContext(s.t.Context(), "SELECT COUNT(*) FROM sync_recheck").Scan(&doubts); err != nil || doubts == 0 {
			return err
		}
	}
	return errors.New("roots stay unconfirmed after five synced runs")
}

// judgeIndex asks the oracle.
func (s *story) judgeIndex() error {
	report, err := s.stack.Compare(s.t.Context(), s.def)
	if err != nil {
		return err
	}
	sums, err := oracle.Sums(s.t.Context(), s.stack.DB)
	if report.Differences() > 0 {
		sums = append(sums, "the index differs: "+report.String())
	}
	return errors.Join(err, sentencesOf(sums))
}

// judgeLedger compares the ledger with the index: a record that the index holds
// and the ledger does not know can never be deleted again.
func (s *story) judgeLedger() error {
	docs, err := s.documents()
	if err != nil {
		return err
	}
	var roots []uint64
	rows, err := s.stack.DB.QueryContext(s.t.Context(), "SELECT root_id FROM sync_ledger WHERE entity = ?", s.def.Name)
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var root uint64
		if err := rows.Scan(&root); err != nil {
			return err
		}
		roots = append(roots, root)
	}
	ledger, err := s.stack.Store.Ledger.Known(s.t.Context(), s.def.Name, roots)
	if err := errors.Join(err, rows.Err()); err != nil {
		return err
	}
	var problems []string
	for _, row := range ledger {
		for _, e := range row.Entries {
			if _, ok := docs[e.ID]; !ok && !e.Parked {
				problems = append(problems, "the ledger has "+e.ID+", the index does not")
			}
			delete(docs, e.ID)
		}
	}
	for id := range docs {
		problems = append(problems, "the index has "+id+", the ledger does not")
	}
	return sentencesOf(problems)
}

// judgeRuns checks that every run has ended and that no window was skipped.
func (s *story) judgeRuns() error {
	const many = 10_000
	runs, err := s.stack.Store.Runs.Newest(s.t.Context(), s.def.Name, many)
	if err != nil {
		return err
	}
	slices.Reverse(runs)
	var problems []string
	var before *run.Run
	for i, r := range runs {
		if !r.State.Final() {
			problems = append(problems, fmt.Sprintf("run %d is still %s", r.ID, r.State))
		}
		if r.State != run.Synced {
			continue
		}
		if before != nil && r.Window.From.After(before.Window.To) {
			problems = append(problems, fmt.Sprintf("between run %d, until %v, and run %d, from %v, time was skipped", before.ID, before.Window.To, r.ID, r.Window.From))
		}
		before = &runs[i]
	}
	return sentencesOf(problems)
}

// sentencesOf makes an error of sentences, nil of none.
func sentencesOf(list []string) error {
	if len(list) == 0 {
		return nil
	}
	slices.Sort(list)
	return errors.New(strings.Join(list, "\n"))
}
