package worker_test

import (
	"context"
	"log/slog"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/lease"
	"gitlab.com/eshopbox-team/return-sync/shared/transfer"
	"gitlab.com/eshopbox-team/return-sync/shared/transfer/store"
	"gitlab.com/eshopbox-team/return-sync/shared/transfer/store/storetest"
	"gitlab.com/eshopbox-team/return-sync/shared/transfer/transfertest"
	"gitlab.com/eshopbox-team/return-sync/shared/transfer/worker"
)

// databases are those that are measured. RETURN_SYNC_TEST_DURABLE=1 makes PostgreSQL
// flush every commit.
var databases = map[string]func(testing.TB) storetest.DB{"MySQL": storetest.MySQL, "PostgreSQL": storetest.PostgreSQL}

// repeats counts the statements that lost a race of locks.
type repeats struct{ n atomic.Int64 }

func (r *repeats) Enabled(context.Context, slog.Level) bool  { return true }
func (r *repeats) Handle(context.Context, slog.Record) error { r.n.Add(1); return nil }
func (r *repeats) WithAttrs([]slog.Attr) slog.Handler        { return r }
func (r *repeats) WithGroup(string) slog.Handler             { return r }

// createMany stores n jobs of as many records.
func createMany(b *testing.B, db storetest.DB, n int, system transfer.Side, first int64) []int64 {
	b.Helper()
	var ids []int64
	for done := 0; done < n; done += 2000 {
		drafts := make([]transfer.Draft, min(2000, n-done))
		for i := range drafts {
			drafts[i] = transfertest.Draft(first+int64(done+i), func(j *transfer.Job) {
				at := transfer.Micro(time.Now())
				j.System, j.Date, j.WriteDate = system, at, &at
			})
		}
		list, err := db.Create(b.Context(), drafts)
		if err != nil {
			b.Fatal(err)
		}
		ids = append(ids, list...)
	}
	return ids
}

// BenchmarkClaims claims and completes 20,000 jobs in four threads:
//
//	go test ./shared/transfer/worker -run none -bench Claims -benchtime 1x
func BenchmarkClaims(b *testing.B) {
	const n = 20000
	for name, open := range databases {
		b.Run(name, func(b *testing.B) {
			db := open(b)
			lost := &repeats{}
			jobs := store.New(db.Pool, db.Dialect, slog.New(lost))
			token := lease.NewToken()
			if ok, err := jobs.Hold(b.Context(), "bench", token, time.Hour); err != nil || !ok {
				b.Fatal(ok, err)
			}
			ids := make(chan int64, n)
			for _, id := range createMany(b, db, n, transfer.Studio, 1) {
				ids <- id
			}
			close(ids)
			var wait sync.WaitGroup
			var failed atomic.Int64
			b.ResetTimer()
			begun := time.Now()
			for range 4 {
				wait.Go(func() {
					for id := range ids {
						j, err := jobs.Claim(b.Context(), token, id)
						if err == nil {
							j.State = transfer.Done
							_, err = jobs.Finish(b.Context(), token, j)
						}
						if err != nil {
							failed.Add(1)
							b.Error(err)
						}
					}
				})
			}
			wait.Wait()
			rate := n / time.Since(begun).Seconds()
			b.ReportMetric(rate, "jobs/s")
			if rate < 900 {
				b.Errorf("%.0f jobs/s, want 900", rate)
			}
			b.ReportMetric(float64(failed.Load()), "errors")
			b.ReportMetric(float64(lost.n.Load()), "repeats")
			if counts, err := jobs.Count(b.Context(), ""); err != nil || counts[transfer.Done] != n || failed.Load() != 0 {
				b.Errorf("%v, %v", counts, err)
			}
		})
	}
}

// timed adds up the time in calls to both sides.
type timed struct{ spent atomic.Int64 }

// since adds the time of a call.
func (t *timed) since(begun time.Time) { t.spent.Add(int64(time.Since(begun))) }

// timedSide is a side whose calls are timed.
type timedSide struct {
	transfer.System
	*timed
}

func (s timedSide) Read(ctx context.Context, model string, id int64) (transfer.Record, error) {
	defer s.since(time.Now())
	return s.System.Read(ctx, model, id)
}

func (s timedSide) Find(ctx context.Context, model string, foreign int64) (transfer.Record, error) {
	defer s.since(time.Now())
	return s.System.Find(ctx, model, foreign)
}

func (s timedSide) Write(ctx context.Context, w transfer.Write) (transfer.Written, error) {
	defer s.since(time.Now())
	return s.System.Write(ctx, w)
}

// BenchmarkJobs runs 10,000 updates between sides in memory. A job's own time is that of
// its thread without the calls to both sides: the table, the lease, the locks, the
// decision. It reports the heap after the second tenth and after the last.
//
//	go test ./shared/transfer/worker -run none -bench Jobs -benchtime 1x
func BenchmarkJobs(b *testing.B) { benchmarkJobs(b, 10000) }

// BenchmarkMemory is BenchmarkJobs for 100,000 jobs.
func BenchmarkMemory(b *testing.B) { benchmarkJobs(b, 100000) }

// benchmarkJobs runs n jobs in four threads on each database.
func benchmarkJobs(b *testing.B, n int) {
	flows, err := transfer.Shipped()
	if err != nil {
		b.Fatal(err)
	}
	for name, open := range databases {
		b.Run(name, func(b *testing.B) {
			db := open(b)
			studio, online := transfertest.NewMemory(0, time.Now), transfertest.NewMemory(1<<30, time.Now)
			s := worker.Defaults()
			s.Debounce, s.Protocol, s.Threads = 0, false, worker.Threads{Threads: 4, Package: 200}
			calls := &timed{}
			w := worker.New(worker.Parts{Jobs: db.Store, Studio: timedSide{studio, calls}, Online: timedSide{online, calls}, Flows: flows, Settings: s, Owner: "bench", Now: time.Now, Log: slog.New(slog.DiscardHandler)})
			var heaps []uint64
			var spent time.Duration
			for part := range 10 {
				now, old := transfer.Micro(time.Now()), transfer.Micro(time.Now().Add(-time.Hour))
				for i := range n / 10 { // the same records again: the sides do not grow
					id, other := int64(i+1), int64(1<<30+i+1)
					studio.Put("dbo.Person", transfer.Record{ID: id, ForeignID: other, WriteDate: &now, SyncedVersion: &old, Fields: map[string]any{"Name": "Müller", "Plz": "1010"}})
					online.Put("res.partner", transfer.Record{ID: other, ForeignID: id, WriteDate: &old, SyncedVersion: &old, Fields: map[string]any{"lastname": "Maier"}})
				}
				createMany(b, db, n/10, transfer.Studio, 1)
				begun := time.Now()
				if r, err := w.Run(b.Context(), nil); err != nil || r.Jobs != int64(n/10) {
					b.Fatalf("part %d: %+v, %v", part, r, err)
				}
				spent += time.Since(begun)
				runtime.GC()
				var m runtime.MemStats
				runtime.ReadMemStats(&m)
				heaps = append(heaps, m.HeapAlloc)
			}
			counts, err := db.Count(b.Context(), "")
			if err != nil || counts[transfer.Done] != int64(n) || online.Writes[transfer.Update] != n {
				b.Errorf("%v, %v, %v", counts, online.Writes, err)
			}
			b.ReportMetric(float64(n)/spent.Seconds(), "jobs/s")
			own := (spent.Seconds()*float64(s.Threads.Threads) - time.Duration(calls.spent.Load()).Seconds()) * 1000 / float64(n)
			b.ReportMetric(own, "own_ms/job")
			if own > 5 {
				b.Errorf("a job costs %.1f ms of our own", own)
			}
			if float64(heaps[9]) > 1.2*float64(heaps[1])+2e6 {
				b.Errorf("the heap grows: %d", heaps)
			}
			b.ReportMetric(float64(heaps[1])/1e6, "MB_second_tenth")
			b.ReportMetric(float64(heaps[9])/1e6, "MB_last_tenth")
		})
	}
}
