// Package verify is the function that looks for drift every hour.
//
// Who calls it: Cloud Scheduler's job returnsVerify, every hour, as its own service
// account; and people.
//
// What it does: compares the next share of every entity's roots (or of the one named by
// ?entity=): source with ledger and, with a key for it, with the index, so that a day
// covers all roots. Drift is stored and logged; a later comparison of the same roots
// removes drift that was repaired.
//
// A second call: compares the next share. Two concurrent calls compare the same roots,
// and one result is stored.
package verify

import (
	"context"
	"errors"
	"net/http"
	"time"

	"gitlab.com/eshopbox-team/return-sync/functions/internal/wire"
	"gitlab.com/eshopbox-team/return-sync/shared/edge"
	"gitlab.com/eshopbox-team/return-sync/shared/fault"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/entity"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/target"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/verify"
)

// Function is the verify function.
var Function = wire.Function{Name: "VerifyReturns", ByServices: true, Open: open}

// open opens the function's parts.
func open(ctx context.Context, e *wire.Env) (http.Handler, error) {
	v, err := e.Verify(ctx)
	if err != nil {
		return nil, err
	}
	return Handler(v), nil
}

// answer is the result of a call.
type answer struct {
	Compared []verify.Report `json:"compared"`
}

// Handler answers calls.
func Handler(v *wire.Verify) http.Handler {
	return edge.HandleTask(v.Log, func(r *http.Request) (any, error) {
		catalog := target.Catalog{Entities: v.Entities, Store: v.Store.Targets}
		if name := r.URL.Query().Get("entity"); name != "" {
			d, err := v.Entities.Named(name)
			if err != nil {
				return nil, err
			}
			catalog.Entities = entity.List{d}
		}
		entities, err := catalog.Live(r.Context())
		if err != nil {
			return nil, err
		}
		a := answer{Compared: []verify.Report{}}
		var problems []error
		for _, d := range entities {
			report, err := compare(r.Context(), v, d)
			switch {
			case verify.NeverSynced(err):
				v.Log.InfoContext(r.Context(), "nothing to compare yet: never synced", "entity", d.Name)
			case err != nil:
				problems = append(problems, err)
			default:
				a.Compared = append(a.Compared, report)
			}
		}
		return a, fault.Join(problems...)
	}, http.MethodPost, http.MethodGet)
}

// compare compares an entity's next share, and stores and logs the result.
func compare(ctx context.Context, v *wire.Verify, d entity.Definition) (verify.Report, error) {
	until := time.Now().Add(v.Config.Time)
	report, err := v.Verifier.Share(ctx, d, v.Store.Comparisons, v.Config.Shares, func() bool { return time.Now().Before(until) })
	switch {
	case verify.NeverSynced(err):
		return report, err
	case err != nil:
		// The reason must be stored even if the context has ended.
		after, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
		defer cancel()
		return report, errors.Join(err, v.Store.Comparisons.FailShare(after, d.Name, err.Error()))
	case !report.Clean():
		v.Log.ErrorContext(ctx, "verify found drift", "entity", d.Name, "differences", report.Total(),
			"ledger", report.Ledger, "index", report.Index, "examples", report.Differences[:min(len(report.Differences), 3)])
	}
	v.Log.InfoContext(ctx, "a share was compared", "entity", d.Name, "roots", report.Roots, "records", report.Records,
		"deep", report.Deep, "pending", report.Pending, "parked", report.Parked, "roundEnded", report.Ended)
	report.Differences = report.Differences[:min(len(report.Differences), 100)]
	return report, nil
}
