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
}

// How far a job's date may lie behind and ahead of the effective date of its record.
const (
	dateBehind = 1999 * time.Millisecond
	dateAhead  = time.Minute
)

// Decide is the one step of a replication: what a job does with the records as both sides
// hold them. It is pure. The newer side is the source; where both sides changed since the
// version that they agreed on, the flow's winner is. (Each table of cases is in step_test.go.)
func Decide(j Job, f Flow, s Seen) Decision {
	source := s.On(j.System)
	if source == nil {
		return Decision{Act: Fail, Code: CodeSource, Reason: j.String() + " does not exist"}
	}
	target := s.On(j.System.Other())
	if target == nil {
		return Decision{Act: CopyNew, To: j.System.Other(), Reason: "it exists in " + j.System.Word() + " alone"}
	}
	if d, wrong := relink(s); wrong {
		return d
	}
	// A job of an earlier run may have written already: equal dates come first, so that
	// its date is not judged again.
	studio, online := s.Studio.Effective(), s.Online.Effective()
	if studio.Equal(online) {
		return Decision{Act: Agreed, Reason: "both sides have the date " + studio.Format(time.RFC3339Nano)}
	}
	if lead := Micro(j.Date).Sub(source.Effective()); lead <= -dateBehind || lead > dateAhead {
		reason := fmt.Sprintf("the job's date %s does not fit the record's date %s", Micro(j.Date).Format(time.RFC3339Nano), source.Effective().Format(time.RFC3339Nano))
		if j.ParentID != nil {
			return Decision{Act: Ignore, Reason: reason + "; a job of its own brings the record"}
		}
		return Decision{Act: Fail, Code: CodeSource, Reason: reason}
	}
	newer := Studio
	if online.After(studio) {
		newer = Online
	}
	reason := newer.Word() + " is newer"
	if conflict(*s.On(newer), *s.On(newer.Other())) && newer != f.Winner {
		newer, reason = f.Winner, "both sides changed, and "+f.Winner.Word()+" wins"
	}
	return Decision{Act: CopyOld, To: newer.Other(), Reason: reason}
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

// conflict reports whether the older side changed since the version that both sides
// agreed on, as far as both know one.
func conflict(newer, older Record) bool {
	return newer.SyncedVersion != nil && older.SyncedVersion != nil && !older.Effective().Equal(Micro(*newer.SyncedVersion))
}
