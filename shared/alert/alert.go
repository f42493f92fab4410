// Package alert holds the words and rules of telling people that something is
// wrong, and that it is right again.
//
// # One alert a cause
//
//	          holds                        holds, and there is news
//	(quiet) --------> open ----------------------------------------> open anew
//	   ^                |  clear: "it is right again"
//	   |                v
//	   `------------ closed      (without a message when nobody is to be notified:
//	                              the entity was disabled or is no more)
//
// A cause is one of the constants, for one entity or for all of the product.
// While it holds it has one open alert, however often it is looked at and by
// however many: that is kept in the database. A cause of which nothing can be
// said at the moment (its entity is stale, but the whole application is offline)
// stays as it is.
//
// A person may acknowledge an open alert, which changes nothing but says who looks after
// it, and snooze it: it then sends nothing until a time, and is sent again if its cause
// still holds. The recovery is sent in any case, and so is the cause's next alert.
//
// Everything here is judged by absence, from outside: the process that failed to
// do something is the last that could report this. Judge is pure; it is given what the
// tables say (Facts, with the database's clock) and what is open.
//
// Alerts go to other systems, so they are made of our own words, of names of entities
// and of numbers: never of a row's content or of a text that others wrote.
package alert

import (
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/judge"
)

// Cause is a kind of trouble.
type Cause string

// The causes.
const (
	Offline    Cause = "offline"    // no sign of life of the application
	Absent     Cause = "absent"     // nothing synced in 24 hours although due
	Behind     Cause = "behind"     // the watermark is older than two periods although ticks arrive
	RunFailed  Cause = "run-failed" // runs ended failed
	TakenOver  Cause = "taken-over" // a run went silent and the next tick took over
	Parked     Cause = "parked"     // records are kept out of the index
	Drift      Cause = "drift"      // a verify found source and index different
	Index      Cause = "index"      // the index has other records or settings than it should, or gives no answer
	Operations Cause = "operations" // the operations budget is nearly used up
)

// CauseOf returns the cause that alerts of a kind of finding have. The other kinds
// are shown by status and the console alone: they end in one of these.
func CauseOf(k judge.Kind) (Cause, bool) {
	c, ok := map[judge.Kind]Cause{
		judge.Offline: Offline, judge.IndexRecords: Index, judge.IndexSettings: Index, judge.IndexUnchecked: Index, judge.Absent: Absent, judge.Behind: Behind,
		judge.RunFailed: RunFailed, judge.TakenOver: TakenOver, judge.Parked: Parked, judge.Drift: Drift, judge.Operations: Operations,
	}[k]
	return c, ok
}

// Causes returns all causes, the gravest first.
func Causes() []Cause {
	return []Cause{Offline, Absent, Behind, RunFailed, TakenOver, Index, Drift, Parked, Operations}
}

// Key is what one alert is about.
type Key struct {
	Cause  Cause
	Entity string // empty: the product as a whole
}

// String is the key as the database keeps it while an alert is open.
func (k Key) String() string { return string(k.Cause) + "/" + k.Entity }

// Alert is a message to people about one cause.
type Alert struct {
	Key
	// Subject is about what exactly: a run's id, or a time in microseconds. What
	// has been reported is not reported again.
	Subject int64
	Title   string
	Text    string
	Do      string // what to do about it
	Link    string // where more is said
}

// Open is an alert that is open.
type Open struct {
	ID       int64
	Key      Key
	Subject  int64
	Title    string
	RaisedAt time.Time
	// SnoozedUntil is when a snoozed alert is sent again if it still holds.
	SnoozedUntil *time.Time
}

// Outcome is how an alert stands.
type Outcome string

// The outcomes.
const (
	StillOpen Outcome = "open"
	Recovered Outcome = "recovered" // the cause is over, and people are notified
	Dropped   Outcome = "dropped"   // people are no longer to be notified
	Renewed   Outcome = "renewed"   // there was news, which a new alert reports
)

// Event is what a message says of an alert.
type Event string

// The events.
const (
	Raised Event = "raised"
	Ended  Event = "recovered"
	Test   Event = "test"
)

// Message is what is sent over a channel. Its JSON is the generic webhook's body:
// fields are added, never renamed.
type Message struct {
	AlertID     int64      `json:"alertId"` // 0 for a test
	Event       Event      `json:"event"`
	Cause       Cause      `json:"cause,omitempty"`
	Entity      string     `json:"entity,omitempty"`
	Title       string     `json:"title"`
	Text        string     `json:"text"`
	Do          string     `json:"do,omitempty"`
	Link        string     `json:"link,omitempty"`
	RaisedAt    *time.Time `json:"raisedAt,omitempty"`
	RemindedAt  *time.Time `json:"remindedAt,omitempty"` // when the alert was sent again, after a snooze
	RecoveredAt *time.Time `json:"recoveredAt,omitempty"`
}

// Headline is the message in one line.
func (m Message) Headline() string {
	switch {
	case m.Event == Ended:
		return "Recovered: " + m.Title
	case m.RemindedAt != nil:
		return "Still: " + m.Title
	}
	return m.Title
}

// LinkText is the text of a message's link.
const LinkText = "What this means and what to do"

// Remedy returns what to do and where more is said; both are empty when the cause is over.
func (m Message) Remedy() (do, link string) {
	if m.Event == Ended {
		return "", ""
	}
	return m.Do, m.Link
}

// TestMessage is a message that is about nothing.
func TestMessage(docs string) Message {
	return Message{
		Event: Test, Title: "Return-sync: test of the alerts",
		Text: "If you can read this, alerts arrive here. Nothing is wrong.", Link: docs,
	}
}
