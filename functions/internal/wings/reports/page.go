package reports

import (
	"context"
	"embed"
	"io/fs"
	"net/http"
	"time"

	"gitlab.com/eshopbox-team/return-sync/functions/internal/operate"
	"gitlab.com/eshopbox-team/return-sync/functions/internal/wire"
	"gitlab.com/eshopbox-team/return-sync/shared/audit"
	"gitlab.com/eshopbox-team/return-sync/shared/edge"
	"gitlab.com/eshopbox-team/return-sync/shared/fault"
	"gitlab.com/eshopbox-team/return-sync/shared/report"
	"gitlab.com/eshopbox-team/return-sync/shared/report/store"
)

//go:embed page
var pageFiles embed.FS

// page opens the wing's page of the console: the report types, a calendar of reports by
// date and state, and the failed ones. The console has checked the caller.
//
//	GET  /             the page; it shares scripts and colours with the console's
//	GET  /state        everything that the page shows
//	GET  /day          the reports of a type and date, with accounts (?type=&date=)
//	POST /act/retry    {type, slot}: clears Last Updated and Fail
//	POST /act/edit     {type, was, is}: changes a type's properties
func page(_ context.Context, o wire.Opening) (http.Handler, error) {
	files, err := fs.Sub(pageFiles, "page")
	if err != nil {
		return nil, err
	}
	p := &console{Opening: o, tables: store.New(o.Pool)}
	mux := http.NewServeMux()
	mux.Handle("GET /", http.FileServerFS(files))
	for path, do := range map[string]edge.Handler{"/state": p.state, "/day": p.day} {
		mux.Handle("GET "+path, edge.HandleOperator(o.Log, do, http.MethodGet, http.MethodHead))
	}
	for path, do := range map[string]edge.Handler{"/act/retry": p.retry, "/act/edit": p.edit} {
		mux.Handle("POST "+path, edge.HandleOperator(o.Log, do, http.MethodPost))
	}
	return mux, nil
}

// console answers the page.
type console struct {
	wire.Opening
	tables *store.Store
}

// What the page shows.
const (
	calendarWeeks = 5
	mostOfDay     = 50 // reports of one day, of a real-time type
)

// view is everything that the page shows.
type view struct {
	Now      time.Time     `json:"now"` // the database's clock
	Operator bool          `json:"operator"`
	From     string        `json:"from"` // the calendar's first and last date
	To       string        `json:"to"`
	Types    []report.Type `json:"types"`
	Days     []store.Day   `json:"days"`
	Failed   []failed      `json:"failed"`
	// MoreFailed says that Failed is not whole.
	MoreFailed bool `json:"moreFailed"`
}

// failed is a report that waits for a person.
type failed struct {
	report.Report
	Scenario string `json:"scenario"`
}

// state reads what the page shows.
func (c *console) state(r *http.Request) (any, error) {
	ctx := r.Context()
	now, err := c.tables.Now(ctx)
	if err != nil {
		return nil, err
	}
	v := view{Now: now, Operator: wire.PersonOf(ctx).Operator, Failed: []failed{}}
	from, to := calendarOf(now)
	v.From, v.To = from.String(), to.String()
	if v.Types, err = c.tables.Types.List(ctx); err != nil {
		return nil, err
	}
	if v.Days, err = c.tables.Days(ctx, v.Types, from, to); err != nil {
		return nil, err
	}
	list, err := c.tables.Reports(ctx, store.Filter{Failed: true, Limit: mostFailed + 1})
	if v.MoreFailed = len(list) > mostFailed; v.MoreFailed {
		list = list[:mostFailed]
	}
	for _, r := range list {
		v.Failed = append(v.Failed, failed{r, r.Scenario()})
	}
	return v, err
}

// calendarOf returns the first and the last date of the calendar: whole weeks, the last
// of which has today in every zone.
func calendarOf(now time.Time) (from, to report.Date) {
	to = report.Zone(0).Today(now.Add(14 * time.Hour)) // the easternmost zone
	for to.UTC().Weekday() != time.Sunday {
		to++
	}
	return to - 7*calendarWeeks + 1, to
}

// day reads the reports of a type and date, the newest first.
func (c *console) day(r *http.Request) (any, error) {
	date, err := report.ParseDate(r.URL.Query().Get("date"))
	if err != nil {
		return nil, fault.New(fault.Invalid, "bad-date", "%s", err.Error()).WithParam("date")
	}
	t, err := c.tables.Types.Named(r.Context(), r.URL.Query().Get("type"))
	if err != nil {
		return nil, err
	}
	list, err := c.tables.Reports(r.Context(), store.Filter{Type: t.Name, From: date.String(), Before: (date + 1).String(), Limit: mostOfDay})
	if err != nil {
		return nil, err
	}
	if len(list) > 0 { // the accounts of the newest are enough
		list[0], err = c.tables.Report(r.Context(), list[0].Key)
	}
	return struct {
		Reports []report.Report `json:"reports"`
	}{append([]report.Report{}, list...)}, err
}

// said is the outcome of an act.
type said struct {
	Message string `json:"message"`
}

// acts are the acts of a request's caller.
func (c *console) acts(r *http.Request) Acts {
	return Acts{c.Pool, operate.Actor{Who: wire.PersonOf(r.Context()).Subject, Via: audit.ViaConsole}}
}

// retry retries a failed report.
func (c *console) retry(r *http.Request) (any, error) {
	var k report.Key
	if err := edge.Fields(r, &k); err != nil {
		return nil, err
	}
	follows, err := c.acts(r).Retry(r.Context(), k)
	return said{k.String() + ": " + follows}, err
}

// edit changes a type's properties.
func (c *console) edit(r *http.Request) (any, error) {
	var body struct {
		Type string       `json:"type"`
		Was  *report.Edit `json:"was"`
		Is   *report.Edit `json:"is"`
	}
	if err := edge.Fields(r, &body); err != nil {
		return nil, err
	}
	if body.Was == nil || body.Is == nil {
		return nil, fault.New(fault.Invalid, "bad-body", "send was and is: the type's properties before and after")
	}
	changes, err := c.acts(r).Edit(r.Context(), body.Type, *body.Was, *body.Is)
	if changes == "" {
		changes = "nothing changed"
	}
	return said{body.Type + ": " + changes}, err
}
