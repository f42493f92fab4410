package transfers

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/clock"
	"gitlab.com/eshopbox-team/return-sync/shared/clock/ntp"
	"gitlab.com/eshopbox-team/return-sync/shared/clock/ntp/ntptest"
	"gitlab.com/eshopbox-team/return-sync/shared/localdb/localdbtest"
	"gitlab.com/eshopbox-team/return-sync/shared/localdb/pgtest"
	"gitlab.com/eshopbox-team/return-sync/shared/transfer"
	"gitlab.com/eshopbox-team/return-sync/shared/transfer/store/storetest"
	"gitlab.com/eshopbox-team/return-sync/shared/transfer/transfertest"
	"gitlab.com/eshopbox-team/return-sync/shared/transfer/worker"
)

// TestMain starts the tests' database servers.
func TestMain(m *testing.M) {
	os.Exit(pgtest.Around(func() int { return localdbtest.Run(m) }))
}

// token is that of the tests.
const token = "a-token-of-this-test-that-guards-nothing"

// commitID is that of a build.
const commitID = "0123456789abcdef0123456789abcdef01234567"

// counted is a background part that counts its starts.
type counted struct{ starts int }

func (p *counted) Start(context.Context) error { p.starts++; return nil }
func (p *counted) Status(context.Context) (worker.Status, string, error) {
	return worker.Idle, "", nil
}

// guarded is a guard in this process.
type guarded struct{ *clock.Guard }

func (g guarded) Read(ctx context.Context) clock.Reading     { return g.Sources.Read(ctx) }
func (g guarded) State(context.Context) (clock.State, error) { return g.Guard.State(), nil }
func (g guarded) Reset(context.Context) error                { g.Guard.Reset(); return nil }

// world is the API over a real table and sides in memory.
type world struct {
	*API
	db             storetest.DB
	studio, online *transfertest.Memory
	clock          *ntptest.Server
	worker         *counted
	guard          *clock.Guard
	handler        http.Handler
	t              *testing.T
}

// newWorld returns a world on MySQL.
func newWorld(t *testing.T, change func(*API)) *world {
	t.Helper()
	return worldOn(t, storetest.MySQL(t), change)
}

// worldOn returns a world on a database.
func worldOn(t *testing.T, db storetest.DB, change func(*API)) *world {
	t.Helper()
	flows, err := transfer.Shipped()
	if err != nil {
		t.Fatal(err)
	}
	log := slog.New(slog.DiscardHandler)
	w := &world{db: db, studio: transfertest.NewMemory(0, time.Now), online: transfertest.NewMemory(1000, time.Now), clock: ntptest.New(t, 0), worker: &counted{}, t: t}
	settings := worker.Defaults()
	w.guard = &clock.Guard{Bound: 10 * time.Second, Every: clock.DefaultEvery, Recheck: clock.DefaultRecheck, Lock: clock.DefaultLock, Now: time.Now, Log: log, Sources: clock.Sources{Times: []clock.Source{ntp.Server{Address: w.clock.Address, Timeout: 20 * time.Second}}}}
	w.API = &API{
		Jobs: db.Store, Flows: flows, Studio: w.studio, Online: w.online, Worker: w.worker, Protocol: &counted{}, Pace: worker.Pace{Configured: settings.Threads, Notes: db.Notes},
		Clocks: guarded{w.guard}, Tolerance: w.guard.Bound,
		RunLimit: settings.RunLimit, Commit: commitID, Token: token, Now: time.Now, Log: log,
	}
	if change != nil {
		change(w.API)
	}
	w.handler = w.Handler()
	return w
}

// answer is what came back.
type answer struct {
	status int
	body   string
	header http.Header
}

// call sends a request with the token; headers are names and values.
func (w *world) call(method, path, body string, headers ...string) answer {
	w.t.Helper()
	r := httptest.NewRequest(method, "http://localhost"+path, strings.NewReader(body))
	if w.Token != "" {
		r.Header.Set("Authorization", "Bearer "+w.Token)
	}
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
		if headers[i] == "Host" {
			r.Host = headers[i+1]
		}
	}
	rec := httptest.NewRecorder()
	w.handler.ServeHTTP(rec, r)
	text, err := io.ReadAll(rec.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	return answer{rec.Code, string(text), rec.Header()}
}

// valid is a job that is right.
const valid = `{"job_date":"2026-05-01T10:00:00Z","job_source_system":"fs","job_source_model":"dbo.Person","job_source_record_id":5}`
