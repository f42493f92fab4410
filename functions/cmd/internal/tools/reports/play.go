package reports

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"time"

	"github.com/sethvargo/go-envconfig"

	"gitlab.com/eshopbox-team/return-sync/functions/internal/rehearsal"
	wing "gitlab.com/eshopbox-team/return-sync/functions/internal/wings/reports"
	"gitlab.com/eshopbox-team/return-sync/functions/internal/wire"
	"gitlab.com/eshopbox-team/return-sync/shared/clock"
	"gitlab.com/eshopbox-team/return-sync/shared/report"
	"gitlab.com/eshopbox-team/return-sync/shared/report/definition"
	"gitlab.com/eshopbox-team/return-sync/shared/report/store"
)

//go:embed definitions/*.yaml
var definitions embed.FS

// play is the wing in a stack.
type play struct {
	stack   *rehearsal.Stack
	vendors *vendors
	dir     string // of the definitions
	tables  *store.Store
	list    []report.Definition
	started time.Time // the scheduled time of the reports
	bad     atomic.Bool
	cuts    atomic.Int64 // of MongoDB's connections
}

// openPlay opens the wing's part of a stack.
func openPlay(ctx context.Context, s *rehearsal.Stack) (*rehearsal.Play, error) {
	p, err := newPlay(ctx, s)
	if err != nil {
		return nil, err
	}
	return p.registered(), nil
}

// newPlay opens the emulators and writes the definitions with their addresses.
func newPlay(ctx context.Context, s *rehearsal.Stack) (*play, error) {
	v, err := openVendors(ctx, s.Options.Log)
	if err != nil {
		return nil, err
	}
	p := &play{stack: s, vendors: v, tables: store.New(s.Store.Pool())}
	if err := p.write(); err != nil {
		return nil, errors.Join(err, p.close())
	}
	return p, nil
}

// registered is the part as the stack knows it.
func (p *play) registered() *rehearsal.Play {
	v, s := p.vendors, p.stack
	env := []string{
		"REPORTS_DIR=" + p.dir, "REPORTS_URL=" + s.URL("FetchReports"), "REPORTS_SECRET_COURIER_TOKEN=" + courierToken,
		"SPAPI_URL=" + v.addresses["amazon"], "SPAPI_TOKEN_URL=" + v.addresses["amazon"] + "/auth/o2/token",
		"SPAPI_CLIENT_ID=local-client", "SPAPI_CLIENT_SECRET=local-secret", "SPAPI_REFRESH_TOKEN=local-refresh",
		"AIRTABLE_URL=" + v.addresses["airtable"], "AIRTABLE_BASE=" + airtableBase, "AIRTABLE_SYNC_BASE=" + airtableBase, "AIRTABLE_TOKEN=" + airtableToken,
		"MONGODB_URI=" + v.mongoURI(),
	}
	played := &rehearsal.Play{
		Begin: p.begin, Run: p.run, Check: p.check, Misbehave: p.misbehave, Settle: p.settle, Close: p.close, Welcome: p.welcome,
	}
	if s.Options.Steps { // a soak, or a story of deaths; elsewhere a person tries things out undisturbed
		env, played.Churn = append(env, soakEnv...), p.churn
	}
	played.Env = env
	return played
}

// welcome says where a person sees the reports.
func (p *play) welcome() []string {
	list := []string{
		"reports in the console: " + p.stack.ConsoleURL() + ", then Reports",
		"Airtable's page with the SYNC base, the sales report and returns by status: " + p.vendors.addresses["airtable"] + "/",
	}
	if uri := p.vendors.mongoURI(); uri != "" {
		list = append(list, "MongoDB with the sales report, database reports: "+uri)
	}
	return list
}

// mongoLine names MongoDB in a definition.
const mongoLine = "  - kind: mongodb\n"

// write writes the definitions into a folder of their own.
func (p *play) write() (err error) {
	if p.dir, err = os.MkdirTemp("", "reports"); err != nil {
		return err
	}
	names, err := fs.Glob(definitions, "definitions/*.yaml")
	for _, name := range names {
		text, readErr := definitions.ReadFile(name)
		filled := strings.ReplaceAll(string(text), "http://api.invalid", p.vendors.addresses["api"])
		if p.vendors.mongo == nil {
			filled = strings.ReplaceAll(filled, mongoLine, "")
		}
		err = errors.Join(err, readErr, os.WriteFile(filepath.Join(p.dir, filepath.Base(name)), []byte(filled), 0o600))
	}
	if err == nil {
		p.list, err = definition.Load(p.dir)
	}
	return err
}

// close ends the emulators.
func (p *play) close() error { return errors.Join(p.vendors.close(), os.RemoveAll(p.dir)) }

// begin makes the types' rows.
func (p *play) begin(ctx context.Context) error {
	for _, d := range p.list {
		if _, err := p.tables.Types.Ensure(ctx, d.Type); err != nil {
			return err
		}
	}
	return p.beginBase(ctx)
}

// opening is the environment and the tables as the stack's functions have them; the
// caller closes it.
func (p *play) opening() wire.Opening {
	e := &wire.Env{Lookup: envconfig.MapLookuper(p.stack.Environment()), Log: slog.New(slog.DiscardHandler)}
	return wire.Opening{Env: e, Pool: p.stack.Store.Pool()}
}

// run starts every type once, as its schedule would, and waits until all are done.
func (p *play) run(ctx context.Context, log io.Writer) (err error) {
	o := p.opening()
	defer func() { err = errors.Join(err, o.Close()) }()
	starter, err := wing.Starter(ctx, o)
	if err != nil {
		return err
	}
	p.started = time.Now().UTC().Truncate(time.Minute)
	for _, d := range p.list {
		if _, err := starter.Start(ctx, d.Name, 0, p.started, p.started); err != nil {
			return err
		}
	}
	return errors.Join(p.wait(ctx, log), p.roundBase(ctx))
}

// flowSteps are the steps of a report between which a process may die, in their order.
var flowSteps = []string{"taken", "intended", "ordered", "requested", "polled", "ready", "chunk", "loaded", "written", "counted", "finished", "accounted", "done", "released"}

// lookEvery is how often the tables are read while reports are under way.
const lookEvery = 500 * time.Millisecond

// wait waits until no report is under way, and says how far they are.
func (p *play) wait(ctx context.Context, log io.Writer) error {
	last := ""
	for {
		list, err := p.tables.Reports(ctx, store.Filter{Limit: 1000})
		if err != nil {
			return err
		}
		open, states := 0, map[report.State]int{}
		for _, r := range list {
			if states[r.State]++; r.State.Open() && r.NextAt != nil {
				open++
			}
		}
		if text := fmt.Sprintf("reports: %d done, %d under way, %d failed", states[report.Done], open, states[report.Failed]); text != last {
			_, _ = fmt.Fprintln(log, text)
			last = text
		}
		if open == 0 {
			return nil
		}
		if err := clock.Sleep(ctx, lookEvery); err != nil {
			return err
		}
	}
}
