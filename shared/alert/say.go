package alert

import (
	"fmt"
	"strings"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/judge"
)

// clock is how times are shown to people, in UTC.
const clock = "2006-01-02 15:04 UTC"

// linked returns an alert with the link to its paragraph.
func (r Rules) linked(a Alert) Alert {
	if r.Docs != "" {
		a.Link = r.Docs + "#" + a.Cause.Anchor()
	}
	return a
}

// Anchor is where the page of the alerts speaks of the cause: of a wing's cause
// reports/report-failed at alert-reports-report-failed.
func (c Cause) Anchor() string {
	if judge.WingOf(string(c)) != "" {
		return "alert-" + strings.ReplaceAll(string(c), "/", "-")
	}
	return map[Cause]string{
		Offline: "alert-heartbeat-missing", Absent: "alert-nothing-synced", Behind: "alert-index-behind", RunFailed: "alert-run-failed",
		TakenOver: "alert-run-taken-over", Parked: "alert-records-parked", Drift: "alert-drift-found", Index: "alert-index-wrong", Operations: "alert-operations-budget",
	}[c]
}

// sayOffline says that there is no sign of life.
func (r Rules) sayOffline(f Facts, beat Heartbeat) Alert {
	return r.linked(Alert{
		Key: Key{Cause: Offline}, Subject: beat.At.UnixMicro(), Title: "Sync application offline",
		Text: fmt.Sprintf("No heartbeat since %s, for %s. Nothing is synced meanwhile; nothing is lost: the next sync covers the time.",
			beat.At.UTC().Format(clock), span(f.Now.Sub(beat.At))),
		Do: "Look whether the cron function answers GET /api with Hello world!, whether Cloud Scheduler's job returnsUpdateCron is on, and whether the database answers: returnsync status.",
	})
}

// sayAbsent says that nothing was synced.
func (r Rules) sayAbsent(f Facts, e Entity) Alert {
	text := "It has never been synced"
	if at := asOf(e); !at.IsZero() {
		text = fmt.Sprintf("The last sync is as of %s, %s ago", at.UTC().Format(clock), span(f.Now.Sub(at)))
	}
	return r.linked(Alert{
		Key: Key{Absent, e.Name}, Title: fmt.Sprintf("%s failed: nothing synced in %s", e.Name, span(r.AbsentAfter)),
		Text: text + ", although the application runs and a sync was due.",
		Do:   fmt.Sprintf("See why: returnsync runs list --entity %s; returnsync logs --entity %s. Start one and follow it: returnsync sync --entity %s --wait.", e.Name, e.Name, e.Name),
	})
}

// sayBehind says that the watermark stands.
func (r Rules) sayBehind(f Facts, e Entity) Alert {
	text := "It has never been synced"
	if at := asOf(e); !at.IsZero() {
		text = fmt.Sprintf("The index holds what the database held at %s, %s ago", at.UTC().Format(clock), span(f.Now.Sub(at)))
	}
	return r.linked(Alert{
		Key: Key{Behind, e.Name}, Title: e.Name + ": the index is behind",
		Text: fmt.Sprintf("%s. A sync is due every %s.", text, span(e.Plan.Period())),
		Do:   "See whether a run is under way, and what the last one says: returnsync status --entity " + e.Name + ".",
	})
}

// sayFailed says that runs failed.
func (r Rules) sayFailed(e Entity) Alert {
	title, text := e.Name+": a sync failed", fmt.Sprintf("Run %d ended failed.", e.Runs.Failed.Run)
	if n := e.Runs.FailedInRow; n > 1 {
		title, text = fmt.Sprintf("%s: %d syncs in a row failed", e.Name, n), fmt.Sprintf("Run %d ended failed, as %d before it did.", e.Runs.Failed.Run, n-1)
	}
	return r.linked(Alert{
		Key: Key{RunFailed, e.Name}, Subject: e.Runs.Failed.Run, Title: title,
		Text: text + " Nothing is lost: the next run covers the same time again.",
		Do:   fmt.Sprintf("See why: returnsync runs show %d. If the next run fails too, remove that cause.", e.Runs.Failed.Run),
	})
}

// sayTakenOver says that a run went silent.
func (r Rules) sayTakenOver(e Entity) Alert {
	return r.linked(Alert{
		Key: Key{TakenOver, e.Name}, Subject: e.Runs.Interrupted.Run, Title: e.Name + ": a sync went silent and was taken over",
		Text: fmt.Sprintf("The lease of run %d ran out before it ended; the next tick took over and covers the same time again.", e.Runs.Interrupted.Run),
		Do: fmt.Sprintf("See how far it came: returnsync runs show %d. If it happens again, look at memory and time limits of the window and process functions.",
			e.Runs.Interrupted.Run),
	})
}

// sayParked says that records are kept out of the index.
func (r Rules) sayParked(e Entity) Alert {
	a := Alert{
		Key: Key{Parked, e.Name}, Title: fmt.Sprintf("%s: records kept out of the index: %d", e.Name, e.Parked),
		Text: "They are too large, or the index refused them. What the index held of them before stays.",
		Do:   "See why: returnsync parked list --entity " + e.Name + ". A record is tried again when its row changes.",
	}
	if e.ParkedAt != nil {
		a.Subject = e.ParkedAt.UnixMicro()
	}
	return r.linked(a)
}

// sayDrift says that source and index differ.
func (r Rules) sayDrift(e Entity) Alert {
	a := Alert{
		Key: Key{Drift, e.Name}, Title: e.Name + ": source and index differ",
		Do: judge.DriftDo(e.Name),
	}
	if e.Drift != nil {
		a.Subject = e.Drift.At.UnixMicro()
		a.Text = fmt.Sprintf("Verifying found records that differ: %d.", e.Drift.Count)
	}
	return r.linked(a)
}

// sayIndex says what is wrong with the index itself. It holds numbers and names of
// settings, and no text that the index wrote.
func (r Rules) sayIndex(e Entity) Alert {
	a := Alert{Key: Key{Index, e.Name}, Title: e.Name + ": the index is not what it should be", Text: "The index was never checked.", Do: judge.UncheckedDo(e.Name)}
	switch x := e.Index; {
	case x == nil:
	case x.Problem != "":
		a.Text = fmt.Sprintf("It gave no answer when it was asked at %s.", x.At.UTC().Format(clock))
	case !x.Exists || x.Records < x.Least || x.Records > x.Most:
		a.Text = fmt.Sprintf("It has %d records where the ledger allows %d to %d.", x.Records, x.Least, x.Most)
		a.Do = judge.DriftDo(e.Name)
		if !x.Exists {
			a.Do = judge.SettingsDo(e.Name) + "; then " + a.Do
		}
	case len(x.Settings) > 0:
		a.Text = fmt.Sprintf("Settings that differ from the definition: %s.", strings.Join(x.Settings, ", "))
		a.Do = judge.SettingsDo(e.Name)
	default:
		a.Text = fmt.Sprintf("It was checked completely last before %s.", x.At.UTC().Format(clock))
	}
	return r.linked(a)
}

// sayFurther says what another wing found.
func (r Rules) sayFurther(f judge.Further) Alert {
	return r.linked(Alert{Key: Key{Cause(f.Cause()), f.Entity}, Subject: f.Subject, Title: f.Title, Text: f.Text, Do: f.Do})
}

// sayOperations says that a budget is nearly used up.
func (r Rules) sayOperations(f Facts) Alert {
	text := fmt.Sprintf("%d of %d operations were sent to the index in 30 days.", f.Spent.Month, r.OperationsMonth)
	if judge.Percent(f.Spent.Day, r.OperationsDay) > judge.Percent(f.Spent.Month, r.OperationsMonth) {
		text = fmt.Sprintf("%d of %d operations were sent to the index in 24 hours.", f.Spent.Day, r.OperationsDay)
	}
	return r.linked(Alert{
		Key: Key{Cause: Operations}, Title: "The operations budget is nearly used up", Text: text + " Syncs go on; backfills wait.",
		Do: "See which entity and which runs: returnsync status; returnsync runs list. Raise the budget, or stop what rewrites unchanged records.",
	})
}

// span prints a duration in words.
func span(d time.Duration) string {
	minutes := int(d / time.Minute)
	hours := minutes / 60
	switch {
	case d < time.Minute:
		return fmt.Sprintf("%d seconds", max(int(d/time.Second), 0))
	case minutes < 120:
		return fmt.Sprintf("%d minutes", minutes)
	case hours < 72 && minutes%60 != 0:
		return fmt.Sprintf("%d hours %d minutes", hours, minutes%60)
	case hours < 72:
		return fmt.Sprintf("%d hours", hours)
	}
	return fmt.Sprintf("%d days", hours/24)
}

// Over says how long trouble lasted.
func Over(raised, recovered time.Time) string {
	return fmt.Sprintf("It is right again since %s, %s after the alert.", recovered.UTC().Format(clock), span(recovered.Sub(raised)))
}
