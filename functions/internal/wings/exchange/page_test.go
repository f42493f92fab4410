package exchange

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/lestrrat-go/jwx/v3/jwt"

	"gitlab.com/eshopbox-team/return-sync/functions/console"
	function "gitlab.com/eshopbox-team/return-sync/functions/exchange"
	"gitlab.com/eshopbox-team/return-sync/functions/internal/browser"
	"gitlab.com/eshopbox-team/return-sync/functions/internal/wire"
	"gitlab.com/eshopbox-team/return-sync/functions/partners"
	"gitlab.com/eshopbox-team/return-sync/shared/audit"
	"gitlab.com/eshopbox-team/return-sync/shared/exchange"
	"gitlab.com/eshopbox-team/return-sync/shared/exchange/exchangetest"
	"gitlab.com/eshopbox-team/return-sync/shared/exchange/store"
	"gitlab.com/eshopbox-team/return-sync/shared/identity"
	"gitlab.com/eshopbox-team/return-sync/shared/identity/identitytest"
	"gitlab.com/eshopbox-team/return-sync/shared/queue"
	"gitlab.com/eshopbox-team/return-sync/shared/queue/queuetest"
	"gitlab.com/eshopbox-team/return-sync/shared/scope"
)

const consoleSecret = "0123456789abcdef0123456789abcdef"

// desk is a node's page of the console in a browser, with the queue behind it.
type desk struct {
	*node
	*browser.Page
	url     string
	queue   *queuetest.Memory
	starter *Starter
}

// starterOn returns a starter over a node with a queue in memory.
func (n *node) starterOn(q *queuetest.Memory) *Starter {
	return &Starter{Store: n.Store, Role: n.role, Queue: func() (queue.Sender, error) { return q, nil }}
}

// openDesk serves a node's page behind the console's door.
func openDesk(t *testing.T, n *node) *desk {
	t.Helper()
	d := &desk{node: n, queue: &queuetest.Memory{}}
	d.starter = n.starterOn(d.queue)
	p := &page{tables: n.Store, acts: function.Acts{Store: n.Store, Audit: audit.New(n.db)}, starter: d.starter, role: n.role, period: time.Hour, now: time.Now}
	log := slog.New(slog.DiscardHandler)
	operators, err := identity.NewOperators(identity.OperatorConfig{Audience: "operators"}, identity.Config{Secret: consoleSecret, Claim: "account"}, identity.Roles{Claim: "roles", Operator: "operator"})
	n.must(err)
	mux := http.NewServeMux()
	mux.HandleFunc("/sign-in/{role}", func(w http.ResponseWriter, r *http.Request) {
		http.SetCookie(w, console.Cookie(personToken(t, r.PathValue("role")), false, time.Hour))
		http.Redirect(w, r, console.Path+"/wings/exchange/", http.StatusSeeOther)
	})
	mux.Handle("/", console.Handler(&wire.Console{
		Operators: operators, Log: log, Config: wire.ConsoleConfig{Streams: 1, SubjectStreams: 1, AtOnce: 20, Poll: time.Second},
		Pages: []wire.WingPage{{Name: Name, Title: "Exchange", Handler: p.handler(log)}},
	}, time.Now))
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	d.url = server.URL
	return d
}

// show opens the page in a browser as somebody with a role.
func (d *desk) show(role string) {
	d.t.Helper()
	if d.Page == nil {
		d.Page = browser.Open(d.t)
	}
	d.Go(d.url + "/sign-in/" + role)
	d.Until("the page lives", `document.querySelector("#link").innerText === "Live"`)
}

func personToken(t testing.TB, role string) string {
	t.Helper()
	return identitytest.Sign(t, consoleSecret, jwt.NewBuilder().Audience([]string{"operators"}).Subject("ann").Claim("roles", role).Expiration(time.Now().Add(time.Hour)), nil)
}

// reads waits until a part of the page has a text.
func (d *desk) reads(selector, text string) {
	d.t.Helper()
	d.Until(selector+" to read "+text, fmt.Sprintf("document.querySelector(%q).innerText.includes(%q)", selector, text))
}

// press clicks what has a key, and confirms.
func (d *desk) press(key string) {
	d.t.Helper()
	d.Click(fmt.Sprintf(`[data-key="%s"]`, key))
	d.Click("#confirm")
	d.Until("the dialog to close", `!document.querySelector("#dialog").open`)
}

// deliver has the partners function carry out the tasks of the queue.
func (n *node) deliver(q *queuetest.Memory) {
	n.t.Helper()
	h := partners.Handler(partners.Parts{Store: n.Store, Syncer: n.partners, Log: slog.New(slog.DiscardHandler)})
	for {
		task, ok := q.Take()
		if !ok {
			return
		}
		for range 2 { // the second delivery has nothing to do
			w := httptest.NewRecorder()
			r := httptest.NewRequestWithContext(n.t.Context(), http.MethodPost, "/", bytes.NewReader(task.Body))
			if h.ServeHTTP(w, r); w.Code != http.StatusOK {
				n.t.Errorf("%s: %d %s", task.Body, w.Code, w.Body)
			}
		}
	}
}

// audited returns the newest row of the audit in words.
func (n *node) audited() string {
	n.t.Helper()
	list, err := audit.New(n.db).Audits(n.t.Context(), 1)
	n.must(err)
	if len(list) == 0 {
		return ""
	}
	a := list[0]
	return strings.Join([]string{a.Who, a.Via, a.Action, a.Object, a.Old, a.New, a.Outcome}, "|")
}

// TestPageOfASecondary compares, syncs and switches by the page, each with a row of the
// audit; somebody who may only look changes nothing.
func TestPageOfASecondary(t *testing.T) {
	primary, secondary := newNode(t, "primary", nil), newNode(t, "secondary", nil)
	befriend(primary, secondary)
	sub := primary.publish("rotors", secondary.id, 40, 200)
	primary.publish("pads", secondary.id, 7, 100)
	d := openDesk(t, secondary)
	d.show("operator")
	d.press("compare-" + primary.id.String())
	d.reads("#toast", "Comparison 1 was given to the queue")
	secondary.deliver(d.queue)
	d.reads("#differences", "40 grains to come, 0 to go")
	if got := secondary.audited(); got != "ann|console|sync-exchange|"+primary.id.String()+"||without update|done" {
		t.Errorf("the audit: %s", got)
	}
	d.press("sync-" + primary.id.String())
	secondary.deliver(d.queue)
	d.reads("#starts", "2 subscriptions, 47 added, 0 removed")
	d.reads("#subscriptions", "rotors")
	d.reads("#differences", "Nothing, as of the last sync")
	d.reads("#activities", "Syncing")
	d.reads("#verdict", "All is well.")
	same(primary, secondary, sub.SliceID)
	d.press("sub-" + sub.ID.String())
	d.Until("the switch to be off", fmt.Sprintf(`document.querySelector('[data-key="sub-%s"]').getAttribute("aria-checked") === "false"`, sub.ID))
	if got := secondary.audited(); !strings.HasPrefix(got, "ann|console|edit-subscription|subscription rotors (") || !strings.Contains(got, "rotors, on,") || !strings.Contains(got, "rotors, off,") {
		t.Errorf("the audit: %s", got)
	}
	d.press("company-" + primary.id.String())
	d.Until("the company to be off", fmt.Sprintf(`document.querySelector('[data-key="company-%s"]').getAttribute("aria-checked") === "false"`, primary.id))
	if c, err := secondary.Companies.Company(t.Context(), primary.id); err != nil || c.Active {
		t.Errorf("%+v, %v", c, err)
	}
	d.InEveryForm("secondary")
	d.show("reader")
	d.reads("#who", "may look")
	if n := browser.Value[int](d.Page, `document.querySelectorAll("main button:not(:disabled)").length`); n != 0 {
		t.Errorf("somebody who may only look has %d buttons", n)
	}
	status := browser.Value[int](d.Page, `fetch("act/subscription", {method: "POST", headers: {"X-Return-Sync": "1"}, body: "{}"}).then(r => r.status)`)
	if status != http.StatusForbidden {
		t.Errorf("an act of somebody who may only look: %d", status)
	}
	d.Complaints() // the browser reports the refusal
}

// TestPageOfAPrimary locks a slice by the page, and sees which partner is behind.
func TestPageOfAPrimary(t *testing.T) {
	primary, secondary := newNode(t, "primary", nil), newNode(t, "secondary", nil)
	befriend(primary, secondary)
	sub := primary.publish("rotors", secondary.id, 40, 200)
	d := openDesk(t, primary)
	d.show("operator")
	d.reads("#differences", "rotors")
	company, err := secondary.Companies.Company(t.Context(), primary.id)
	secondary.must(err)
	if r, err := secondary.partners.Sync(t.Context(), company, exchange.First, false); err != nil || !r.OK() {
		t.Fatalf("%+v, %v", r, err)
	}
	d.reads("#differences", "Every partner has what was published.")
	primary.must(primary.Grains.AddGrains(t.Context(), sub.SliceID, exchangetest.Grains(sub.SliceID, 40, 1, 10), false))
	d.reads("#differences", "rotors")
	d.press("slice-" + sub.ID.String())
	d.reads("#toast", "rotors is locked")
	if s, err := primary.Slices.Slice(t.Context(), sub.SliceID); err != nil || s.AllowSync {
		t.Errorf("%+v, %v", s, err)
	}
	if got := primary.audited(); !strings.HasPrefix(got, "ann|console|lock-slice|slice rotors (") || !strings.HasSuffix(got, "|sync on|sync off|done") {
		t.Errorf("the audit: %s", got)
	}
	d.InEveryForm("primary")
}

// TestPageShowsMarkupAsText has names and errors of partners that are markup.
func TestPageShowsMarkupAsText(t *testing.T) {
	n := newNode(t, "secondary", nil)
	const evil = `<img src=x onerror="document.title='hacked'">`
	company := exchange.Company{ID: exchange.NewID(), Name: evil, SyncAddr: "http://127.0.0.1:1/" + evil, Active: true}
	n.must(n.Companies.CreateCompany(t.Context(), company))
	n.must(n.Activities.Record(t.Context(), exchange.Activity{CompanyID: company.ID, Message: evil, Error: evil}))
	d := openDesk(t, n)
	d.show("operator")
	d.reads("#partners", evil)
	d.reads("#activities", evil)
	if made := browser.Value[int](d.Page, `document.querySelectorAll("main img").length`); made != 0 || strings.Contains(browser.Value[string](d.Page, "document.title"), "hacked") {
		t.Errorf("%d elements were made of texts", made)
	}
}

// TestStarts starts syncs as schedules and scopes do: once a key, with an outcome that a
// scope can follow.
func TestStarts(t *testing.T) {
	primary, secondary := newNode(t, "primary", nil), newNode(t, "secondary", nil)
	befriend(primary, secondary)
	sub := primary.publish("rotors", secondary.id, 40, 200)
	q, ctx := &queuetest.Memory{}, t.Context()
	m := members{secondary.starterOn(q)}
	state := func(ref string) scope.State {
		t.Helper()
		s, _, err := m.State(ctx, ref)
		secondary.must(err)
		return s
	}
	all, err := m.Start(ctx, everybody, "one")
	secondary.must(err)
	if again, err := m.Start(ctx, everybody, "one"); err != nil || again != all || len(q.Tasks()) != 1 {
		t.Fatalf("%s and %s, %d tasks, %v", all, again, len(q.Tasks()), err)
	}
	if state(all) != scope.Syncing {
		t.Errorf("before: %s", state(all))
	}
	secondary.deliver(q)
	if state(all) != scope.Synced {
		t.Errorf("afterwards: %s", state(all))
	}
	same(primary, secondary, sub.SliceID)
	for target, problem := range map[string]string{"nobody": "is called", exchange.NewID().String(): "is called"} {
		if err := m.Check(ctx, target); err == nil || !strings.Contains(err.Error(), problem) {
			t.Errorf("%s: %v", target, err)
		}
	}
	primary.must(primary.Slices.AllowSync(ctx, sub.SliceID, false))
	primary.must(primary.Grains.AddGrains(ctx, sub.SliceID, exchangetest.Grains(sub.SliceID, 40, 1, 10), false))
	one, err := m.Start(ctx, "rotors", "two")
	secondary.must(err)
	secondary.deliver(q)
	if s, why, err := m.State(ctx, one); err != nil || s != scope.Failed || !strings.Contains(why, "1 of 1 subscriptions failed") {
		t.Errorf("a locked slice: %s %q %v", s, why, err)
	}
	lost, err := m.Start(ctx, "rotors", "three")
	secondary.must(err)
	_, err = secondary.db.ExecContext(ctx, "UPDATE exchange_start SET touched_at = NOW(6) - INTERVAL 2 HOUR WHERE id = ?", lost)
	secondary.must(err)
	if state(lost) != scope.Interrupted {
		t.Errorf("a start whose task is lost: %s", state(lost))
	}
	if _, _, err := m.State(ctx, "999"); err == nil {
		t.Error("a start that does not exist has a state")
	}
	if err := (members{primary.starterOn(q)}).Check(ctx, everybody); err == nil {
		t.Error("a primary has partners to sync with")
	}
}

// TestAStartIsPutOff delivers a start beside another sync with the partner, and one whose
// session breaks off.
func TestAStartIsPutOff(t *testing.T) {
	primary, secondary := newNode(t, "primary", nil), newNode(t, "secondary", nil)
	befriend(primary, secondary)
	primary.publish("rotors", secondary.id, 4, 20)
	q := &queuetest.Memory{}
	id, err := secondary.starterOn(q).Start(t.Context(), primary.id.String(), "k", false)
	secondary.must(err)
	task, _ := q.Take()
	h := partners.Handler(partners.Parts{Store: secondary.Store, Syncer: secondary.partners, Log: slog.New(slog.DiscardHandler)})
	attempt := func(ctx context.Context) int {
		w := httptest.NewRecorder()
		r := httptest.NewRequestWithContext(ctx, http.MethodPost, "/", bytes.NewReader(task.Body))
		r.Header.Set("X-CloudTasks-QueueName", "exchange")
		h.ServeHTTP(w, r)
		return w.Code
	}
	other, err := secondary.Rights.Hold(t.Context(), primary.id, time.Hour)
	secondary.must(err)
	if got := attempt(t.Context()); got != http.StatusServiceUnavailable {
		t.Errorf("beside another sync: %d", got)
	}
	_, release := other.Renewed(t.Context())
	release()
	dead := primary.url
	_, err = secondary.db.ExecContext(t.Context(), "UPDATE exchange_company SET sync_addr = 'http://127.0.0.1:1' WHERE sync_addr = ?", dead)
	secondary.must(err)
	if got := attempt(t.Context()); got != http.StatusServiceUnavailable {
		t.Errorf("a server that does not answer: %d", got)
	}
	_, err = secondary.db.ExecContext(t.Context(), "UPDATE exchange_company SET sync_addr = ? WHERE sync_addr = 'http://127.0.0.1:1'", dead)
	secondary.must(err)
	if got := attempt(t.Context()); got != http.StatusOK {
		t.Errorf("at last: %d", got)
	}
	start, err := secondary.Starts.Start(t.Context(), id)
	if err != nil || start.State != store.StartSynced || start.Attempts != 3 || len(start.Reports) != 1 || start.Reports[0].Results[0].Added != 4 {
		t.Errorf("%+v, %v", start, err)
	}
}
