package alert

import (
	"slices"
	"testing"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/judge"
)

// began is where the tests' time begins.
var began = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// rules are the defaults.
func rules() Rules {
	return Rules{
		Limits: judge.Limits{OfflineAfter: 40 * time.Minute, StaleAfter: 30 * time.Minute, AbsentAfter: 24 * time.Hour, FailedRuns: 1, BudgetPercent: 90, CheckedWithin: 5 * time.Minute},
		Repeat: 24 * time.Hour, Docs: "https://docs.test",
	}
}

// world is a product whose time is the test's. Its memory is what the tables
// would keep.
type world struct {
	t     *testing.T
	rules Rules
	Facts
	open []Open
	told map[Key]int64
	next int64
	log  []string // the messages to people, in order
}

// newWorld returns a product with one entity that is well.
func newWorld(t *testing.T) *world {
	w := &world{t: t, rules: rules(), told: map[Key]int64{}}
	w.Now = began
	w.Beats = map[string]Heartbeat{}
	w.Entities = []Entity{{Name: "returns", Plan: Every(15 * time.Minute)}}
	return w
}

// entity is the only entity.
func (w *world) entity() *Entity { return &w.Entities[0] }

// snooze snoozes all that is open.
func (w *world) snooze(d time.Duration) {
	until := w.Now.Add(d)
	for i := range w.open {
		w.open[i].SnoozedUntil = &until
	}
}

// beat is a sign of life.
func (w *world) beat(name string, within time.Duration) {
	b, ok := w.Beats[name]
	if !ok || !b.Alive || w.Now.Sub(b.At) > within {
		b.Since = w.Now
	}
	b.At, b.Alive = w.Now, true
	w.Beats[name] = b
}

// tick is a tick whose run is synced at once.
func (w *world) tick() {
	w.beat(App, 30*time.Minute)
	e := w.entity()
	if e.Known.IsZero() {
		e.Known = w.Now
	}
	at := w.Now
	e.Watermark = &at
	w.ends(&e.Runs.Synced)
	e.Runs.FailedInRow = 0
}

// ends is a run that ends.
func (w *world) ends(into *Ending) int64 {
	w.next++
	*into = Ending{Run: w.next, At: w.Now}
	return w.next
}

// look is a round of the watcher.
func (w *world) look() {
	w.beat(Watcher, 12*time.Minute)
	for i := range w.Entities {
		w.Entities[i].Index = &judge.Index{At: w.Now, Exists: true}
	}
	v := w.rules.Judge(w.Facts, w.open, w.told)
	drop := func(o Open) {
		w.open = slices.DeleteFunc(w.open, func(p Open) bool { return p.ID == o.ID })
	}
	for _, a := range v.Advance {
		w.told[a.Key] = max(w.told[a.Key], a.Subject)
	}
	for _, a := range v.Raise {
		w.open = slices.DeleteFunc(w.open, func(o Open) bool { return o.Key == a.Key })
		w.next++
		w.open = append(w.open, Open{ID: w.next, Key: a.Key, Subject: a.Subject, Title: a.Title, RaisedAt: w.Now})
		w.told[a.Key] = max(w.told[a.Key], a.Subject)
		w.log = append(w.log, a.Title)
		if a.Cause == Offline {
			b := w.Beats[App]
			b.Alive = false
			w.Beats[App] = b
		}
	}
	for _, o := range v.Remind {
		for i := range w.open {
			if w.open[i].ID == o.ID {
				w.open[i].SnoozedUntil = nil
			}
		}
		w.log = append(w.log, "still: "+o.Title)
	}
	for _, o := range v.Recover {
		drop(o)
		w.log = append(w.log, "over: "+o.Title)
	}
	for _, o := range v.Drop {
		drop(o)
	}
}

// live lets time pass: every minute each runs, and every 5 minutes the watcher
// looks.
func (w *world) live(d time.Duration, each func()) {
	for end := w.Now.Add(d); w.Now.Before(end); w.Now = w.Now.Add(time.Minute) {
		if each != nil {
			each()
		}
		if w.Now.Minute()%5 == 0 {
			w.look()
		}
	}
}

// ticks ticks every 15 minutes.
func (w *world) ticks() {
	if w.Now.Minute()%15 == 0 {
		w.tick()
	}
}

// beats gives signs of life without syncing anything.
func (w *world) beats() {
	if w.Now.Minute()%15 == 0 {
		w.beat(App, 30*time.Minute)
	}
}

// expect compares the messages to people since the last call.
func (w *world) expect(when string, want ...string) {
	w.t.Helper()
	if !slices.Equal(w.log, want) {
		w.t.Errorf("%s: told %q, want %q", when, w.log, want)
	}
	w.log = nil
}
