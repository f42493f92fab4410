package transfers

import (
	"context"
	"encoding/xml"
	"net/http"
	"strconv"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/edge"
	"gitlab.com/eshopbox-team/return-sync/shared/fault"
	"gitlab.com/eshopbox-team/return-sync/shared/transfer/input"
	"gitlab.com/eshopbox-team/return-sync/shared/transfer/worker"
)

// part is the status of a background part.
type part struct {
	Status int    `json:"status" xml:"status"`
	Text   string `json:"status_text" xml:"status_text"`
	Error  string `json:"error,omitempty" xml:"error,omitempty"`
}

// serviceStatus is the status of the service.
type serviceStatus struct {
	XMLName  xml.Name    `json:"-" xml:"sosync_status"`
	Worker   part        `json:"job_worker" xml:"job_worker"`
	Protocol part        `json:"protocol_worker" xml:"protocol_worker"`
	Lease    leaseStatus `json:"lease" xml:"lease"`
	Drift    driftStatus `json:"drift" xml:"drift"`
}

// leaseStatus says which process works.
type leaseStatus struct {
	Held  bool       `json:"held" xml:"held"`
	Owner string     `json:"owner" xml:"owner"`
	Until *time.Time `json:"until" xml:"until,omitempty"`
}

// driftStatus says whether the clocks permit work.
type driftStatus struct {
	Locked    bool       `json:"locked" xml:"locked"`
	Until     *time.Time `json:"locked_until" xml:"locked_until,omitempty"`
	LastCheck *time.Time `json:"last_check" xml:"last_check,omitempty"`
	Problems  []string   `json:"problems" xml:"problem"`
}

// statusOf reads the status of a part.
func statusOf(ctx context.Context, p Part) (part, error) {
	s, problem, err := p.Status(ctx)
	return part{Status: int(s), Text: s.String(), Error: problem}, err
}

// status answers what the service is doing.
func (a *API) status(r *http.Request) (any, error) {
	s := serviceStatus{Drift: driftStatus{Problems: []string{}}}
	h, err := a.Jobs.Holder(r.Context())
	if err == nil {
		s.Worker, err = statusOf(r.Context(), a.Worker)
	}
	if err == nil {
		s.Protocol, err = statusOf(r.Context(), a.Protocol)
	}
	if err != nil {
		return nil, err
	}
	if h.Token != "" {
		s.Lease = leaseStatus{Held: true, Owner: h.Owner, Until: &h.Until}
	}
	state, err := a.Clocks.State(r.Context())
	if err != nil {
		return nil, err
	}
	if !state.LastCheck.IsZero() {
		s.Drift.LastCheck = &state.LastCheck
	}
	if state.LockedUntil.After(a.Now()) {
		s.Drift.Locked, s.Drift.Until = true, &state.LockedUntil
	}
	s.Drift.Problems = append(s.Drift.Problems, state.Problems...)
	return s, nil
}

// errNoCommit says that the build has no commit.
var errNoCommit = fault.New(fault.Retry, "no-version", "Could not read version: this build holds no commit id.")

// version answers with the full commit id of the build.
func (a *API) version(*http.Request) (any, error) {
	if a.Commit == "" {
		return nil, errNoCommit
	}
	return a.Commit, nil
}

// start returns the handler that starts a part.
func (a *API) start(p Part) edge.Handler {
	return func(r *http.Request) (any, error) { return "", p.Start(r.Context()) }
}

// driftAnswer is what the clocks say now, in milliseconds; a clock that is not compared or
// does not answer is null.
type driftAnswer struct {
	XMLName   xml.Name `json:"-" xml:"drift_result"`
	Drift     offsets  `json:"drift" xml:"drift"`
	Tolerance int64    `json:"tolerance" xml:"tolerance"`
	Unit      string   `json:"unit" xml:"unit"`
}

// offsets are absolute differences of clocks in milliseconds.
type offsets struct {
	NTP    *int64 `json:"ntp" xml:"ntp,omitempty"`
	Online *int64 `json:"fs_online" xml:"fs_online,omitempty"`
	Studio *int64 `json:"fs" xml:"fs,omitempty"`
}

// drift asks the clocks. It neither locks work nor postpones the next check.
func (a *API) drift(r *http.Request) (any, error) {
	reading := a.Clocks.Read(r.Context())
	if !reading.Known() {
		return nil, fault.New(fault.Retry, "no-clock", "no clock answers, so the drift is not known: %v", reading.Problems)
	}
	millis := func(d *time.Duration) *int64 {
		if d == nil {
			return nil
		}
		n := d.Milliseconds()
		return &n
	}
	return driftAnswer{
		Drift:     offsets{NTP: millis(reading.NTP), Online: millis(reading.Online), Studio: millis(reading.Studio)},
		Tolerance: a.Tolerance.Milliseconds(), Unit: "millisecond",
	}, nil
}

// forceDriftCheck forgets the lock and has the clocks read before the next package.
func (a *API) forceDriftCheck(r *http.Request) (any, error) {
	if err := a.Clocks.Reset(r.Context()); err != nil {
		return nil, err
	}
	return "", a.Worker.Start(r.Context())
}

// threadStatus is how many jobs run at once.
type threadStatus struct {
	XMLName           xml.Name   `json:"-" xml:"thread_status"`
	ConfiguredThreads int        `json:"configured_max_threads" xml:"configured_max_threads"`
	ConfiguredPackage int        `json:"configured_package_size" xml:"configured_package_size"`
	CurrentThreads    int        `json:"current_max_threads" xml:"current_max_threads"`
	CurrentPackage    int        `json:"current_package_size" xml:"current_package_size"`
	TargetThreads     *int       `json:"target_max_threads" xml:"target_max_threads,omitempty"`
	TargetPackage     *int       `json:"target_package_size" xml:"target_package_size,omitempty"`
	TargetEnd         *time.Time `json:"target_end" xml:"target_end,omitempty"`
	Active            bool       `json:"is_active" xml:"is_active"`
}

// threads answers how many jobs run at once, and changes that for a time.
func (a *API) threads(r *http.Request) (any, error) {
	if r.Method == http.MethodPost {
		return a.setThreads(r)
	}
	now, until, err := a.Pace.Now(r.Context())
	if err != nil {
		return nil, err
	}
	set := a.Pace.Configured
	s := threadStatus{ConfiguredThreads: set.Threads, ConfiguredPackage: set.Package, CurrentThreads: now.Threads, CurrentPackage: now.Package}
	if until != nil {
		s.TargetThreads, s.TargetPackage, s.TargetEnd, s.Active = &now.Threads, &now.Package, until, true
	}
	return s, nil
}

// setThreads overrides the numbers for a time.
func (a *API) setThreads(r *http.Request) (any, error) {
	bad := func(lines string) (any, error) { return edge.Result{Status: http.StatusBadRequest, Value: lines}, nil }
	o := input.Query(r.URL.Query())
	loose := len(o) > 0
	if !loose {
		var err error
		body, err := edge.LimitedBody(r, maxBody)
		if err != nil {
			return nil, err
		}
		if isXML(r) {
			o, err = input.XML(body)
			loose = true
		} else {
			o, err = input.JSON(body)
		}
		if err != nil {
			return bad(err.Error())
		}
	}
	n, wrong := input.Numbers(o, input.Rules{Loose: loose}, "threads", "packageSize", "activeSeconds")
	if wrong != nil {
		return bad(wrong.Problems.Lines())
	}
	err := a.Pace.Override(r.Context(), worker.Threads{Threads: int(n["threads"]), Package: int(n["packageSize"])}, time.Duration(n["activeSeconds"])*time.Second)
	switch {
	case fault.KindOf(err) == fault.Invalid:
		return bad(err.Error())
	case err != nil:
		return nil, err
	}
	return strconv.FormatInt(n["threads"], 10) + " threads and packages of " + strconv.FormatInt(n["packageSize"], 10) + " for " + strconv.FormatInt(n["activeSeconds"], 10) + " seconds", nil
}
