package main

import (
	"context"
	"slices"
)

// part is a thing that is measured in every scenario.
type part struct {
	name    string
	all     bool // it goes over all records, so that its speed compares with the limit's
	measure func(*bencher, context.Context, subject) (reading, error)
}

// parts are in the order of a round. What is compared stands side by side, and our
// run comes after limit and Go script: the server goes on writing to disk what our run
// wrote, while the others write nothing.
var parts = []part{
	{limitName, true, (*bencher).peer},
	{goName, true, (*bencher).peer},
	{"first", true, (*bencher).first},
	{nodeName, true, (*bencher).peer},
	{"second", true, (*bencher).second},
	{"tick", false, (*bencher).changed},
	{"idle", false, (*bencher).idle},
}

// scenario is what surrounds a measurement.
type scenario struct {
	suffix   string // ends the names of its subjects
	database string // a durable one flushes every commit and writes a binlog
	far      bool   // the index takes --latency to answer
}

// scenarios are all that is measured around the parts.
var scenarios = []scenario{
	{suffix: "", database: fast},
	{suffix: "_50ms", database: fast, far: true},
	{suffix: "_durable", database: durable},
}

// The databases by their settings, as the report names them.
const (
	fast    = "fast"
	durable = "durable"
)

// senders returns how many pages our run works at once. Every program that the run
// is compared with has as many senders, each of which reads a page and sends it as one
// request; our run sends a page of more than ALGOLIA_BATCH_RECORDS as two at once.
func (s scenario) senders(o options) int {
	if s.far {
		return o.limiters
	}
	return o.workers
}

// subject is a part in a scenario: a row of the report.
type subject struct {
	part
	scenario
}

// name returns the subject's name on the command line and in the report.
func (s subject) name() string { return s.part.name + s.suffix }

// subjects returns all subjects in the order of the report.
func subjects() []subject {
	var list []subject
	for _, sc := range scenarios {
		for _, p := range parts {
			list = append(list, subject{p, sc})
		}
	}
	return list
}

// names returns the names of all subjects.
func names() []string {
	var list []string
	for _, s := range subjects() {
		list = append(list, s.name())
	}
	return list
}

// wanted returns the subjects that are to be measured.
func (o *options) wanted() []subject {
	return slices.DeleteFunc(subjects(), func(s subject) bool {
		return len(o.only) > 0 && !slices.Contains(o.only, s.name())
	})
}
