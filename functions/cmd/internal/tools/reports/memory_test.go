package reports

import (
	"testing"
	"time"

	wing "gitlab.com/eshopbox-team/return-sync/functions/internal/wings/reports"
	"gitlab.com/eshopbox-team/return-sync/shared/report"
)

// mostMiB is how much memory the reports function may need for one report of any size.
const mostMiB = 64

// BenchmarkMillion fetches reports of 250,000 and of 1,000,000 rows, and fails where the
// function's process ever needed more than mostMiB or lost a row. .ci/long runs it.
func BenchmarkMillion(b *testing.B) {
	_, _, p := startStack(b)
	o := p.opening()
	defer func() { _ = o.Close() }()
	starter, err := wing.Starter(b.Context(), o)
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		for i, rows := range []int64{250_000, 1_000_000} {
			p.vendors.costs.Store(rows)
			key := report.DatedKey("warehouse_costs", report.Zone(0).Today(time.Now())-20-report.Date(i))
			began := time.Now()
			if _, err := starter.Run(b.Context(), key, 0, time.Now().UTC()); err != nil {
				b.Fatal(err)
			}
			if err := p.wait(b.Context(), b.Output()); err != nil {
				b.Fatal(err)
			}
			took, peak := time.Since(began), p.stack.PeakMemory("FetchReports")
			r, err := p.tables.Report(b.Context(), key)
			if err != nil || r.State != report.Done || r.Rows != rows || r.Attempt != 1 {
				b.Fatalf("%+v, %v", r, err)
			}
			var points, want int64
			var sum, wanted float64
			for n := range rows {
				want, wanted = want+1, wanted+float64(n%90)+float64(n%100)/100
			}
			if err := p.stack.DB.QueryRow("SELECT COUNT(*), SUM(number) FROM report_datapoint WHERE type = ? AND date = ?", key.Type, key.Slot).Scan(&points, &sum); err != nil {
				b.Fatal(err)
			}
			if points != want || sum-wanted > 0.001 || wanted-sum > 0.001 {
				b.Errorf("%d datapoints of the sum %f, want %d and %f", points, sum, want, wanted)
			}
			b.Logf("%d rows: %.0f rows a second, peak %.1f MiB", rows, float64(rows)/took.Seconds(), peak)
			if peak > mostMiB || peak == 0 {
				b.Errorf("%d rows: the function's process needed %.1f MiB, want at most %d", rows, peak, mostMiB)
			}
		}
		b.ReportMetric(p.stack.PeakMemory("FetchReports"), "MiB-peak")
	}
}
