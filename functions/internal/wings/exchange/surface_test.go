package exchange

import (
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"

	"gitlab.com/eshopbox-team/return-sync/functions/internal/openapitest"
	"gitlab.com/eshopbox-team/return-sync/shared/exchange"
	"gitlab.com/eshopbox-team/return-sync/shared/exchange/rest"
	"gitlab.com/eshopbox-team/return-sync/shared/exchange/store"
)

// raw calls a server with a body of any bytes.
func (n *node) raw(method, path, body string) (int, http.Header, string) {
	n.t.Helper()
	request, err := http.NewRequestWithContext(n.t.Context(), method, n.url+path, strings.NewReader(body))
	n.must(err)
	request.Header.Set("Authorization", "Bearer "+n.token)
	response, err := http.DefaultClient.Do(request)
	n.must(err)
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	n.must(err)
	return response.StatusCode, response.Header, string(text)
}

// TestEveryRouteAnswersAsDescribed calls every route of the description, on a server of
// each role, with ids that are there, that are not and that are none, with bodies of all
// forms and with pages beyond every end. No answer is a failure of the server, and each is
// one that the description has.
func TestEveryRouteAnswersAsDescribed(t *testing.T) {
	for _, role := range []string{"primary", "secondary"} {
		t.Run(role, func(t *testing.T) {
			t.Parallel()
			n := newNode(t, role, nil)
			sub := n.publish("rotors", n.id, 3, 20)
			_, err := n.Tags.CreateTag(t.Context(), store.Tag{Name: "fast"})
			n.must(err)
			n.must(n.Activities.Record(t.Context(), exchange.Activity{CompanyID: n.id, Message: "m"}))
			_, _, text := n.raw("GET", "/openapi.json", "")
			d := openapitest.Parse(t, text)
			there := map[string]string{"id": sub.SliceID.String(), "slice": sub.SliceID.String(), "name": "rotors", "key": "grain-0000001", "partner": n.id.String(), "token": "none"}
			calls := 0
			try := func(method, route, body, query string, values func(name string) string) {
				path := route
				for name := range there {
					path = strings.ReplaceAll(path, "{"+name+"}", url.PathEscape(values(name)))
				}
				calls++
				status, header, answer := n.raw(method, "/v1"+path+query, body)
				if status == http.StatusMovedPermanently || status == http.StatusNotFound && strings.Contains(answer, "no-path") {
					return // the path is another one without that segment
				}
				if status >= 500 && status != http.StatusBadGateway {
					t.Errorf("%s %s %s %.60s: %d %.200s", method, path, query, body, status, answer)
				}
				d.Check(t, openapitest.Answer{Method: method, Path: path + query, Route: route, Want: status, Status: status, Header: header, Body: answer})
			}
			known := func(route string) func(string) string {
				return func(name string) string {
					switch {
					case name == "id" && (strings.HasPrefix(route, "/tags") || strings.HasPrefix(route, "/users") || strings.HasPrefix(route, "/activity") || strings.HasPrefix(route, "/password")):
						return "1"
					case name == "id" && (strings.HasPrefix(route, "/companies") || strings.HasPrefix(route, "/servers")):
						return n.id.String()
					case name == "id" && strings.HasPrefix(route, "/subs"):
						return sub.ID.String()
					}
					return there[name]
				}
			}
			bodies := []string{"", "{}", "null", "[]", "7", `{"active":false,"allow_sync":false,"name":"renamed"}`, `{"name":7,"id":[],"role":"x","metadata":{"a":1}}`, `{"name":"` + strings.Repeat("x", 5000) + `"}`, "{",
				`{"name":"é\u0000x","sync_addr":"http://é.example","username":"é","password":"12345678","password_confirm":"12345678","role":200,"message":"\ud800","grain_key":"\u0000","encoding":"raw","slice_type":"é"}`}
			for _, destroys := range []bool{false, true} {
				for route, operations := range d.Paths {
					for verb := range operations {
						method := strings.ToUpper(verb)
						if destroys != (method == http.MethodDelete) || strings.HasSuffix(route, ".json") || route == "/login" || route == "/sync" {
							continue
						}
						for _, id := range []string{exchange.NewID().String(), "7", "-1", "9223372036854775808", "a b", "%00", strings.Repeat("x", 3000), "é", "\xff", "\x00"} {
							if strings.Contains(route, "{") {
								try(method, route, "{}", "", func(string) string { return id })
							}
						}
						if method == http.MethodGet {
							for _, query := range []string{"?page=2", "?page=99999999&pagesize=250", "?page=-1", "?page=x", "?pagesize=0", "?sort=:&filter=,:,", "?filter=slice_id:7", "?tags=a&tags-all=b", "?tags=fast,", "?company=x", "?tags=%ff", "?name=%ff&filter=name:%ff", "?tags=é"} {
								try(method, route, "", query, known(route))
							}
						}
						for _, body := range bodies {
							try(method, route, body, "", known(route))
						}
					}
				}
			}
			for _, name := range []string{"é", "\x00", strings.Repeat("x", 10_000)} { // a name like no other is wrong as every other
				if status := n.ask("POST", "/login", "", map[string]string{"username": name, "password": "wrong-password"}, nil); status != http.StatusUnauthorized {
					t.Errorf("login of %.10q: %d", name, status)
				}
			}
			if calls < 500 {
				t.Errorf("only %d calls were made", calls)
			}
		})
	}
}

// TestPatchSaysFalse switches each flag off and keeps what the body does not name.
func TestPatchSaysFalse(t *testing.T) {
	t.Parallel()
	n := newNode(t, "primary", nil)
	other := exchange.Company{ID: exchange.NewID(), Name: "epicor", SyncAddr: "https://epicor.example", Active: true}
	n.must(n.Companies.CreateCompany(t.Context(), other))
	sub := n.publish("rotors", other.ID, 1, 20)
	n.user("clerk", 200, other.ID)
	var users struct{ Data []store.User }
	n.ask("GET", "/users?filter=username:clerk", n.token, nil, &users)
	user := users.Data[0]
	var company exchange.Company
	if status := n.ask("PATCH", "/companies/"+other.ID.String(), n.token, map[string]any{"active": false}, &company); status != 200 || company.Active || company.Name != "epicor" || company.SyncAddr == "" {
		t.Errorf("%d %+v", status, company)
	}
	var slice exchange.Slice
	if status := n.ask("PATCH", "/slices/"+sub.SliceID.String(), n.token, map[string]any{"allow_sync": false}, &slice); status != 200 || slice.AllowSync || slice.Name != "rotors" {
		t.Errorf("%d %+v", status, slice)
	}
	for _, method := range []string{"PUT", "PATCH"} {
		var got exchange.Subscription
		if status := n.ask(method, "/subs/"+sub.ID.String(), n.token, map[string]any{"active": method == "PUT"}, &got); status != 200 || got.Active != (method == "PUT") || got.Name != "rotors" {
			t.Errorf("%d %+v", status, got)
		}
	}
	var edited store.User
	if status := n.ask("PATCH", "/users/2", n.token, map[string]any{"active": false}, &edited); status != 200 || edited.Active || edited.ID != user.ID || edited.Role != 200 {
		t.Errorf("%d %+v", status, edited)
	}
	var found exchange.Subscription
	if status := n.ask("GET", "/companies/"+other.ID.String()+"/subs/"+sub.SliceID.String(), n.token, nil, &found); status != 200 || found.ID != sub.ID {
		t.Errorf("%d %+v", status, found)
	}
}

// TestRefresh renews a login: not with another token, not behind a change of the password
// or of the user's flag. A key's login has nothing to refresh, and /me says who it is.
func TestRefresh(t *testing.T) {
	t.Parallel()
	n := newNode(t, "primary", nil)
	n.user("clerk", 120, n.id)
	first := n.login("clerk")
	refresh := func(token string) (status int, fresh rest.Token) {
		t.Helper()
		return n.ask("GET", "/v1/refresh/"+token, "", nil, &fresh), fresh
	}
	status, fresh := refresh(first.Refresh)
	var me store.User
	if status != http.StatusOK || fresh.Token == "" || n.ask("GET", "/me", fresh.Token, nil, &me) != http.StatusOK || me.Username != "clerk" || me.Role != 120 {
		t.Fatalf("%d %+v %+v", status, fresh, me)
	}
	for name, token := range map[string]string{"another": strings.Repeat("0", 40), "a part": first.Refresh[:39], "a login's token": first.Token} {
		if status, _ := refresh(token); status != http.StatusUnauthorized {
			t.Errorf("%s: %d", name, status)
		}
	}
	change := map[string]string{"old_password": password, "new_password": password + "2", "new_password_confirm": password + "2"}
	if status := n.ask("PATCH", "/password/"+strconv.FormatInt(me.ID, 10), first.Token, change, nil); status != http.StatusOK {
		t.Fatal(status)
	}
	if status, _ := refresh(first.Refresh); status != http.StatusUnauthorized {
		t.Errorf("behind a change of the password: %d", status)
	}
	var key rest.Key
	n.ask("POST", "/apikey", first.Token, nil, &key)
	var server rest.Token
	if status := n.ask("POST", "/login", "", rest.Login{Key: key.Key}, &server); status != http.StatusOK || server.Refresh != "" {
		t.Errorf("%d %+v", status, server)
	}
	if n.ask("GET", "/me", server.Token, nil, &me); me.Role != 200 || me.CompanyID != n.id {
		t.Errorf("%+v", me)
	}
}
