package main

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"runtime"
	"slices"
	"strings"
	"text/tabwriter"
	"time"
)

// reading is one measurement: values by the key of their column.
type reading map[string]float64

// figure sums up a value of all rounds.
type figure struct {
	Median float64 `json:"median"`
	Low    float64 `json:"low"`
	High   float64 `json:"high"`
	P95    float64 `json:"p95"`
}

// figureOf sums values up.
func figureOf(values []float64) figure {
	n := len(values)
	if n == 0 {
		return figure{}
	}
	slices.Sort(values)
	return figure{Median: (values[n/2] + values[(n-1)/2]) / 2, Low: values[0], High: values[n-1], P95: values[n*95/100]}
}

// column is a figure of every subject that has values for it.
type column struct {
	key  string // of the values, and of the figure in the JSON
	head string // empty: the column is in the JSON alone
	show func(figure) string
	// to names the subject that a subject is compared with; nil: with none. The figure
	// is then the ratio of the values of the key of, round by round.
	to func(subject string) string
	of string
}

// The forms of a cell.
func whole(f figure) string   { return fmt.Sprintf("%.0f", f.Median) }
func tenths(f figure) string  { return fmt.Sprintf("%.1f", f.Median) }
func precise(f figure) string { return fmt.Sprintf("%.3f", f.Median) }
func highest(f figure) string { return fmt.Sprintf("%.0f", f.High) }
func late(f figure) string    { return fmt.Sprintf("%.0f", f.P95) }
func wholes(f figure) string  { return fmt.Sprintf("%.0f (%.0f to %.0f)", f.Median, f.Low, f.High) }
func ratio(f figure) string   { return fmt.Sprintf("%.2f", f.Median) }
func ratios(f figure) string  { return fmt.Sprintf("%.2f (%.2f to %.2f)", f.Median, f.Low, f.High) }

// figure sums a subject up for a column; false if the subject has no such value.
func (s *study) figure(c column, name string) (figure, bool) {
	var values []float64
	for i, r := range s.readings[name] {
		if c.to == nil {
			if v, ok := r[c.key]; ok {
				values = append(values, v)
			}
			continue
		}
		others := s.readings[c.to(name)]
		if v := r[c.of]; v > 0 && i < len(others) && others[i][c.of] > 0 {
			values = append(values, v/others[i][c.of])
		}
	}
	return figureOf(values), len(values) > 0
}

// report prints the table and, with --json, a line of JSON.
func (s *study) report(o options, out io.Writer, now time.Time) error {
	_, _ = fmt.Fprintf(out, "\n%s  %d rounds, %d CPUs, load average %s\n", now.UTC().Format(time.DateTime), o.repeat, runtime.NumCPU(), loadAverage())
	all, settings := map[string]any{}, map[string]map[string]string{}
	w := tabwriter.NewWriter(out, 0, 0, 1, ' ', 0)
	heads := slices.DeleteFunc(slices.Clone(s.columns), func(c column) bool { return c.head == "" })
	line, rule := "|", "|---\t"
	for _, c := range heads {
		line, rule = line+"\t| "+c.head, rule+"|---\t"
	}
	_, _ = fmt.Fprintf(w, "\n%s\t|\n%s|\n", line, rule)
	var cpu strings.Builder
	for _, one := range slices.Concat(s.groups...) {
		if one.notes != "" {
			_, _ = fmt.Fprintln(out, one.notes)
		}
		if one.settings != nil {
			settings[one.name] = one.settings
		}
		for _, sub := range one.subjects {
			if sub.notRun != "" {
				all[sub.name] = map[string]string{"not_run": sub.notRun}
				_, _ = fmt.Fprintf(w, "| %s\t| NOT RUN: %s%s\n", sub.name, sub.notRun, strings.Repeat(" |", len(heads)))
				continue
			}
			figures := s.row(w, sub.name)
			all[sub.name] = figures
			if used := usedBy(figures); used != "" && figures["records_per_s"].Median > 0 {
				_, _ = fmt.Fprintf(&cpu, "CPU-s a million of %s: %s\n", sub.name, used)
			}
		}
	}
	if len(settings) > 0 {
		all["settings"] = settings
	}
	if err := w.Flush(); err != nil {
		return err
	}
	_, _ = io.WriteString(out, cpu.String())
	if !o.json {
		return nil
	}
	return json.NewEncoder(out).Encode(all)
}

// cpuOfProcess begins the keys of the CPU seconds of single processes.
const cpuOfProcess = "cpu_s_of_"

// row prints the figures of a subject and returns them by key.
func (s *study) row(w io.Writer, name string) map[string]figure {
	figures := map[string]figure{}
	_, _ = fmt.Fprintf(w, "| %s", name)
	for _, c := range s.columns {
		cell := ""
		if f, ok := s.figure(c, name); ok {
			figures[c.key] = f
			if c.head != "" {
				cell = c.show(f)
			}
		}
		if c.head != "" {
			_, _ = fmt.Fprintf(w, "\t| %s", cell)
		}
	}
	_, _ = fmt.Fprintln(w, "\t|")
	for _, r := range s.readings[name] {
		for key := range r {
			if strings.HasPrefix(key, cpuOfProcess) {
				figures[key], _ = s.figure(column{key: key}, name)
			}
		}
	}
	return figures
}

// usedBy lists the CPU seconds of each process that is not at rest.
func usedBy(figures map[string]figure) string {
	used := map[string]float64{}
	for key, f := range figures {
		if process, ok := strings.CutPrefix(key, cpuOfProcess); ok && f.Median >= 0.05 {
			used[process] = f.Median
		}
	}
	return listed(used, "%.1f")
}

// listed writes names and values on one line.
func listed[V any](values map[string]V, format string) string {
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(values)) {
		parts = append(parts, fmt.Sprintf("%s "+format, name, values[name]))
	}
	return strings.Join(parts, ", ")
}
