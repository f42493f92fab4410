package exchange

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/exchange"
	"gitlab.com/eshopbox-team/return-sync/shared/exchange/exchangetest"
	"gitlab.com/eshopbox-team/return-sync/shared/exchange/rest"
	"gitlab.com/eshopbox-team/return-sync/shared/exchange/websocket"
	"gitlab.com/eshopbox-team/return-sync/shared/fault"
)

// counting counts requests by path and may take upgrades away, as a proxy does.
func counting(paths *sync.Map, upgrades bool) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			n, _ := paths.LoadOrStore(r.Method+" "+r.URL.Path, &atomic.Int64{})
			n.(*atomic.Int64).Add(1)
			if !upgrades {
				r.Header.Del("Upgrade")
				r.Header.Del("Connection")
			}
			next.ServeHTTP(w, r)
		})
	}
}

func calls(paths *sync.Map, path string) int64 {
	n, ok := paths.Load(path)
	if !ok {
		return 0
	}
	return n.(*atomic.Int64).Load()
}

// TestTwoOfOurs syncs two servers over a websocket, started by POST /sync with the
// address and with the company, and by a proxy that eats websockets.
func TestTwoOfOurs(t *testing.T) {
	for name, upgrades := range map[string]bool{"websocket": true, "single calls": false} {
		t.Run(name, func(t *testing.T) {
			var paths sync.Map
			primary, secondary := newNode(t, "primary", counting(&paths, upgrades)), newNode(t, "secondary", nil)
			befriend(primary, secondary)
			sub := primary.publish("rotors", secondary.id, 40, 200)
			meta := *sub.Slice
			meta.Metadata = map[string]string{"version": "1"}
			primary.must(primary.Slices.UpdateSlice(t.Context(), meta))
			var r exchange.Report
			if status := secondary.ask("POST", "/sync/"+url.PathEscape(primary.url), secondary.token, nil, &r); status != 200 || !r.OK() || r.Results[0].Added != 40 {
				t.Fatalf("%d %+v", status, r)
			}
			same(primary, secondary, sub.SliceID)
			if status := secondary.ask("POST", "/v1/sync/"+primary.id.String(), secondary.token, nil, &r); status != 200 || r.Results[0].Outcome != exchange.OutcomeUnchanged {
				t.Errorf("%d %+v", status, r)
			}
			if fetched := calls(&paths, "GET /v1/sync/slice/"+sub.SliceID.String()); (fetched == 0) != upgrades {
				t.Errorf("%d single calls", fetched)
			}
			there, err := primary.Slices.Slice(t.Context(), sub.SliceID)
			primary.must(err)
			here, err := secondary.Slices.Slice(t.Context(), sub.SliceID)
			secondary.must(err)
			if there.Hash != here.Hash || here.Count != 40 || here.Metadata["version"] != "1" || here.Hash == "" {
				t.Errorf("there %+v, here %+v", there, here)
			}
			list, total, err := primary.Activities.List(t.Context(), 0, 10)
			if err != nil || total != 2 || !list[0].Success || list[0].CompanyID != secondary.id {
				t.Errorf("%+v, %v", list, err)
			}
		})
	}
}

// TestSliceThatChanges adds a grain to a slice while single calls read it: the sync asks
// for the slice's state again and brings the new one.
func TestSliceThatChanges(t *testing.T) {
	var paths sync.Map
	var change func()
	primary := newNode(t, "primary", func(next http.Handler) http.Handler {
		next = counting(&paths, false)(next)
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if strings.HasPrefix(r.URL.Path, "/v1/sync/slice/") && change != nil {
				change()
				change = nil
			}
			next.ServeHTTP(w, r)
		})
	})
	secondary := newNode(t, "secondary", nil)
	befriend(primary, secondary)
	sub := primary.publish("rotors", secondary.id, 40, 200)
	change = func() {
		primary.must(primary.Grains.AddGrains(t.Context(), sub.SliceID, exchangetest.Grains(sub.SliceID, 40, 1, 200), false))
	}
	var r exchange.Report
	if status := secondary.ask("POST", "/sync/"+primary.id.String(), secondary.token, nil, &r); status != 200 || !r.OK() || r.Results[0].Added != 41 {
		t.Fatalf("%d %+v", status, r)
	}
	same(primary, secondary, sub.SliceID)
}

// TestWhoMaySync holds the answers of POST /sync and GET /sync.
func TestWhoMaySync(t *testing.T) {
	primary, secondary := newNode(t, "primary", nil), newNode(t, "secondary", nil)
	befriend(primary, secondary)
	secondary.user("weak", 120, secondary.id)
	weak := secondary.login("weak").Token
	path := "/sync/" + primary.id.String()
	for name, c := range map[string]struct {
		n      *node
		method string
		path   string
		token  string
		status int
	}{
		"no token":              {secondary, "POST", path, "", 401},
		"a token of another":    {secondary, "POST", path, primary.token[:len(primary.token)-2] + "xx", 401},
		"a weak role":           {secondary, "POST", path, weak, 403},
		"on a primary":          {primary, "POST", "/sync/" + secondary.id.String(), primary.token, 403},
		"an unknown company":    {secondary, "POST", "/sync/" + exchange.NewID().String(), secondary.token, 404},
		"an unknown address":    {secondary, "POST", "/sync/" + url.PathEscape("http://169.254.169.254/"), secondary.token, 404},
		"a session, secondary":  {secondary, "GET", "/sync", secondary.token, 403},
		"a session, no upgrade": {primary, "GET", "/v1/sync", primary.token, 426},
		"another method":        {primary, "DELETE", "/v1/sync", primary.token, 405},
		"nowhere":               {primary, "GET", "/v1/nowhere", primary.token, 404},
	} {
		if status := c.n.ask(c.method, c.path, c.token, nil, nil); status != c.status {
			t.Errorf("%s: %d, want %d", name, status, c.status)
		}
	}
	other, err := secondary.Rights.Hold(t.Context(), primary.id, time.Hour)
	secondary.must(err)
	if status := secondary.ask("POST", path, secondary.token, nil, nil); status != 409 {
		t.Errorf("beside another sync: %d", status)
	}
	_, release := other.Renewed(t.Context())
	release()
	if status := secondary.ask("PATCH", "/companies/"+primary.id.String(), secondary.token, map[string]any{"active": false}, nil); status != 200 {
		t.Fatalf("%d", status)
	}
	if status := secondary.ask("POST", path, secondary.token, nil, nil); status != 409 {
		t.Errorf("a company that is switched off: %d", status)
	}
}

// TestPrivateAddresses refuses to dial into a private network, whatever a company's
// address is.
func TestPrivateAddresses(t *testing.T) {
	primary, secondary := newNode(t, "primary", nil), newNode(t, "secondary", nil)
	befriend(primary, secondary)
	secondary.partners.HTTP = rest.NewHTTP(false)
	company, err := secondary.Companies.Company(t.Context(), primary.id)
	secondary.must(err)
	r, err := secondary.partners.Sync(t.Context(), company, exchange.First, false)
	if err != nil || r.OK() || !strings.Contains(r.Error, "does not answer") {
		t.Errorf("%+v, %v", r, err)
	}
}

// TestKeys rotates a key with overlap, revokes one, and switches a company off.
func TestKeys(t *testing.T) {
	primary, secondary := newNode(t, "primary", nil), newNode(t, "secondary", nil)
	befriend(primary, secondary)
	admin := primary.login("epicor" + secondary.id.String()[:8]).Token
	var second rest.Key
	primary.ask("POST", "/apikey", admin, nil, &second)
	login := func(key string) int { return primary.ask("POST", "/login", "", rest.Login{Key: key}, nil) }
	company, err := secondary.Companies.Company(t.Context(), primary.id)
	secondary.must(err)
	if r, err := secondary.partners.Sync(t.Context(), company, exchange.First, false); err != nil || !r.OK() {
		t.Errorf("the older key: %+v, %v", r, err)
	}
	if status := login(second.Key); status != 200 {
		t.Errorf("the newer key: %d", status)
	}
	wrong := second.Key[:len(second.Key)-4] + "0000"
	for name, key := range map[string]string{"wrong": wrong, "short": "ab", "no hexadecimal": strings.Repeat("x", keyDigits)} {
		if status := login(key); status != 401 {
			t.Errorf("a key that is %s: %d", name, status)
		}
	}
	var list struct{ Data []struct{ ID exchange.ID } }
	primary.ask("GET", "/apikeys", admin, nil, &list)
	if len(list.Data) != 2 {
		t.Fatalf("%+v", list)
	}
	for _, k := range list.Data {
		if status := primary.ask("DELETE", "/apikeys/"+k.ID.String(), admin, nil, nil); status != 200 {
			t.Errorf("revoke: %d", status)
		}
	}
	if status := login(second.Key); status != 401 {
		t.Errorf("a revoked key: %d", status)
	}
	if r, err := secondary.partners.Sync(t.Context(), company, exchange.First, false); err != nil || r.OK() || strings.Contains(r.Error, second.Key) {
		t.Errorf("with a revoked key: %+v, %v", r, err)
	}
}

const keyDigits = 96

// TestGuessing holds unknown users and wrong passwords alike, and bounds both.
func TestGuessing(t *testing.T) {
	n := newNode(t, "primary", nil)
	at := time.Now()
	n.frozen.Store(&at) // each attempt takes a while, and a while gives another one
	var bodies [2][]int
	for i, name := range []string{"admin", "nobody"} {
		for range 7 {
			bodies[i] = append(bodies[i], n.ask("POST", "/login", "", rest.Login{Username: name, Password: "wrong-password"}, nil))
		}
	}
	for i := range 7 {
		want := 401
		if i >= 5 {
			want = 429
		}
		if bodies[0][i] != want || bodies[1][i] != want {
			t.Errorf("attempt %d: %d and %d, want %d", i+1, bodies[0][i], bodies[1][i], want)
		}
	}
	if status := n.ask("POST", "/login", "", rest.Login{Username: "admin", Password: password}, nil); status != 429 {
		t.Errorf("the right password behind too many wrong ones: %d", status)
	}
}

// TestOutageIsNoRefusal takes tables away: a partner is not turned away as a stranger, and
// no slice is called absent.
func TestOutageIsNoRefusal(t *testing.T) {
	n, partner := newNode(t, "primary", nil), exchange.NewID()
	n.must(n.Companies.CreateCompany(t.Context(), exchange.Company{ID: partner, Name: "epicor", Active: true}))
	n.user("epicor", 120, partner)
	token := n.login("epicor").Token
	n.publish("rotors", partner, 1, 10)
	var key rest.Key
	n.ask("POST", "/apikey", token, nil, &key)
	rename := func(from, to string) {
		_, err := n.db.ExecContext(t.Context(), "RENAME TABLE "+from+" TO "+to)
		n.must(err)
	}
	rename("exchange_subscription", "away")
	if status := n.ask("GET", "/slices/name/rotors", token, nil, nil); status != 503 {
		t.Errorf("a slice by its name: %d, want 503", status)
	}
	rename("away", "exchange_subscription")
	rename("exchange_company", "away")
	if status := n.ask("POST", "/login", "", rest.Login{Key: key.Key}, nil); status != 503 {
		t.Errorf("the login: %d, want 503", status)
	}
}

// TestSeveralPartners syncs with two primaries at once, each with its own slices, while
// a third does not answer and a fourth is another company than it should be.
func TestSeveralPartners(t *testing.T) {
	secondary := newNode(t, "secondary", nil)
	var subs []exchange.Subscription
	var primaries []*node
	for range 2 {
		p := newNode(t, "primary", nil)
		befriend(p, secondary)
		primaries = append(primaries, p)
		subs = append(subs, p.publish("rotors", secondary.id, 30, 100)) // the same name on both
	}
	dead := exchange.Company{ID: exchange.NewID(), Name: "dead", SyncAddr: "http://127.0.0.1:1", Active: true}
	strange := exchange.Company{ID: exchange.NewID(), Name: "strange", SyncAddr: primaries[0].url + "/", Active: true}
	for _, c := range []exchange.Company{dead, strange} {
		secondary.must(secondary.Companies.CreateCompany(t.Context(), c))
		sealed, err := secondary.Companies.SyncKey(t.Context(), primaries[0].id)
		secondary.must(err)
		key, err := secondary.partners.Sealer.Open(primaries[0].id, sealed)
		secondary.must(err)
		secondary.must(secondary.Companies.SetSyncKey(t.Context(), c.ID, secondary.partners.Sealer.Seal(c.ID, key)))
	}
	reports, err := secondary.partners.SyncAll(t.Context(), false)
	secondary.must(err)
	if len(reports) != 4 {
		t.Fatalf("%+v", reports)
	}
	good := 0
	for _, r := range reports {
		switch r.Partner.ID {
		case dead.ID:
			if r.OK() {
				t.Error("a dead partner is fine")
			}
		case strange.ID:
			if r.OK() || !strings.Contains(r.Error, "is company") {
				t.Errorf("another company's server: %q", r.Error)
			}
		default:
			if r.OK() && len(r.Results) == 1 && r.Results[0].Added == 30 {
				good++
			}
		}
	}
	if good != 2 {
		t.Errorf("%+v", reports)
	}
	for i, p := range primaries {
		same(p, secondary, subs[i].SliceID)
	}
}

// TestPublicPrimary syncs from a primary of the public program: an independent mock
// of its calls, which keeps to the description of the wire and knows no websocket.
func TestPublicPrimary(t *testing.T) {
	secondary := newNode(t, "secondary", nil)
	id, slice, sub := exchange.NewID(), exchange.NewID(), exchange.NewID()
	var grains []map[string]any
	hashed := []exchange.ID{}
	for _, g := range exchangetest.Grains(slice, 0, 5, 100) {
		grains = append(grains, map[string]any{
			"id": g.ID, "slice_id": slice, "grain_key": g.Key, "source": "f", "encoding": "raw", "payload_len": len(g.Payload), "payload": g.Payload,
			"created_at": "2020-04-30T10:00:00Z", "slice": nil,
		})
		hashed = append(hashed, g.ID)
	}
	sortIDs(hashed)
	proof, err := exchange.Prove(exchange.Each(hashed), nil)
	secondary.must(err)
	var activities []map[string]any
	mux := http.NewServeMux()
	answer := func(w http.ResponseWriter, v any) { _ = json.NewEncoder(w).Encode(v) }
	mux.HandleFunc("POST /login", func(w http.ResponseWriter, r *http.Request) {
		var body map[string]string
		if json.NewDecoder(r.Body).Decode(&body) != nil || body["sync-api-key"] != "the-key" {
			w.WriteHeader(401)
			return
		}
		answer(w, map[string]string{"token": "opaque", "expires": "2030-01-01T00:00:00Z", "refresh_token": "0"})
	})
	guarded := func(pattern string, fn http.HandlerFunc) {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
			if r.Header.Get("Authorization") != "Bearer opaque" || r.Header.Get("User-Agent") != "Sandpiper" {
				w.WriteHeader(401)
				return
			}
			fn(w, r)
		})
	}
	guarded("GET /server", func(w http.ResponseWriter, _ *http.Request) {
		answer(w, map[string]any{"server-id": id, "server-role": "primary"})
	})
	guarded("GET /sync", func(http.ResponseWriter, *http.Request) {}) // the stub: 200 and nothing
	guarded("GET /v1/sync/subs", func(w http.ResponseWriter, _ *http.Request) {
		answer(w, []any{map[string]any{
			"id": sub, "slice_id": slice, "company_id": secondary.id, "name": "Acme-Rotors", "active": true, "created_at": "2020-04-30T10:00:00Z", "updated_at": "0001-01-01T00:00:00Z",
			"slice": map[string]any{
				"id": slice, "slice_name": "Acme Rotors", "slice_type": "aces-file", "content_hash": proof.Hash, "content_count": 5, "content_date": "2020-04-30T10:00:00Z",
				"allow_sync": true, "sync_status": "none",
			},
		}})
	})
	guarded("GET /v1/sync/slice/{id}", func(w http.ResponseWriter, _ *http.Request) { answer(w, grains) })
	guarded("GET /v1/grains/{id}", func(w http.ResponseWriter, r *http.Request) {
		for _, g := range grains {
			if g["id"].(exchange.ID).String() == r.PathValue("id") {
				answer(w, g)
			}
		}
	})
	guarded("GET /v1/slices/metadata/{id}", func(w http.ResponseWriter, _ *http.Request) { answer(w, nil) })
	guarded("POST /v1/activity", func(w http.ResponseWriter, r *http.Request) {
		var a map[string]any
		if json.NewDecoder(r.Body).Decode(&a) != nil || a["success"] != true || a["duration"] == 0.0 || a["company_id"] != secondary.id.String() {
			w.WriteHeader(400)
			return
		}
		activities = append(activities, a)
		w.WriteHeader(201)
	})
	server := httptest.NewServer(mux)
	defer server.Close()
	body := map[string]any{"id": id, "name": "public", "sync_addr": server.URL, "sync_api_key": "the-key"}
	if status := secondary.ask("POST", "/companies", secondary.token, body, nil); status != 201 {
		t.Fatal(status)
	}
	for i, want := range []string{exchange.OutcomeSynced, exchange.OutcomeUnchanged} {
		var r exchange.Report
		if status := secondary.ask("POST", "/sync/"+id.String(), secondary.token, nil, &r); status != 200 || r.Results[0].Outcome != want {
			t.Fatalf("%d %+v", status, r)
		}
		if len(activities) != i+1 || activities[i]["message"] != `Slice "acme rotors"` && activities[i]["message"] != `Slice "Acme Rotors"` {
			t.Errorf("%v", activities)
		}
	}
	held, err := secondary.Slices.Slice(t.Context(), slice)
	if err != nil || held.Hash != proof.Hash || held.Count != 5 || held.Type != "aces-file" {
		t.Errorf("%+v, %v", held, err)
	}
	for _, g := range grains {
		kept, err := secondary.Grains.Grain(t.Context(), g["id"].(exchange.ID), nil)
		if err != nil || kept.Payload != g["payload"] || kept.Key != g["grain_key"] {
			t.Errorf("%+v, %v", kept, err)
		}
	}
}

func sortIDs(ids []exchange.ID) {
	for i := range ids { // few ids, by another way than the product's
		for j := i; j > 0 && ids[j].String() < ids[j-1].String(); j-- {
			ids[j], ids[j-1] = ids[j-1], ids[j]
		}
	}
}

// TestPublicSecondary has a secondary of the public program sync from our primary: an
// independent mock, call by call, that reads the JSON into maps.
func TestPublicSecondary(t *testing.T) {
	primary, other := newNode(t, "primary", nil), exchange.NewID()
	primary.must(primary.Companies.CreateCompany(t.Context(), exchange.Company{ID: other, Name: "public", Active: true}))
	sub := primary.publish("rotors", other, 7, 100)
	foreign := primary.publish("secret", primary.id, 2, 100)
	primary.user("public", 120, other)
	var key map[string]string
	primary.ask("POST", "/v1/apikey", primary.login("public").Token, nil, &key)
	var token map[string]string
	if status := primary.ask("POST", "/login", "", map[string]string{"username": "", "password": "", "sync-api-key": key["sync_api_key"]}, &token); status != 200 {
		t.Fatal(status)
	}
	bearer := token["token"]
	var server map[string]string
	primary.ask("GET", "/server", bearer, nil, &server)
	if server["server-id"] != primary.id.String() || server["server-role"] != "primary" {
		t.Errorf("%v", server)
	}
	var subs []map[string]any
	primary.ask("GET", "/v1/sync/subs", bearer, nil, &subs)
	slice, _ := subs[0]["slice"].(map[string]any)
	if len(subs) != 1 || slice == nil || slice["sync_status"] != "none" || slice["allow_sync"] != true || slice["slice_type"] != "asset-files" {
		t.Fatalf("%v", subs)
	}
	var ids []map[string]any
	primary.ask("GET", "/v1/sync/slice/"+slice["id"].(string)+"?brief=yes", bearer, nil, &ids)
	var list []exchange.ID
	for _, one := range ids {
		var g map[string]any
		if status := primary.ask("GET", "/v1/grains/"+one["id"].(string), bearer, nil, &g); status != 200 || g["payload"] == "" || g["slice_id"] != slice["id"] || g["encoding"] != "raw" || g["grain_key"] == "" {
			t.Errorf("%d %v", status, g)
		}
		id, err := exchange.ParseID(one["id"].(string))
		primary.must(err)
		list = append(list, id)
	}
	sortIDs(list)
	proof, err := exchange.Prove(exchange.Each(list), nil)
	if err != nil || proof.Hash != slice["content_hash"] || slice["content_count"] != 7.0 {
		t.Errorf("%+v, %v; want %v", proof, err, slice)
	}
	var meta []any
	if status := primary.ask("GET", "/v1/slices/metadata/"+slice["id"].(string), bearer, nil, &meta); status != 200 || len(meta) != 0 {
		t.Errorf("%d %v", status, meta)
	}
	for _, success := range []bool{true, false} { // failures are taken too
		a := map[string]any{"company_id": other, "sub_id": sub.ID, "success": success, "message": `Slice "rotors"`, "error": "", "duration": 5}
		if status := primary.ask("POST", "/v1/activity", bearer, a, nil); status != 201 {
			t.Errorf("activity: %d", status)
		}
	}
	grains, err := primary.Grains.List(t.Context(), foreign.SliceID, 0, 1, false)
	primary.must(err)
	for path, want := range map[string]int{
		"/v1/sync/slice/" + foreign.SliceID.String(): 403, "/v1/grains/" + grains[0].ID.String(): 404, "/v1/slices/" + foreign.SliceID.String(): 403,
		"/v1/slices/name/secret": 404, "/v1/slices/metadata/" + foreign.SliceID.String(): 403, "/v1/companies": 403, "/v1/users": 403, "/v1/settings": 403, "/v1/tags": 200,
	} {
		if status := primary.ask("GET", path, bearer, nil, nil); status != want {
			t.Errorf("%s: %d, want %d", path, status, want)
		}
	}
	a := map[string]any{"company_id": other, "sub_id": foreign.ID, "success": true, "message": "m", "duration": 5}
	if status := primary.ask("POST", "/v1/activity", bearer, a, nil); status != 403 {
		t.Errorf("an activity of another's subscription: %d", status)
	}
}

// TestOneCompanyKeepsNobodyOut opens sessions of one company until it may open no more:
// another company's sync goes on, and so does its own when sessions ended.
func TestOneCompanyKeepsNobodyOut(t *testing.T) {
	t.Parallel()
	primary := newNode(t, "primary", nil)
	greedy, modest := newNode(t, "secondary", nil), newNode(t, "secondary", nil)
	befriend(primary, greedy)
	befriend(primary, modest)
	company, err := greedy.Companies.Company(t.Context(), primary.id)
	primary.must(err)
	client, err := greedy.partners.login(t.Context(), company)
	primary.must(err)
	address, token := client.Session()
	var open []*websocket.Conn
	for range sessionsACompany {
		conn, err := websocket.Dial(t.Context(), greedy.partners.HTTP, address, token, websocket.Config{})
		primary.must(err)
		open = append(open, conn)
	}
	if conn, err := websocket.Dial(t.Context(), greedy.partners.HTTP, address, token, websocket.Config{}); fault.KindOf(err) != fault.Throttled {
		t.Errorf("one session more: %v, %v", conn, err)
	}
	with := func(n *node) exchange.Report {
		r, err := n.partners.Sync(t.Context(), company, exchange.First, false)
		primary.must(err)
		return r
	}
	if r := with(greedy); r.OK() || !strings.Contains(r.Error, "too many sessions") {
		t.Errorf("%+v", r)
	}
	if r := with(modest); !r.OK() {
		t.Errorf("another company: %+v", r)
	}
	for _, conn := range open {
		conn.Close(nil)
	}
	for r := with(greedy); !r.OK(); r = with(greedy) {
		if t.Context().Err() != nil {
			t.Fatal(r.Error)
		}
	}
}

// TestAClientThatGoes ends a sync in the middle; the next one needs not begin anew.
func TestAClientThatGoes(t *testing.T) {
	primary, secondary := newNode(t, "primary", nil), newNode(t, "secondary", nil)
	befriend(primary, secondary)
	sub := primary.publish("rotors", secondary.id, 500, 1000)
	company, err := secondary.Companies.Company(t.Context(), primary.id)
	secondary.must(err)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if r := secondary.partners.run(ctx, secondary.Rights.Copies(), exchange.Request{Partner: company}); r.OK() {
		t.Error("a sync without time succeeded")
	}
	r, err := secondary.partners.Sync(t.Context(), company, exchange.First, false)
	if err != nil || !r.OK() || r.Results[0].Added != 500 {
		t.Errorf("%+v, %v", r, err)
	}
	same(primary, secondary, sub.SliceID)
}
