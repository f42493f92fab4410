package console

import (
	"context"
	"net/http"
	"net/url"
	"strconv"

	"gitlab.com/eshopbox-team/return-sync/functions/internal/health"
	"gitlab.com/eshopbox-team/return-sync/shared/alert/alertstore"
	"gitlab.com/eshopbox-team/return-sync/shared/edge"
	"gitlab.com/eshopbox-team/return-sync/shared/fault"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/entity"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/run"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/store"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/target"
)

// The lengths of lists that are asked for: without a limit, and at most. The most is a
// week of runs every 15 minutes.
const (
	listShown = 100
	listMost  = 700
)

// whole reads a whole number of an address, or returns the value for none.
func whole(q url.Values, name string, none, most int64) (int64, error) {
	text := q.Get(name)
	if text == "" {
		return none, nil
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < 1 || n > most {
		return 0, fault.New(fault.Invalid, "bad-number", "%s is %q; want a number from 1 to %d", name, text, most).WithParam(name)
	}
	return n, nil
}

// limit reads how many rows are asked for.
func limit(q url.Values) (int, error) {
	n, err := whole(q, "limit", listShown, listMost)
	return int(n), err
}

// id reads the id of an address such as /jobs/7.
func id(r *http.Request) (int64, error) {
	n, err := strconv.ParseInt(r.PathValue("id"), 10, 64)
	if err != nil || n < 1 {
		return 0, fault.New(fault.Invalid, "bad-id", "the number is 1 or more, as in /runs/1043").WithParam("id")
	}
	return n, nil
}

// reading answers to people who may look.
func (f *function) reading(do edge.Handler) edge.Handler {
	return func(r *http.Request) (any, error) {
		if _, err := f.person(r); err != nil {
			return nil, err
		}
		return do(r)
	}
}

// live returns the live definition of an entity.
func (f *function) live(ctx context.Context, name string) (entity.Definition, error) {
	return target.Catalog{Entities: f.Entities, Store: f.Store.Targets}.LiveOf(ctx, name)
}

// runs answers with runs, newest first.
func (f *function) runs(r *http.Request) (any, error) {
	q := r.URL.Query()
	chosen := store.RunFilter{State: run.State(q.Get("state")), Syncs: q.Get("syncs") == "true"}
	if name := q.Get("entity"); name != "" {
		d, err := f.live(r.Context(), name)
		if err != nil {
			return nil, err
		}
		chosen.Entity = d.Name
	}
	var err error
	if chosen.Limit, err = limit(q); err != nil {
		return nil, err
	}
	if chosen.Before, err = whole(q, "before", 0, 1<<62); err != nil {
		return nil, err
	}
	list, err := f.Store.Runs.Listed(r.Context(), chosen)
	shown := make([]pass, len(list))
	for i, one := range list {
		shown[i] = pass{one.Answer(), one.Kind}
	}
	return shown, err
}

// jobs answers with the newest jobs, those that have ended included.
func (f *function) jobs(r *http.Request) (any, error) {
	most, err := limit(r.URL.Query())
	if err != nil {
		return nil, err
	}
	list, err := f.Store.Jobs.Newest(r.Context(), "", false, most)
	if err != nil {
		return nil, err
	}
	return health.ReportJobs(r.Context(), f.Store, list)
}

// job answers with a job.
func (f *function) job(r *http.Request) (any, error) {
	n, err := id(r)
	if err != nil {
		return nil, err
	}
	j, err := f.Store.Jobs.Job(r.Context(), n)
	if err != nil {
		return nil, err
	}
	return health.ReportJob(r.Context(), f.Store, j)
}

// alerts answers with the newest alerts.
func (f *function) alerts(r *http.Request) (any, error) {
	most, err := limit(r.URL.Query())
	if err != nil {
		return nil, err
	}
	list, err := f.Tables.Alerts.Alerts(r.Context(), false, most)
	return append([]alertstore.AlertRow{}, list...), err
}

// alert answers with an alert.
func (f *function) alert(r *http.Request) (any, error) {
	n, err := id(r)
	if err != nil {
		return nil, err
	}
	return f.Tables.Alerts.Alert(r.Context(), n)
}
