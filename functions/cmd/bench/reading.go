package main

import (
	"context"
	"os"
	"slices"
	"strings"
	"time"

	"gitlab.com/eshopbox-team/return-sync/functions/process"
)

// reading is one measurement.
type reading struct {
	seconds float64
	records int64
	bytes   int64
	queries int64              // statements that reached the database
	touched int64              // rows that the database's engine was asked for
	cpu     map[string]float64 // seconds by process
	rss     float64            // MiB at most of the process that works
}

// rate returns records a second.
func (r reading) rate() float64 { return float64(r.records) / r.seconds }

// cpuPerMillion returns the CPU seconds of all processes a million records.
func (r reading) cpuPerMillion() float64 {
	sum := 0.0
	for _, s := range r.cpu {
		sum += s
	}
	return perMillion(sum, r.records)
}

// perMillion returns an amount a million records, 0 where there are none.
func perMillion(amount float64, records int64) float64 {
	if records == 0 {
		return 0
	}
	return amount / float64(records) * 1e6
}

// watch measures what a function does.
func (w *world) watch(ctx context.Context, what func(context.Context) error) (reading, error) {
	r := reading{cpu: map[string]float64{}}
	list := family()
	for _, p := range list {
		p.resetPeak()
	}
	before, err := w.counters(ctx)
	if err != nil {
		return r, err
	}
	bytes, used, began := w.sink.bytes.Load(), cpuOf(list), time.Now()
	if err := what(ctx); err != nil {
		return r, err
	}
	r.seconds = time.Since(began).Seconds()
	for name, s := range cpuOf(list) {
		if d := s - used[name]; d > 0 {
			r.cpu[name] = d
		}
	}
	after, err := w.counters(ctx)
	const own = 1 // the question about the counters
	r.queries, r.touched = after["Questions"]-before["Questions"]-own, after["Handler_read"]-before["Handler_read"]
	r.bytes = w.sink.bytes.Load() - bytes
	for _, p := range list {
		if p.name == process.Function.Name {
			r.rss = p.peakMiB()
		}
	}
	return r, err
}

// figure is the median of a value and its spread.
type figure struct {
	Median float64 `json:"median"`
	Low    float64 `json:"low"`
	High   float64 `json:"high"`
}

// figureOf returns the median and the spread of what of gives for readings.
func figureOf(list []reading, of func(reading) float64) figure {
	values := make([]float64, len(list))
	for i, r := range list {
		values[i] = of(r)
	}
	return median(values)
}

// median returns the median of values and their spread.
func median(values []float64) figure {
	if len(values) == 0 {
		return figure{}
	}
	slices.Sort(values)
	n := len(values)
	return figure{Median: (values[n/2] + values[(n-1)/2]) / 2, Low: values[0], High: values[n-1]}
}

// loadAverage returns the machine's load, empty where the system does not give one.
func loadAverage() string {
	text, _ := os.ReadFile("/proc/loadavg")
	fields := strings.Fields(string(text))
	return strings.Join(fields[:min(3, len(fields))], " ")
}
