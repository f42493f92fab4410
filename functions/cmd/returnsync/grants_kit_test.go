package main

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"path"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"gitlab.com/eshopbox-team/return-sync/functions/internal/rehearsal"
	"gitlab.com/eshopbox-team/return-sync/functions/internal/rehearsal/rehearsaltest"
	"gitlab.com/eshopbox-team/return-sync/functions/internal/server"
	"gitlab.com/eshopbox-team/return-sync/functions/internal/wire"
	"gitlab.com/eshopbox-team/return-sync/shared/alert/alerttest"
	"gitlab.com/eshopbox-team/return-sync/shared/grants"
	"gitlab.com/eshopbox-team/return-sync/shared/sample"
)

// roleOf returns the role of a function: the folder in which it is opened.
func roleOf(name string) string {
	for _, f := range server.Functions() {
		if f.Name == name {
			open := runtime.FuncForPC(reflect.ValueOf(f.Open).Pointer()).Name()
			return wire.FolderOf(path.Base(open))
		}
	}
	return ""
}

// users are the users of terraform/README.md in one of its two forms.
type users struct {
	iam bool
}

// named returns the user of a role, and its password.
func (u users) named(role string) (user, password string) {
	switch {
	case u.iam:
		return "return-sync-" + role, "p"
	case role == grants.Operator:
		return "operator", "..."
	case role == grants.Search:
		return "searcher", "..."
	}
	return "functions", "..."
}

// place is a stack whose functions and command line have exactly the documented
// rights.
type place struct {
	*rehearsal.Stack
	t     *testing.T
	users users
	cli   deps
	slack *alerttest.Receiver
}

// underGrants starts a stack as terraform/README.md says, statement by statement. The test
// waits most of the time, so it runs beside others.
func underGrants(t *testing.T, u users, wings ...rehearsal.Wing) *place {
	t.Helper()
	t.Parallel()
	p := &place{t: t, users: u, slack: alerttest.NewReceiver(t)}
	s := rehearsaltest.Start(t.Context(), t, rehearsal.Options{
		Database: "warehouse", ChildLog: logged{t}, Wings: wings, BufferPoolMB: 256, Slack: p.slack.URL, Migrate: p.migrate,
		Accounts: func(function string) (user, password string) { return u.named(roleOf(function)) },
		Env: []string{"JOB_PAUSE=50ms", "PAGE_SIZE=20", "OVERLAP=1m", "PAGE_ATTEMPTS=2", "RUN_LEASE=20s", "PAGE_LEASE=5s", "JOB_SILENCE=1s",
			"KEEP_DAYS=1", "LOG_KEEP_DAYS=1", "SCOPES_KEEP_DAYS=1", "SCOPES_SWEEP=100ms", "WATCH_REPEAT=1s", "ALGOLIA_ATTEMPTS=1"},
	})
	p.Stack = s
	environment := s.Environment()
	environment["SOURCE_DSN"] = p.dsn(grants.Operator)
	environment["STATE_DSN"] = environment["SOURCE_DSN"]
	environment["ALGOLIA_ADMIN_KEY"] = rehearsal.AdminKey
	p.cli = surroundings(t, environment)
	p.cli.poll = 20 * time.Millisecond
	return p
}

// dsn returns the DSN of a role.
func (p *place) dsn(role string) string {
	p.t.Helper()
	dsn, err := p.DSNAs(p.users.named(role))
	if err != nil {
		p.t.Fatal(err)
	}
	return dsn
}

// migrate makes our tables by the operator's own rights, and the other users.
func (p *place) migrate(ctx context.Context, s *rehearsal.Stack) error {
	p.Stack = s
	documented, err := rehearsal.ReadGrants("../../../terraform/README.md")
	if err != nil {
		return err
	}
	if err := sample.Migrate(ctx, s.DB); err != nil {
		return err
	}
	before, after := documented.Operator, slices.Concat(documented.Passwords, documented.Follow)
	if p.users.iam {
		before, after = before[1:], documented.IAM // Terraform makes the users
		for _, statement := range documented.Follow {
			after = append(after, strings.ReplaceAll(statement, "'functions'", "'return-sync-follow'"))
		}
		for i := range before {
			before[i] = strings.ReplaceAll(before[i], "'operator'", "'return-sync-operator'")
		}
		for _, role := range grants.Roles() {
			before = slices.Insert(before, 0, "CREATE USER 'return-sync-"+role+"'@'%' IDENTIFIED BY 'p'")
		}
	}
	for _, statement := range before {
		if _, err := s.DB.ExecContext(ctx, statement); err != nil {
			return fmt.Errorf("%s: %w", statement, err)
		}
	}
	dsn := p.dsn(grants.Operator)
	for range 2 {
		call(p.t, surroundings(p.t, env{"SOURCE_DSN": dsn}), "migrate").expect(p.t, exitOK, nil, nil)
	}
	for _, statement := range slices.Concat([]string{"SET GLOBAL log_output = 'TABLE'", "SET GLOBAL general_log = 1"}, after, after) {
		if _, err := s.DB.ExecContext(ctx, statement); err != nil {
			return fmt.Errorf("%s: %w", statement, err)
		}
	}
	return nil
}

// run runs a command line as the operator and demands success.
func (p *place) run(args ...string) string {
	p.t.Helper()
	return p.ends(exitOK, args...)
}

// ends runs a command line as the operator and demands its exit code.
func (p *place) ends(code int, args ...string) string {
	p.t.Helper()
	r := call(p.t, p.cli, args...)
	if r.code != code || strings.Contains(r.out+r.log, "denied") {
		p.t.Errorf("returnsync %s: %d\n%s%s", strings.Join(args, " "), r.code, r.out, r.log)
	}
	return r.out
}

// post calls a function as its callers do and demands success.
func (p *place) post(function, below, body string) string {
	p.t.Helper()
	status, text := p.call(http.MethodPost, function, below, body)
	if status != http.StatusOK {
		p.t.Errorf("%s%s %s: %d %s", function, below, body, status, text)
	}
	return text
}

// call calls a function as its callers do: a page as an operator.
func (p *place) call(method, function, below, body string) (int, string) {
	p.t.Helper()
	req, err := http.NewRequestWithContext(p.t.Context(), method, p.URL(function)+below, strings.NewReader(body))
	if err != nil {
		p.t.Fatal(err)
	}
	sign := p.HandToken
	if function == "SyncConsole" || function == "SyncScopes" {
		sign = p.Operator
	}
	bearer, err := sign()
	p.must(err)
	req.Header.Set("Authorization", "Bearer "+bearer)
	req.Header.Set("X-Return-Sync", "1")
	req.Header.Set("Content-Type", "application/json")
	return p.answered(req)
}

// answered sends a request and reads the answer.
func (p *place) answered(req *http.Request) (int, string) {
	p.t.Helper()
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		p.t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		p.t.Fatal(err)
	}
	return res.StatusCode, string(text)
}

// found asks the search function as a tenant until a read of the live index is
// recent, and returns how many records it finds; 0 and false before the first sync.
func (p *place) found() (hits int, synced bool) {
	p.t.Helper()
	var account string
	if err := p.DB.QueryRowContext(p.t.Context(), "SELECT account_slug FROM order_return WHERE deleted_at IS NULL ORDER BY id LIMIT 1").Scan(&account); err != nil {
		p.t.Fatal(err)
	}
	bearer, err := p.Identity.Sign(account, time.Now().Add(time.Hour))
	if err != nil {
		p.t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(p.t.Context(), http.MethodGet, p.URL("SearchOrderReturnIndexData"), nil)
	if err != nil {
		p.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+bearer)
	status, text := p.answered(req)
	var a struct {
		NbHits int
		AsOf   *time.Time
	}
	if err := json.Unmarshal([]byte(text), &a); err != nil || status != http.StatusOK {
		p.t.Fatalf("search: %d %s", status, text)
	}
	return a.NbHits, a.AsOf != nil
}

// searched demands that searches find what they should, by an instance that has
// just started and so reads which index is live.
func (p *place) searched(when string) {
	p.t.Helper()
	const function = "SearchOrderReturnIndexData"
	p.must(p.Kill(function))
	p.must(p.Revive(p.t.Context(), function))
	if hits, synced := p.found(); hits == 0 || !synced {
		p.t.Errorf("%s: %d hits, synced %v", when, hits, synced)
	}
}

// must stops the test at an error.
func (p *place) must(err error) {
	p.t.Helper()
	if err != nil {
		p.t.Fatal(err)
	}
}

// admin runs a statement as the administrator.
func (p *place) admin(query string, args ...any) {
	p.t.Helper()
	exec(p.t, p.DB, query, args...)
}

// refused returns what the log says of statements that the server would refuse to
// the users who sent them.
func (p *place) refused() (problems []string, sent map[string]int) {
	p.t.Helper()
	sent = map[string]int{}
	for _, role := range slices.Concat(grants.Roles(), []string{"functions", "searcher"}) {
		user, password := role, "..."
		if p.users.iam {
			user, password = p.users.named(role)
		}
		shapes := p.shapes(user)
		if len(shapes) == 0 {
			continue
		}
		dsn, err := p.DSNAs(user, password)
		p.must(err)
		db, err := sql.Open("mysql", dsn)
		p.must(err)
		for _, statement := range shapes {
			sent[user]++
			rows, err := db.QueryContext(p.t.Context(), "EXPLAIN "+statement)
			if err == nil {
				p.must(rows.Close())
			} else if strings.Contains(err.Error(), "denied") {
				problems = append(problems, fmt.Sprintf("%s: %v\n%s", user, err, statement[:min(len(statement), 300)]))
			}
		}
		p.must(db.Close())
	}
	return problems, sent
}

// shapes returns one of each form of statement that a user sent.
func (p *place) shapes(user string) []string {
	p.t.Helper()
	rows, err := p.DB.QueryContext(p.t.Context(), "SELECT CONVERT(argument USING utf8mb4) FROM mysql.general_log WHERE user_host LIKE ? AND command_type IN ('Query', 'Execute')", user+"[%")
	p.must(err)
	defer func() { _ = rows.Close() }()
	forms := map[string]string{}
	for rows.Next() {
		var text string
		p.must(rows.Scan(&text))
		if word, _, _ := strings.Cut(strings.TrimSpace(text), " "); slices.Contains([]string{"SELECT", "INSERT", "UPDATE", "DELETE", "(SELECT"}, word) {
			forms[withoutValues(text)] = text
		}
	}
	p.must(rows.Err())
	return slices.Collect(maps.Values(forms))
}

// withoutValues drops quoted texts and all digits of a statement, so that
// statements of one form are equal.
func withoutValues(text string) string {
	var form strings.Builder
	quote := byte(0)
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case quote != 0 && c == '\\':
			i++
		case quote != 0:
			if c == quote {
				quote = 0
			}
		case c == '\'' || c == '"':
			quote = c
		case c < '0' || c > '9':
			form.WriteByte(c)
		}
	}
	return form.String()[:min(300, form.Len())]
}
