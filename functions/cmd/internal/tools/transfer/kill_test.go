package transfer

import (
	"context"
	"log/slog"
	"os"
	"strings"
	"testing"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/emulator/mssql"
	"gitlab.com/eshopbox-team/return-sync/shared/transfer"
	"gitlab.com/eshopbox-team/return-sync/shared/transfer/store"
	"gitlab.com/eshopbox-team/return-sync/shared/transfer/store/storetest"
	"gitlab.com/eshopbox-team/return-sync/shared/transfer/transfertest"
	"gitlab.com/eshopbox-team/return-sync/shared/transfer/worker"
)

// task is what a victim works on and when it dies.
type task struct {
	Address store.Address
	Wires   wires
	Kill    int // the number of the call at which it dies
}

// killing are the settings of workers that die: a dead one's lease ends soon, but later
// than a request that it has sent.
func killing() worker.Settings {
	s := quick(2)
	s.Lease, s.CallTimeout, s.Threads.Package = 700*time.Millisecond, time.Second, 5
	return s
}

// victim works until every job is final, or dies. False: this process is none.
func victim() (bool, error) {
	var k task
	is, err := transfertest.Victim(&k)
	if !is || err != nil {
		return is, err
	}
	db, err := store.OpenPostgreSQL(k.Address)
	if err != nil {
		return true, err
	}
	jobs := storetest.Of(db, "$").Store
	parts, err := k.Wires.parts(jobs, killing())
	if err != nil {
		return true, err
	}
	d := &transfertest.Death{At: k.Kill}
	parts.Jobs, parts.Studio, parts.Online, parts.Log = d.Jobs(jobs), d.Side(parts.Studio), d.Side(parts.Online), slog.New(slog.DiscardHandler)
	w := worker.New(parts)
	return true, transfertest.UntilDone(func() error {
		_, err := w.Run(context.Background(), nil)
		return err
	}, jobs)
}

// everyStep asks for the story of every step; without it the story plays some.
const everyStep = "RETURN_SYNC_STORY_STEPS"

// TestKillOverBothWires kills workers between a SQL Server and an Odoo that fail in every
// way: before the first call, the second one and so on, each in a round of edits of its
// own. Afterwards both sides agree, every version was written once, and no record is there
// twice.
func TestKillOverBothWires(t *testing.T) {
	t.Parallel()
	seed := time.Now().UnixNano()
	t.Logf("seed %d", seed)
	k := newRig(t, storetest.PostgreSQL(t), seed, killing())
	quiet := func() {
		t.Helper()
		if err := k.studio.SetFaults(mssql.Faults{}); err != nil {
			t.Fatal(err)
		}
		if err := k.online.SetFaults(); err != nil {
			t.Fatal(err)
		}
	}
	k.edit(40) // so that each round changes old records too
	k.work()
	first, step, rounds := 3, 13, 6
	if os.Getenv(everyStep) == "all" {
		first, step, rounds = 1, 1, 120
	}
	kills := 0
	for n := range rounds {
		quiet()
		k.edit(8)
		if err := misfortunes(k.studio, k.online); err != nil {
			t.Fatal(err)
		}
		if transfertest.Killed(t, transfertest.StartVictim(t, task{k.db.Address, k.wires, first + n*step})) {
			kills++
		}
		k.work()
	}
	quiet()
	for range 5 { // a person gives refused rights back and tries again
		if n, err := k.db.RetryFailed(t.Context(), 1000); err != nil {
			t.Fatal(err)
		} else if n == 0 {
			break
		}
		k.work()
	}
	counts, err := k.db.Count(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	list, compared, err := compare(k.studio, k.online)
	if made := k.office.records; err != nil || len(list) > 0 || compared != made {
		t.Errorf("%d differences of %d records, people made %d, %v: %s", len(list), compared, made, err, strings.Join(list, "\n"))
	}
	twice, writes := k.written.twice()
	if least := 2 * compared; len(twice) > 0 || writes < least { // each record was created and linked
		t.Errorf("of %d writes, at least %d, these were made twice: %s", writes, least, strings.Join(twice, "\n"))
	}
	if counts[transfer.Failed] > 0 || kills < rounds*2/3 || k.studio.Stats().Calls["refused"] > 0 {
		t.Errorf("%v, %d kills, %v", counts, kills, k.studio.Stats())
	}
	t.Logf("%d kills, %v, %d writes, %d records compared, faults %v and %v", kills, counts, writes, compared, k.studio.Stats().Faults, k.online.FaultCounts())
}

// TestLedgerSeesWhatIsWrittenTwice writes by hand.
func TestLedgerSeesWhatIsWrittenTwice(t *testing.T) {
	l := newLedger()
	at := time.Date(2026, 5, 1, 10, 0, 0, 1000, time.UTC)
	l.studio(mssql.Written{Table: "dbo.Person", ID: 1, Made: true, Data: true, Foreign: 7, Date: at, Version: at})
	l.studio(mssql.Written{Table: "dbo.Person", ID: 1, Data: true, Date: at.Add(time.Microsecond)})
	l.studio(mssql.Written{Table: "dbo.Person", ID: 1, Foreign: 7})
	l.studio(mssql.Written{Table: "dbo.Person", ID: 1, Version: at})
	if list, writes := l.twice(); len(list) != 0 || writes != 4 {
		t.Errorf("%v, %d", list, writes)
	}
	l.studio(mssql.Written{Table: "dbo.Person", ID: 2, Made: true, Data: true, Foreign: 7, Date: at})
	l.studio(mssql.Written{Table: "dbo.Person", ID: 1, Data: true, Date: at})
	l.studio(mssql.Written{Table: "dbo.Person", ID: 1, Version: at})
	if list, _ := l.twice(); len(list) != 3 {
		t.Errorf("%q", list)
	}
}
