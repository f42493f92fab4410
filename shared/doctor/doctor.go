// Package doctor examines the parts that the product needs, and names the remedy for each
// finding: the databases, the definitions against them, the index, the queues and the
// scheduler. It changes nothing.
//
// A check is a small function that returns findings. Each has its own time limit, so a
// check that hangs costs only its own result.
package doctor

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"
)

// Severity is the gravity of a finding.
type Severity string

// The severities, from well to grave.
const (
	OK   Severity = "ok"
	Info Severity = "info" // worth knowing; needs no action
	Warn Severity = "warn" // works, and should be corrected
	Fail Severity = "fail" // does not work, or loses changes
)

// grades are the severities in order.
var grades = []Severity{OK, Info, Warn, Fail}

// Finding is one result of a check.
type Finding struct {
	Check    string   `json:"check"`
	Severity Severity `json:"severity"`
	Message  string   `json:"message"`
	Do       string   `json:"do,omitempty"` // the remedy
}

// Check is one examination.
type Check struct {
	Name string
	// Missing names the settings without which the check cannot run.
	Missing []string
	// Needs is the name of a check that must not have failed before.
	Needs string
	Run   func(ctx context.Context) []Finding
}

// Report is the result of an examination.
type Report struct {
	Severity Severity  `json:"severity"` // the gravest
	Findings []Finding `json:"findings"`
}

// Count returns how many findings have a severity.
func (r Report) Count(s Severity) int {
	n := 0
	for _, f := range r.Findings {
		if f.Severity == s {
			n++
		}
	}
	return n
}

// atOnce is how many checks run at the same time.
const atOnce = 4

// Examine runs the checks, each for at most limit, and calls each with the findings of one
// check after the other, in the order of the checks, as soon as they are known.
func Examine(ctx context.Context, checks []Check, limit time.Duration, each func([]Finding)) Report {
	results := make([]result, len(checks))
	for i := range results {
		results[i].done = make(chan struct{})
	}
	slots := make(chan struct{}, atOnce)
	var all sync.WaitGroup
	for i, c := range checks {
		all.Go(func() {
			defer close(results[i].done)
			cause := awaitNeeded(checks, results, i)
			found := one(Info, "not examined, because of "+cause, "")
			if results[i].because = cause; cause == "" {
				slots <- struct{}{}
				found = run(ctx, c, limit)
				<-slots
			}
			results[i].findings = named(c.Name, found)
		})
	}
	report := Report{Severity: OK, Findings: []Finding{}}
	for i := range results {
		<-results[i].done
		for _, f := range results[i].findings {
			report.Severity = worse(report.Severity, f.Severity)
		}
		report.Findings = append(report.Findings, results[i].findings...)
		each(results[i].findings)
	}
	all.Wait()
	return report
}

// named gives findings the name of their check.
func named(check string, list []Finding) []Finding {
	for i := range list {
		list[i].Check = check
	}
	return list
}

// result is the findings of a check; done is closed when it has ended.
type result struct {
	done     chan struct{}
	findings []Finding
	because  string // the check whose failure kept this one from running
}

// awaitNeeded waits for the check that check i needs, which precedes it, and returns the
// check whose failure keeps i from running; empty if i can run. One cause is thus one
// failure, however many checks stand behind it.
func awaitNeeded(checks []Check, results []result, i int) string {
	needed := slices.IndexFunc(checks[:i], func(c Check) bool { return c.Name == checks[i].Needs })
	if checks[i].Needs == "" || needed < 0 {
		return ""
	}
	<-results[needed].done
	if cause := results[needed].because; cause != "" {
		return cause
	}
	for _, f := range results[needed].findings {
		if f.Severity == Fail {
			return checks[i].Needs
		}
	}
	return ""
}

// run runs a check, and gives up on it when its time is over.
func run(ctx context.Context, c Check, limit time.Duration) []Finding {
	if len(c.Missing) > 0 {
		return one(Info, "not examined: "+strings.Join(c.Missing, ", ")+" not set", "")
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	found := make(chan []Finding, 1)
	go func() {
		defer func() {
			if v := recover(); v != nil {
				found <- one(Fail, fmt.Sprintf("the check itself crashed: %v", v), "report this as a bug")
			}
		}()
		found <- c.Run(ctx)
	}()
	select {
	case f := <-found:
		return f
	case <-ctx.Done():
	}
	// A check that obeys its context ends now, with a better message than this one.
	select {
	case f := <-found:
		return f
	case <-time.After(time.Second):
		return one(Warn, fmt.Sprintf("did not end within %v", limit), "run it again at a time of less load, or with a longer --timeout")
	}
}

// worse returns the graver of two severities.
func worse(a, b Severity) Severity {
	return grades[max(slices.Index(grades, a), slices.Index(grades, b))]
}

// one is a single finding.
func one(s Severity, message, do string) []Finding {
	return []Finding{{Severity: s, Message: message, Do: do}}
}

// blind is the finding of a check that could not read its subject.
func blind(what string, err error, do string) []Finding {
	return one(Warn, fmt.Sprintf("cannot read %s: %v", what, err), do)
}

// orOK returns the findings, or one that says that all is well.
func orOK(list []Finding, format string, args ...any) []Finding {
	if len(list) > 0 {
		return list
	}
	return one(OK, fmt.Sprintf(format, args...), "")
}
