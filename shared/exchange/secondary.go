package exchange

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/fault"
	"gitlab.com/eshopbox-team/return-sync/shared/states"
)

// Secondary brings the copies of a primary's slices in line.
type Secondary struct {
	Local   Local
	Copy    Copy
	Journal Journal
	Log     *slog.Logger
	Now     func() time.Time
	Sleep   func(ctx context.Context, d time.Duration) error
	// LockTries is how often a slice is asked for that is being edited on the primary,
	// LockWait the pause between two attempts.
	LockTries int
	LockWait  time.Duration
	Steps     states.Steps
	// Progress, if not nil, is called while grains come.
	Progress func(Progress)
}

// Progress is how far the sync of one slice is.
type Progress struct {
	Partner Company
	Slice   string
	Grains  int // that came
	Bytes   int64
}

// Request says what a run covers.
type Request struct {
	Partner Company // the primary
	Sub     ID      // one subscription; First means all
	Test    bool    // change nothing (--noupdate)
}

// Sync runs one session over a connected primary. The report lists every
// subscription; a failure is in its result and does not stop the others, unless the
// session itself broke.
func (s *Secondary) Sync(ctx context.Context, remote Remote, req Request) Report {
	start := s.Now()
	run := &running{Secondary: s, remote: remote, req: req, report: NewReport(req)}
	err := run.all(ctx)
	run.report.Duration = s.Now().Sub(start)
	return s.ended(ctx, run.report, err)
}

// Unconnected reports a run that reached no session since start, and keeps its activity.
func (s *Secondary) Unconnected(ctx context.Context, req Request, start time.Time, err error) Report {
	report := NewReport(req)
	report.Duration = s.Now().Sub(start)
	return s.ended(ctx, report, err)
}

// ended sets a report's error and keeps the run's activity.
func (s *Secondary) ended(ctx context.Context, r Report, err error) Report {
	if err != nil {
		r.Error = err.Error()
	}
	if r.Test {
		return r
	}
	s.Steps.At("ended")
	if kept := s.Journal.Record(context.WithoutCancel(ctx), r.activity()); kept != nil {
		r.Error = errors.Join(err, errors.New("the run's activity could not be kept"), kept).Error()
	}
	return r
}

// running is one run of a secondary.
type running struct {
	*Secondary
	remote Remote
	req    Request
	report Report
	broken error // the session's, once it can not go on
	// listed is what the primary's list says of each slice. A copy that agrees with it needs
	// no further question.
	listed map[ID]Proof
}

// all plans and runs all subscriptions.
func (r *running) all(ctx context.Context) error {
	there, err := r.remote.Subscriptions(ctx, r.req.Test)
	if err != nil {
		return err
	}
	if err := checkListed(there); err != nil {
		return err
	}
	r.Steps.At("listed")
	r.listed = make(map[ID]Proof, len(there))
	for _, s := range there {
		r.listed[s.SliceID] = s.Slice.Proof()
	}
	plan, err := r.plan(ctx, there)
	if err != nil {
		return err
	}
	r.Steps.At("planned")
	return r.follow(ctx, plan)
}

// planTries is how often a plan is made anew because another partner's sync took a
// name meanwhile.
const planTries = 5

// plan plans what the primary's list means and, with update, applies it.
func (r *running) plan(ctx context.Context, there []Subscription) (Plan, error) {
	for try := 1; ; try++ {
		here, names, err := r.Local.Held(ctx, r.req.Partner.ID)
		if err != nil {
			return Plan{}, err
		}
		plan := PlanOf(r.req.Partner.ID, there, here, names)
		if r.req.Test {
			return plan, nil
		}
		if err := r.Local.Apply(ctx, plan); fault.KindOf(err) != fault.Superseded || try == planTries {
			return plan, err
		}
	}
}

// follow lists the plan's decisions and syncs its subscriptions.
func (r *running) follow(ctx context.Context, plan Plan) error {
	added := map[ID]bool{}
	for _, s := range plan.Add {
		added[s.ID] = true
	}
	for _, part := range []struct {
		list    []Subscription
		outcome string
	}{{plan.Deactivate, OutcomeDeactivated}, {plan.Vanish, OutcomeVanished}, {plan.Idle, OutcomeInactive}} {
		for _, s := range part.list {
			if r.covers(s) {
				r.add(Result{Subscription: s.ID, Name: s.Name, Slice: s.SliceID, Outcome: part.outcome, New: added[s.ID], Hash: s.Slice.Hash, Count: s.Slice.Count})
			}
		}
	}
	for _, s := range plan.Foreign {
		if r.covers(s) {
			r.add(Result{Subscription: s.ID, Name: s.Name, Slice: s.SliceID, Outcome: OutcomeFailed, Error: "this server has the slice already, and not from this partner"})
		}
	}
	for _, s := range plan.Sync {
		if r.covers(s) {
			result := r.subscription(ctx, s)
			result.New = added[s.ID]
			r.add(result)
		}
	}
	return r.broken
}

// covers reports whether the run is about a subscription.
func (r *running) covers(s Subscription) bool { return r.req.Sub == First || r.req.Sub == s.ID }

func (r *running) add(result Result) { r.report.Results = append(r.report.Results, result) }

// subscription syncs one subscription and reports its end to both sides.
func (r *running) subscription(ctx context.Context, s Subscription) Result {
	result := Result{Subscription: s.ID, Name: s.Name, Slice: s.SliceID, Hash: s.Slice.Hash, Count: s.Slice.Count}
	if r.broken != nil || ctx.Err() != nil {
		result.Outcome, result.Error = OutcomeFailed, "not reached: the session ended before"
		return result
	}
	start := r.Now()
	err := r.bring(ctx, s, &result)
	result.Duration = r.Now().Sub(start)
	if err != nil {
		result.Error = cut(err.Error())
		if result.Outcome = OutcomeFailed; errors.Is(err, errLocked) {
			result.Outcome = OutcomeLocked
		}
		r.Log.WarnContext(ctx, "a slice could not be synced", "partner", r.req.Partner.Name, "subscription", s.Name, "error", err)
	}
	if Broken(err) {
		r.broken = err
	} else {
		r.done(ctx, s, result)
		r.Steps.At("reported")
	}
	r.keep(context.WithoutCancel(ctx), s, result)
	return result
}

// done reports a slice's end to the primary. A primary that does not want to know is
// no failure of the slice.
func (r *running) done(ctx context.Context, s Subscription, result Result) {
	err := r.remote.Done(ctx, Done{
		Subscription: s.ID, Slice: s.SliceID, Name: s.Slice.Name, OK: result.Error == "", Error: result.Error,
		Added: result.Added, Removed: result.Removed, Bytes: result.Bytes, Duration: int64(result.Duration), Test: r.req.Test,
	})
	if err == nil {
		return
	}
	r.Log.WarnContext(ctx, "the primary did not keep an activity", "partner", r.req.Partner.Name, "subscription", s.Name, "error", err)
	if Broken(err) {
		r.broken = err
	}
}

// keep notes a failure here.
func (r *running) keep(ctx context.Context, s Subscription, result Result) {
	if result.Error == "" || r.req.Test {
		return
	}
	err := errors.Join(r.Local.Failed(ctx, s.SliceID), r.Journal.Record(ctx, Activity{
		CompanyID: r.req.Partner.ID, SubID: s.ID, Message: aboutSlice(s.Slice.Name), Error: result.Error, Duration: int64(result.Duration),
		Added: result.Added, Gone: result.Removed, Bytes: result.Bytes,
	}))
	if err != nil {
		r.Log.ErrorContext(ctx, "a failure could not be kept", "subscription", s.Name, "error", err)
	}
}

// rounds is how often a slice is compared again that changes on the primary while it
// is read.
const rounds = 5

// bring brings one slice in line.
func (r *running) bring(ctx context.Context, s Subscription, result *Result) error {
	if listed := r.listed[s.SliceID]; listed.Hash != "" && s.Slice.Proof().Equal(listed) {
		result.Outcome = OutcomeUnchanged
		return nil
	}
	state, err := r.readable(ctx, s)
	if err != nil {
		return err
	}
	r.Steps.At("stated")
	for round := 1; ; round++ {
		if s.Slice.Proof().Equal(state.Proof) {
			result.Outcome = OutcomeUnchanged
			return nil
		}
		err := r.transfer(ctx, s, state, result)
		if err == nil {
			result.Outcome, result.Hash, result.Count = OutcomeSynced, state.Hash, state.Count
			return nil
		}
		if !errors.Is(err, ErrUnproven) && !errors.Is(err, ErrKeyTwice) || Broken(err) {
			return err
		}
		again, problem := r.readable(ctx, s)
		if problem != nil {
			return problem
		}
		if again.Proof != state.Proof { // the slice changed, and nothing is said of the primary
			err = ErrUnproven
		}
		if again.Proof == state.Proof || round == rounds {
			if !r.req.Test { // what came does not lead to what was stated
				err = errors.Join(err, r.Copy.Discard(ctx, s.SliceID))
			}
			return err
		}
		state = again
	}
}

// maxCount bounds the grains of a slice.
const maxCount = 10_000_000

// readable returns a slice's state once the slice is not being edited. One that is
// locked and unchanged is readable.
func (r *running) readable(ctx context.Context, s Subscription) (State, error) {
	for try := 1; ; try++ {
		state, err := r.remote.State(ctx, s.SliceID)
		switch {
		case err != nil:
			return state, err
		case state.Count < 0 || state.Count > maxCount:
			return state, fault.New(fault.Invalid, "bad-peer", "the primary states %d grains; at most %d are taken", state.Count, maxCount)
		case state.AllowSync || s.Slice.Proof().Equal(state.Proof):
			return state, CheckMetadata(state.Metadata)
		case try >= r.LockTries:
			return state, errLocked
		}
		if err := r.Sleep(ctx, r.LockWait); err != nil {
			return state, err
		}
	}
}

// transfer fetches what differs and swaps it in; without update it only proves that
// it could.
func (r *running) transfer(ctx context.Context, s Subscription, state State, result *Result) error {
	w := &walk{running: r, slice: s.SliceID, name: s.Slice.Name, left: state.Count, bytes: &result.Bytes}
	if r.req.Test {
		w.prover = NewProver()
	}
	if err := w.compare(ctx, Whole, state.Count, 0); err != nil {
		return err
	}
	if err := w.finish(ctx); err != nil {
		return err
	}
	result.Added, result.Removed = w.added, w.removed
	if r.req.Test {
		if have := w.prover.Proof(state.Metadata); !have.Equal(state.Proof) {
			return ErrUnproven
		}
		return nil
	}
	r.Steps.At("compared")
	err := r.Copy.Swap(ctx, Swap{Slice: s.SliceID, Want: state.Proof, Type: state.Type, Date: state.Date, Metadata: state.Metadata, Steps: r.Steps})
	r.Steps.At("swapped")
	if fault.KindOf(err) == fault.Invalid { // what is staged can never be swapped in
		return errors.Join(err, r.Copy.Discard(ctx, s.SliceID))
	}
	return err
}

// checkListed refuses a list of subscriptions that cannot be kept.
func checkListed(list []Subscription) error {
	ids, held := map[ID]bool{}, map[ID]bool{}
	for _, s := range list {
		if s.ID == First || s.SliceID == First || s.Slice == nil || s.Slice.ID != s.SliceID {
			return fault.New(fault.Invalid, "bad-peer", "the primary lists a subscription without id or slice")
		}
		if ids[s.ID] || held[s.SliceID] {
			return fault.New(fault.Invalid, "bad-peer", "the primary lists the subscription %s or its slice twice", s.ID)
		}
		ids[s.ID], held[s.SliceID] = true, true
		if err := errors.Join(checkName(s.Name), checkName(s.Slice.Name), CheckType(s.Slice.Type)); err != nil {
			return fault.Wrap(err, fault.Invalid, "bad-peer", "the primary lists a subscription that cannot be kept")
		}
	}
	return nil
}

// checkName refuses a name that CleanName refuses.
func checkName(name string) error {
	_, err := CleanName(name)
	return err
}
