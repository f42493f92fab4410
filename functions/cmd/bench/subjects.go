package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"gitlab.com/eshopbox-team/return-sync/functions/internal/rehearsal"
)

// part is a measurement that every scenario has.
type part struct {
	name    string
	some    bool                                           // goes over some records: its speed does not compare with the limit's
	measure func(context.Context, *world) (reading, error) // nil: a program does the work
}

// parts are in the order of a round. Parts that are compared are neighbours. The first
// sync follows limit and Go script, because the server still flushes the writes of the
// sync afterwards, and the programs write nothing.
var parts = []part{
	{name: limitName},
	{name: goName},
	{name: "first", measure: first},
	{name: nodeName},
	{name: "second", measure: second},
	{name: "tick", some: true, measure: changed},
	{name: "idle", some: true, measure: idle},
}

// scenario surrounds a measurement.
type scenario struct {
	suffix   string // of the names of its subjects
	database string
	far      bool // the index takes --latency to answer
}

var scenarios = []scenario{{"", fast, false}, {"_50ms", fast, true}, {"_durable", durable, false}}

// The databases by their settings, as the report names them. A durable database
// flushes every commit and writes a binlog.
const (
	fast    = "fast"
	durable = "durable"
)

// names returns the names of all subjects of the main study.
func names() []string {
	var list []string
	for _, sc := range scenarios {
		for _, p := range parts {
			list = append(list, p.name+sc.suffix)
		}
	}
	return list
}

// inScenarioOf returns the name of another part in the scenario of a subject.
func inScenarioOf(part string) func(subject string) string {
	return func(subject string) string {
		_, suffix, _ := strings.Cut(subject, "_")
		return strings.TrimSuffix(part+"_"+suffix, "_")
	}
}

// syncColumns are those of the main study.
var syncColumns = []column{
	{key: "senders", head: "senders", show: whole},
	{key: "records_per_s", head: "records/s", show: wholes},
	{key: "ratio", head: "of the limit", show: ratios, to: inScenarioOf(limitName), of: "records_per_s"},
	{key: "ratio_to_go", head: "of the Go script", show: ratios, to: inScenarioOf(goName), of: "records_per_s"},
	{key: "ratio_to_first", head: "of the first sync", show: ratios, to: inScenarioOf("first"), of: "records_per_s"},
	{key: "seconds", head: "seconds", show: precise},
	{key: "cpu_s_per_million", head: "CPU-s a million", show: tenths},
	{key: "queries", head: "statements", show: whole},
	{key: "mb_per_million", head: "MB a million", show: whole},
	{key: "mb_per_s", head: "MB/s", show: tenths},
	{key: "rss_mb", head: "peak MiB", show: highest},
	{key: "bytes"},
}

// syncStudy compares syncs with programs that do the same work.
func syncStudy(ctx context.Context, o options, dir string, log io.Writer) (*study, error) {
	if err := o.checkSync(); err != nil {
		return nil, err
	}
	peers, missing, err := preparePeers(ctx, dir, o, log)
	if err != nil {
		return nil, err
	}
	server, unbuilt := o.server(ctx, dir, log)
	setups := map[string]*setup{fast: {name: fast}, durable: {name: durable}}
	for _, sc := range scenarios {
		for _, p := range parts {
			name, on := p.name+sc.suffix, setups[sc.database]
			if len(o.only) > 0 && !slices.Contains(o.only, name) {
				continue
			}
			sub := subject{name: name, notRun: missing[p.name]}
			if p.measure != nil {
				sub.notRun = unbuilt
			}
			if sc.database == durable && o.dsn != "" {
				sub.notRun = "the server of --dsn has its own settings, which the other rows measure; without --dsn a durable server is started"
			}
			sub.measure = func(ctx context.Context, w *world, round int) (reading, error) {
				return w.measure(ctx, p, sc, peers[p.name], round)
			}
			on.subjects = append(on.subjects, sub)
		}
	}
	for _, one := range setups {
		one.open = func(ctx context.Context) (*world, error) { return openSync(ctx, o, one, server, log) }
	}
	return &study{columns: syncColumns, groups: [][]*setup{{setups[fast]}, {setups[durable]}}}, nil
}

// server builds the deployed program, which is the process function. It returns no program
// where this one is to be profiled or nothing of the product is measured, and the reason
// where the program cannot be built.
func (o options) server(ctx context.Context, dir string, log io.Writer) (program, unbuilt string) {
	ours := func(subject string) bool {
		name, _, _ := strings.Cut(subject, "_")
		return slices.ContainsFunc(parts, func(p part) bool { return p.name == name && p.measure != nil })
	}
	if o.profile != "" || len(o.only) > 0 && !slices.ContainsFunc(o.only, ours) {
		return "", ""
	}
	_, _ = fmt.Fprintln(log, "building the server")
	program, err := rehearsal.BuildServer(ctx, dir, log)
	if err != nil {
		return "", "the process function cannot run: run bench in the module's folder, with the Go tools installed: " + err.Error()
	}
	return program, ""
}

// checkSync refuses flags that make no sense.
func (o *options) checkSync() error {
	switch {
	case o.rows[0] < 1000 || len(o.rows) > 1:
		return fmt.Errorf("--rows is %v; want one number of at least 1000", o.rows[0])
	case o.workers < 1 || o.limiters < 1:
		return errors.New("--workers and --workers-latency must be at least 1")
	case o.latency < 0:
		return fmt.Errorf("--latency is %v; want 0 or more", o.latency)
	}
	for _, s := range o.only {
		if !slices.Contains(names(), s) {
			return fmt.Errorf("--only %s is no subject: want some of %s", s, strings.Join(names(), ", "))
		}
	}
	return nil
}
