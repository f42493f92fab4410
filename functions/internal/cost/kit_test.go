package cost_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/lestrrat-go/jwx/v3/jwt"
	"github.com/sethvargo/go-envconfig"

	"gitlab.com/eshopbox-team/return-sync/functions/internal/wire"
	emulator "gitlab.com/eshopbox-team/return-sync/shared/emulator/algolia"
	"gitlab.com/eshopbox-team/return-sync/shared/identity/identitytest"
	"gitlab.com/eshopbox-team/return-sync/shared/localdb/localdbtest"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/destination"
	writer "gitlab.com/eshopbox-team/return-sync/shared/sync/destination/algolia"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/entity"
)

func TestMain(m *testing.M) { localdbtest.Main(m) }

const secret = "0123456789abcdef0123456789abcdef"

// recordSizes are the sizes of the records, in bytes; 100,000 is the index's own
// limit. perSize is how many records of each size an account has.
var recordSizes = []int{1_000, 10_000, 100_000}

const perSize = 100

// accounts is how many tenants ask: one alone may not have all of the memory.
const accounts = 4

// world is an index with records of every size, and the program to load.
type world struct {
	program string
	index   string
	dsn     string
	tokens  []string
}

// newWorld builds the program and fills the index.
func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{program: *given, dsn: localdbtest.New(t)}
	if w.program == "" {
		w.program = build(t)
	}
	e := &wire.Env{Lookup: envconfig.MapLookuper(nil), Log: slog.New(slog.DiscardHandler)}
	t.Cleanup(func() { _ = e.Close() })
	db, err := e.Store(wire.Databases{SourceDSN: w.dsn, MaxConnections: 2})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	server := emulator.New(emulator.Options{PublishDelay: -1})
	index := httptest.NewServer(server)
	t.Cleanup(func() { _ = server.Close(); index.Close() })
	w.index = index.URL
	w.fill(t)
	for a := range accounts {
		b := jwt.NewBuilder().Claim("account", account(a)).Expiration(time.Now().Add(24 * time.Hour))
		w.tokens = append(w.tokens, identitytest.Sign(t, secret, b, nil))
	}
	return w
}

// build builds the deployed program.
func build(t *testing.T) string {
	t.Helper()
	program := filepath.Join(t.TempDir(), "server")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", program, "../../cmd/server").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return program
}

// account is the name of a tenant.
func account(n int) string { return fmt.Sprint("tenant", n) }

// fill gives the index its settings and records. What is sized is a name that is
// searched, so that it is highlighted as well, of as many words as it can have.
func (w *world) fill(t *testing.T) {
	t.Helper()
	list, err := entity.Load("")
	if err != nil {
		t.Fatal(err)
	}
	d := list[0]
	client, err := writer.New(writer.Config{AppID: "APP", WriteKey: "admin", URL: w.index, BatchRecords: 100, BatchBytes: 1 << 23, Senders: 2, Attempts: 1, WriteTimeout: time.Minute})
	if err == nil {
		err = client.ApplySettings(t.Context(), d.Index, d.Settings)
	}
	if err != nil {
		t.Fatal(err)
	}
	var ops []destination.Op
	for i := range accounts * perSize * len(recordSizes) {
		size := recordSizes[i%len(recordSizes)]
		id := fmt.Sprintf("R%d", i)
		body, err := json.Marshal(map[string]any{
			"objectID": id, "account": account(i / len(recordSizes) / perSize), "status": fmt.Sprint("S", size), "returnId": i, "updatedAt": i, "statusAt": i,
			"courier": fmt.Sprint("courier of a rather long name ", i), "pickup": map[string]any{"city": fmt.Sprint("a city ", i)},
			"item": map[string]any{"name": strings.Repeat("a bc ", (size-400)/5), "qcReasons": []string{fmt.Sprint("reason ", i), "torn"}},
		})
		if err != nil {
			t.Fatal(err)
		}
		ops = append(ops, destination.Op{ID: id, Body: body})
	}
	pushed, err := client.Push(t.Context(), d.Index, ops)
	if err == nil {
		err = client.Wait(t.Context(), d.Index, pushed.TaskID)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// process is a search function at work.
type process struct {
	cmd *exec.Cmd
	url string
}

// start starts the search function with the memory that Terraform gives. Its rate
// of queries is not what is measured, so it has none to speak of.
func (w *world) start(t *testing.T) *process {
	t.Helper()
	port := freePort(t)
	cmd := exec.CommandContext(t.Context(), w.program)
	cmd.Env = []string{
		"FUNCTION_TARGET=SearchOrderReturnIndexData", "HOST=127.0.0.1", "PORT=" + port, "CLOUD_RUN_TIMEOUT_SECONDS=30",
		"STATE_DSN=" + w.dsn, "ALGOLIA_APP_ID=APP", "ALGOLIA_SEARCH_KEY=search", "ALGOLIA_URL=" + w.index, "SEARCH_JWT_SECRET=" + secret,
		"SEARCH_RATE=1e6", "SEARCH_BURST=1000000", "ALGOLIA_READ_TIMEOUT=60s", "SEARCH_TIMEOUT=60s", "LOG_LEVEL=ERROR", "GOMEMLIMIT=" + memoryLimit,
	}
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	p := &process{cmd: cmd, url: "http://" + net.JoinHostPort("127.0.0.1", port)}
	p.await(t)
	return p
}

// memoryLimit is nine tenths of the 512 MiB that Terraform gives, as its module
// writes it.
const memoryLimit = "483183820"

// freePort returns a port that nobody listens at.
func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	_, port, err := net.SplitHostPort(l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	return port
}

// await waits until the process answers.
func (p *process) await(t *testing.T) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for ctx.Err() == nil {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, p.url+"/healthz", nil)
		if err != nil {
			t.Fatal(err)
		}
		if res, err := http.DefaultClient.Do(req); err == nil {
			_ = res.Body.Close()
			return
		}
		select {
		case <-ctx.Done():
		case <-time.After(10 * time.Millisecond):
		}
	}
	t.Fatal("the search function does not serve")
}

// stop ends the process.
func (p *process) stop() {
	_ = p.cmd.Process.Kill()
	_ = p.cmd.Wait()
}

// peak returns the most memory that the process has had resident, in MiB.
func (p *process) peak(t *testing.T) float64 {
	t.Helper()
	f, err := os.Open(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	for s := bufio.NewScanner(f); s.Scan(); {
		if rest, ok := strings.CutPrefix(s.Text(), "VmHWM:"); ok {
			kib, err := strconv.ParseFloat(strings.TrimSuffix(strings.TrimSpace(rest), " kB"), 64)
			if err != nil {
				t.Fatal(err)
			}
			return kib / 1024
		}
	}
	t.Fatal("the system does not say how much memory a process has had")
	return 0
}

// discard reads an answer and returns its size. A slow reader begins when it is
// let to.
func discard(res *http.Response, begin <-chan struct{}) int64 {
	defer func() { _ = res.Body.Close() }()
	if begin != nil {
		<-begin
	}
	n, _ := io.Copy(io.Discard, res.Body)
	return n
}
