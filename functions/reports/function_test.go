package reports_test

import (
	"context"
	"errors"
	"log/slog"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"gitlab.com/eshopbox-team/return-sync/functions/reports"
	"gitlab.com/eshopbox-team/return-sync/shared/fault"
	"gitlab.com/eshopbox-team/return-sync/shared/lease"
	"gitlab.com/eshopbox-team/return-sync/shared/queue/queuetest"
	"gitlab.com/eshopbox-team/return-sync/shared/report"
	"gitlab.com/eshopbox-team/return-sync/shared/report/flow"
)

// held is a table of reports whose only report another task works on.
type held struct {
	flow.Reports
	flow.Starts
}

// Take says that another task has the report.
func (held) Take(context.Context, report.Key, lease.Grant) (report.Report, lease.Decision, error) {
	return report.Report{}, lease.Held, nil
}

// Overdue has one report whose task was lost.
func (held) Overdue(context.Context, time.Duration, int) ([]report.Task, error) {
	return []report.Task{{Key: report.Key{Type: "sales", Slot: "2026-11-20"}, Turn: 3}}, nil
}

// Report is in neither interface's part that the handler needs.
func (held) Report(context.Context, report.Key) (report.Report, error) { return report.Report{}, nil }

// TestCalls plays what the queue, the scheduler and others may send: a wrong body is
// refused for good, what may pass is tried again, and nothing of an error's cause is
// answered.
func TestCalls(t *testing.T) {
	log, queue := slog.New(slog.DiscardHandler), &queuetest.Memory{}
	p := &reports.Parts{
		Work:    &flow.Work{Reports: held{}, Log: log, Config: flow.Config{Lease: time.Minute}},
		Starter: &flow.Starter{Reports: held{}, Queue: queue, Log: log},
		Base: func(context.Context, time.Time) (any, error) {
			return nil, fault.Wrap(errors.New("dial tcp 10.0.0.9"), fault.Retry, "away", "Airtable does not answer")
		},
		Definitions: []report.Definition{{Type: report.Type{Name: "sales"}}},
		Ensure: func(_ context.Context, want report.Type) ([]string, error) {
			return []string{want.Name + " put back"}, nil
		},
		Prune: func(_ context.Context, before report.Date) (int, error) {
			if before.String() != "2026-10-21" {
				return 0, errors.New("pruned before " + before.String())
			}
			return 4, nil
		},
		KeepDays: 30,
	}
	h := reports.Handler(p, func() time.Time { return time.Date(2026, 11, 20, 8, 0, 0, 0, time.UTC) })
	for _, c := range []struct {
		method, query, body string
		code                int
		says                string
	}{
		{"GET", "", "", 405, ""}, {"PUT", "?sweep=1", "", 405, ""}, {"POST", "", "", 400, "sales_report"}, {"POST", "", "[]", 400, "sales_report"},
		{"POST", "", `{"type":"sales"}`, 400, "sales_report"}, {"POST", "", strings.Repeat("x", 2<<20), 413, "larger"},
		{"POST", "", `{"type":"sales","slot":"2026-11-20"}`, 503, ""}, // another task works on it
		{"POST", "?base=1", "", 503, ""},
		{"POST", "?sweep=1", "", 200, `{"sent":1,"putBack":["sales put back"],"pruned":4}`},
	} {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest(c.method, "/"+c.query, strings.NewReader(c.body)))
		if w.Code != c.code || !strings.Contains(w.Body.String(), c.says) || strings.Contains(w.Body.String(), "10.0.0.9") {
			t.Errorf("%s %s %.40q: %d %.200s, want %d %s", c.method, c.query, c.body, w.Code, w.Body, c.code, c.says)
		}
	}
	if _, ok := queue.Take(); !ok {
		t.Error("the sweep sent no task")
	}
}
