package exchange

import (
	"context"
	"crypto/rand"
	"embed"
	"encoding/json"
	"fmt"
	"io/fs"
	"log/slog"
	"net/http"
	"time"

	function "gitlab.com/eshopbox-team/return-sync/functions/exchange"
	"gitlab.com/eshopbox-team/return-sync/functions/internal/operate"
	"gitlab.com/eshopbox-team/return-sync/functions/internal/wire"
	"gitlab.com/eshopbox-team/return-sync/shared/audit"
	"gitlab.com/eshopbox-team/return-sync/shared/edge"
	"gitlab.com/eshopbox-team/return-sync/shared/exchange"
	"gitlab.com/eshopbox-team/return-sync/shared/exchange/rest"
	"gitlab.com/eshopbox-team/return-sync/shared/exchange/store"
	"gitlab.com/eshopbox-team/return-sync/shared/fault"
)

//go:embed page
var pageFiles embed.FS

// page is the wing's page of the console: partners, subscriptions with their flags,
// syncs, what differs, activities.
type page struct {
	tables  *store.Store
	acts    function.Acts
	starter *Starter
	role    string
	period  time.Duration
	now     func() time.Time
}

// openPage opens the page.
func openPage(ctx context.Context, o wire.Opening) (http.Handler, error) {
	var c struct {
		Role   string        `env:"EXCHANGE_ROLE"`
		Period time.Duration `env:"EXCHANGE_PERIOD, default=26h"`
	}
	if err := wire.Configure(ctx, o.Lookup, &c); err != nil {
		return nil, err
	}
	starter, err := starterOf(ctx, o)
	if err != nil {
		return nil, err
	}
	p := &page{
		tables: starter.Store, acts: function.Acts{Store: starter.Store, Audit: audit.New(o.Pool)}, starter: starter, role: c.Role, period: c.Period, now: time.Now,
	}
	return p.handler(o.Log), nil
}

// handler serves the page.
func (p *page) handler(log *slog.Logger) http.Handler {
	files, err := fs.Sub(pageFiles, "page")
	if err != nil {
		panic(err) // the folder is embedded
	}
	mux := http.NewServeMux()
	mux.Handle("GET /", http.FileServerFS(files))
	mux.Handle("GET /state", edge.HandleOperator(log, p.state, http.MethodGet, http.MethodHead))
	mux.Handle("POST /act/{action}", edge.HandleOperator(log, p.act, http.MethodPost))
	return mux
}

// partner is a company as the page shows it.
type partner struct {
	exchange.Company
	LastGood time.Time `json:"last_good"`
	LastTry  time.Time `json:"last_try"`
	Error    string    `json:"error"`
	Late     bool      `json:"late"` // no good sync in the period
}

// subscription is a subscription as the page shows it.
type subscription struct {
	exchange.Subscription
	Partner  string    `json:"partner"`
	LastGood time.Time `json:"last_good"`
	Error    string    `json:"error"`
	// Changed says that the slice changed since the partner's last good sync; a primary
	// knows it.
	Changed bool `json:"changed"`
}

// state is what the page shows.
type state struct {
	Now           time.Time           `json:"now"`
	Role          string              `json:"role"`
	Operator      bool                `json:"operator"`
	PeriodSeconds int64               `json:"period_seconds"`
	Partners      []partner           `json:"partners"`
	Subscriptions []subscription      `json:"subscriptions"`
	Starts        []store.Start       `json:"starts"`
	Activities    []exchange.Activity `json:"activities"`
	Activity      int                 `json:"activities_total"`
}

// The most rows of a section.
const (
	shownStarts     = 12
	shownActivities = 40
)

// state answers GET /state.
func (p *page) state(r *http.Request) (any, error) {
	ctx := r.Context()
	s := state{Now: p.now().UTC(), Role: p.role, Operator: wire.PersonOf(ctx).Operator, PeriodSeconds: int64(p.period.Seconds()), Partners: []partner{}, Subscriptions: []subscription{}}
	names, err := p.partners(ctx, &s)
	if err != nil {
		return nil, err
	}
	if err := p.subscriptions(ctx, &s, names); err != nil {
		return nil, err
	}
	if s.Starts, err = p.tables.Starts.List(ctx, shownStarts); err != nil {
		return nil, err
	}
	s.Activities, s.Activity, err = p.tables.Activities.List(ctx, 0, shownActivities)
	s.Starts, s.Activities = append([]store.Start{}, s.Starts...), append([]exchange.Activity{}, s.Activities...)
	return s, err
}

// partners reads the companies and returns their names.
func (p *page) partners(ctx context.Context, s *state) (map[exchange.ID]string, error) {
	companies, err := p.tables.Companies.List(ctx)
	if err != nil {
		return nil, err
	}
	list, err := p.tables.Standing.SeenCompanies(ctx)
	seen := byID(list)
	names := map[exchange.ID]string{}
	for _, c := range companies {
		one := seen[c.ID]
		late := p.role != rest.RolePrimary && c.SyncAddr != "" && c.Active && s.Now.Sub(later(one.LastGood, c.CreatedAt)) > p.period
		s.Partners, names[c.ID] = append(s.Partners, partner{c, one.LastGood, one.LastTry, one.Error, late}), c.Name
	}
	return names, err
}

// later returns the later of two times.
func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// byID indexes what the activities say.
func byID(list []store.Seen) map[exchange.ID]store.Seen {
	seen := make(map[exchange.ID]store.Seen, len(list))
	for _, one := range list {
		seen[one.ID] = one
	}
	return seen
}

// subscriptions reads the subscriptions.
func (p *page) subscriptions(ctx context.Context, s *state, names map[exchange.ID]string) error {
	subs, err := p.tables.Subscriptions.List(ctx, nil)
	if err != nil {
		return err
	}
	list, err := p.tables.Standing.SeenSubscriptions(ctx)
	seen := byID(list)
	for _, b := range subs {
		one := subscription{Subscription: b, Partner: names[b.CompanyID], LastGood: b.Slice.LastGood}
		if b.Slice.Status == exchange.StatusError {
			one.Error = seen[b.ID].Error
		}
		if p.role == rest.RolePrimary {
			one.LastGood, one.Error = seen[b.ID].LastGood, seen[b.ID].Error
			one.Changed = b.Slice.Date.After(one.LastGood)
		}
		s.Subscriptions = append(s.Subscriptions, one)
	}
	return err
}

// request is the body of an act; each takes its own fields.
type request struct {
	ID     exchange.ID `json:"id"`     // of a subscription, a company or a slice
	On     bool        `json:"on"`     // the flag's new value
	Target string      `json:"target"` // sync, compare: a company's id or all
}

// maxRequest bounds the body of an act, in bytes.
const maxRequest = 4 << 10

// act answers POST /act/{action}. The console has checked that the caller is an operator.
func (p *page) act(r *http.Request) (any, error) {
	data, err := edge.LimitedBody(r, maxRequest)
	if err != nil {
		return nil, err
	}
	var in request
	if err := json.Unmarshal(data, &in); err != nil {
		return nil, fault.Wrap(err, fault.Invalid, "bad-body", "the body does not have the fields of this action")
	}
	by := operate.Actor{Who: wire.PersonOf(r.Context()).Subject, Via: audit.ViaConsole}
	message, err := p.do(r.Context(), by, r.PathValue("action"), in)
	return map[string]string{"message": message}, err
}

// do performs an act and returns its outcome as a sentence.
func (p *page) do(ctx context.Context, by operate.Actor, action string, in request) (string, error) {
	switch action {
	case "subscription":
		name, err := p.acts.SwitchSubscription(ctx, by, in.ID, in.On)
		return switched(name, in.On), err
	case "company":
		name, err := p.acts.SwitchCompany(ctx, by, in.ID, in.On)
		return switched(name, in.On), err
	case "slice":
		if p.role != rest.RolePrimary {
			return "", fault.New(fault.Forbidden, "wrong-server-role", "slices are locked and unlocked on the primary that publishes them")
		}
		name, err := p.acts.AllowSync(ctx, by, in.ID, in.On)
		return name + map[bool]string{true: " may be synced", false: " is locked"}[in.On], err
	case "sync", "compare":
		var id int64
		test := action == "compare"
		err := p.acts.Started(ctx, by, in.Target, test, func() (err error) {
			id, err = p.starter.Start(ctx, in.Target, "console-"+rand.Text(), test)
			return err
		})
		return fmt.Sprintf("%s %d was given to the queue", map[bool]string{true: "Comparison", false: "Sync"}[test], id), err
	}
	return "", fault.New(fault.NotFound, "no-action", "there is no such action")
}

// switched says what became of a flag.
func switched(name string, on bool) string {
	return name + map[bool]string{true: " is on", false: " is off"}[on]
}
