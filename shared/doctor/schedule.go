package doctor

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/robfig/cron/v3"
)

// Job is the configuration and the last call of a scheduler's job.
type Job struct {
	Location    string // such as asia-south1
	Enabled     bool
	State       string
	Schedule    string
	TimeZone    string
	URL         string
	Identified  bool // calls as a service account
	LastAttempt time.Time
	LastFailed  string // the error of the last call, empty if it succeeded
}

// Expected is the expected configuration of a job.
type Expected struct {
	Name string
	// Effect is what stays undone without the job: "nothing starts syncs". Function is
	// the function that the job calls.
	Effect, Function string
	// URL is the address that the job should call; empty is not compared.
	URL string
	// Fresh is how far the index may be behind.
	Fresh time.Duration
	Now   time.Time
}

// Schedule compares a job of the scheduler with the expected one. look returns nil for
// a missing job.
func Schedule(ctx context.Context, e Expected, look func(ctx context.Context, name string) (*Job, error)) []Finding {
	j, err := look(ctx, e.Name)
	if err != nil {
		return blind("the job "+e.Name, err, "check the location, and that the account may read jobs (roles/cloudscheduler.viewer)")
	}
	if j == nil {
		return one(Fail, "the job "+e.Name+" does not exist: "+e.Effect, "create it: terraform apply")
	}
	return orOK(j.judge(e), "the job %s calls at %q (%s)", e.Name, j.Schedule, j.TimeZone)
}

// judge returns the findings about a job.
func (j Job) judge(e Expected) []Finding {
	var found []Finding
	add := func(bad bool, s Severity, do, format string, args ...any) {
		if bad {
			found = append(found, Finding{Severity: s, Message: "the job " + e.Name + " " + fmt.Sprintf(format, args...), Do: do})
		}
	}
	add(!j.Enabled, Fail, "gcloud scheduler jobs resume "+e.Name+" --location "+j.Location, "is %s: %s", j.State, e.Effect)
	add(e.URL != "" && strings.TrimRight(j.URL, "/") != strings.TrimRight(e.URL, "/"), Warn, "terraform apply, or correct CRON_URL here", "calls %s, and CRON_URL is %s", j.URL, e.URL)
	add(strings.HasPrefix(j.URL, "https://") && !j.Identified, Fail, "give it an OIDC token of the scheduler's service account", "calls without an identity, and Cloud Run refuses that")
	add(j.LastFailed != "", Warn, "read the log of "+e.Function+" at that time", "last called at %s UTC and failed: %s", j.LastAttempt.UTC().Format(time.DateTime), j.LastFailed)
	period, err := periodOf(j.Schedule, e.Now)
	add(err != nil, Warn, "use cron's five fields, such as */15 * * * *", "has the schedule %q: only cron's own form guarantees one time for each tick, which a repeated tick is recognised by", j.Schedule)
	add(period >= e.Fresh && e.Fresh > 0, Warn, "call more often, or raise SEARCH_STALE_AFTER", "calls every %v, and answers count as stale after %v", period, e.Fresh)
	return found
}

// periodOf returns the longest time between two of the next calls.
func periodOf(schedule string, now time.Time) (time.Duration, error) {
	s, err := cron.ParseStandard(schedule)
	if err != nil {
		return 0, err
	}
	var longest time.Duration
	at := s.Next(now)
	for range 100 {
		next := s.Next(at)
		if next.IsZero() {
			break
		}
		longest, at = max(longest, next.Sub(at)), next
	}
	return longest, nil
}
