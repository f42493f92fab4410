package transfer

import (
	"context"
	"embed"
	"io/fs"
	"net/http"
	"strconv"
	"time"

	"gitlab.com/eshopbox-team/return-sync/functions/internal/operate"
	"gitlab.com/eshopbox-team/return-sync/functions/internal/wire"
	"gitlab.com/eshopbox-team/return-sync/shared/audit"
	"gitlab.com/eshopbox-team/return-sync/shared/edge"
	"gitlab.com/eshopbox-team/return-sync/shared/fault"
	"gitlab.com/eshopbox-team/return-sync/shared/sqldb"
	"gitlab.com/eshopbox-team/return-sync/shared/transfer"
)

//go:embed page
var pageFiles embed.FS

// page is the wing's page of the console: the queue, running and failed jobs, and one job
// with all that it saw. The console has checked the caller.
//
//	GET  /                the page; it shares scripts and colours with the console's
//	GET  /state           everything that the page shows
//	GET  /job             one job (?id=)
//	POST /act/retry       {job}: gives a failed job another run
//	POST /act/retry-all   {}: gives all failed jobs with a run left another one
//	POST /act/start       {}: wakes the worker
type page struct {
	*starter
	pool     *sqldb.DB
	patience patienceConfig
}

// openPage opens the page.
func openPage(ctx context.Context, o wire.Opening) (http.Handler, error) {
	s, err := starterOf(ctx, o)
	if err != nil {
		return nil, err
	}
	c, err := patienceOf(ctx, o)
	if err != nil {
		return nil, err
	}
	files, err := fs.Sub(pageFiles, "page")
	if err != nil {
		return nil, err
	}
	p := &page{starter: s, pool: o.Pool, patience: c}
	mux := http.NewServeMux()
	mux.Handle("GET /", http.FileServerFS(files))
	for path, do := range map[string]edge.Handler{"/state": p.state, "/job": p.job} {
		mux.Handle("GET "+path, edge.HandleOperator(o.Log, do, http.MethodGet, http.MethodHead))
	}
	mux.Handle("POST /act/{action}", edge.HandleOperator(o.Log, p.act, http.MethodPost))
	return mux, nil
}

// shown is how many jobs of a state the page shows.
const shown = 50

// listed is a job in a list.
type listed struct {
	ID      int64          `json:"id"`
	Record  string         `json:"record"`
	Kind    transfer.Kind  `json:"kind"`
	State   transfer.State `json:"state"`
	Runs    int            `json:"runs"`
	Date    time.Time      `json:"date"`
	Changed time.Time      `json:"changed"`
	RetryAt *time.Time     `json:"retryAt"`
	Code    transfer.Code  `json:"code"`
	Error   string         `json:"error"`
}

// view is everything that the page shows.
type view struct {
	Now      time.Time         `json:"now"` // the database's clock
	Operator bool              `json:"operator"`
	Standing transfer.Standing `json:"standing"`
	Problems []problem         `json:"problems"`
	Worker   working           `json:"worker"`
	// Jobs are the newest of each state.
	Jobs map[transfer.State][]listed `json:"jobs"`
}

// problem is a finding.
type problem struct {
	Problem string `json:"problem"`
	Do      string `json:"do"`
}

// working says what the worker does.
type working struct {
	Owner    string        `json:"owner"` // who holds the lease; empty for nobody
	LastSign *time.Time    `json:"lastSign"`
	Jobs     transfer.Sign `json:"jobs"`
	Protocol transfer.Sign `json:"protocol"`
	Checked  *time.Time    `json:"checked"` // when the clocks were read last
	OffMS    int64         `json:"offMs"`
}

// state reads what the page shows.
func (p *page) state(r *http.Request) (any, error) {
	ctx := r.Context()
	s, err := p.jobs.Views.Standing(ctx)
	if err != nil {
		return nil, err
	}
	v := view{Now: s.Now, Operator: wire.PersonOf(ctx).Operator, Standing: s, Problems: []problem{}, Jobs: map[transfer.State][]listed{}}
	if err := p.work(ctx, &v); err != nil {
		return nil, err
	}
	for _, state := range transfer.States() {
		list, err := p.jobs.Views.Latest(ctx, state, shown)
		if err != nil {
			return nil, err
		}
		v.Jobs[state] = []listed{}
		for _, j := range list {
			v.Jobs[state] = append(v.Jobs[state], listed{j.ID, j.String(), j.Kind, j.State, j.Runs, j.Date, j.ChangedAt, j.RetryAt, j.ErrorCode, sqldb.Cut(string(j.ErrorText), 400)})
		}
	}
	return v, nil
}

// work reads what the worker does, and what is wrong.
func (p *page) work(ctx context.Context, v *view) error {
	l, err := lifeOf(ctx, p.jobs)
	if err != nil {
		return err
	}
	clocks, err := clockState(ctx, p.jobs.Notes)
	if err != nil {
		return err
	}
	for _, f := range judged(v.Standing, l, clocks, p.patience.QueueAge) {
		v.Problems = append(v.Problems, problem{f.Problem, f.Do})
	}
	if !l.sign.IsZero() {
		v.Worker.LastSign = &l.sign
	}
	if !clocks.LastCheck.IsZero() {
		v.Worker.Checked, v.Worker.OffMS = &clocks.LastCheck, clocks.Reading.Worst().Milliseconds()
	}
	holder, err := p.jobs.Holder(ctx)
	v.Worker.Owner = holder.Owner
	if err == nil {
		_, err = transfer.Read(ctx, p.jobs.Notes, transfer.NoteWorker, &v.Worker.Jobs)
	}
	if err == nil {
		_, err = transfer.Read(ctx, p.jobs.Notes, transfer.NoteProtocol, &v.Worker.Protocol)
	}
	return err
}

// job answers with one job, those in the archive included.
func (p *page) job(r *http.Request) (any, error) {
	id, err := strconv.ParseInt(r.URL.Query().Get("id"), 10, 64)
	if err != nil {
		return nil, fault.New(fault.Invalid, "bad-job", "id is no number of a job").WithParam("id")
	}
	return p.jobs.Job(r.Context(), id)
}

// act performs an act of the caller.
func (p *page) act(r *http.Request) (any, error) {
	var in struct {
		Job int64 `json:"job"`
	}
	err := edge.Fields(r, &in)
	if err != nil {
		return nil, err
	}
	a := Acts{p.starter, p.pool, operate.Actor{Who: wire.PersonOf(r.Context()).Subject, Via: audit.ViaConsole}}
	var said string
	switch r.PathValue("action") {
	case "retry":
		said, err = a.Retry(r.Context(), in.Job)
	case "retry-all":
		said, err = a.RetryFailed(r.Context())
	case "start":
		said, err = a.Start(r.Context())
	default:
		err = fault.New(fault.NotFound, "no-action", "there is no such action")
	}
	return map[string]string{"message": said}, err
}
