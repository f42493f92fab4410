package reports

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"gitlab.com/eshopbox-team/return-sync/functions/internal/wire"
	"gitlab.com/eshopbox-team/return-sync/shared/fault"
	"gitlab.com/eshopbox-team/return-sync/shared/report"
	"gitlab.com/eshopbox-team/return-sync/shared/report/flow"
	"gitlab.com/eshopbox-team/return-sync/shared/report/store"
	"gitlab.com/eshopbox-team/return-sync/shared/scope"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/member"
)

// members opens the starter of report types as members of scopes: report:sales_report.
func members(ctx context.Context, o wire.Opening) (member.Other, error) {
	var c Address
	if err := wire.Configure(ctx, o.Lookup, &c); err != nil {
		return nil, err
	}
	return reportMember{store.New(o.Pool), func(ctx context.Context) (*flow.Starter, error) { return starterOf(ctx, o, c) }}, nil
}

// reportMember is the kind report of scopes' members. A start works on today's report of
// the type, as its schedule does; one that is done already counts as synced.
type reportMember struct {
	tables *store.Store
	// starter opens the starter, and with it the queue, at a start: other members start
	// without the wing's settings.
	starter func(context.Context) (*flow.Starter, error)
}

// Kind implements member.Other.
func (reportMember) Kind() string { return ScheduleKind }

// Check implements member.Other.
func (m reportMember) Check(ctx context.Context, name string) error {
	t, err := m.tables.Types.Named(ctx, name)
	if err == nil && !t.Active {
		err = fault.New(fault.Invalid, "report-inactive", "report type %s is inactive", name)
	}
	return err
}

// Start implements member.Other. The reference is the report's row.
func (m reportMember) Start(ctx context.Context, name, key string) (ref string, err error) {
	starter, err := m.starter(ctx)
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
