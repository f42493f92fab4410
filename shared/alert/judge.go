package alert

import (
	"slices"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/judge"
)

// Verdict is what is to be done.
type Verdict struct {
	Raise   []Alert // open these; one whose key is open replaces that
	Recover []Open  // close these and say so
	Drop    []Open  // close these without a word
	// Advance gives open alerts the newest subject that they stand for, so that it
	// is not reported when they are over.
	Advance []Open
	Remind  []Open  // send these again: their snooze is over and they hold
	Holding []Alert // all that holds now, new or not
}

// standing is how a cause stands.
type standing uint8

const (
	fine    standing = iota // it does not hold
	holds                   // it holds
	unknown                 // nothing can be said: what is open stays open
	quiet                   // people are not to be notified
)

// finding is how one cause stands for one entity.
type finding struct {
	alert    Alert
	standing standing
	// once: a subject that was reported is not reported again.
	once bool
	// missed: the cause is over already, and may not have been reported.
	missed bool
	// news: a newer subject is reported although an alert is open, once that is as
	// old as Rules.Repeat.
	news bool
}

// Judge says what is to be done about the facts, given what is open and the
// newest subject that was ever reported of a key.
func (r Rules) Judge(f Facts, open []Open, told map[Key]int64) Verdict {
	var v Verdict
	left := make(map[Key]Open, len(open))
	for _, o := range open {
		left[o.Key] = o
	}
	for _, found := range r.findings(f) {
		o, isOpen := left[found.alert.Key]
		delete(left, found.alert.Key)
		if isOpen && found.once && found.alert.Subject > o.Subject {
			o.Subject = found.alert.Subject
			v.Advance = append(v.Advance, o)
		}
		if isOpen {
			v.stay(found, o, r.news(f, found, o), f.Now)
			continue
		}
		fresh := !found.once || found.alert.Subject > told[found.alert.Key]
		if fresh && (found.standing == holds || found.missed) {
			v.raise(found.alert)
		}
	}
	for _, o := range open {
		_, ok := left[o.Key]
		wing := judge.WingOf(string(o.Key.Cause))
		switch {
		case !ok:
		case wing == "":
			v.Drop = append(v.Drop, o) // its entity is no more
		case slices.Contains(f.Wings, wing): // a wing says only what holds
			v.Recover = append(v.Recover, o)
		}
	}
	return v
}

// news reports whether an open alert is to be replaced.
func (r Rules) news(f Facts, found finding, o Open) bool {
	return found.news && found.alert.Subject > o.Subject && f.Now.Sub(o.RaisedAt) >= r.Repeat
}

// raise opens an alert.
func (v *Verdict) raise(a Alert) {
	v.Raise = append(v.Raise, a)
	v.Holding = append(v.Holding, a)
}

// stay decides about an alert that is open.
func (v *Verdict) stay(found finding, o Open, news bool, now time.Time) {
	snoozed := o.SnoozedUntil != nil && now.Before(*o.SnoozedUntil)
	switch {
	case found.standing == holds && news && !snoozed:
		v.raise(found.alert)
	case found.standing == holds:
		if o.SnoozedUntil != nil && !snoozed {
			v.Remind = append(v.Remind, o)
		}
		v.Holding = append(v.Holding, found.alert)
	case found.standing == fine:
		v.Recover = append(v.Recover, o)
	case found.standing == quiet:
		v.Drop = append(v.Drop, o)
	}
}

// findings judges every cause for everything.
func (r Rules) findings(f Facts) []finding {
	judged := r.judged(f)
	offline := r.offline(f, judged)
	list := []finding{offline, r.operations(f, judged)}
	for _, e := range f.Entities {
		list = append(list, r.absent(f, e, judged, offline.standing), r.behind(f, e, judged, offline.standing),
			r.failed(f, e, judged), r.takenOver(f, e, judged), r.parked(e, judged), r.drift(e, judged), r.index(e, judged))
	}
	for _, one := range f.Further {
		if one.Title != "" {
			list = append(list, finding{alert: r.sayFurther(one), standing: holds, news: true})
		}
	}
	return list
}

// judged is what package judge says holds, by cause. An alert holds only then;
// what this package adds is when people are notified of it.
func (r Rules) judged(f Facts) map[Key]bool {
	holding := map[Key]bool{}
	for _, one := range r.Findings(f) {
		if c, ok := CauseOf(one.Kind); ok {
			holding[Key{c, one.Entity}] = true
		}
	}
	return holding
}
