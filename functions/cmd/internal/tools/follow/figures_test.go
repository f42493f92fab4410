package follow

import (
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	function "gitlab.com/eshopbox-team/return-sync/functions/follow"
	"gitlab.com/eshopbox-team/return-sync/functions/internal/rehearsal"
)

// The figures that following has to reach on a machine that does nothing else.
const (
	mostP50    = 60 * time.Millisecond
	mostP95    = 150 * time.Millisecond
	mostP99    = 400 * time.Millisecond
	leastRows  = 2000.0 // row events a second, sustained
	mostMemory = 48.0   // MiB of resident memory at the peak, the program's pages among them
)

// deployed has the program of the images follow in the place of this one, whose tests would
// be measured too. It returns the process's id.
func (w *world) deployed(b *testing.B) int {
	b.Helper()
	program, err := rehearsal.BuildServer(b.Context(), b.TempDir(), os.Stderr)
	if err != nil {
		b.Fatal(err)
	}
	if err := w.Kill(function.Name); err != nil {
		b.Fatal(err)
	}
	cmd, _, err := rehearsal.ServeDeployed(b.Context(), w.Stack, program, function.Name, os.Stderr)
	if err != nil {
		b.Fatal(err)
	}
	w.equal() // what was missed between the two is compared
	return cmd.Process.Pid
}

// BenchmarkFresh measures the time from COMMIT to searchable, at 50 commits a second for
// RETURN_SYNC_FOLLOW_SECONDS (30).
func BenchmarkFresh(b *testing.B) {
	seconds, _ := strconv.Atoi(os.Getenv("RETURN_SYNC_FOLLOW_SECONDS"))
	if seconds == 0 {
		seconds = 30
	}
	w := start(b, 2000, rehearsal.Options{})
	pid := w.deployed(b)
	const perSecond = 50
	done := make(chan time.Duration, seconds*perSecond)
	type one struct{ root, item uint64 }
	var list []one
	for n := range 1000 {
		root, item := w.item(n)
		list = append(list, one{root, item})
	}
	tick := time.NewTicker(time.Second / perSecond)
	defer tick.Stop()
	for b.Loop() {
		for n := range seconds * perSecond {
			<-tick.C
			at := list[n%len(list)]
			want := int64(100_000 * (1 + n/len(list)))
			w.exec("UPDATE order_return SET row_version = row_version + 100000 WHERE id = ?", at.root)
			committed := time.Now()
			go func() {
				for w.version(fmt.Sprintf("R%d-%d", at.root, at.item)) < want && time.Since(committed) < time.Minute {
					time.Sleep(time.Millisecond)
				}
				done <- time.Since(committed)
			}()
		}
	}
	var waits []time.Duration
	for range seconds * perSecond {
		waits = append(waits, <-done)
	}
	slices.Sort(waits)
	for _, p := range []struct {
		name string
		at   int
		most time.Duration
	}{{"p50", 500, mostP50}, {"p95", 950, mostP95}, {"p99", 990, mostP99}} {
		took := waits[min(len(waits)*p.at/1000, len(waits)-1)]
		b.ReportMetric(float64(took.Microseconds())/1000, "ms-"+p.name)
		if took > p.most {
			b.Errorf("%s: %v, want at most %v", p.name, took, p.most)
		}
	}
	memory := rehearsal.Memory(pid, "VmHWM")
	b.ReportMetric(memory, "MiB")
	if memory > mostMemory {
		b.Errorf("%.0f MiB, want at most %.0f", memory, mostMemory)
	}
	w.equal()
}

// BenchmarkRows measures how many row events a second are followed: 100 returns change in
// each transaction, as fast as the database commits.
func BenchmarkRows(b *testing.B) {
	seconds, _ := strconv.Atoi(os.Getenv("RETURN_SYNC_FOLLOW_SECONDS"))
	if seconds == 0 {
		seconds = 30
	}
	w := start(b, 20_000, rehearsal.Options{})
	events := 0
	pid := w.deployed(b)
	before, began := processorTime(b, pid), time.Now()
	tick := time.NewTicker(40 * time.Millisecond) // 2,500 rows a second
	defer tick.Stop()
	for b.Loop() {
		for n := 0; time.Since(began) < time.Duration(seconds)*time.Second; n++ {
			<-tick.C
			from := n * 100 % 19_900
			w.exec("UPDATE order_return SET row_version = row_version + 1 WHERE id > ? AND id <= ?", from, from+100)
			events += 100
		}
	}
	written := time.Since(began)
	w.confirmed()
	all, used := time.Since(began), processorTime(b, pid)-before
	w.equal()
	b.Logf("written in %v, synced after %v", written, all)
	rate := float64(events) / all.Seconds()
	b.ReportMetric(float64(events)/written.Seconds(), "rows/s-written")
	b.ReportMetric(rate, "rows/s")
	b.ReportMetric(used.Seconds()/all.Seconds(), "cores")
	memory := rehearsal.Memory(pid, "VmHWM")
	b.ReportMetric(memory, "MiB")
	if rate < leastRows || memory > mostMemory || used > all {
		b.Errorf("%.0f rows a second, %.0f MiB, %v of %v of processor time", rate, memory, used, all)
	}
}

// processorTime returns how much processor time a process has used.
func processorTime(b *testing.B, pid int) time.Duration {
	b.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		b.Fatal(err)
	}
	// The program's name, in brackets, may have spaces; user and system time are the
	// fields 14 and 15, in hundredths of a second.
	fields := strings.Fields(string(text)[strings.LastIndex(string(text), ")")+1:])
	user, err1 := strconv.Atoi(fields[11])
	system, err2 := strconv.Atoi(fields[12])
	if err1 != nil || err2 != nil {
		b.Fatal(err1, err2)
	}
	return time.Duration(user+system) * 10 * time.Millisecond
}
