package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"gitlab.com/eshopbox-team/return-sync/functions/internal/wire"
	"gitlab.com/eshopbox-team/return-sync/shared/doctor"
)

const doctorHelp = `doctor examines what the system needs, before the first deployment and whenever
something is odd, and says what to do about each finding. It changes nothing.

It looks at the databases (version, clocks, time zones, privileges, replication,
open transactions), at each definition against them (are the queries understood,
do they use an index, has every row a stamp that windows can see, do records
fit), at the index (rights of the keys, settings), at the queues and at the
scheduler's job. What lacks a setting is not examined, and says which it lacks.

Run it as the account that the functions use to see its privileges; PROCESS and
REPLICATION CLIENT let it see more than the functions need.

Exit codes, by the gravest finding:
  0  ok or info: nothing has to be done
  1  fail: something does not work or loses changes, or doctor itself could not run
  2  warn: it works, and should be mended`

// doctorOptions are what the flags say.
type doctorOptions struct {
	json    bool
	entity  string
	timeout time.Duration
}

// doctor is the command that examines what the system needs.
func (a *app) doctor() *cobra.Command {
	var o doctorOptions
	cmd := &cobra.Command{
		Use:   "doctor",
		Short: "Examine what the system needs, and say what to do",
		Long:  doctorHelp,
		Example: `  returnsync doctor
  returnsync doctor --entity returns --timeout 1m
  returnsync doctor --json | jq '.findings[] | select(.severity == "fail")'`,
		Args: cobra.NoArgs,
		RunE: a.run(func(ctx context.Context, s *session, _ []string) error { return s.examine(ctx, o) }),
	}
	cmd.Flags().BoolVar(&o.json, "json", false, "print JSON, for programs")
	cmd.Flags().StringVar(&o.entity, "entity", "", "this entity alone")
	cmd.Flags().DurationVar(&o.timeout, "timeout", 20*time.Second, "how long one check may take")
	return cmd
}

// examine runs all checks and prints what they find.
func (s *session) examine(ctx context.Context, o doctorOptions) error {
	if o.timeout <= 0 {
		return fmt.Errorf("--timeout is %v; want more than 0", o.timeout)
	}
	checks, err := s.checks(ctx, o.entity)
	if err != nil {
		return err
	}
	width := 0
	for _, c := range checks {
		width = max(width, len(c.Name))
	}
	each := func(list []doctor.Finding) { printFindings(s.out, list, width) }
	if o.json {
		each = func([]doctor.Finding) {}
	}
	report := doctor.Examine(ctx, checks, o.timeout, each)
	if o.json {
		err = printJSON(s.out, report)
	} else {
		_, err = fmt.Fprintln(s.out, "\n"+doctorVerdict(report))
	}
	if err != nil {
		return err
	}
	switch {
	case nothingExamined(report):
		return errors.New("nothing was examined: returnsync help config says where settings come from")
	case report.Severity == doctor.Fail:
		return errors.New("doctor found what does not work; what to do stands with each finding")
	case report.Severity == doctor.Warn:
		return errAttention
	}
	return nil
}

// nothingExamined reports that every check lacked a setting.
func nothingExamined(r doctor.Report) bool { return r.Count(doctor.Info) == len(r.Findings) }

// printFindings writes a line for each finding, and what to do below it.
func printFindings(to io.Writer, list []doctor.Finding, width int) {
	for _, f := range list {
		mark := string(f.Severity)
		if f.Severity == doctor.Fail || f.Severity == doctor.Warn {
			mark = strings.ToUpper(mark)
		}
		_, _ = fmt.Fprintf(to, "%-4s  %-*s  %s\n", mark, width, f.Check, oneLine(f.Message))
		if f.Do != "" {
			_, _ = fmt.Fprintf(to, "%*s  -> %s\n", width+6, "", oneLine(f.Do))
		}
	}
}

// doctorVerdict sums a report up in a line.
func doctorVerdict(r doctor.Report) string {
	fails, warns := r.Count(doctor.Fail), r.Count(doctor.Warn)
	rest := fmt.Sprintf("%d ok, %d to know", r.Count(doctor.OK), r.Count(doctor.Info))
	switch {
	case nothingExamined(r):
		return "Nothing was examined: every check lacks a setting."
	case r.Severity == doctor.Fail:
		return fmt.Sprintf("DOES NOT WORK: %d FAIL, %d WARN, %s. Begin with the first FAIL.", fails, warns, rest)
	case r.Severity == doctor.Warn:
		return fmt.Sprintf("Works, with %d to mend (WARN), %s.", warns, rest)
	}
	return "All is well: " + rest + "."
}

// looking is what the checks beside the databases' are made of.
type looking struct {
	wire.Looking
	pace doctor.Pace
}
