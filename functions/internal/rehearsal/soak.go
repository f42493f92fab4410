package rehearsal

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/emulator/algolia"
	"gitlab.com/eshopbox-team/return-sync/shared/emulator/scheduler"
	"gitlab.com/eshopbox-team/return-sync/shared/emulator/tasks"
	"gitlab.com/eshopbox-team/return-sync/shared/sample"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/oracle"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/run"
)

// refusedPattern are the records that the index refuses throughout a soak, so
// that parking is part of it: one in a hundred.
const refusedPattern = `77$`

// SoakEnv is the environment of a soak's functions: leases and timeouts short
// enough that a death shows within seconds, and small pages, so that there
// are many.
func SoakEnv() []string {
	return []string{
		"RUN_LEASE=5s", "PAGE_LEASE=2s", "PAGE_SIZE=15", "OVERLAP=20s", "PAGE_ATTEMPTS=2",
		"ALGOLIA_WRITE_TIMEOUT=700ms", "ALGOLIA_BATCH_RECORDS=50", "ALGOLIA_ATTEMPTS=2", "LOG_LEVEL=ERROR",
	}
}

// Faults returns all faults at once, each often enough to strike many times a
// minute.
func soakFaults() (tasks.Faults, scheduler.Faults, algolia.Faults) {
	return tasks.Faults{
			Duplicate: 0.08, DuplicateAfter: tasks.Duration(400 * time.Millisecond),
			Late: 0.1, LateMin: tasks.Duration(50 * time.Millisecond), LateMax: tasks.Duration(1500 * time.Millisecond),
			Reorder: 0.2, Drop: 0.02, RedeliverAfter: tasks.Duration(7 * time.Second), LoseResponse: 0.05,
		}, scheduler.Faults{
			Twice: 0.3, TwiceAfter: scheduler.Duration(300 * time.Millisecond),
			Late: 0.2, LateMin: scheduler.Duration(100 * time.Millisecond), LateMax: scheduler.Duration(time.Second),
		}, algolia.Faults{Rules: []algolia.Fault{
			{Kind: algolia.RefuseNamed, Pattern: `^R\d*[02468]-\d*` + refusedPattern},
			{Kind: algolia.RefuseUnnamed, Pattern: `^R\d*[13579]-\d*` + refusedPattern},
			{Kind: algolia.RateLimit, Probability: 0.02, RetryAfter: 1},
			{Kind: algolia.RateLimit, Probability: 0.02},
			{Kind: algolia.ServerError, Probability: 0.02, Scope: "all"},
			{Kind: algolia.Timeout, Probability: 0.005},
			{Kind: algolia.TimeoutApplied, Probability: 0.01},
			{Kind: algolia.Reset, Probability: 0.01},
			{Kind: algolia.ResetApplied, Probability: 0.02},
			{Kind: algolia.SlowPublish, Probability: 0.05, DelayMS: 400},
		}}
}

// What may happen to a process at any one step of a soak: to be killed, or to be
// held for longer than its page's lease, and often its run's.
const (
	killChance = 0.008
	holdChance = 0.005
	holdFor    = 5 * time.Second
)

// SoakReport is the result of a soak.
type SoakReport struct {
	OK          bool           `json:"ok"`
	Problems    []string       `json:"problems"`
	Seed        int64          `json:"seed"`
	Seconds     float64        `json:"seconds"`
	Changes     int            `json:"changes"`
	Runs        map[string]int `json:"runs"`
	Pages       int            `json:"pages"`
	Retries     int            `json:"retries"`
	Takeovers   int            `json:"takeovers"`
	Kills       int            `json:"kills"`
	KillsByStep map[string]int `json:"killsByStep"`
	Holds       int            `json:"holds"` // processes that were slow, not dead
	Faults      map[string]int `json:"faults"`
	// Absorbed counts what came twice and was to have one effect: tasks sent again
	// under their name, tasks and ticks delivered twice, and tasks whose answer
	// was lost.
	Absorbed    int   `json:"duplicatesAbsorbed"`
	Pushed      int64 `json:"recordsPushed"`
	Parked      int64 `json:"parked"`
	Records     int   `json:"records"`
	Differences int   `json:"differences"`
	// Verified counts the deep comparisons during the soak, and
	// VerifyFailed those that the index's faults ended; VerifyPending adds up the
	// roots that they left to the next run. Any drift that they report is a false
	// alarm.
	Verified      int   `json:"verified"`
	VerifyFailed  int   `json:"verifyFailed"`
	VerifyPending int64 `json:"verifyPending"`
	FalseAlarms   int   `json:"falseAlarms"`
}

// Soak lets everything go wrong at once for a while: every fault of every
// emulator, processes killed at random steps, and a warehouse that changes rows
// all the time. Meanwhile source, ledger and index are compared again and again, which
// must report nothing. Then the faults end, open work drains, and the oracle
// must find no difference. each gets a report every few seconds.
func (s *Stack) Soak(ctx context.Context, d time.Duration, perSecond float64, each func(SoakReport)) (SoakReport, error) {
	k := soaking{SoakReport: SoakReport{Seed: s.Options.Seed, Problems: []string{}}, each: each, warehouse: sample.NewWarehouse(s.DB, s.Options.Seed)}
	if _, err := s.Sync(ctx, "returns", nil); err != nil {
		return k.SoakReport, err
	}
	stop, err := s.beginComparing(ctx, &k.comparisons)
	if err != nil {
		return k.SoakReport, err
	}
	err = s.goWrong(ctx, &k, d, perSecond)
	alarms, ended := stop()
	k.Problems = append(k.Problems, alarms...)
	if err = errors.Join(err, ended, s.count(ctx, &k)); err != nil {
		return k.SoakReport, err
	}
	return k.SoakReport, s.judge(ctx, &k.SoakReport)
}

// soaking is a soak under way.
type soaking struct {
	SoakReport
	comparisons comparisons
	warehouse   *sample.Warehouse
	each        func(SoakReport)
}

// goWrong lets everything go wrong for a while, and then drains.
func (s *Stack) goWrong(ctx context.Context, k *soaking, d time.Duration, perSecond float64) error {
	if err := s.misbehave(ctx, true); err != nil {
		return err
	}
	began := time.Now()
	if err := s.churn(ctx, k.warehouse, d, perSecond, func() {
		k.Seconds = time.Since(began).Seconds()
		if s.count(ctx, k) == nil && k.each != nil {
			k.each(k.SoakReport)
		}
	}); err != nil {
		return err
	}
	if err := s.misbehave(ctx, false); err != nil {
		return err
	}
	err := errors.Join(s.drain(ctx), s.eachPlay(func(p *Play) error {
		if p.Settle == nil {
			return nil
		}
		ctx, cancel := context.WithTimeout(ctx, settleLimit)
		defer cancel()
		return p.Settle(ctx)
	}))
	k.Seconds = time.Since(began).Seconds()
	return err
}

// misbehave switches all faults on or off.
func (s *Stack) misbehave(ctx context.Context, on bool) error {
	t, sched, index := tasks.Faults{}, scheduler.Faults{}, algolia.Faults{Rules: []algolia.Fault{}}
	kill, pause := 0.0, 0.0
	if on {
		t, sched, index = soakFaults()
		kill, pause = killChance, holdChance
	}
	s.StrikeAtRandom(kill, pause, holdFor)
	wings := s.eachPlay(func(p *Play) error {
		if p.Misbehave == nil {
			return nil
		}
		return p.Misbehave(ctx, on)
	})
	return errors.Join(s.Tasks.SetFaults(t), s.Scheduler.SetFaults(sched), s.AlgoliaFaults(ctx, index), wings)
}

// AlgoliaFaults sets the index emulator's faults through its control path.
func (s *Stack) AlgoliaFaults(ctx context.Context, f algolia.Faults) error {
	body, err := json.Marshal(f)
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPut, s.algoliaURL+"/_emulator/faults", bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("X-Algolia-API-Key", AdminKey)
	req.Header.Set("X-Algolia-Application-Id", AppID)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = res.Body.Close() }()
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("the index emulator did not take its faults: %s", res.Status)
	}
	return nil
}

// churn lets the warehouse work for a while and reports every few seconds.
func (s *Stack) churn(ctx context.Context, w *sample.Warehouse, d time.Duration, perSecond float64, report func()) error {
	working, stop := context.WithTimeout(ctx, d)
	defer stop()
	var err error
	var done sync.WaitGroup
	done.Go(func() { err = w.Run(working, perSecond) })
	plays := make([]error, len(s.plays))
	for i, p := range s.plays {
		if p.Churn != nil {
			done.Go(func() { plays[i] = p.Churn(working) })
		}
	}
	for working.Err() == nil {
		hold(working, 5*time.Second)
		report()
	}
	done.Wait()
	for i, problem := range plays {
		if problem != nil && working.Err() == nil {
			err = errors.Join(err, fmt.Errorf("%s: %w", s.wings[i].Name, problem))
		}
	}
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
		err = nil
	}
	return errors.Join(err, ctx.Err())
}

// drainLimit is how long draining may take: leases must run out and the next
// tick must take over.
const drainLimit = 2 * time.Minute

// settleLimit is how long the end of a wing's work may take: vendors' limits are minutes.
const settleLimit = 5 * time.Minute

// drain waits until every entity has a synced run that began after the faults ended, and
// no root is left unconfirmed.
func (s *Stack) drain(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, drainLimit)
	defer cancel()
	ended := map[string]int64{}
	for {
		drained := true
		for _, d := range s.Entities {
			runs, err := s.Store.Runs.Newest(ctx, d.Name, 2)
			if err != nil {
				return fmt.Errorf("the work under way did not end: %w", err)
			}
			if _, seen := ended[d.Name]; !seen && len(runs) > 0 {
				ended[d.Name] = runs[0].ID
			}
			// The second run after the faults' end has compared every unconfirmed root of the first.
			drained = drained && len(runs) == 2 && runs[1].ID > ended[d.Name] && runs[0].State == run.Synced
		}
		var unconfirmed int
		if err := s.DB.QueryRowContext(ctx, "SELECT COUNT(*) FROM sync_recheck").Scan(&unconfirmed); err != nil {
			return err
		}
		if drained && unconfirmed == 0 {
			return nil
		}
		hold(ctx, 200*time.Millisecond)
	}
}

// count fills in the figures.
func (s *Stack) count(ctx context.Context, k *soaking) error {
	r := &k.SoakReport
	k.comparisons.fill(r)
	r.Runs, r.Faults, r.KillsByStep = map[string]int{}, map[string]int{}, s.Kills()
	r.Changes, r.Kills, r.Holds = 0, 0, 0
	for _, n := range s.Holds() {
		r.Holds += n
	}
	for _, n := range k.warehouse.Counts() {
		r.Changes += n
	}
	for _, n := range r.KillsByStep {
		r.Kills += n
	}
	rows, err := s.DB.QueryContext(ctx, "SELECT state, COUNT(*), SUM(pages_done), SUM(operations) FROM sync_run GROUP BY state")
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }()
	r.Pages, r.Pushed = 0, 0
	for rows.Next() {
		var state string
		var n, pages int
		var operations int64
		if err := rows.Scan(&state, &n, &pages, &operations); err != nil {
			return err
		}
		r.Runs[state] = n
		r.Pages += pages
		r.Pushed += operations
	}
	t := s.Tasks.Stats()
	r.Retries, r.Takeovers = t.Retried, r.Runs[string(run.Interrupted)]
	r.Absorbed = t.Deduplicated + t.Faults["duplicate"] + t.Faults["lose_response"] + s.Scheduler.Stats().Faults["twice"]
	s.faultCounts(r, t)
	r.Parked, err = s.Store.Parked.Count(ctx, "returns")
	return errors.Join(err, rows.Err())
}

// faultCounts gathers the faults that struck, by emulator and kind.
func (s *Stack) faultCounts(r *SoakReport, t tasks.Stats) {
	for kind, n := range t.Faults {
		r.Faults["tasks."+kind] = n
	}
	for kind, n := range s.Scheduler.Stats().Faults {
		r.Faults["scheduler."+kind] = n
	}
	for kind, n := range s.Algolia.Stats().Faults {
		r.Faults["index."+string(kind)] = n
	}
}

// judge asks the oracle and checks the parked records.
func (s *Stack) judge(ctx context.Context, r *SoakReport) error {
	for _, d := range s.Entities {
		report, err := s.Compare(ctx, d)
		if err != nil {
			return err
		}
		r.Records += report.Records
		r.Differences += report.Differences()
		if report.Differences() > 0 {
			r.Problems = append(r.Problems, d.Name+": "+report.String())
		}
	}
	sums, err := oracle.Sums(ctx, s.DB)
	r.Problems = append(r.Problems, sums...)
	const many = 1_000_000
	parked, perr := s.Store.Parked.Open(ctx, "returns", many)
	refused := regexp.MustCompile(refusedPattern)
	for _, p := range parked {
		if !refused.MatchString(p.ObjectID) {
			r.Problems = append(r.Problems, "parked, although the index accepts it: "+p.ObjectID+" "+p.Reason+" "+p.Detail)
		}
	}
	r.OK = len(r.Problems) == 0
	return errors.Join(err, perr)
}

// String describes a soak in a line.
func (r SoakReport) String() string {
	faults := 0
	for _, n := range r.Faults {
		faults += n
	}
	var states []string
	for _, state := range []run.State{run.Synced, run.Failed, run.Interrupted} {
		states = append(states, fmt.Sprintf("%d %s", r.Runs[string(state)], state))
	}
	return fmt.Sprintf("%4.0f s: %d changes; runs %s; %d pages, %d retries; %d kills, %d faults; %d records pushed, %d parked; %d comparisons, %d false alarms",
		r.Seconds, r.Changes, strings.Join(states, ", "), r.Pages, r.Retries, r.Kills, faults, r.Pushed, r.Parked, r.Verified, r.FalseAlarms)
}
