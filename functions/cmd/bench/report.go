package main

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"math"
	"runtime"
	"slices"
	"strings"
	"text/tabwriter"
	"time"
)

// findings are all that was measured.
type findings struct {
	o         options
	known     map[string][]reading         // by subject
	notRun    map[string]string            // why a subject could not be measured
	databases map[string]map[string]string // the settings of each database
	total     int64                        // records of all returns
	pageSize  int
}

// newFindings returns findings of nothing yet. A server of --dsn keeps its own
// settings, so nothing is measured on a durable one beside it.
func newFindings(o options) *findings {
	f := &findings{o: o, known: map[string][]reading{}, notRun: map[string]string{}, databases: map[string]map[string]string{}}
	for _, s := range o.wanted() {
		if s.database == durable && o.dsn != "" {
			f.notRun[s.name()] = "the server of --dsn has its own settings, which are in the other rows; without --dsn a durable server is started"
		}
	}
	return f
}

// result is one subject's part of the JSON. Ratios are of records a second, in the
// same round and scenario; spreads are the lowest and the highest.
type result struct {
	NotRun             string             `json:"not_run,omitempty"` // why there are no figures
	Senders            int                `json:"senders"`           // pages, or senders of a program, at once
	RecordsPerSecond   float64            `json:"records_per_s"`
	Ratio              float64            `json:"ratio"` // to the limit
	RatioToGo          float64            `json:"ratio_to_go"`
	RatioToFirst       float64            `json:"ratio_to_first"`
	CPUPerMillion      float64            `json:"cpu_s_per_million"`
	Queries            float64            `json:"queries"`
	RSS                float64            `json:"rss_mb"` // of the process function, or of the program
	Seconds            float64            `json:"seconds"`
	Bytes              float64            `json:"bytes"` // bodies sent to the index
	MBPerMillion       float64            `json:"mb_per_million"`
	MBPerSecond        float64            `json:"mb_per_s"`
	CPU                map[string]float64 `json:"cpu_s_by_process"` // a million records
	RateSpread         [2]float64         `json:"records_per_s_spread"`
	RatioSpread        [2]float64         `json:"ratio_spread"`
	RatioToGoSpread    [2]float64         `json:"ratio_to_go_spread"`
	RatioToFirstSpread [2]float64         `json:"ratio_to_first_spread"`
}

// ratio compares a subject with another part of its scenario, round by round.
func (f *findings) ratio(s subject, name string) (ratio float64, spread [2]float64) {
	list, others := f.known[s.name()], f.known[name+s.suffix]
	if !s.all || len(list) != len(others) {
		return 0, spread
	}
	ratios := make([]float64, len(list))
	for i := range list {
		ratios[i] = list[i].rate() / others[i].rate()
	}
	m := median(ratios)
	return round(m.Median), [2]float64{round(m.Low), round(m.High)}
}

// result sums a subject up.
func (f *findings) result(s subject) result {
	r := result{NotRun: f.notRun[s.name()], Senders: s.senders(f.o), CPU: map[string]float64{}}
	list := f.known[s.name()]
	of := func(value func(reading) float64) figure { return figureOf(list, value) }
	rate := of(reading.rate)
	r.RecordsPerSecond, r.RateSpread = math.Round(rate.Median), [2]float64{math.Round(rate.Low), math.Round(rate.High)}
	r.Ratio, r.RatioSpread = f.ratio(s, limitName)
	r.RatioToGo, r.RatioToGoSpread = f.ratio(s, goName)
	r.RatioToFirst, r.RatioToFirstSpread = f.ratio(s, "first")
	r.CPUPerMillion = round(of(reading.cpuPerMillion).Median)
	r.Queries = of(func(r reading) float64 { return float64(r.queries) }).Median
	r.RSS = round(of(func(r reading) float64 { return r.rss }).High)
	r.Seconds = round4(of(func(r reading) float64 { return r.seconds }).Median)
	r.Bytes = of(func(r reading) float64 { return float64(r.bytes) }).Median
	r.MBPerMillion = round(of(func(r reading) float64 { return perMillion(float64(r.bytes)/1e6, r.records) }).Median)
	r.MBPerSecond = round(of(func(r reading) float64 { return float64(r.bytes) / 1e6 / r.seconds }).Median)
	for _, one := range list {
		for name := range one.cpu {
			r.CPU[name] = round4(of(func(r reading) float64 { return perMillion(r.cpu[name], r.records) }).Median)
		}
	}
	return r
}

// report prints the tables and, if it is wanted, the JSON.
func (f *findings) report(out io.Writer, now time.Time) error {
	all := map[string]any{"settings": f.databases}
	list := f.o.wanted()
	results := make([]result, len(list))
	for i, s := range list {
		results[i] = f.result(s)
		all[s.name()] = results[i]
	}
	_, _ = fmt.Fprintf(out, "\n%s  %d returns, %d records, %d rounds, page of %d returns, %d CPUs, load average %s\n",
		now.UTC().Format(time.DateTime), f.o.rows, f.total, f.o.repeat, f.pageSize, runtime.NumCPU(), loadAverage())
	for _, name := range []string{fast, durable} {
		if settings := f.databases[name]; settings != nil {
			_, _ = fmt.Fprintf(out, "%s database: %s\n", name, listed(settings, func(v string) string { return v }))
		}
	}
	if err := f.table(out, list, results); err != nil {
		return err
	}
	for i, s := range list {
		cpu := maps.Clone(results[i].CPU)
		maps.DeleteFunc(cpu, func(_ string, v float64) bool { return v < 0.05 }) // of processes that rest
		if len(cpu) > 0 && s.all {
			_, _ = fmt.Fprintf(out, "CPU-s a million of %s: %s\n", s.name(), listed(cpu, func(v float64) string { return fmt.Sprintf("%.1f", v) }))
		}
	}
	return f.o.encode(out, all)
}

// listed writes names and values on one line.
func listed[V any](values map[string]V, text func(V) string) string {
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(values)) {
		parts = append(parts, name+" "+text(values[name]))
	}
	return strings.Join(parts, ", ")
}

// table prints the figures for people, as Markdown.
func (f *findings) table(out io.Writer, list []subject, results []result) error {
	t := newTable(out, "", "senders", "records/s", "of the limit", "of the Go script", "of the first sync", "seconds",
		"CPU-s a million", "statements", "MB a million", "MB/s", "peak MiB")
	for i, r := range results {
		if r.NotRun != "" {
			t.row(list[i].name(), "NOT RUN: "+r.NotRun)
			continue
		}
		rate, mb := fmt.Sprintf("%.0f (%.0f to %.0f)", r.RecordsPerSecond, r.RateSpread[0], r.RateSpread[1]), fmt.Sprintf("%.0f", r.MBPerMillion)
		cpu, speed := fmt.Sprintf("%.1f", r.CPUPerMillion), fmt.Sprintf("%.1f", r.MBPerSecond)
		if !list[i].all { // a tick's speed and cost do not follow from its few records
			rate, cpu, mb, speed = "", "", "", ""
		}
		t.row(list[i].name(), fmt.Sprint(r.Senders), rate, spread(r.Ratio, r.RatioSpread), spread(r.RatioToGo, r.RatioToGoSpread),
			spread(r.RatioToFirst, r.RatioToFirstSpread), fmt.Sprintf("%.3f", r.Seconds), cpu, fmt.Sprintf("%.0f", r.Queries), mb, speed,
			fmt.Sprintf("%.0f", r.RSS))
	}
	return t.w.Flush()
}

// spread writes a ratio with its spread, and nothing where there is none.
func spread(median float64, low [2]float64) string {
	if median == 0 {
		return ""
	}
	return fmt.Sprintf("%.2f (%.2f to %.2f)", median, low[0], low[1])
}

// table is one of Markdown, so that it can be pasted, with its columns in line.
type table struct {
	w       *tabwriter.Writer
	columns int
}

// newTable begins a table.
func newTable(out io.Writer, head ...string) table {
	t := table{w: tabwriter.NewWriter(out, 0, 0, 1, ' ', 0), columns: len(head)}
	_, _ = fmt.Fprintln(t.w)
	t.row(head...)
	_, _ = fmt.Fprintln(t.w, strings.Repeat("|---\t", len(head))+"|")
	return t
}

// row writes a row; cells that are missing are empty. The last cell of a short row
// does not widen its column.
func (t table) row(cells ...string) {
	if last := len(cells) - 1; len(cells) < t.columns {
		_, _ = fmt.Fprintln(t.w, "| "+strings.Join(cells[:last], "\t| ")+"\t| "+cells[last]+strings.Repeat(" |", t.columns-last))
		return
	}
	_, _ = fmt.Fprintln(t.w, "| "+strings.Join(cells, "\t| ")+"\t|")
}

// encode ends with a line of JSON, if that is wanted.
func (o *options) encode(out io.Writer, all any) error {
	if !o.json {
		return nil
	}
	return json.NewEncoder(out).Encode(all)
}

// round keeps two decimals.
func round(v float64) float64 { return math.Round(v*100) / 100 }

// round4 keeps four decimals.
func round4(v float64) float64 { return math.Round(v*10000) / 10000 }
