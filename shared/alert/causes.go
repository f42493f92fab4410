package alert

import (
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/judge"
)

// offline judges the sign of life. A program that has never run is not offline,
// and a watcher that was blind itself first watches for as long as it allows.
func (r Rules) offline(f Facts, judged map[Key]bool) finding {
	beat, ever := f.Beats[App]
	if !ever {
		return finding{alert: Alert{Key: Key{Cause: Offline}}}
	}
	found := finding{alert: r.sayOffline(f, beat), standing: standingOf(judged, Key{Cause: Offline})}
	if watcher, ok := f.Beats[Watcher]; found.standing == holds && ok && f.Now.Sub(watcher.Since) <= r.OfflineAfter {
		found.standing = unknown
	}
	return found
}

// budgetSlack is how many percent of a budget have to be free again below the
// threshold, so that the alert does not come and go.
const budgetSlack = 5

// operations judges the budgets of the index.
func (r Rules) operations(f Facts, judged map[Key]bool) finding {
	found := finding{alert: r.sayOperations(f), standing: standingOf(judged, Key{Cause: Operations})}
	switch {
	case r.OperationsDay == 0 && r.OperationsMonth == 0:
		found.standing = quiet
	case found.standing == fine && r.Used(f.Spent) > r.BudgetPercent-budgetSlack:
		found.standing = unknown
	}
	return found
}

// standingOf is how a cause stands by the findings alone.
func standingOf(judged map[Key]bool, k Key) standing {
	if judged[k] {
		return holds
	}
	return fine
}

// absent judges whether an entity was not synced for a day although it was due.
func (r Rules) absent(f Facts, e Entity, judged map[Key]bool, offline standing) finding {
	due := e.Plan.Due(f.Now.Add(-r.AbsentAfter)).Add(-judge.ClockSlack)
	return finding{alert: r.sayAbsent(f, e), standing: late(f, e, lateness{due, judged[Key{Absent, e.Name}], offline})}
}

// behind judges whether the watermark stands although ticks arrive. An idle tick
// moves it, so a quiet night is not behind.
func (r Rules) behind(f Facts, e Entity, judged map[Key]bool, offline standing) finding {
	due := e.Plan.Due(f.Now.Add(-r.Patience(e.Plan))).Add(-judge.ClockSlack)
	found := finding{alert: r.sayBehind(f, e), standing: late(f, e, lateness{due, judged[Key{Behind, e.Name}], offline})}
	if found.standing == holds && f.Now.Sub(f.Beats[App].At) > min(e.Plan.Period(), heartbeatEvery)+judge.ClockSlack {
		found.standing = unknown // no ticks: the application may be going offline
	}
	return found
}

// lateness is the input of late beside facts and entity.
type lateness struct {
	due     time.Time // the due time since which nothing was synced, if judged
	judged  bool      // package judge says that it holds
	offline standing
}

// late says whether people are notified of an entity that is late. Its lateness
// counts only while the application is online and has known the entity since the
// due time; after an outage it takes a sync to be right again.
func late(f Facts, e Entity, l lateness) standing {
	switch {
	case !e.Plan.Active():
		return quiet
	case l.offline != fine || e.Known.IsZero():
		return unknown
	case !l.judged && e.Watermark != nil:
		return fine
	case l.judged && e.Known.Before(l.due) && f.Beats[App].Since.Before(l.due):
		return holds
	}
	return unknown
}

// asOf is the watermark, the zero time before the first.
func asOf(e Entity) time.Time {
	if e.Watermark == nil {
		return time.Time{}
	}
	return *e.Watermark
}

// failed judges runs that ended failed.
func (r Rules) failed(f Facts, e Entity, judged map[Key]bool) finding {
	found := ended(f, e, e.Runs.Failed, judged[Key{RunFailed, e.Name}])
	if e.Runs.FailedInRow < r.FailedRuns {
		found.missed = found.missed && r.FailedRuns == 1
	}
	found.alert = r.sayFailed(e)
	return found
}

// takenOver judges runs that went silent.
func (r Rules) takenOver(f Facts, e Entity, judged map[Key]bool) finding {
	found := ended(f, e, e.Runs.Interrupted, judged[Key{TakenOver, e.Name}])
	found.alert = r.sayTakenOver(e)
	return found
}

// lookBack is the greatest age of an ended run that may still be reported.
const lookBack = 24 * time.Hour

// ended judges runs that ended badly: it holds until a later one is synced. A
// failure that began and ended between two checks is still reported.
func ended(f Facts, e Entity, bad Ending, judged bool) finding {
	found := finding{once: true}
	switch {
	case !e.Plan.Active():
		found.standing = quiet
	case judged:
		found.standing = holds
	case e.Runs.Bad(bad):
		found.standing = unknown // too few in a row to say so
	case bad.Run > 0:
		found.missed = f.Now.Sub(bad.At) <= lookBack
	}
	return found
}

// parked judges records that are kept out of the index.
func (r Rules) parked(e Entity, judged map[Key]bool) finding {
	return finding{alert: r.sayParked(e), news: true, standing: unlessDisabled(e, standingOf(judged, Key{Parked, e.Name}))}
}

// unlessDisabled says nothing of an entity that is not to be synced.
func unlessDisabled(e Entity, s standing) standing {
	if !e.Plan.Active() {
		return quiet
	}
	return s
}

// drift judges what verifying found.
func (r Rules) drift(e Entity, judged map[Key]bool) finding {
	found := finding{alert: r.sayDrift(e), standing: unlessDisabled(e, standingOf(judged, Key{Drift, e.Name}))}
	if found.standing == fine && e.Drift == nil {
		found.standing = unknown
	}
	return found
}

// index judges what the index answered about itself.
func (r Rules) index(e Entity, judged map[Key]bool) finding {
	return finding{alert: r.sayIndex(e), standing: unlessDisabled(e, standingOf(judged, Key{Index, e.Name}))}
}
