package setup

import (
	"context"

	"gitlab.com/eshopbox-team/return-sync/functions/cmd/internal/cli"
	"gitlab.com/eshopbox-team/return-sync/functions/internal/wire"
	"gitlab.com/eshopbox-team/return-sync/shared/doctor"
	"gitlab.com/eshopbox-team/return-sync/shared/judge"
)

// syncsCheck is the check of the report that status prints: it asks the live indices and
// judges our tables by the same rules, so that doctor reports whatever status reports.
func syncsCheck(s *cli.Session, entityName string) doctor.Check {
	return after(wire.StateTables, "syncs", func(ctx context.Context) []doctor.Finding {
		look, err := s.Health(ctx, entityName)
		if err != nil {
			return unreadable(err)
		}
		report, err := look(ctx)
		if err != nil {
			return unreadable(err)
		}
		if report.OK {
			return []doctor.Finding{{Severity: doctor.OK, Message: "all is well, as status reports it"}}
		}
		var found []doctor.Finding
		for _, a := range report.Attention {
			found = append(found, doctor.Finding{Severity: severityOf(a.Kind), Message: a.Title(), Do: a.Do})
		}
		return found
	})
}

// unreadable is the finding without a report.
func unreadable(err error) []doctor.Finding {
	return []doctor.Finding{{Severity: doctor.Fail, Message: "the status cannot be read: " + err.Error(), Do: "see the findings above"}}
}

// severityOf judges a finding of status for an installation: records that searches miss are
// a failure, a first sync that was not started yet is not.
func severityOf(k judge.Kind) doctor.Severity {
	switch k {
	case judge.IndexRecords:
		return doctor.Fail
	case judge.NeverSynced:
		return doctor.Info
	}
	return doctor.Warn
}
