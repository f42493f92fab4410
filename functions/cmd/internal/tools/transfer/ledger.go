package transfer

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/emulator/mssql"
	"gitlab.com/eshopbox-team/return-sync/shared/emulator/odoo"
)

// ledger counts what transfers have written, by record and version. A version is written
// to the other side once, and noted on the source once: an update is one write, and a
// record that is created, or that Odoo is the source of, two.
type ledger struct {
	mu     sync.Mutex
	writes int
	counts map[string]int
}

// newLedger returns an empty ledger.
func newLedger() *ledger { return &ledger{counts: map[string]int{}} }

// entry is a write of transfers. version is empty for one that only links records.
type entry struct {
	place         string
	id, foreign   int64
	made, data    bool
	date, version string
}

// note counts a write.
func (l *ledger) note(e entry) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.writes++
	if e.made && e.foreign != 0 {
		l.counts[fmt.Sprintf("%s: the pair of %d was created", e.place, e.foreign)]++
	}
	switch {
	case e.data:
		l.counts[fmt.Sprintf("%s %d: the version %s was written", e.place, e.id, e.date)]++
	case e.version != "":
		l.counts[fmt.Sprintf("%s %d: the version %s was noted", e.place, e.id, e.version)]++
	default:
		l.counts[fmt.Sprintf("%s %d: the link to %d was noted", e.place, e.id, e.foreign)]++
	}
}

// studio notes a write of the studio.
func (l *ledger) studio(w mssql.Written) {
	text := func(at time.Time) string {
		if at.IsZero() {
			return ""
		}
		return at.Format(time.RFC3339Nano)
	}
	l.note(entry{"studio " + w.Table, w.ID, w.Foreign, w.Made, w.Data, text(w.Date), text(w.Version)})
}

// online notes a write of the Odoo.
func (l *ledger) online(w odoo.Written) {
	l.note(entry{"online " + w.Model, w.ID, w.Foreign, w.Made, w.Data, w.Date, w.Version})
}

// twice lists what was written more than once, and says how many writes there were.
func (l *ledger) twice() (list []string, writes int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, what := range slices.Sorted(maps.Keys(l.counts)) {
		if n := l.counts[what]; n > 1 {
			list = append(list, fmt.Sprintf("%s %d times", what, n))
		}
	}
	return list, l.writes
}

// misfortunes makes both emulators fail in every way that they know.
func misfortunes(studio *mssql.Server, online *odoo.Server) error {
	return errors.Join(
		studio.SetFaults(mssql.Faults{Rules: []mssql.Fault{
			{Kind: "deadlock", Probability: 0.03}, {Kind: "locked", Probability: 0.01}, {Kind: "reset", Probability: 0.01}, {Kind: "resetApplied", Probability: 0.02},
			{Kind: "resetApplied", Probability: 0.05, Route: "commit"}, {Kind: "slow", Probability: 0.05, DelayMS: 100}, {Kind: "denied", Probability: 0.005},
			{Kind: "loginDenied", Probability: 0.01}, {Kind: "timeout", Probability: 0.005, Max: 5}, {Kind: "timeoutApplied", Probability: 0.005, Max: 5},
		}}),
		online.SetFaults(
			odoo.Fault{Kind: "deadlock", Probability: 0.03}, odoo.Fault{Kind: "reset", Probability: 0.01}, odoo.Fault{Kind: "resetApplied", Probability: 0.02}, odoo.Fault{Kind: "html", Probability: 0.01},
			odoo.Fault{Kind: "serverError", Probability: 0.02}, odoo.Fault{Kind: "rateLimit", Probability: 0.01, RetryAfter: 1}, odoo.Fault{Kind: "slow", Probability: 0.05, DelayMS: 100},
			odoo.Fault{Kind: "accessDenied", Probability: 0.005}, odoo.Fault{Kind: "accessError", Probability: 0.005},
			odoo.Fault{Kind: "timeout", Probability: 0.005, Max: 5}, odoo.Fault{Kind: "timeoutApplied", Probability: 0.005, Max: 5},
		),
	)
}
