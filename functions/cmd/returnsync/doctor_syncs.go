package main

import (
	"context"

	"gitlab.com/eshopbox-team/return-sync/functions/internal/health"
	"gitlab.com/eshopbox-team/return-sync/functions/internal/wire"
	"gitlab.com/eshopbox-team/return-sync/shared/doctor"
	"gitlab.com/eshopbox-team/return-sync/shared/judge"
)

// syncsCheck is the check of what status reports: it asks the live indices and judges
// our tables by the same rules, so that doctor is never content where status is not.
func (s *session) syncsCheck(d databases, entityName string) doctor.Check {
	return after("state tables", "syncs", func(ctx context.Context) []doctor.Finding {
		l := statusLook{entity: entityName}
		report, err := s.report(ctx, d, &l)
		if err != nil {
			return []doctor.Finding{{Severity: doctor.Fail, Message: "the status cannot be read: " + err.Error(), Do: "see the findings above"}}
		}
		if report.OK {
			return []doctor.Finding{{Severity: doctor.OK, Message: "all is well, as status reports it"}}
		}
		var found []doctor.Finding
		for _, a := range report.Attention {
			found = append(found, doctor.Finding{Severity: severityOf(a.Kind), Message: a.Entity + ": " + a.Problem, Do: a.Do})
		}
		return found
	})
}

// report reads what status reports.
func (s *session) report(ctx context.Context, d databases, l *statusLook) (health.Report, error) {
	if err := wire.Configure(ctx, s.Lookup, &l.defs, &l.limits, &l.ticks, &l.config); err != nil {
		return health.Report{}, err
	}
	db, err := s.Store(d.wired())
	if err != nil {
		return health.Report{}, err
	}
	if l.check, err = s.IndexCheck(ctx, db); err != nil {
		return health.Report{}, err
	}
	return l.gather(ctx, db)
}

// severityOf says how grave a finding of status is for an installation: records that
// searches miss are a failure, a sync that is still to be started is not.
func severityOf(k judge.Kind) doctor.Severity {
	switch k {
	case judge.IndexRecords:
		return doctor.Fail
	case judge.NeverSynced:
		return doctor.Info
	}
	return doctor.Warn
}
