package rehearsal

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/sync/run"
)

// expect checks one expectation.
func (s *story) expect(rest string) error {
	words := strings.Fields(rest)
	checks := map[string]func([]string) error{
		"run": s.expectRun, "runs": s.expectRuns, "error": s.expectError, "watermark": s.expectWatermark,
		"window": s.expectWindow, "decided": s.expectDecided, "answer": s.expectAnswer, "found": s.expectFound,
		"index": s.expectIndex, "records": s.expectRecords, "pushes": s.expectPushes, "passed": s.expectPassed, "parked": s.expectParked,
	}
	check := checks[words[0]]
	if check == nil {
		return s.expectCounts(words)
	}
	if len(words) < 2 {
		return fmt.Errorf("expect %s what?", words[0])
	}
	return check(words[1:])
}

// wrong is an expectation that does not hold.
func wrong(have any) error { return fmt.Errorf("it is %v", have) }

// within checks a number against "3", "1..2" or "1..".
func within(have int, want string) error {
	low, high, isRange := strings.Cut(want, "..")
	least, err := strconv.Atoi(low)
	if err != nil {
		return err
	}
	most := least
	if isRange {
		if most, err = strconv.Atoi(high); err != nil {
			most = have
		}
	}
	if have < least || have > most {
		return wrong(have)
	}
	return nil
}

func (s *story) expectRun(words []string) error {
	r, err := s.newest()
	if err != nil || string(r.State) != words[0] {
		return wrong(fmt.Sprint(r.State, " ", err))
	}
	return nil
}

func (s *story) expectRuns(words []string) error {
	runs, err := s.stack.Store.Runs.Newest(s.t.Context(), s.def.Name, 1000)
	if err != nil {
		return err
	}
	n := 0
	for _, r := range runs {
		if string(r.State) == words[0] {
			n++
		}
	}
	return within(n, words[1])
}

func (s *story) expectError(words []string) error {
	r, err := s.newest()
	if err != nil || !strings.Contains(r.LastError, strings.Join(words, " ")) {
		return wrong(r.LastError)
	}
	return nil
}

func (s *story) expectWatermark(words []string) error {
	now, err := s.stack.Store.Claims.AsOf(s.t.Context(), s.def.JobType)
	if err != nil {
		return err
	}
	same := (now == nil) == (s.since.watermark == nil) && (now == nil || now.Equal(*s.since.watermark))
	if same != (words[0] == "stays") {
		return wrong(fmt.Sprint(now, ", it was ", s.since.watermark))
	}
	return nil
}

func (s *story) expectWindow(words []string) error {
	r, err := s.newest()
	if err != nil {
		return err
	}
	d, err := time.ParseDuration(words[len(words)-1])
	if err == nil && r.Window.Length() < d {
		err = wrong(r.Window)
	}
	return err
}

func (s *story) expectDecided(words []string) error {
	if !slices.Equal(words, s.decided) {
		return wrong(s.decided)
	}
	return nil
}

func (s *story) expectAnswer(words []string) error {
	if strconv.Itoa(s.answer.status) != words[0] || !strings.Contains(s.answer.body, strings.Join(words[1:], " ")) {
		return wrong(s.answer)
	}
	return nil
}

func (s *story) expectFound(words []string) error {
	var answer struct{ Hits []map[string]any }
	if err := json.Unmarshal([]byte(s.answer.body), &answer); err != nil || s.answer.status != 200 {
		return wrong(s.answer)
	}
	return within(len(answer.Hits), words[0])
}

// documents returns the index's records by id.
func (s *story) documents() (map[string]map[string]any, error) {
	docs := map[string]map[string]any{}
	err := s.stack.browse(s.def.Index)(s.t.Context(), func(doc map[string]any) error {
		docs[fmt.Sprint(doc["objectID"])] = doc
		return nil
	})
	return docs, err
}

func (s *story) expectIndex(words []string) error {
	docs, err := s.documents()
	if err != nil || len(words) < 2 {
		return fmt.Errorf("want expect index ID and absent or FIELD=VALUE: %v", err)
	}
	doc := docs[words[0]]
	if words[1] == "absent" {
		if doc != nil {
			return wrong(doc)
		}
		return nil
	}
	for _, word := range words[1:] {
		field, want, _ := strings.Cut(word, "=")
		var have any = doc
		for name := range strings.SplitSeq(field, ".") {
			inner, _ := have.(map[string]any)
			have = inner[name]
		}
		if fmt.Sprint(have) != want {
			return wrong(fmt.Sprint(field, "=", have, " in ", doc))
		}
	}
	return nil
}

func (s *story) expectRecords(words []string) error {
	docs, err := s.documents()
	if err != nil {
		return err
	}
	return within(len(docs), words[0])
}

func (s *story) expectPushes(words []string) error {
	pushes := minus(s.pushes.counts(), s.since.pushes)
	if len(words) == 2 {
		return within(pushes[words[0]], words[1])
	}
	all := 0
	for _, n := range pushes {
		all += n
	}
	return within(all, words[0])
}

func (s *story) expectPassed(words []string) error {
	return within(minus(s.stack.Passed(), s.since.passed)[words[0]], words[1])
}

func (s *story) expectParked(words []string) error {
	list, err := s.stack.Store.Parked.Open(s.t.Context(), s.def.Name, 1000)
	if err != nil {
		return err
	}
	if words[0] == "none" {
		if len(list) > 0 {
			return wrong(list)
		}
		return nil
	}
	for _, p := range list {
		if p.ObjectID == words[0] && p.Reason == words[1] {
			return nil
		}
	}
	return wrong(list)
}

// expectCounts checks the newest run's account.
func (s *story) expectCounts(words []string) error {
	r, err := s.newest()
	if err != nil {
		return err
	}
	have := countsOf(r)
	if have["attempts"], err = s.attempts(r); err != nil {
		return err
	}
	for _, word := range words {
		name, want, ok := strings.Cut(word, "=")
		n, known := have[name]
		if !ok || !known {
			return fmt.Errorf("unknown expectation %q", word)
		}
		if err := within(n, want); err != nil {
			return fmt.Errorf("%s: %w (%v)", name, err, r.Counts)
		}
	}
	return nil
}

// countsOf returns a run's figures by name.
func countsOf(r run.Run) map[string]int {
	c := r.Counts
	return map[string]int{
		"found": int(c.Found), "saved": int(c.Saved), "deleted": int(c.Deleted), "unchanged": int(c.Unchanged),
		"parked": int(c.Parked), "operations": int(c.Operations), "pages": r.PagesTotal,
	}
}

// attempts returns how often a run's pages were taken.
func (s *story) attempts(r run.Run) (n int, err error) {
	err = s.stack.DB.QueryRowContext(s.t.Context(), "SELECT COALESCE(SUM(attempts), 0) FROM sync_page WHERE run_id = ?", r.ID).Scan(&n)
	return n, err
}
