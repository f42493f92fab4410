package transfer_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/transfer"
)

// held is what one side holds in a situation. Dates are milliseconds; -1 is none.
type held struct {
	there   bool
	link    string // none, right, wrong
	data    int    // sosync_write_date
	row     int    // write_date
	version int
	part    int // the date of a further table's row, of studio alone
}

// situation is all that a decision depends on.
type situation struct {
	studio, online held
	job            string // the side
	jobDate        int
	child          bool
	forced         bool
	winner         string
	direction      string
	several        bool // tables of studio
}

// date is the effective date of what a side holds.
func (h held) date() int {
	d := h.row
	if h.data >= 0 {
		d = h.data
	}
	return max(d, h.part)
}

// rule is one line of the rules: the first whose condition holds says what happens.
type rule struct {
	when func(s situation) bool
	then func(s situation) string
}

// own and other are what the job's side and the other one hold.
func (s situation) own() held   { return map[string]held{"fs": s.studio, "fso": s.online}[s.job] }
func (s situation) other() held { return map[string]held{"fs": s.online, "fso": s.studio}[s.job] }

// far is the other side's name.
func (s situation) far() string { return map[string]string{"fs": "fso", "fso": "fs"}[s.job] }

// closed reports whether the flow never writes a side.
func (s situation) closed(side string) bool {
	return s.direction == "to-online-only" && side == "fs" || s.direction == "to-studio-only" && side == "fso"
}

// studioDate is the date of studio: a job of several tables dates what has no date.
func (s situation) studioDate() int {
	if s.several && s.job == "fs" && s.jobDate-s.studio.date() > 60000 {
		return s.jobDate
	}
	return s.studio.date()
}

// misfit reports whether the job's date is too far from its record's.
func (s situation) misfit() bool {
	lead := s.jobDate - s.own().date()
	return (!s.several || s.job != "fs") && (lead <= -1999 || lead > 60000)
}

// source says which side is copied.
func (s situation) source() string {
	newer, older, olderDate := "fs", s.online, s.online.date()
	version := s.studio.version
	if s.online.date() > s.studioDate() {
		newer, older, olderDate, version = "fso", s.studio, s.studioDate(), s.online.version
	}
	if version >= 0 && older.version >= 0 && olderDate != version { // both changed
		newer = s.winner
	}
	switch s.direction {
	case "to-online-only":
		return "fs"
	case "to-studio-only":
		return "fso"
	}
	return newer
}

// rules are those of a replication, in their order.
var rules = []rule{
	{func(s situation) bool { return !s.own().there }, func(situation) string { return "fail" }},
	{func(s situation) bool { return !s.other().there && s.closed(s.far()) }, func(situation) string { return "ignore" }},
	{func(s situation) bool { return !s.other().there }, func(s situation) string { return "create " + s.far() }},
	{func(s situation) bool {
		return s.studio.link == "wrong" || s.online.link == "wrong" || s.studio.link == "none" && s.online.link == "none"
	}, func(situation) string { return "fail" }},
	{func(s situation) bool { return s.studio.link == "none" }, func(situation) string { return "link fs" }},
	{func(s situation) bool { return s.online.link == "none" }, func(situation) string { return "link fso" }},
	{func(s situation) bool { return s.forced && s.closed(s.far()) }, func(situation) string { return "ignore" }},
	{func(s situation) bool { return s.forced }, func(s situation) string { return "copy " + s.far() }},
	{func(s situation) bool { return s.studioDate() == s.online.date() }, func(situation) string { return "agreed" }},
	{func(s situation) bool { return s.misfit() && s.child }, func(situation) string { return "ignore" }},
	{func(s situation) bool { return s.misfit() }, func(situation) string { return "fail" }},
	{func(situation) bool { return true }, func(s situation) string {
		return "copy " + map[string]string{"fs": "fso", "fso": "fs"}[s.source()]
	}},
}

// judged is what the rules say.
func judged(s situation) string {
	for _, r := range rules {
		if r.when(s) {
			return r.then(s)
		}
	}
	return ""
}

// decided is what Decide says, in the words of the rules.
func decided(s situation) string {
	at := func(ms int) *time.Time {
		if ms < 0 {
			return nil
		}
		d := time.Date(2026, 5, 1, 10, 0, 0, 0, time.UTC).Add(time.Duration(ms) * time.Millisecond)
		return &d
	}
	record := func(h held, id, twin int64) *transfer.Record {
		if !h.there {
			return nil
		}
		r := &transfer.Record{ID: id, ForeignID: map[string]int64{"right": twin, "wrong": twin + 1}[h.link], WriteDate: at(h.data), ChangedAt: *at(h.row), SyncedVersion: at(h.version)}
		if h.part >= 0 {
			r.Parts = map[string]transfer.Record{"T": {WriteDate: at(h.part)}}
		}
		return r
	}
	f := transfer.Flow{Winner: transfer.Side(s.winner), Direction: transfer.Direction(s.direction)}
	if s.several {
		f.Tables = []transfer.Table{{Name: "T"}}
	}
	j := transfer.Job{System: transfer.Side(s.job), Date: *at(s.jobDate)}
	if s.forced {
		j.KindInfo = "forced"
	}
	if s.child {
		parent := int64(1)
		j.ParentID = &parent
	}
	d := transfer.Decide(j, f, transfer.Seen{Studio: record(s.studio, 5, 9), Online: record(s.online, 9, 5)})
	word := map[transfer.Act]string{transfer.Fail: "fail", transfer.Ignore: "ignore", transfer.Agreed: "agreed", transfer.Relink: "link", transfer.CopyNew: "create", transfer.CopyOld: "copy"}[d.Act]
	return strings.TrimSpace(word + " " + string(d.To))
}

// TestDecideByTheRules plays situations at random against the rules as they are written
// down above, which share nothing with Decide.
func TestDecideByTheRules(t *testing.T) {
	one := func(list ...string) string { return list[rand.IntN(len(list))] }
	dates := []int{0, 1, 1998, 1999, 2000, 59999, 60000, 60001, 120000}
	date := func(none bool) int {
		if none && rand.IntN(3) == 0 {
			return -1
		}
		return dates[rand.IntN(len(dates))]
	}
	seen := map[string]int{}
	for range 50000 {
		hold := func() held {
			return held{there: rand.IntN(12) > 0, link: one("right", "right", "right", "right", "right", "right", "none", "wrong"), data: date(true), row: date(false), version: date(true), part: -1}
		}
		s := situation{studio: hold(), online: hold(), job: one("fs", "fso"), jobDate: date(false) + rand.IntN(3), child: rand.IntN(4) == 0, forced: rand.IntN(5) == 0, winner: one("fs", "fso"), direction: one("both", "both", "", "to-online-only", "to-studio-only"), several: rand.IntN(3) == 0}
		if s.several && rand.IntN(2) == 0 {
			s.studio.part = date(false)
		}
		want := judged(s)
		if have := decided(s); have != want {
			t.Fatalf("%s, the rules say %s: %+v", have, want, s)
		}
		key := want
		if strings.HasPrefix(want, "copy") {
			key = fmt.Sprintf("%s of %s, several %v, %s", want, s.job, s.several, s.direction)
			if s.forced {
				key += ", forced"
			}
		}
		seen[key]++
	}
	for _, key := range []string{"fail", "ignore", "agreed", "link fs", "link fso", "create fs", "create fso", "copy fs of fs, several true, both", "copy fso of fso, several false, to-online-only", "copy fso of fs, several false, both, forced", "copy fs of fso, several true, to-studio-only, forced"} {
		if seen[key] < 20 {
			t.Errorf("%s was played %d times: %v", key, seen[key], seen)
		}
	}
}
