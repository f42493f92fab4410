package mssql_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	driver "github.com/microsoft/go-mssqldb"

	"gitlab.com/eshopbox-team/return-sync/shared/emulator/mssql"
)

// server is an emulator under test, with what its callbacks were called with.
type server struct {
	*mssql.Server
	address string
	mu      sync.Mutex
	jobs    []mssql.Job
	refused []string
}

// start serves an emulator until the test ends.
func start(t *testing.T, o mssql.Options) *server {
	t.Helper()
	s := &server{}
	o.Post = func(j mssql.Job) { s.mu.Lock(); defer s.mu.Unlock(); s.jobs = append(s.jobs, j) }
	o.Refused = func(text string) { s.mu.Lock(); defer s.mu.Unlock(); s.refused = append(s.refused, text) }
	var err error
	if s.Server, err = mssql.New(o); err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s.address = l.Addr().String()
	ended := make(chan error, 1)
	go func() { ended <- s.Serve(l) }()
	t.Cleanup(func() {
		_ = s.Close() // it never fails
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	return s
}

// pool opens Microsoft's driver on the emulator.
func (s *server) pool(t *testing.T, user, options string) *sql.DB {
	t.Helper()
	db, err := sql.Open("sqlserver", "sqlserver://"+user+"@"+s.address+"?database=studio&disableretry=true&"+options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

const right = "sosync:Local-1433"

// number returns the server's number of an error.
func number(err error) int32 {
	var e driver.Error
	errors.As(err, &e)
	return e.Number
}

const editName = "UPDATE [dbo].[Person] SET [Name] = @value WHERE [PersonID] = @id"

// person makes a person by hand.
func (s *server) person(t *testing.T, name string) int64 {
	t.Helper()
	id, err := s.Edit(t.Context(), "dbo.Person", 0, map[string]any{"Name": name})
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// edit changes a person's name over the wire.
func edit(ctx context.Context, db interface {
	ExecContext(context.Context, string, ...any) (sql.Result, error)
}, id int64, name string) error {
	r, err := db.ExecContext(ctx, editName, sql.Named("value", name), sql.Named("id", id))
	if err != nil {
		return err
	}
	if n, err := r.RowsAffected(); n != 1 || err != nil {
		return fmt.Errorf("%d rows, %w", n, err)
	}
	return nil
}

func TestLogin(t *testing.T) {
	s := start(t, mssql.Options{})
	for user, want := range map[string]int32{right: 0, "sosync:wrong": 18456, "sa:Local-1433": 18456} {
		if err := s.pool(t, user, "").PingContext(t.Context()); number(err) != want || want == 0 && err != nil {
			t.Errorf("%s: %v", user, err)
		}
	}
	db, err := sql.Open("sqlserver", "sqlserver://"+right+"@"+s.address+"?database=other")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	if err := db.PingContext(t.Context()); number(err) != 18456 || !strings.Contains(err.Error(), "4060") {
		t.Error(err)
	}
}

// TestEncryption meets every wish of a client with every demand of the server.
func TestEncryption(t *testing.T) {
	for _, demands := range []bool{false, true} {
		s := start(t, mssql.Options{Encrypt: demands})
		for options, fails := range map[string]bool{
			"": false, "encrypt=false": true, "encrypt=false&trustservercertificate=true": false, "encrypt=true&trustservercertificate=true": false, "encrypt=true": true,
			"encrypt=disable": demands, "encrypt=strict": true, "packet+size=2048": false,
		} {
			if err := s.pool(t, right, options).PingContext(t.Context()); (err != nil) != fails {
				t.Errorf("%q, the server demands encryption %v: %v", options, demands, err)
			}
		}
	}
}

func TestUnknownStatementsAreRefused(t *testing.T) {
	s := start(t, mssql.Options{})
	db := s.pool(t, right, "")
	for _, text := range []string{
		"DROP TABLE [dbo].[Person]", "SELECT 1", editName + " OR 1 = 1", strings.Replace(editName, "[Name]", "[Nachname]", 1), "EXEC sp_executesql N'SELECT 1'", "EXEC sp_executesql N'open", "EXEC sp_executesql",
		"SELECT TOP (@most) * FROM [dbo].[Person] WHERE [PersonID] > @after ORDER BY [PersonID]",
	} {
		if _, err := db.ExecContext(t.Context(), text); number(err) != 50000 {
			t.Errorf("%s: %v", text, err)
		}
	}
	if _, err := db.ExecContext(t.Context(), "xp_cmdshell", "ls"); number(err) != 2812 {
		t.Error(err)
	}
	if len(s.refused) != 7 || s.Stats().Calls["refused"] != 7 { // two could not be read at all
		t.Errorf("%q, %v", s.refused, s.Stats())
	}
}

// TestTransactions commits and rolls back over the wire; jobs are posted for what is
// committed.
func TestTransactions(t *testing.T) {
	s := start(t, mssql.Options{})
	db, id := s.pool(t, right, ""), s.person(t, "Maier")
	for _, commit := range []bool{false, true} {
		tx, err := db.BeginTx(t.Context(), nil)
		if err != nil {
			t.Fatal(err)
		}
		if err := edit(t.Context(), tx, id, "Größenmann"); err != nil {
			t.Fatal(err)
		}
		end := tx.Rollback
		if commit {
			end = tx.Commit
		}
		if err := end(); err != nil {
			t.Fatal(err)
		}
		want, jobs := "Maier", 1
		if commit {
			want, jobs = "Größenmann", 2
		}
		if row := s.Rows("dbo.Person")[id]; row["Name"] != want || len(s.jobs) != jobs {
			t.Errorf("committed %v: %v, jobs %v", commit, row["Name"], s.jobs)
		}
	}
	if j := s.jobs[1]; j.Model != "dbo.Person" || j.ID != id || !j.Date.Equal(s.Rows("dbo.Person")[id]["sosync_write_date"].(time.Time)) {
		t.Errorf("%+v", j)
	}
}

// TestTwoClientsDeadlock makes a real dead-lock over the wire.
func TestTwoClientsDeadlock(t *testing.T) {
	s := start(t, mssql.Options{})
	db := s.pool(t, right, "")
	ids := []int64{s.person(t, "a"), s.person(t, "b")}
	var first, both sync.WaitGroup
	first.Add(2)
	lost := make([]error, 2)
	for n := range 2 {
		both.Go(func() {
			tx, err := db.BeginTx(t.Context(), nil)
			if err == nil {
				err = edit(t.Context(), tx, ids[n], "x")
			}
			first.Done()
			first.Wait()
			if err == nil {
				err = edit(t.Context(), tx, ids[1-n], "y")
			}
			if lost[n] = err; err != nil {
				_ = tx.Rollback() // the server has rolled it back
				return
			}
			lost[n] = tx.Commit()
		})
	}
	both.Wait()
	if (number(lost[0]) == 1205) == (number(lost[1]) == 1205) {
		t.Error(lost)
	}
}

func TestAttention(t *testing.T) {
	s := start(t, mssql.Options{})
	db, id := s.pool(t, right, ""), s.person(t, "Maier")
	db.SetMaxOpenConns(1)
	for _, kind := range []mssql.Fault{{Kind: "timeout", Max: 1}, {Kind: "slow", DelayMS: 60000, Max: 1}} {
		if err := s.SetFaults(mssql.Faults{Rules: []mssql.Fault{kind}}); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		err := edit(ctx, db, id, "new")
		cancel()
		if !errors.Is(err, context.DeadlineExceeded) || s.Rows("dbo.Person")[id]["Name"] != "Maier" {
			t.Errorf("%s: %v, %v", kind.Kind, err, s.Rows("dbo.Person")[id])
		}
	}
	if err := edit(t.Context(), db, id, "new"); err != nil {
		t.Errorf("after the attention: %v", err)
	}
}

// TestFaults plays each fault on one statement.
func TestFaults(t *testing.T) {
	for _, c := range []struct {
		fault   mssql.Fault
		number  int32
		applied bool
		fails   bool
	}{
		{mssql.Fault{Kind: "deadlock"}, 1205, false, true}, {mssql.Fault{Kind: "locked"}, 1222, false, true}, {mssql.Fault{Kind: "denied"}, 229, false, true}, {mssql.Fault{Kind: "missing"}, 208, false, true},
		{mssql.Fault{Kind: "reset"}, 0, false, true}, {mssql.Fault{Kind: "resetApplied"}, 0, true, true}, {mssql.Fault{Kind: "slow", DelayMS: 1}, 0, true, false},
		{mssql.Fault{Kind: "timeoutApplied"}, 0, true, true}, {mssql.Fault{Kind: "deadlock", Route: "dbo.Person read"}, 0, true, false},
	} {
		t.Run(string(c.fault.Kind)+c.fault.Route, func(t *testing.T) {
			s := start(t, mssql.Options{})
			db, id := s.pool(t, right, ""), s.person(t, "old")
			if err := s.SetFaults(mssql.Faults{Rules: []mssql.Fault{c.fault}}); err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithCancel(t.Context())
			if c.fault.Kind == "timeoutApplied" {
				ctx, cancel = context.WithTimeout(t.Context(), 300*time.Millisecond)
			}
			defer cancel()
			err := edit(ctx, db, id, "new")
			if (err != nil) != c.fails || number(err) != c.number {
				t.Errorf("%v", err)
			}
			if applied := s.Rows("dbo.Person")[id]["Name"] == "new"; applied != c.applied {
				t.Errorf("applied: %v", applied)
			}
		})
	}
	s := start(t, mssql.Options{})
	if err := s.SetFaults(mssql.Faults{Rules: []mssql.Fault{{Kind: "rateLimit"}}}); err == nil {
		t.Error("a fault of HTTP was taken")
	}
	if err := s.SetFaults(mssql.Faults{Rules: []mssql.Fault{{Kind: "loginDenied"}}}); err != nil {
		t.Fatal(err)
	}
	if err := s.pool(t, right, "").PingContext(t.Context()); number(err) != 18456 {
		t.Error(err)
	}
}

// TestLostCommit cuts the connection after a commit, whose answer nobody gets.
func TestLostCommit(t *testing.T) {
	s := start(t, mssql.Options{})
	db, id := s.pool(t, right, ""), s.person(t, "old")
	if err := s.SetFaults(mssql.Faults{Rules: []mssql.Fault{{Kind: "resetApplied", Route: "commit"}}}); err != nil {
		t.Fatal(err)
	}
	tx, err := db.BeginTx(t.Context(), nil)
	if err == nil {
		err = edit(t.Context(), tx, id, "new")
	}
	if err != nil {
		t.Fatal(err)
	}
	if err := tx.Commit(); err == nil || s.Rows("dbo.Person")[id]["Name"] != "new" {
		t.Errorf("%v, %v", err, s.Rows("dbo.Person")[id])
	}
}

// TestOffice deletes and merges as people do.
func TestOffice(t *testing.T) {
	s := start(t, mssql.Options{First: 100})
	ctx := t.Context()
	a, b := s.person(t, "a"), s.person(t, "b")
	mail, err := s.Edit(ctx, "dbo.PersonEmail", 0, map[string]any{"PersonID": a, "EmailVor": "a", "HauptAdresse": true})
	if err == nil {
		_, err = s.Edit(ctx, "dbo.PersonAdresse", 0, map[string]any{"PersonID": a, "Ort": "Köln"})
	}
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Delete(ctx, "dbo.Person", a); err == nil {
		t.Error("a person with an e-mail was deleted")
	}
	s.jobs = nil
	if err := s.Merge(ctx, "dbo.Person", a, b); err != nil {
		t.Fatal(err)
	}
	if s.Rows("dbo.PersonEmail")[mail]["PersonID"] != b || len(s.Rows("dbo.PersonAdresse")) != 0 || len(s.Rows("dbo.Person")) != 1 || a != 101 {
		t.Error(s.Rows("dbo.PersonEmail"), s.Rows("dbo.PersonAdresse"))
	}
	if len(s.jobs) != 2 || s.jobs[0].Model != "dbo.PersonEmail" || s.jobs[1].Kind != "merge_into" || s.jobs[1].IntoID != b || s.jobs[1].JSON()["job_source_merge_into_record_id"] != b {
		t.Errorf("%+v", s.jobs)
	}
	if err := s.Delete(ctx, "dbo.PersonEmail", mail); err != nil || s.jobs[2].Kind != "delete" {
		t.Errorf("%v, %+v", err, s.jobs)
	}
	for _, wrong := range []error{s.Delete(ctx, "dbo.PersonEmail", mail), s.Delete(ctx, "dbo.X", 1), func() error { _, err := s.Edit(ctx, "dbo.Person", b, map[string]any{"X": 1}); return err }()} {
		if wrong == nil {
			t.Error("nothing was wrong")
		}
	}
}

func TestControl(t *testing.T) {
	s := start(t, mssql.Options{})
	for _, c := range []struct{ method, path, body, want string }{
		{"PUT", "/faults", `{"rules":[{"kind":"deadlock","probability":0.5}]}`, "deadlock"}, {"GET", "/stats", "", "connections"}, {"PUT", "/faults", `{"rules":[{"kind":"html"}]}`, "one of HTTP"},
	} {
		w := httptest.NewRecorder()
		s.Control().ServeHTTP(w, httptest.NewRequest(c.method, c.path, strings.NewReader(c.body)))
		if !strings.Contains(w.Body.String(), c.want) || (w.Code == http.StatusOK) == (c.want == "one of HTTP") {
			t.Errorf("%+v: %d %s", c, w.Code, w.Body)
		}
	}
}

// TestDisconnect cuts connections, and rolls back what they had not committed.
func TestDisconnect(t *testing.T) {
	s := start(t, mssql.Options{})
	db, id := s.pool(t, right, ""), s.person(t, "old")
	tx, err := db.BeginTx(t.Context(), nil)
	if err == nil {
		err = edit(t.Context(), tx, id, "new")
	}
	if err != nil {
		t.Fatal(err)
	}
	s.Disconnect()
	if err := tx.Commit(); err == nil {
		t.Error("committed")
	}
	if err := edit(t.Context(), db, id, "newer"); err != nil { // it waits for the lock of the first
		t.Error(err)
	}
}
