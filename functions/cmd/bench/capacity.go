package main

import (
	"container/heap"
	"fmt"
	"io"
	"math"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"
)

// What one change costs, as measured by this program (shared/README.md, "The bench") or
// set by the design.
const (
	recordsPerReturn    = 2.26
	pageReturns         = 500
	readsPerChange      = 3    // a window reaches 30 minutes over its 15
	pageSeconds         = 2.0  // of one delivery in the cloud, with a database and an index that are away
	databaseCPU         = 20.3 // processor seconds of the database, a million records
	ioPerRecord         = 4    // blocks read or written a record where none is in memory: the worst case
	ledgerBytes         = 120  // of a record's row in the ledger, with its indexes
	recordBytes         = 900  // of a record in the index
	instanceConnections = 16   // of the process function: terraform/scaling.tf
	peak                = 4    // a busy hour has four times the day's average: an assumption
	tickSeconds         = 900
)

// What a quota or a machine gives. Google's are documented; Algolia publishes no rate and
// no size, so its two are assumptions to be settled by contract.
const (
	queueRate     = 500.0  // Cloud Tasks: dispatches a second, of a queue
	indexRate     = 5000.0 // Algolia: records a second, of an index
	indexBytes    = 100e9  // Algolia: of an index
	diskIO        = 60000.0
	databaseCores = 32.0
	connections   = 4000.0 // Cloud SQL's largest max_connections
	processSlots  = 4000.0 // Cloud Run: 1,000 instances, four pages at once
)

// need is a resource that a load wants so much of, at the peak.
type need struct {
	name       string
	want, have float64
}

// needs returns what a load of so many changes a day wants of each resource.
func needs(changes float64) []need {
	returns := changes / 86400 * peak
	pages := returns * readsPerChange / pageReturns
	records := returns * recordsPerReturn
	return []need{
		{"Algolia's records a second, an index", records, indexRate},
		{"database I/O a second", records * ioPerRecord, diskIO},
		{"pages at once (Cloud Run)", pages * pageSeconds, processSlots},
		{"database connections", math.Ceil(pages*pageSeconds/4) * instanceConnections, connections}, // four pages an instance
		{"tasks a second (Cloud Tasks)", pages, queueRate},
		{"database cores", records * readsPerChange * databaseCPU / 1e6, databaseCores},
	}
}

// scarcest returns the resource that ends first.
func scarcest(list []need) need {
	found := list[0]
	for _, n := range list {
		if n.want/n.have > found.want/found.have {
			found = n
		}
	}
	return found
}

// moments is a heap of times at which a slot is free.
type moments []float64

func (m moments) Len() int           { return len(m) }
func (m moments) Less(i, j int) bool { return m[i] < m[j] }
func (m moments) Swap(i, j int)      { m[i], m[j] = m[j], m[i] }
func (m *moments) Push(x any)        { *m = append(*m, x.(float64)) }
func (m *moments) Pop() any {
	last := (*m)[len(*m)-1]
	*m = (*m)[:len(*m)-1]
	return last
}

// play simulates a queue on virtual time: windows, one every so many seconds, of so many
// pages each; slots that work on one page at a time; a rate at which the queue dispatches.
// It returns when each window's last page ended, counted from the window's beginning.
func play(windows, pages int, every, page float64, slots int, rate float64) []float64 {
	free := make(moments, slots)
	var ended []float64
	dispatch := 0.0
	for w := range windows {
		begin := float64(w) * every
		last := begin
		for range pages {
			dispatch = max(dispatch+1/rate, begin)
			at := max(dispatch, free[0])
			free[0] = at + page
			heap.Fix(&free, 0)
			last = max(last, at+page)
		}
		ended = append(ended, last-begin)
	}
	return ended
}

// slotsFor returns the slots with which a peak's windows end within a tick.
func slotsFor(changes float64) int {
	return max(16, int(math.Ceil(1.25*changes/86400*peak*readsPerChange/pageReturns*pageSeconds)))
}

// capacity prints what ends first at each load.
func capacity(out io.Writer) error {
	w := tabwriter.NewWriter(out, 1, 1, 1, ' ', tabwriter.Debug)
	row := func(cells ...string) { _, _ = fmt.Fprintln(w, "|"+strings.Join(cells, "\t ")+"\t") }
	loads := []float64{1e6, 10e6, 100e6}
	row("at the peak of", " 1 million changes a day", " 10 million", " 100 million", " there is")
	row("---", "---", "---", "---", "---")
	for i, n := range needs(1) {
		cells := []string{" " + n.name}
		for _, load := range loads {
			cells = append(cells, fmt.Sprintf("%.3g", needs(load)[i].want))
		}
		row(append(cells, fmt.Sprintf("%.0f", n.have))...)
	}
	ends, slots, drains, shards, operations := []string{" ends first"}, []string{" pages at once that are set"}, []string{" a window's pages end after, s"}, []string{" indexes, by ranges of accounts"}, []string{" operations of the index a month, million"}
	run, sql := []string{" process, $ a month"}, []string{" Cloud SQL in two zones, $ a month"}
	for _, load := range loads {
		f := scarcest(needs(load))
		ends = append(ends, fmt.Sprintf("%s, %.0f %%", strings.Split(f.name, ",")[0], 100*f.want/f.have))
		n := slotsFor(load)
		slots = append(slots, fmt.Sprint(n))
		pages := int(math.Ceil(load / 86400 * peak * tickSeconds * readsPerChange / pageReturns))
		ended := play(16, pages, tickSeconds, pageSeconds, n, queueRate)
		drains = append(drains, fmt.Sprintf("%.0f", ended[len(ended)-1]))
		shards = append(shards, fmt.Sprint(int(math.Ceil(load/86400*peak*recordsPerReturn/indexRate))))
		operations = append(operations, fmt.Sprintf("%.0f", load*30*recordsPerReturn/1e6))
		run = append(run, fmt.Sprintf("%.0f", load*30*readsPerChange/pageReturns*pageSeconds*(0.000024+0.5*0.0000025)))
		cores := max(2, math.Pow(2, math.Ceil(math.Log2(2*needs(load)[len(needs(load))-1].want))))
		disk := max(100, needs(load)[1].want/30)
		sql = append(sql, fmt.Sprintf("%.0f", 2*730*cores*(0.0413+3.75*0.007)+2*0.17*disk))
	}
	for _, cells := range [][]string{ends, slots, drains, shards, operations, run, sql} {
		row(append(cells, "")...)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	const returns = 1e9
	_, err := fmt.Fprintf(out, "\n1 billion returns: %.2f billion records, %.0f GB of ledger, %.0f GB in %.0f indexes; a first sync with %d pages at once takes %.0f hours, with Algolia's rate of that many indexes %.0f.\n",
		returns*recordsPerReturn/1e9, returns*recordsPerReturn*ledgerBytes/1e9, returns*recordsPerReturn*recordBytes/1e9, math.Ceil(returns*recordsPerReturn*recordBytes/indexBytes), 64,
		play(1, returns/pageReturns, 0, pageSeconds, 64, queueRate)[0]/3600, returns*recordsPerReturn/indexRate/math.Ceil(returns*recordsPerReturn*recordBytes/indexBytes)/3600)
	return err
}

// capacityCmd is the command that prints the table.
func capacityCmd(out io.Writer) *cobra.Command {
	return &cobra.Command{
		Use: "capacity", Short: "What ends first at 1, 10 and 100 million changes a day, on paper", Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error { return capacity(out) },
	}
}
