package exchange

import (
	"fmt"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/fault"
)

// ErrUnproven says that a slice's grains do not have the hash and count that the
// primary stated. Nothing was changed.
var ErrUnproven = fault.New(fault.Retry, "proof-failed", "content hash or count do not match after sync; the old content was kept")

// ErrKeyTwice says that two grains of a slice would have one grain_key. That is the
// primary's mistake, unless the slice changed on the primary while it was read: a grain with
// new content has another id, and both may have been listed.
var ErrKeyTwice = fault.New(fault.Invalid, "bad-peer", "two grains of the slice have one grain_key; the old content was kept")

// errLocked says that the primary's slice is being edited.
var errLocked = fault.New(fault.Retry, "slice-locked", "slice locked (being updated) on server")

// The outcomes of a subscription in a run.
const (
	OutcomeSynced      = "synced"
	OutcomeUnchanged   = "unchanged"
	OutcomeDeactivated = "deactivated" // by the primary
	OutcomeInactive    = "inactive"    // switched off here
	OutcomeVanished    = "vanished"    // no longer listed by the primary; content kept
	OutcomeLocked      = "locked"      // being edited on the primary, whatever was tried
	OutcomeFailed      = "failed"
)

// Result is how one subscription ended.
type Result struct {
	Subscription ID     `json:"subscription"`
	Name         string `json:"name"`
	Slice        ID     `json:"slice"`
	Outcome      string `json:"outcome"`
	New          bool   `json:"new,omitempty"` // the subscription was not known before
	Added        int    `json:"added"`         // grains
	Removed      int    `json:"removed"`       // grains
	Bytes        int64  `json:"bytes"`         // of payloads that crossed
	Hash         string `json:"hash"`          // of the content afterwards
	Count        int    `json:"count"`         // of the grains afterwards
	Error        string `json:"error,omitempty"`
	// Duration is the only field in which a run without update may differ from the run
	// that follows it.
	Duration time.Duration `json:"duration"`
}

// Report is how a run with one partner ended.
type Report struct {
	Partner  Company       `json:"partner"`
	Test     bool          `json:"noupdate"`
	Results  []Result      `json:"results"`
	Error    string        `json:"error,omitempty"` // of the session as a whole
	Duration time.Duration `json:"duration"`
}

// NewReport returns the report of a run without results so far.
func NewReport(req Request) Report {
	return Report{Partner: req.Partner, Test: req.Test, Results: []Result{}}
}

// activity returns the run's activity.
func (r *Report) activity() Activity {
	a := Activity{CompanyID: r.Partner.ID, Success: r.OK(), Message: aboutPartner(r.Partner), Error: r.Error, Duration: int64(r.Duration)}
	if n := r.Failures(); a.Error == "" && n > 0 {
		a.Error = fmt.Sprintf("%d of %d subscriptions failed", n, len(r.Results))
	}
	a.Added, a.Gone, a.Bytes = r.totals()
	a.Error = cut(a.Error)
	return a
}

// OK reports whether nothing failed.
func (r *Report) OK() bool { return r.Error == "" && r.Failures() == 0 }

// Failures returns how many subscriptions failed.
func (r *Report) Failures() (n int) {
	for _, one := range r.Results {
		if one.Error != "" {
			n++
		}
	}
	return n
}

// totals returns the sums over the results.
func (r *Report) totals() (added, removed int, bytes int64) {
	for _, one := range r.Results {
		added, removed, bytes = added+one.Added, removed+one.Removed, bytes+one.Bytes
	}
	return added, removed, bytes
}
