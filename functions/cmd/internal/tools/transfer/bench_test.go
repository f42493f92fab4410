package transfer

import (
	"strings"
	"testing"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/transfer"
	"gitlab.com/eshopbox-team/return-sync/shared/transfer/store/storetest"
)

// creates counts the jobs that created a record.
func (k *rig) creates() (n int) {
	k.Helper()
	if err := k.db.Each(k.Context(), func(j transfer.Job) error {
		if strings.Contains("\n"+string(j.Log), "\ncreate ") {
			n++
		}
		return nil
	}); err != nil {
		k.Fatal(err)
	}
	return n
}

// benchThreads are those of the worker.
const benchThreads = 16

// BenchmarkOffice carries what the office edits on both sides through both emulators, on
// sockets: five flows mixed, a third of the jobs creates a record, 16 threads, databases
// that flush every commit. Emulators, databases and worker share the processor.
//
//	go test ./functions/cmd/internal/tools/transfer -run none -bench Office -benchtime 1x
func BenchmarkOffice(b *testing.B) {
	b.Setenv("RETURN_SYNC_TEST_DURABLE", "1")
	for name, d := range map[string]struct {
		open    func(testing.TB) storetest.DB
		durable string
	}{
		"MySQL":      {storetest.MySQL, "SELECT @@innodb_flush_log_at_trx_commit = 1 AND @@sync_binlog = 1"},
		"PostgreSQL": {storetest.PostgreSQL, "SELECT current_setting('fsync') = 'on' AND current_setting('synchronous_commit') = 'on'"},
	} {
		b.Run(name, func(b *testing.B) {
			k := newRig(b, d.open(b), 1, quick(benchThreads))
			var durable bool
			if err := k.db.Pool.QueryRowContext(b.Context(), d.durable).Scan(&durable); err != nil || !durable {
				b.Fatalf("the database does not flush every commit: %v", err)
			}
			var spent time.Duration
			for range 10 {
				k.edit(300)
				spent += k.work()
			}
			counts, err := k.db.Count(b.Context(), "")
			if err != nil {
				b.Fatal(err)
			}
			jobs := counts[transfer.Done] + counts[transfer.Skipped] + counts[transfer.Failed]
			list, compared, err := compare(k.studio, k.online)
			if err != nil || len(list) > 0 || counts[transfer.Failed] > 0 {
				b.Errorf("%v, %d differences, %v", counts, len(list), err)
			}
			share := 100 * float64(k.creates()) / float64(jobs)
			if share < 30 {
				b.Errorf("%.0f %% of the jobs created a record, want 30", share)
			}
			b.ReportMetric(float64(jobs)/spent.Seconds(), "jobs/s")
			b.ReportMetric(float64(jobs), "jobs")
			b.ReportMetric(share, "creates_%")
			b.ReportMetric(float64(compared), "records")
		})
	}
}
