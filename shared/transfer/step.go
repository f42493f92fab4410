package transfer

import (
	"fmt"
	"time"
)

// Seen is what both sides hold of a pair of records; nil for a record that is not there.
type Seen struct{ Studio, Online *Record }

// On returns the record of a side.
func (s Seen) On(side Side) *Record {
	if side == Studio {
		return s.Studio
	}
	return s.Online
}

// Act is what a job does next.
type Act uint8

// The acts.
const (
	Fail    Act = iota // finally, with Code and Reason
	Ignore             // nothing, with Reason: the job is done
	Agreed             // both sides have the same date: the job is done
	Relink             // the foreign id of side To is set to the other side's id; then decide again
	CopyNew            // the record is created on side To
	CopyOld            // the record is updated on side To
)

// Decision is the result of Decide.
type Decision struct {
	Act    Act
	To     Side
	Code   Code
	Reason string
	// At is the date that studio's record has from now on, where no row of it has a date
	// for what changed; nil leaves it.
	At *time.Time
}

// How far a job's date may lie behind and ahead of the effective date of its record.
const (
	dateBehind = 1999 * time.Millisecond
	dateAhead  = time.Minute
)

// Decide is the one step of a replication: what a job does with the records as both sides
// hold them. It is pure. The newer side is the source; where both sides changed since the
// version that they agreed on, the flow's winner is. A flow that writes one side alone has
// the other one as its source. (Each table of cases is in step_test.go.)
//
// The source of a forced job is its own side, whatever the dates are.
//
// A studio record of several tables may change without a newer date in any of its rows.
// Its job's date counts then, if it is later; an earlier one does not make old what is new.
func Decide(j Job, f Flow, s Seen) Decision {
	source := s.On(j.System)
	if source == nil {
		return Decision{Act: Fail, Code: CodeSource, Reason: j.String() + " does not exist"}
	}
	target := s.On(j.System.Other())
	if target == nil && !f.Writes(j.System.Other()) {
		return Decision{Act: Ignore, Reason: "the flow does not write " + j.System.Other().Word()}
	}
	if target == nil {
		return Decision{Act: CopyNew, To: j.System.Other(), Reason: "it exists in " + j.System.Word() + " alone"}
	}
	if d, wrong := relink(s); wrong {
		return d
	}
	if j.Forced() {
		if !f.Writes(j.System.Other()) {
			return Decision{Act: Ignore, Reason: "the flow does not write " + j.System.Other().Word()}
		}
		return Decision{Act: CopyOld, To: j.System.Other(), Reason: "the direction is forced"}
	}
	dates := map[Side]time.Time{Studio: s.Studio.Effective(), Online: s.Online.Effective()}
	lead := Micro(j.Date).Sub(dates[j.System])
	several := len(f.Tables) > 0 && j.System == Studio
	var at *time.Time
	if several && lead > dateAhead { // a row without a date changed, or one went
		date := Micro(j.Date)
		at, dates[Studio] = &date, date
	}
	// A job of an earlier run may have written already: equal dates come first, so that
	// its date is not judged again.
	if dates[Studio].Equal(dates[Online]) {
		return Decision{Act: Agreed, At: at, Reason: "both sides have the date " + dates[Studio].Format(time.RFC3339Nano)}
	}
	if !several && (lead <= -dateBehind || lead > dateAhead) {
		return unfit(j, source.Effective())
	}
	newer := Studio
	if dates[Online].After(dates[Studio]) {
		newer = Online
	}
	reason := newer.Word() + " is newer"
	older := dates[newer.Other()]
	if conflict(*s.On(newer), *s.On(newer.Other()), older) && newer != f.Winner {
		newer, reason = f.Winner, "both sides changed, and "+f.Winner.Word()+" wins"
	}
	if !f.Writes(newer.Other()) {
		newer, reason = newer.Other(), "the flow writes "+newer.Word()+" alone"
	}
	return Decision{Act: CopyOld, To: newer.Other(), Reason: reason, At: at}
}

// unfit judges a job whose date does not fit its record's.
func unfit(j Job, date time.Time) Decision {
	reason := fmt.Sprintf("the job's date %s does not fit the record's date %s", Micro(j.Date).Format(time.RFC3339Nano), date.Format(time.RFC3339Nano))
	if j.ParentID != nil {
		return Decision{Act: Ignore, Reason: reason + "; a job of its own brings the record"}
	}
	return Decision{Act: Fail, Code: CodeSource, Reason: reason}
}

// relink judges the foreign ids of two records that exist.
func relink(s Seen) (Decision, bool) {
	studio, online := s.Studio, s.Online
	switch {
	case studio.ForeignID == online.ID && online.ForeignID == studio.ID:
		return Decision{}, false
	case studio.ForeignID == 0 && online.ForeignID == studio.ID:
		return Decision{Act: Relink, To: Studio, Reason: "studio lacks the foreign id"}, true
	case online.ForeignID == 0 && studio.ForeignID == online.ID:
		return Decision{Act: Relink, To: Online, Reason: "online lacks the foreign id"}, true
	}
	return Decision{Act: Fail, Code: CodeSource, Reason: fmt.Sprintf("the foreign ids disagree: studio %d refers to online %d, online %d refers to studio %d",
		studio.ID, studio.ForeignID, online.ID, online.ForeignID)}, true
}

// conflict reports whether the older side, whose date is given, changed since the version
// that both sides agreed on, as far as both know one.
func conflict(newer, older Record, date time.Time) bool {
	return newer.SyncedVersion != nil && older.SyncedVersion != nil && !date.Equal(Micro(*newer.SyncedVersion))
}
