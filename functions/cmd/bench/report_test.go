package main

import (
	"strings"
	"testing"
	"time"
)

// TestReport sums up three rounds of invented readings.
func TestReport(t *testing.T) {
	s := &study{columns: syncColumns, readings: map[string][]reading{}, groups: [][]*setup{{{
		name: "fast", notes: "fast database: log_bin OFF", settings: map[string]string{"log_bin": "OFF"},
		subjects: []subject{{name: "limit"}, {name: "go"}, {name: "first"}, {name: "node", notRun: "no npm"}, {name: "tick"}},
	}}}}
	add := func(name string, r reading) {
		r.perMillion(name == "tick")
		s.readings[name] = append(s.readings[name], r)
	}
	for i, seconds := range []float64{1, 2, 4} {
		add("limit", reading{"seconds": seconds, "records": 1000, "bytes": 2_000_000, cpuOfProcess + limitName: 1})
		add("first", reading{"seconds": 2 * seconds, "records": 1000, "bytes": 3_000_000, cpuOfProcess + "database": 2, cpuOfProcess + "bench": 1})
		add("go", reading{"seconds": seconds * float64(i+1), "records": 1000})
		add("tick", reading{"seconds": 0.5, "records": 2, "queries": 47, cpuOfProcess + "bench": 1})
	}
	for name, want := range map[string]map[string]figure{
		"first": {
			"ratio": {0.5, 0.5, 0.5, 0.5}, "ratio_to_go": {1, 0.5, 1.5, 1.5}, "ratio_to_first": {1, 1, 1, 1}, "cpu_s_per_million": {3000, 3000, 3000, 3000},
			"records_per_s": {250, 125, 500, 500}, "mb_per_million": {3000, 3000, 3000, 3000}, "mb_per_s": {0.75, 0.375, 1.5, 1.5},
		},
		"tick": {"ratio": {}, "records_per_s": {}, "cpu_s_per_million": {}, "queries": {47, 47, 47, 47}},
	} {
		for _, c := range syncColumns {
			if wanted, ok := want[c.key]; ok {
				if got, _ := s.figure(c, name); got != wanted {
					t.Errorf("%s of %s: %v; want %v", c.key, name, got, wanted)
				}
			}
		}
	}
	var out strings.Builder
	if err := s.report(options{repeat: 3, json: true}, &out, time.Date(2026, 11, 28, 0, 0, 0, 0, time.UTC)); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"fast database: log_bin OFF\n", "| NOT RUN: no npm |", "0.50 (0.50 to 0.50)", "CPU-s a million of first: bench 1000.0, database 2000.0\n",
		`"not_run":"no npm"`, `"settings":{"fast":{"log_bin":"OFF"}}`,
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
