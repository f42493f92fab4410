package setup

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"gitlab.com/eshopbox-team/return-sync/functions/cmd/internal/cli"
	"gitlab.com/eshopbox-team/return-sync/functions/internal/wire"
	"gitlab.com/eshopbox-team/return-sync/shared/doctor"
)

const doctorHelp = `doctor examines the parts that the system needs, before the first deployment and
whenever something is wrong, and says what to do about each finding. It changes
nothing.

It examines the databases (version, clocks, time zones, privileges, replication, open
transactions), each definition against them (valid queries, use of an index, a stamp
in every row that windows can see, record sizes), the index (rights of the keys,
settings), the queues and the scheduler's job. A check that lacks a setting is skipped
and names the setting.

Run it as the functions' account to see the privileges of that account. With PROCESS
and REPLICATION CLIENT it sees more than the functions need.`

// doctorOptions are the flags.
type doctorOptions struct {
	json    bool
	entity  string
	timeout time.Duration
}

// doctorCmd is the command that examines an installation.
func doctorCmd(a *cli.App) *cobra.Command {
	var o doctorOptions
	cmd := &cobra.Command{
		Use:         "doctor",
		Short:       "Examine an installation, and say what to do",
		Long:        doctorHelp,
		Annotations: cli.Failure(cli.Attention("a finding is a fail (something does not work or loses\n     changes) or a warn (the system works and should be corrected)"), "nothing could be examined"),
		Example: `  returnsync doctor
  returnsync doctor --entity returns --timeout 1m
  returnsync doctor --json | jq '.findings[] | select(.severity == "fail")'`,
		Args: cli.Args,
		RunE: a.Run(func(ctx context.Context, s *cli.Session, _ []string) error { return examine(ctx, s, o) }),
	}
	cli.JSONFlag(cmd.Flags(), &o.json)
	cmd.Flags().StringVar(&o.entity, "entity", "", "this entity alone")
	cmd.Flags().DurationVar(&o.timeout, "timeout", 20*time.Second, "the time limit of one check")
	return cmd
}

// examine runs all checks and prints the findings.
func examine(ctx context.Context, s *cli.Session, o doctorOptions) error {
	if err := cli.Positive("--timeout", o.timeout); err != nil {
		return err
	}
	checks, err := checks(ctx, s, o.entity)
	if err != nil {
		return err
	}
	width := 0
	for _, c := range checks {
		width = max(width, len(c.Name))
	}
	each := func(list []doctor.Finding) { printFindings(s.Out, list, width) }
	if o.json {
		each = func([]doctor.Finding) {}
	}
	report := doctor.Examine(ctx, checks, o.timeout, each)
	if o.json {
		err = cli.JSON(s.Out, report)
	} else {
		_, err = fmt.Fprintln(s.Out, "\n"+doctorVerdict(report))
	}
	if err != nil {
		return err
	}
	switch {
	case nothingExamined(report):
		return errors.New("nothing was examined, since every check lacks a setting: see returnsync help config")
	case report.Severity == doctor.Fail, report.Severity == doctor.Warn:
		return cli.ErrAttention
	}
	return nil
}

// nothingExamined reports that every check lacks a setting.
func nothingExamined(r doctor.Report) bool { return r.Count(doctor.Info) == len(r.Findings) }

// printFindings writes a line for each finding, and what to do below it.
func printFindings(to io.Writer, list []doctor.Finding, width int) {
	for _, f := range list {
		mark := string(f.Severity)
		if f.Severity == doctor.Fail || f.Severity == doctor.Warn {
			mark = strings.ToUpper(mark)
		}
		_, _ = fmt.Fprintf(to, "%s  %-*s  %s\n", cli.Paint(to, fmt.Sprintf("%-4s", mark)), width, f.Check, cli.OneLine(f.Message))
		if f.Do != "" {
			_, _ = fmt.Fprintf(to, "%*s  -> %s\n", width+6, "", cli.OneLine(f.Do))
		}
	}
}

// doctorVerdict sums a report up in a line.
func doctorVerdict(r doctor.Report) string {
	fails, warns := r.Count(doctor.Fail), r.Count(doctor.Warn)
	rest := fmt.Sprintf("%d ok, %d info", r.Count(doctor.OK), r.Count(doctor.Info))
	switch {
	case nothingExamined(r):
		return "Nothing was examined: every check lacks a setting."
	case r.Severity == doctor.Fail:
		return fmt.Sprintf("DOES NOT WORK: %d FAIL, %d WARN, %s. Start with the first FAIL.", fails, warns, rest)
	case r.Severity == doctor.Warn:
		return fmt.Sprintf("Works, with %d to correct (WARN), %s.", warns, rest)
	}
	return "All is well: " + rest + "."
}

// looking is what the checks of the index, the queues and the scheduler need.
type looking struct {
	wire.Looking
	pace doctor.Pace
}
