package transfer

import (
	"context"
	"fmt"
	"time"

	"gitlab.com/eshopbox-team/return-sync/functions/internal/wire"
	"gitlab.com/eshopbox-team/return-sync/shared/clock"
	"gitlab.com/eshopbox-team/return-sync/shared/doctor"
)

// checks opens doctor's checks: the settings, the flows, the clock of this machine, and
// the worker.
func checks(ctx context.Context, o wire.Opening) ([]doctor.Check, error) {
	var c cloudConfig
	if err := wire.Configure(ctx, o.Lookup, &c); err != nil {
		return nil, err
	}
	guard := guardOf(c.Drift, c.servers(), o.Log)
	jobs := jobsOf(o.Pool, o.Log)
	return []doctor.Check{
		{Name: "transfer settings", Run: func(context.Context) []doctor.Finding {
			return found(c.check(), "TRANSFER_SIDES is "+c.Kind, "correct the settings TRANSFER_…")
		}},
		{Name: "transfer flows", Run: func(context.Context) []doctor.Finding {
			flows, err := c.flows()
			return found(err, fmt.Sprintf("%d pairs of models are transferred", len(flows)), "correct the flows")
		}},
		{Name: "transfer clock", Run: func(ctx context.Context) []doctor.Finding {
			return clockFindings(guard.Sources.Read(ctx), c.Drift, len(guard.Sources.Times))
		}},
		{Name: "transfer worker", Needs: "transfer tables", Run: func(ctx context.Context) []doctor.Finding {
			l, err := lifeOf(ctx, jobs)
			switch {
			case err != nil:
				return found(err, "", "")
			case l.alive(silence):
				return found(nil, "the worker gave a sign in the last "+silence.String(), "")
			case l.sign.IsZero():
				return []doctor.Finding{{Severity: doctor.Info, Message: "the worker has not run yet"}}
			}
			return []doctor.Finding{{Severity: doctor.Warn, Message: "the worker gave its last sign at " + l.sign.Format(time.RFC3339), Do: "see whether the job " + job + " calls the function"}}
		}},
	}, nil
}

// servers are the servers of time, none for the word none.
func (c cloudConfig) servers() []string {
	if len(c.NTP) == 1 && c.NTP[0] == "none" {
		return nil
	}
	return c.NTP
}

// found is one finding: an error, or that all is well.
func found(err error, good, do string) []doctor.Finding {
	if err != nil {
		return []doctor.Finding{{Severity: doctor.Fail, Message: err.Error(), Do: do}}
	}
	return []doctor.Finding{{Severity: doctor.OK, Message: good}}
}

// clockFindings judges a reading of the clocks.
func clockFindings(r clock.Reading, bound time.Duration, servers int) []doctor.Finding {
	switch {
	case servers == 0:
		return []doctor.Finding{{Severity: doctor.Info, Message: "TRANSFER_NTP_SERVERS is none: clocks are not compared"}}
	case !r.Known():
		return []doctor.Finding{{Severity: doctor.Warn, Message: fmt.Sprintf("no server of time answers: %v", r.Problems), Do: "set TRANSFER_NTP_SERVERS to servers that this machine reaches"}}
	case r.Worst() > bound:
		return []doctor.Finding{{Severity: doctor.Fail, Message: fmt.Sprintf("this machine's clock is %s off, more than TRANSFER_MAX_DRIFT", r.Worst().Round(time.Millisecond)), Do: "set the clock by NTP"}}
	}
	return []doctor.Finding{{Severity: doctor.OK, Message: fmt.Sprintf("this machine's clock is %s off", r.Worst().Round(time.Millisecond))}}
}
