package reporttest_test

import (
	"fmt"
	"iter"
	"testing"

	"gitlab.com/eshopbox-team/return-sync/shared/fault"
	"gitlab.com/eshopbox-team/return-sync/shared/report"
	"gitlab.com/eshopbox-team/return-sync/shared/report/reporttest"
)

// TestTheFakeSinkPasses runs the suite over the destination in memory.
func TestTheFakeSinkPasses(t *testing.T) {
	reporttest.RunSink(t, func(*testing.T) reporttest.Sinked {
		s := &reporttest.Sink{Refuse: func(r report.Row) string {
			if r.Fields["name"] == "bad" {
				return "the name is bad"
			}
			return ""
		}}
		return reporttest.Sinked{
			Sink: s,
			Bad:  func(n int64) report.Row { return reporttest.Line(n, "bad", "bad", 0) },
			Read: func(t *testing.T, document string) map[string]map[string]string {
				out := map[string]map[string]string{}
				for key, r := range s.Records(document) {
					out[key] = reporttest.Fields(t, r.Text)
				}
				return out
			},
		}
	})
}

// TestTheFakeSourcePasses runs the suite over the source in memory.
func TestTheFakeSourcePasses(t *testing.T) {
	reporttest.RunSource(t, func(*testing.T) reporttest.Sourced {
		s := &reporttest.Source{Polls: 2, Content: func(o report.Order) iter.Seq2[map[string]any, error] {
			return func(yield func(map[string]any, error) bool) {
				if o.TypeID == "GET_none" {
					yield(nil, fault.New(fault.Misconfigured, "unknown-report", "there is no report none"))
					return
				}
				for n := range 4 {
					if !yield(map[string]any{"n": fmt.Sprint(n)}, nil) {
						return
					}
				}
			}
		}}
		none := reporttest.DatedOrder("none", "2026-11-20", 0)
		var want []report.Row
		for n := range 4 {
			want = append(want, report.Row{Number: int64(n + 1), Fields: map[string]any{"n": fmt.Sprint(n)}})
		}
		return reporttest.Sourced{Source: s, Order: reporttest.DatedOrder("sales", "2026-11-20", 0), Want: want, Hopeless: &none}
	})
}
