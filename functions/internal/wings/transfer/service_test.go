package transfer_test

import (
	"bytes"
	"context"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	driver "github.com/go-sql-driver/mysql"

	service "gitlab.com/eshopbox-team/return-sync/functions/internal/wings/transfer"
	"gitlab.com/eshopbox-team/return-sync/shared/clock/ntp/ntptest"
	"gitlab.com/eshopbox-team/return-sync/shared/localdb/localdbtest"
	"gitlab.com/eshopbox-team/return-sync/shared/localdb/pgtest"
	"gitlab.com/eshopbox-team/return-sync/shared/tool"
	"gitlab.com/eshopbox-team/return-sync/shared/transfer"
	"gitlab.com/eshopbox-team/return-sync/shared/transfer/sidetable"
	"gitlab.com/eshopbox-team/return-sync/shared/transfer/store/storetest"
)

// TestMain starts the tests' database servers.
func TestMain(m *testing.M) {
	os.Exit(pgtest.Around(func() int { return localdbtest.Run(m) }))
}

// token is that of the tests.
const token = "a-token-of-this-test-that-guards-nothing"

// running is a service under way.
type running struct {
	t       *testing.T
	address string
	log     *lockedBuffer
	cancel  context.CancelFunc
	ended   chan error
}

// lockedBuffer is a log that is written and read at once.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// conf writes an INI file for a database.
func conf(t *testing.T, db storetest.DB, more string) string {
	t.Helper()
	text := "[sosync]\nlisten = 127.0.0.1:0\ninstance = inst\nsides = rehearsal\ndebounce_ms = 0\nntp_servers = none\ntoken = " + token + "\n" + more
	if db.DSN != "" {
		c, err := driver.ParseDSN(db.DSN)
		if err != nil {
			t.Fatal(err)
		}
		host, port, _ := strings.Cut(c.Addr, ":")
		text += fmt.Sprintf("db_driver = mysql\ndb_host = %s\ndb_port = %s\ndb_name = %s\ndb_user = %s\ndb_user_pw = %s\n", host, port, c.DBName, c.User, c.Passwd)
	} else {
		a := db.Address
		text += fmt.Sprintf("db_host = %s\ndb_port = %d\ndb_name = %s\ndb_user = %s\ndb_user_pw = %s\n", a.Host, a.Port, a.Name, a.User, a.Password)
	}
	path := filepath.Join(t.TempDir(), "inst.ini")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// start starts a service, which ends with the test.
func start(t *testing.T, path string, flags map[string]string) *running {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	r := &running{t: t, log: &lockedBuffer{}, cancel: cancel, ended: make(chan error, 1)}
	ready := make(chan []string, 1)
	go func() { r.ended <- service.Serve(ctx, path, flags, r.log, func(a []string) { ready <- a }) }()
	select {
	case a := <-ready:
		r.address = "http://" + a[0]
	case err := <-r.ended:
		t.Fatal(err)
	}
	t.Cleanup(func() { r.stop() })
	return r
}

// stop ends the service as SIGTERM does.
func (r *running) stop() {
	r.cancel()
	select {
	case err := <-r.ended:
		if err != nil {
			r.t.Error(err)
		}
		r.ended <- nil
	case <-time.After(time.Minute):
		r.t.Error("the service does not end")
	}
}

// get calls a route and decodes its JSON.
func (r *running) get(path string, into any) {
	r.t.Helper()
	req, err := http.NewRequestWithContext(r.t.Context(), http.MethodGet, r.address+path, nil)
	if err != nil {
		r.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+token)
	req.Header.Set("Accept", "application/json")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		r.t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	text, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != http.StatusOK || into != nil && json.Unmarshal(text, into) != nil {
		r.t.Fatalf("%s: %d %s, %v", path, res.StatusCode, text, err)
	}
}

// job waits until a job is final.
func (r *running) job(id int64) (j transfer.Job) {
	r.t.Helper()
	for until := time.Now().Add(time.Minute); ; time.Sleep(10 * time.Millisecond) {
		r.get(fmt.Sprintf("/job/info/%d", id), &j)
		if j.State.Final() || j.State == transfer.Failed {
			return j
		}
		if time.Now().After(until) {
			r.t.Fatalf("job %d is %s", id, j.State)
		}
	}
}

// person puts a person into studio's table.
func person(t *testing.T, db storetest.DB) int64 {
	t.Helper()
	if err := sidetable.Migrate(t.Context(), db.Pool, db.Dialect, slog.New(slog.DiscardHandler)); err != nil {
		t.Fatal(err)
	}
	id, err := sidetable.Open(db.Pool, db.Dialect, transfer.Studio, time.Now).Put(t.Context(), "dbo.Person", transfer.Record{Fields: map[string]any{"Name": "Müller"}})
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// create creates a job of a person by HTTP, as the owner's callers do.
func (r *running) create(record int64) int64 {
	r.t.Helper()
	var made struct {
		ID int64 `json:"job_id"`
	}
	at := strings.ReplaceAll(time.Now().UTC().Format("2006-01-02 15:04:05.000000"), " ", "%20")
	r.get(fmt.Sprintf("/job/create?job_date=%s&source_system=fs&source_model=dbo.Person&source_record_id=%d", at, record), &made)
	return made.ID
}

// TestJobByHTTPIsCarriedAndSaysAll is the main path on both databases.
func TestJobByHTTPIsCarriedAndSaysAll(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db storetest.DB) {
		record := person(t, db)
		r := start(t, conf(t, db, ""), nil)
		j := r.job(r.create(record))
		partner, err := sidetable.Open(db.Pool, db.Dialect, transfer.Online, time.Now).Find(t.Context(), "res.partner", record)
		if err != nil || partner.Fields["lastname"] != "Müller" || j.State != transfer.Done || *j.SyncTargetID != partner.ID || !strings.Contains(string(j.SourceData), "Müller") || j.Request == "" || j.Answer == "" || j.Start == nil || j.End == nil {
			t.Errorf("%+v, %+v, %v", j, partner, err)
		}
		for until := time.Now().Add(time.Minute); ; time.Sleep(20 * time.Millisecond) { // the protocol follows
			c, err := sidetable.Open(db.Pool, db.Dialect, transfer.Online, time.Now).Find(t.Context(), "sosync.job", j.ID)
			if err == nil && c.Fields["job_state"] == "done" {
				break
			}
			if time.Now().After(until) {
				t.Fatalf("no copy: %v", err)
			}
		}
	})
}

// TestTwoServicesTakeOver has two services on one database: the second takes over what
// the first leaves.
func TestTwoServicesTakeOver(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db storetest.DB) {
		path := conf(t, db, "")
		one, two := start(t, path, nil), start(t, path, nil)
		first := one.create(person(t, db))
		second := two.create(person(t, db))
		if a, b := one.job(second), two.job(first); a.State != transfer.Done || b.State != transfer.Done || a.Runs != 1 || b.Runs != 1 {
			t.Errorf("%+v\n%+v", a, b)
		}
		one.stop()
		if j := two.job(two.create(person(t, db))); j.State != transfer.Done {
			t.Errorf("%+v", j)
		}
	})
}

// TestDriftLocksTheService has a clock that drifts, comes back, and does not answer: jobs
// wait while it is off, and all of them are done once.
func TestDriftLocksTheService(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db storetest.DB) {
		clock := ntptest.New(t, time.Minute)
		r := start(t, conf(t, db, ""), map[string]string{"ntp_servers": clock.Address, "max_time_drift_ms": "10000"})
		var ids []int64
		until := func(locked bool) {
			t.Helper()
			var s struct {
				Drift struct{ Locked bool }
			}
			for end := time.Now().Add(time.Minute); ; time.Sleep(20 * time.Millisecond) {
				if r.get("/service/status", &s); s.Drift.Locked == locked {
					return
				}
				if time.Now().After(end) {
					t.Fatalf("locked is %v", s.Drift.Locked)
				}
			}
		}
		for _, offset := range []time.Duration{time.Minute, -time.Minute} {
			clock.Set(offset)
			r.get("/service/forcedriftcheck", nil)
			until(true) // a package that was being loaded may still run
			ids = append(ids, r.create(person(t, db)))
			r.get("/service/processjobs", nil)
			var j transfer.Job
			if r.get(fmt.Sprintf("/job/info/%d", ids[len(ids)-1]), &j); j.State != transfer.New {
				t.Errorf("a job ran while the clocks differ: %+v", j)
			}
			clock.Set(0)
			r.get("/service/forcedriftcheck", nil)
			until(false)
			r.job(ids[len(ids)-1])
		}
		clock.Silence(true)
		r.get("/service/forcedriftcheck", nil)
		ids = append(ids, r.create(person(t, db)))
		for _, id := range ids {
			if j := r.job(id); j.State != transfer.Done || j.Runs != 1 {
				t.Errorf("%+v", j)
			}
		}
		var written int
		if err := db.Pool.QueryRow("SELECT COUNT(*) FROM transfer_side_write WHERE verb = 'create' AND model = 'res.partner'").Scan(&written); err != nil || written != len(ids) {
			t.Errorf("%d records were created for %d jobs, %v", written, len(ids), err)
		}
	})
}

// TestStartListsEverythingThatIsWrong starts with a configuration full of mistakes.
func TestStartListsEverythingThatIsWrong(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.ini")
	text := "[sosync]\nport = none\ncolour = red\ndb_host = 127.0.0.1\ndb_port = 1\ndb_name = n\ndb_user = u\ndb_user_pw = topsecret\nmax_threads = 31\nlog_level = Loud\nactive = perhaps\nsides = real\nlisten = 203.0.113.7:5050\nopen_local = true\nflows_file = /nowhere.yaml\n"
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	err := service.Serve(t.Context(), path, map[string]string{"job_package_size": "0"}, io.Discard, nil)
	for _, want := range []string{"colour is not a setting", "max_threads: want", "job_package_size: want", "log_level: want", "active: want", "sides: want", "open_local: is for addresses of this machine", "flows_file: ", "db_host: the database n at 127.0.0.1:1", "listen: "} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q is not said in:\n%v", want, err)
		}
	}
	if err != nil && strings.Contains(err.Error(), "topsecret") {
		t.Errorf("a secret is shown:\n%v", err)
	}
}

func TestOpenToOthersNeedsAToken(t *testing.T) {
	base := "[sosync]\nport = 5050\nsides = rehearsal\ndb_host = h\ndb_name = n\ndb_user = u\n"
	for more, want := range map[string]string{
		"listen = all\nopen_local = true\n": "open_local: is for addresses", "": "token: is missing", "token = short\n": "at least 16", "open_local = true\n": "",
		"listen = all\ntoken = " + token + "\n": "", "open_local = true\ntoken = " + token + "\n": "contradicts",
	} {
		path := filepath.Join(t.TempDir(), "x.ini")
		if err := os.WriteFile(path, []byte(base+more), 0o600); err != nil {
			t.Fatal(err)
		}
		c, err := service.Read(path, nil)
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%q: %v, want %q", more, err, want)
		}
		if strings.Contains(more, "all") && want == "" && c.Listen[0] != "0.0.0.0:5050" || more == "open_local = true\n" && c.Listen[0] != "127.0.0.1:5050" {
			t.Errorf("%q listens on %v", more, c.Listen)
		}
	}
}

// TestOwnersFile reads the sample file, and the owner's own with the two settings that
// this build adds.
func TestOwnersFile(t *testing.T) {
	c, err := service.Read("testdata/dadi.ini", map[string]string{"db_port": "5433", "max_threads": "4"})
	if err != nil || c.Database.Port != 5433 || c.Worker.Threads.Threads != 4 || c.Instance != "dadi" || c.Drift != 30*time.Millisecond || c.LogFile != "/var/log/sosync/dadi/dadi.log" || c.Listen[0] != "127.0.0.1:5050" {
		t.Errorf("%+v, %v", c, err)
	}
	text, err := os.ReadFile("testdata/dadi.ini")
	if err != nil {
		t.Fatal(err)
	}
	owners := string(text) + "# Fundraising Studio\nstudio_mssql_host = mssql.example\nstudio_sosync_user = theuser2\nstudio_sosync_pw = thepass16\n# FS-Online\nonline_host = online.example\nonline_sosync_user = theuser3\nonline_sosync_pw = thepass17\n"
	path := filepath.Join(t.TempDir(), "inst.ini")
	if err := os.WriteFile(path, []byte(owners), 0o600); err != nil {
		t.Fatal(err)
	}
	if c, err := service.Read(path, nil); err != nil || len(c.Unused) != 6 {
		t.Errorf("%v, %v", c.Unused, err)
	}
}

func TestInactiveServiceEnds(t *testing.T) {
	log := &lockedBuffer{}
	if err := service.Serve(t.Context(), "testdata/dadi.ini", map[string]string{"active": "false", "log_file": ""}, log, nil); err != nil || !strings.Contains(log.String(), "active is false") {
		t.Errorf("%v, %s", err, log)
	}
}

func TestLogLines(t *testing.T) {
	log := &lockedBuffer{}
	file := filepath.Join(t.TempDir(), "x.log")
	l, closing := service.NewLog(service.Config{LogFile: file, LogLevel: slog.LevelInfo}, log)
	l.Debug("quiet")
	l.Warn("loud", "key", "a value")
	closing()
	text, err := os.ReadFile(file)
	if err != nil || string(text) != log.String() || !regexp.MustCompile(`^\d{4}-\d\d-\d\dT\S+Z \S+ \[Warning\] loud key="a value"\n$`).Match(text) {
		t.Errorf("%q, %v", text, err)
	}
	l, _ = service.NewLog(service.Config{LogFile: "/nowhere/x.log"}, log)
	l.Info("goes on")
	if !strings.Contains(log.String(), "cannot be written") || !strings.Contains(log.String(), "goes on") {
		t.Error(log.String())
	}
}

func TestUnitOfSystemd(t *testing.T) {
	text, err := os.ReadFile("testdata/sosync@.service")
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"User=sosync-%i", "LogsDirectory=sosync/%i", "LogsDirectoryMode=0700", "transfers serve --conf /etc/sosync/%i.ini"} {
		if !strings.Contains(string(text), want) {
			t.Errorf("%s is missing", want)
		}
	}
}

// curlLine is a line of the README that calls the API.
var curlLine = regexp.MustCompile(`(?m)^curl .*$`)

// TestCurlsOfTheREADME runs each line of the README against a real service: every route
// answers in JSON and in XML.
func TestCurlsOfTheREADME(t *testing.T) {
	readme, err := os.ReadFile("../../../../shared/transfer/README.md")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tool.ThisMachine(os.Stderr).Need(t.Context(), "curl", "curl"); err != nil {
		t.Fatal(err)
	}
	db := storetest.PostgreSQL(t)
	if id := person(t, db); id != 1 {
		t.Fatalf("the first person is %d", id)
	}
	program, commit := build(t)
	clock := ntptest.New(t, 0)
	r := serve(t, program, conf(t, db, ""), "--ntp_servers", clock.Address, "--max_time_drift_ms=60000")
	seen := map[string]bool{}
	for _, line := range curlLine.FindAllString(string(readme), -1) {
		c := exec.CommandContext(t.Context(), "bash", "-c", line)
		c.Env = append(os.Environ(), "SERVICE="+r.address, "AUTH=Authorization: Bearer "+token)
		text, err := c.Output()
		path := regexp.MustCompile(`\$SERVICE(/[a-z/-]+[a-z])`).FindStringSubmatch(line)[1]
		if err != nil {
			t.Errorf("%s\n%v: %s", line, err, text)
			continue
		}
		form := "json"
		if strings.Contains(line, "Accept: application/xml") {
			form = "xml"
			var any struct{ XMLName xml.Name }
			err = xml.Unmarshal(text, &any)
		} else if !json.Valid(text) {
			err = fmt.Errorf("no JSON")
		}
		if err != nil {
			t.Errorf("%s\n%v: %s", line, err, text)
		}
		seen[path+" "+form] = true
	}
	var version string
	if r.get("/service/version", &version); version != commit {
		t.Errorf("the version is %q, the build's commit %q", version, commit)
	}
	var d struct{ Paths map[string]any }
	r.get("/openapi.json", &d)
	for path := range d.Paths {
		for _, form := range []string{"json", "xml"} {
			if name := strings.TrimSuffix(path, "/{id}") + " " + form; !seen[name] {
				t.Errorf("the README does not call %s", name)
			}
		}
	}
}

// build builds the command line with a commit id.
func build(t *testing.T) (program, commit string) {
	t.Helper()
	program, commit = filepath.Join(t.TempDir(), "returnsync"), "0123456789abcdef0123456789abcdef01234567"
	c := exec.CommandContext(t.Context(), "go", "build", "-ldflags", "-X gitlab.com/eshopbox-team/return-sync/functions/internal/wings/transfer.Commit="+commit,
		"-o", program, "gitlab.com/eshopbox-team/return-sync/functions/cmd/returnsync")
	if text, err := c.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	return program, commit
}

// serve runs the program as systemd does, until the test ends it with SIGTERM.
func serve(t *testing.T, program, path string, flags ...string) *running {
	t.Helper()
	r := &running{t: t, log: &lockedBuffer{}}
	c := exec.Command(program, append([]string{"transfers", "serve", "--conf", path}, flags...)...)
	c.Stderr = r.log
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- c.Wait() }()
	t.Cleanup(func() {
		_ = c.Process.Signal(os.Interrupt)
		if err := <-ended; err != nil {
			t.Errorf("it ended with %v:\n%s", err, r.log)
		}
	})
	listening := regexp.MustCompile(`listening address="([^"]+)"`)
	for until := time.Now().Add(time.Minute); ; time.Sleep(20 * time.Millisecond) {
		if m := listening.FindStringSubmatch(r.log.String()); m != nil {
			r.address = "http://" + m[1]
			return r
		}
		select {
		case err := <-ended:
			ended <- nil
			t.Fatalf("%v:\n%s", err, r.log)
		default:
		}
		if time.Now().After(until) {
			t.Fatalf("it does not listen:\n%s", r.log)
		}
	}
}

// TestSystemsAreNamed opens an owner's SQL Server and Odoo by the INI file's keys, which
// are listed where they are missing.
func TestSystemsAreNamed(t *testing.T) {
	base := "[sosync]\nport = 5050\ntoken = 0123456789abcdef\nsides = systems\ndb_host = h\ndb_name = n\ndb_user = u\n"
	path := filepath.Join(t.TempDir(), "x.ini")
	write := func(more string) {
		if err := os.WriteFile(path, []byte(base+more), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("studio_mssql_host = s\nstudio_sosync_pw = topsecret\n")
	_, err := service.Read(path, nil)
	for _, want := range []string{"the studio's database", "the studio's user", "the address of Odoo", "Odoo's database", "Odoo's user", "Odoo's password"} {
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "topsecret") || strings.Contains(err.Error(), "the studio's host") {
			t.Errorf("%s: %v", want, err)
		}
	}
	write("studio_mssql_host = s\nstudio_mssql_db = d\nstudio_sosync_user = u\nstudio_sosync_pw = p\nonline_host = o\nonline_db = d\nonline_sosync_user = u\nonline_sosync_pw = p\n")
	if c, err := service.Read(path, nil); err != nil || len(c.Unused) != 0 {
		t.Errorf("%v, %v", c.Unused, err)
	}
}
