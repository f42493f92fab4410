package reports

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"gitlab.com/eshopbox-team/return-sync/functions/internal/wire"
	"gitlab.com/eshopbox-team/return-sync/shared/fault"
	"gitlab.com/eshopbox-team/return-sync/shared/report"
	"gitlab.com/eshopbox-team/return-sync/shared/report/store"
	"gitlab.com/eshopbox-team/return-sync/shared/scope"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/member"
)

// members opens the starter of report types as members of scopes: report:sales_report.
func members(_ context.Context, o wire.Opening) (member.Other, error) {
	return reportMember{o, store.New(o.Pool)}, nil
}

// reportMember is the kind report of scopes' members. A start works on today's report of
// the type, as its schedule does; one that is done already counts as synced.
type reportMember struct {
	wire.Opening
	tables *store.Store
}

// Kind implements member.Other.
func (reportMember) Kind() string { return ScheduleKind }

// Check implements member.Other.
func (m reportMember) Check(ctx context.Context, name string) error {
	t, err := m.tables.Type(ctx, name)
	if err == nil && !t.Active {
		err = fault.New(fault.Invalid, "report-inactive", "report type %s is inactive", name)
	}
	return err
}

// Start implements member.Other. The reference is the report's row. The queue is opened
// by the start: other members start without the wing's settings.
func (m reportMember) Start(ctx context.Context, name, key string) (ref string, err error) {
	starter, err := Starter(ctx, m.Opening)
	if err != nil {
		return "", fault.Wrap(err, fault.Misconfigured, "reports-settings", "the reports' settings are not complete")
	}
	r, err := starter.Request(ctx, name, key, time.Now().UTC())
	return strconv.FormatInt(r.ID, 10), err
}

// State implements member.Other. The reason names the report; its cause stays with those
// who may see the reports.
func (m reportMember) State(ctx context.Context, ref string) (scope.State, string, error) {
	id, err := strconv.ParseInt(ref, 10, 64)
	if err != nil {
		return "", "", fault.New(fault.NotFound, "unknown-report", "%q is no report's reference", ref)
	}
	r, err := m.tables.ByID(ctx, id)
	switch {
	case err != nil:
		return "", "", err
	case r.State == report.Done:
		return scope.Synced, "", nil
	case r.State == report.Failed:
		return scope.Failed, fmt.Sprintf("report %s failed", r.Key), nil
	}
	return scope.Syncing, "", nil
}
