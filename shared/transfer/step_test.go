package transfer_test

import (
	"math/rand/v2"
	"testing"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/transfer"
)

// sec returns a time n seconds after a fixed one.
func sec(n int) *time.Time {
	t := time.Date(2026, 5, 1, 10, 0, 0, 0, time.UTC).Add(time.Duration(n) * time.Second)
	return &t
}

// rec returns a record with its link, date and synced version (-1 for none).
func rec(id, foreign int64, date, synced int) *transfer.Record {
	r := &transfer.Record{ID: id, ForeignID: foreign, WriteDate: sec(date), ChangedAt: *sec(999)}
	if synced >= 0 {
		r.SyncedVersion = sec(synced)
	}
	return r
}

func TestDecide(t *testing.T) {
	parent := int64(1)
	for name, c := range map[string]struct {
		system         transfer.Side
		studio, online *transfer.Record
		date           int
		child          bool
		winner         transfer.Side
		act            transfer.Act
		to             transfer.Side
	}{
		"the source is gone":            {transfer.Studio, nil, rec(9, 5, 0, -1), 0, false, "", transfer.Fail, ""},
		"studio alone":                  {transfer.Studio, rec(5, 0, 10, -1), nil, 10, false, "", transfer.CopyNew, transfer.Online},
		"online alone":                  {transfer.Online, nil, rec(9, 0, 10, -1), 10, false, "", transfer.CopyNew, transfer.Studio},
		"studio is newer":               {transfer.Studio, rec(5, 9, 10, 0), rec(9, 5, 0, 0), 10, false, "", transfer.CopyOld, transfer.Online},
		"online is newer":               {transfer.Online, rec(5, 9, 0, 0), rec(9, 5, 10, 0), 10, false, "", transfer.CopyOld, transfer.Studio},
		"newer than the job's side":     {transfer.Studio, rec(5, 9, 10, -1), rec(9, 5, 20, -1), 10, false, "", transfer.CopyOld, transfer.Studio},
		"equal":                         {transfer.Studio, rec(5, 9, 10, 0), rec(9, 5, 10, 0), 500, false, "", transfer.Agreed, ""},
		"a job that is too old":         {transfer.Studio, rec(5, 9, 10, -1), rec(9, 5, 0, -1), 8, false, "", transfer.Fail, ""},
		"a job from the future":         {transfer.Studio, rec(5, 9, 10, -1), rec(9, 5, 0, -1), 71, false, "", transfer.Fail, ""},
		"a child that is too old":       {transfer.Studio, rec(5, 9, 10, -1), rec(9, 5, 0, -1), 8, true, "", transfer.Ignore, ""},
		"a minute is allowed":           {transfer.Studio, rec(5, 9, 10, -1), rec(9, 5, 0, -1), 70, false, "", transfer.CopyOld, transfer.Online},
		"conflict, studio wins":         {transfer.Online, rec(5, 9, 5, 0), rec(9, 5, 10, 0), 10, false, "", transfer.CopyOld, transfer.Online},
		"conflict, online wins":         {transfer.Studio, rec(5, 9, 10, 0), rec(9, 5, 5, 0), 10, false, transfer.Online, transfer.CopyOld, transfer.Studio},
		"no conflict without a version": {transfer.Online, rec(5, 9, 5, -1), rec(9, 5, 10, 0), 10, false, "", transfer.CopyOld, transfer.Studio},
		"studio lacks the link":         {transfer.Studio, rec(5, 0, 10, -1), rec(9, 5, 10, -1), 10, false, "", transfer.Relink, transfer.Studio},
		"online lacks the link":         {transfer.Studio, rec(5, 9, 10, -1), rec(9, 0, 10, -1), 10, false, "", transfer.Relink, transfer.Online},
		"links that disagree":           {transfer.Studio, rec(5, 9, 10, -1), rec(9, 6, 10, -1), 10, false, "", transfer.Fail, ""},
	} {
		j := transfer.Job{System: c.system, Model: "m", RecordID: 1, Date: *sec(c.date)}
		if c.child {
			j.ParentID = &parent
		}
		f := transfer.Flow{Winner: transfer.Studio}
		if c.winner != "" {
			f.Winner = c.winner
		}
		d := transfer.Decide(j, f, transfer.Seen{Studio: c.studio, Online: c.online})
		if d.Act != c.act || d.To != c.to || d.Reason == "" || d.Act == transfer.Fail && d.Code != transfer.CodeSource {
			t.Errorf("%s: %+v, want act %d to %q", name, d, c.act, c.to)
		}
	}
}

func TestDecideByTheMillisecond(t *testing.T) {
	for lead, want := range map[time.Duration]transfer.Act{
		-1999 * time.Millisecond: transfer.Fail, -1998 * time.Millisecond: transfer.CopyOld,
		time.Minute: transfer.CopyOld, time.Minute + time.Millisecond: transfer.Fail,
	} {
		j := transfer.Job{System: transfer.Studio, Date: sec(10).Add(lead)}
		if d := transfer.Decide(j, transfer.Flow{Winner: transfer.Studio}, transfer.Seen{Studio: rec(5, 9, 10, -1), Online: rec(9, 5, 0, -1)}); d.Act != want {
			t.Errorf("%v: %+v", lead, d)
		}
	}
}

// TestDecideConverges applies decisions to random pairs until both sides agree: that takes
// three steps at most, and neither side's decision depends on which side's job it is.
func TestDecideConverges(t *testing.T) {
	for range 5000 {
		n := func() int { return rand.IntN(4) }
		s := transfer.Seen{Studio: rec(5, []int64{0, 9}[rand.IntN(2)], n(), n()-1), Online: rec(9, []int64{0, 5}[rand.IntN(2)], n(), n()-1)}
		if s.Studio.ForeignID == 0 && s.Online.ForeignID == 0 {
			continue
		}
		f := transfer.Flow{Winner: []transfer.Side{transfer.Studio, transfer.Online}[rand.IntN(2)]}
		job := func(side transfer.Side) transfer.Job {
			return transfer.Job{System: side, Date: s.On(side).Effective()}
		}
		for step := 0; ; step++ {
			d := transfer.Decide(job(transfer.Studio), f, s)
			if other := transfer.Decide(job(transfer.Online), f, s); other.Act != d.Act || other.To != d.To {
				t.Fatalf("%+v or %+v for %+v", d, other, s)
			}
			if d.Act == transfer.Agreed {
				break
			}
			if step == 3 {
				t.Fatalf("still %+v", d)
			}
			from, to := s.On(d.To.Other()), s.On(d.To)
			switch d.Act {
			case transfer.Relink:
				to.ForeignID = from.ID
			case transfer.CopyOld:
				at := from.Effective()
				to.WriteDate, to.SyncedVersion, from.SyncedVersion = &at, &at, &at
			default:
				t.Fatalf("%+v", d)
			}
		}
	}
}
