package alert

import "time"

// offline judges the sign of life. A program that has never run is not offline,
// and a watcher that was blind itself first watches for as long as it allows.
func (r Rules) offline(f Facts) finding {
	beat, ever := f.Beats[App]
	if !ever {
		return finding{alert: Alert{Key: Key{Cause: Offline}}}
	}
	found := finding{alert: r.sayOffline(f, beat)}
	watched := beat.At
	if watcher, ok := f.Beats[Watcher]; ok && watcher.Since.After(watched) {
		watched = watcher.Since
	}
	switch {
	case f.Now.Sub(beat.At) <= r.OfflineAfter:
	case f.Now.Sub(watched) <= r.OfflineAfter:
		found.standing = unknown
	default:
		found.standing = holds
	}
	return found
}

// budgetSlack is how many percent of a budget have to be free again below the
// threshold, so that the alert does not come and go.
const budgetSlack = 5

// operations judges the budgets of the index.
func (r Rules) operations(f Facts) finding {
	found := finding{alert: r.sayOperations(f)}
	most := max(percent(f.Spent.Day, r.OperationsDay), percent(f.Spent.Month, r.OperationsMonth))
	switch {
	case r.OperationsDay == 0 && r.OperationsMonth == 0:
		found.standing = quiet
	case most >= r.BudgetPercent:
		found.standing = holds
	case most > r.BudgetPercent-budgetSlack:
		found.standing = unknown
	}
	return found
}

// percent is how much of a budget is used, rounded down; 0 without a budget.
func percent(used, budget int64) int64 {
	if budget == 0 {
		return 0
	}
	return 100 * used / budget
}

// absent judges whether an entity was not synced for a day although it was due.
func (r Rules) absent(f Facts, e Entity, offline standing) finding {
	return finding{alert: r.sayAbsent(f, e), standing: late(f, e, offline, r.AbsentAfter)}
}

// behind judges whether the watermark stands although ticks arrive. An idle tick
// moves it, so a quiet night is not behind.
func (r Rules) behind(f Facts, e Entity, offline standing) finding {
	found := finding{alert: r.sayBehind(f, e), standing: late(f, e, offline, 2*e.Plan.Period())}
	if found.standing == holds && f.Now.Sub(f.Beats[App].At) > min(e.Plan.Period(), heartbeatEvery)+clockSlack {
		found.standing = unknown // no ticks: the application may be going offline
	}
	return found
}

// late judges whether an entity has not been synced since the due time that is
// patience ago. Its absence counts only while the application is online and has
// known the entity since then; after an outage it takes a sync to be right again.
func late(f Facts, e Entity, offline standing, patience time.Duration) standing {
	if !e.Plan.Active() {
		return quiet
	}
	if offline != fine || e.Known.IsZero() {
		return unknown
	}
	due := e.Plan.Due(f.Now.Add(-patience)).Add(-clockSlack)
	switch {
	case !e.asOf().Before(due):
		return fine
	case e.Known.Before(due) && f.Beats[App].Since.Before(due):
		return holds
	}
	return unknown
}

// clockSlack is how far the scheduler's clock and the databases' may differ: a
// sync of a due time may look as if it came before it.
const clockSlack = time.Minute

// asOf is the watermark, the zero time before the first.
func (e Entity) asOf() time.Time {
	if e.Watermark == nil {
		return time.Time{}
	}
	return *e.Watermark
}

// failed judges runs that ended failed.
func (r Rules) failed(f Facts, e Entity) finding {
	found := ended(f, e, e.Runs.Failed)
	if e.Runs.FailedInRow < r.FailedRuns {
		found.missed = found.missed && r.FailedRuns == 1
		if found.standing == holds {
			found.standing = unknown
		}
	}
	found.alert = r.sayFailed(e)
	return found
}

// takenOver judges runs that went silent.
func (r Rules) takenOver(f Facts, e Entity) finding {
	found := ended(f, e, e.Runs.Interrupted)
	found.alert = r.sayTakenOver(e)
	return found
}

// lookBack is how old a run may be that is over and that nobody was told of.
const lookBack = 24 * time.Hour

// ended judges runs that ended badly: it holds until a later one is synced. One
// that came and went between two looks is told of all the same.
func ended(f Facts, e Entity, bad Ending) finding {
	found := finding{once: true}
	switch {
	case !e.Plan.Active():
		found.standing = quiet
	case bad.Run == 0:
	case e.Runs.Synced.Run > bad.Run:
		found.missed = f.Now.Sub(bad.At) <= lookBack
	default:
		found.standing = holds
	}
	return found
}

// parked judges records that are kept out of the index.
func (r Rules) parked(e Entity) finding {
	found := finding{alert: r.sayParked(e), news: true}
	switch {
	case !e.Plan.Active():
		found.standing = quiet
	case e.Parked > 0:
		found.standing = holds
	}
	return found
}

// drift judges what verifying found.
func (r Rules) drift(e Entity) finding {
	found := finding{alert: r.sayDrift(e)}
	switch {
	case !e.Plan.Active():
		found.standing = quiet
	case e.Drift == nil:
		found.standing = unknown
	case e.Drift.Count > 0:
		found.standing = holds
	}
	return found
}
