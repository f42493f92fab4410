package reports

import (
	"context"
	"os"
	"testing"
	"time"

	"gitlab.com/eshopbox-team/return-sync/functions/internal/rehearsal"
	"gitlab.com/eshopbox-team/return-sync/functions/internal/rehearsal/rehearsaltest"
	wing "gitlab.com/eshopbox-team/return-sync/functions/internal/wings/reports"
	"gitlab.com/eshopbox-team/return-sync/shared/localdb/localdbtest"
	"gitlab.com/eshopbox-team/return-sync/shared/report"
	"gitlab.com/eshopbox-team/return-sync/shared/sample"
)

func TestMain(m *testing.M) {
	rehearsal.Child() // this program is also the functions'
	os.Exit(localdbtest.Run(m))
}

// everyStep asks for the story of every step; without it the story plays one.
const everyStep = "RETURN_SYNC_STORY_STEPS"

// startStack starts the product with the wing, and fills its sample.
func startStack(t testing.TB) (*rehearsal.Stack, *rehearsal.Play, *play) {
	t.Helper()
	var p *play
	tool := Tool().Play
	tool.Open = func(ctx context.Context, s *rehearsal.Stack) (one *rehearsal.Play, err error) {
		if p, err = newPlay(ctx, s); err != nil {
			return nil, err
		}
		return p.registered(), nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	s := rehearsaltest.Filled(ctx, t, rehearsal.Options{
		Steps: true, HoldTicks: true, Wings: []rehearsal.Wing{tool}, Log: os.Stderr, ChildLog: os.Stderr,
		Env: []string{"REPORT_LEASE=12s", "LOG_LEVEL=ERROR"},
	}, sample.GenerateOptions{Rows: 120, Seed: 7, Now: time.Now().UTC()})
	if err := s.BeginWings(ctx); err != nil {
		t.Fatal(err)
	}
	_, plays := s.Plays()
	return s, plays[0], p
}

// TestAReportSurvivesKills kills the process at a step of a report with kill -9: the
// report ends whole, the source was asked once, and source and destinations agree. With
// every step, the whole sample of cmd/local --once --reports is there before and after.
func TestAReportSurvivesKills(t *testing.T) {
	s, played, p := startStack(t)
	list, whole := []string{"ordered"}, func() {}
	if os.Getenv(everyStep) != "" {
		list = flowSteps
		if err := played.Run(t.Context(), os.Stderr); err != nil {
			t.Fatal(err)
		}
		whole = func() {
			got, problems, err := played.Check(t.Context())
			if n, ok := got.(numbers); err != nil || len(problems) > 0 || !ok || n.Differences != 0 || n.Compared < 10_000 {
				t.Fatalf("%+v: %q, %v", got, problems, err)
			}
		}
		whole()
	}
	o := p.opening()
	defer func() { _ = o.Close() }()
	starter, err := wing.Starter(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	ordered := func() int { return p.vendors.amazon.Stats().Ordered[salesID] }
	for i, step := range list {
		before, kills := ordered(), s.Kills()[step]
		s.Strike(rehearsal.Blow{Step: step})
		key := report.DatedKey("sales_report", report.Zone(0).Today(time.Now())-10-report.Date(i))
		if _, err := starter.Run(t.Context(), key, 0, time.Now().UTC()); err != nil {
			t.Fatal(err)
		}
		if err := p.wait(t.Context(), os.Stderr); err != nil {
			t.Fatal(err)
		}
		if s.Kills()[step] != kills+1 {
			t.Errorf("%s: the process was not killed", step)
		}
		if n := ordered() - before; n != 1 {
			t.Errorf("%s: Amazon was asked %d times", step, n)
		}
		r, err := p.tables.Report(t.Context(), key)
		if err != nil || r.State != report.Done || r.Attempt != 1 {
			t.Fatalf("%s: %+v, %v", step, r, err)
		}
		for _, a := range r.Accounts {
			if a.Sum() != r.Rows {
				t.Errorf("%s: %s has %d of %d rows", step, a.Sink, a.Sum(), r.Rows)
			}
		}
		if compared, different, err := p.compare(t.Context(), r); err != nil || compared == 0 || different != 0 {
			t.Errorf("%s: %d of %d values differ, %v", step, different, compared, err)
		}
		t.Logf("%s: done", step)
	}
	if err := p.roundBase(t.Context()); err != nil {
		t.Fatal(err)
	}
	whole()
}
