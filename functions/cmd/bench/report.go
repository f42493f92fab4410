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

// told is one subject's part of the JSON.
type told struct {
	RecordsPerSecond float64            `json:"records_per_s"`
	Ratio            float64            `json:"ratio"` // to the limit of the same round and latency
	CPUPerMillion    float64            `json:"cpu_s_per_million"`
	Queries          float64            `json:"queries"`
	RSS              float64            `json:"rss_mb"`
	Seconds          float64            `json:"seconds"`
	Bytes            float64            `json:"bytes"`
	CPU              map[string]float64 `json:"cpu_s_by_process"` // a million records; of a tick's, seconds
	RateSpread       [2]float64         `json:"records_per_s_spread"`
	RatioSpread      [2]float64         `json:"ratio_spread"`
}

// limitOf is what a subject is compared with.
func limitOf(subject string) string {
	if strings.HasSuffix(subject, farSuffix) {
		return "limit" + farSuffix
	}
	return "limit"
}

// tell sums a subject up.
func (b *bencher) tell(subject string) told {
	list := b.known[subject]
	rate := figureOf(list, reading.rate)
	t := told{
		RecordsPerSecond: math.Round(rate.Median), RateSpread: [2]float64{math.Round(rate.Low), math.Round(rate.High)},
		CPUPerMillion: round(figureOf(list, reading.cpuPerMillion).Median),
		Queries:       figureOf(list, func(r reading) float64 { return float64(r.queries) }).Median,
		RSS:           round(figureOf(list, func(r reading) float64 { return r.rss }).High),
		Seconds:       round4(figureOf(list, func(r reading) float64 { return r.seconds }).Median),
		Bytes:         figureOf(list, func(r reading) float64 { return float64(r.bytes) }).Median,
		CPU:           map[string]float64{},
	}
	if limits := b.known[limitOf(subject)]; len(limits) == len(list) && len(list) > 0 && list[0].records > 0 {
		var ratios []float64
		for i, r := range list {
			ratios = append(ratios, r.rate()/limits[i].rate())
		}
		m := median(ratios)
		t.Ratio, t.RatioSpread = round(m.Median), [2]float64{round(m.Low), round(m.High)}
	}
	for _, r := range list {
		for name := range r.cpu {
			t.CPU[name] = round4(figureOf(list, func(r reading) float64 { return r.cpu[name] / max(1, float64(r.records)) * 1e6 }).Median)
		}
	}
	return t
}

// report prints the table and, if it is wanted, the JSON.
func (b *bencher) report(out io.Writer, now time.Time) error {
	all := map[string]told{}
	for _, s := range subjects {
		if len(b.known[s]) > 0 {
			all[s] = b.tell(s)
		}
	}
	_, _ = fmt.Fprintf(out, "\n%s  %d returns, %d records, %d rounds, page of %d returns, %d CPUs, load average %s\n\n",
		now.UTC().Format(time.DateTime), b.o.rows, b.total, b.o.repeat, b.def.PageSize, runtime.NumCPU(), loadAverage())
	if err := b.table(out, all); err != nil {
		return err
	}
	if !b.o.json {
		return nil
	}
	return json.NewEncoder(out).Encode(all)
}

// table prints the figures for people.
func (b *bencher) table(out io.Writer, all map[string]told) error {
	t := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	_, _ = fmt.Fprintln(t, "\trecords/s\tspread\tof the limit\tspread\tseconds\tcpu s/million\tqueries\tMB sent\tpeak MiB\t")
	for _, s := range subjects {
		f, ok := all[s]
		if !ok {
			continue
		}
		_, _ = fmt.Fprintf(t, "%s\t%.0f\t%.0f to %.0f\t%.2f\t%.2f to %.2f\t%.3f\t%.1f\t%.0f\t%.1f\t%.0f\t\n",
			s, f.RecordsPerSecond, f.RateSpread[0], f.RateSpread[1], f.Ratio, f.RatioSpread[0], f.RatioSpread[1],
			f.Seconds, f.CPUPerMillion, f.Queries, f.Bytes/1e6, f.RSS)
	}
	if err := t.Flush(); err != nil {
		return err
	}
	for _, s := range subjects {
		f, ok := all[s]
		if !ok || len(f.CPU) == 0 {
			continue
		}
		_, _ = fmt.Fprintf(out, "cpu of %s:", s)
		for _, name := range slices.Sorted(maps.Keys(f.CPU)) {
			_, _ = fmt.Fprintf(out, "  %s %.1f", name, f.CPU[name])
		}
		_, _ = fmt.Fprintln(out, "  (seconds a million records)")
	}
	return nil
}

// round keeps two decimals.
func round(v float64) float64 { return math.Round(v*100) / 100 }

// round4 keeps four decimals.
func round4(v float64) float64 { return math.Round(v*10000) / 10000 }
