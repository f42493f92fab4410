package main

import (
	"strings"
	"testing"
	"time"
)

// TestReport sums up three rounds of invented readings.
func TestReport(t *testing.T) {
	f := newFindings(options{only: []string{"limit", "first", "go", "node", "tick"}, repeat: 3, workers: 4, json: true})
	for i, seconds := range []float64{1, 2, 4} {
		f.known["limit"] = append(f.known["limit"], reading{seconds: seconds, records: 1000, bytes: 2_000_000, cpu: map[string]float64{limitName: 1}})
		f.known["first"] = append(f.known["first"], reading{seconds: 2 * seconds, records: 1000, bytes: 3_000_000, cpu: map[string]float64{"database": 2, "bench": 1}})
		f.known["go"] = append(f.known["go"], reading{seconds: seconds * float64(i+1), records: 1000})
		f.known["tick"] = append(f.known["tick"], reading{seconds: 0.5, records: 2, queries: 47})
	}
	f.notRun["node"] = "no npm"
	f.databases["fast"] = map[string]string{"version": "10.11", "log_bin": "OFF"}
	first, tick := f.result(f.o.wanted()[2]), f.result(f.o.wanted()[4])
	if first.Ratio != 0.5 || first.RatioToGo != 1 || first.RatioToGoSpread != [2]float64{0.5, 1.5} || first.CPUPerMillion != 3000 ||
		first.RecordsPerSecond != 250 || first.RateSpread != [2]float64{125, 500} || first.MBPerMillion != 3000 || first.MBPerSecond != 0.75 || first.CPU["database"] != 2000 {
		t.Errorf("first: %+v", first)
	}
	if tick.Ratio != 0 || tick.Queries != 47 {
		t.Errorf("a tick has no ratio: %+v", tick)
	}
	var out strings.Builder
	if err := f.report(&out, time.Date(2026, 11, 28, 0, 0, 0, 0, time.UTC)); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"fast database: log_bin OFF, version 10.11\n", "| NOT RUN: no npm |", "0.50 (0.50 to 0.50)", "CPU-s a million of first: bench 1000.0, database 2000.0\n", `"not_run":"no npm"`,
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is missing:\n%s", want, out.String())
		}
	}
	var pipes []int
	for line := range strings.Lines(out.String()) {
		if strings.HasPrefix(line, "|") {
			pipes = append(pipes, strings.Count(line, "|"))
		}
	}
	for _, n := range pipes {
		if len(pipes) != 7 || n != 13 {
			t.Errorf("not a table of Markdown with 12 columns and 7 lines: %v\n%s", pipes, out.String())
		}
	}
}
