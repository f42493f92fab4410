package tasks

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"cloud.google.com/go/cloudtasks/apiv2/cloudtaskspb"
	"github.com/google/go-cmp/cmp"
	"github.com/lestrrat-go/jwx/v3/jwk"
	"github.com/lestrrat-go/jwx/v3/jwt"

	"gitlab.com/eshopbox-team/return-sync/shared/emulator/internal/kit"
)

func TestTokenIsVerifiable(t *testing.T) {
	clock := kit.NewClock()
	server, client := start(t, Options{Now: clock.Now, OIDCIssuer: "https://issuer.test"})
	makeQueue(t, client, &cloudtaskspb.Queue{})
	target := kit.NewTarget(t, kit.Answer(200))
	code, text := kit.Call(t, server.Control(), http.MethodGet, "/tokens/jwks", "")
	if code != http.StatusOK || strings.Contains(text, `"d"`) {
		t.Fatalf("jwks: %d %s", code, text)
	}
	keys, err := jwk.Parse([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	for _, audience := range []string{"https://process.test", ""} {
		task := httpTask(target.URL+"/path", "")
		task.GetHttpRequest().Headers = map[string]string{"Authorization": "Basic mine"}
		task.GetHttpRequest().AuthorizationHeader = &cloudtaskspb.HttpRequest_OidcToken{
			OidcToken: &cloudtaskspb.OidcToken{ServiceAccountEmail: "tasks@demo.iam.gserviceaccount.com", Audience: audience},
		}
		create(t, client, task)
		text := strings.TrimPrefix(target.Next(t).Header.Get("Authorization"), "Bearer ")
		want := audience
		if want == "" {
			want = target.URL + "/path"
		}
		token, err := jwt.Parse([]byte(text), jwt.WithKeySet(keys), jwt.WithIssuer("https://issuer.test"),
			jwt.WithAudience(want), jwt.WithClock(jwt.ClockFunc(clock.Now)))
		if err != nil {
			t.Fatalf("audience %q: %v", want, err)
		}
		var email string
		var verified bool
		if token.Get("email", &email) != nil || token.Get("email_verified", &verified) != nil || email != "tasks@demo.iam.gserviceaccount.com" || !verified {
			t.Errorf("claims: email %q, verified %v", email, verified)
		}
		if expires, ok := token.Expiration(); !ok || !expires.Equal(clock.Now().Add(time.Hour)) {
			t.Errorf("expires %v", expires)
		}
	}
	wait(t, server)
}

func TestControlSetsFaultsAndCounts(t *testing.T) {
	server, _ := start(t, Options{})
	tests := []struct {
		body string
		code int
		want string
	}{
		{`{"duplicate":0.5,"duplicate_after":"250ms"}`, 200, `{"duplicate":0.5,"duplicate_after":"250ms"}`},
		{`{}`, 200, `{}`},
		{`{"late":-0.1}`, 400, "lateis-0.1:aprobabilityfrom0to1isexpected"},
		{`{"late_min":"-1s"}`, 400, `faults:duration"-1s":mustnotbenegative`},
		{`{"late_min":"soon"}`, 400, `faults:duration"soon":writeitas"250ms"or"2s"`},
		{`{"oops":1}`, 400, `faults:json:unknownfield"oops"`},
		{`{} {}`, 400, "faults:oneJSONobjectisexpected,morefollowsit"},
	}
	for _, test := range tests {
		code, text := kit.Call(t, server.Control(), http.MethodPut, "/faults", test.body)
		if diff := cmp.Diff(test.want, strings.Join(strings.Fields(text), "")); diff != "" || code != test.code {
			t.Errorf("PUT %s: %d (-want +got):\n%s", test.body, code, diff)
		}
	}
	if code, text := kit.Call(t, server.Control(), http.MethodGet, "/stats", ""); code != 200 || !strings.Contains(text, `"dispatched": 0`) {
		t.Errorf("stats: %d %s", code, text)
	}
	if code, text := kit.Call(t, server.Control(), http.MethodGet, "/faults", ""); code != 200 || text != "{}\n" {
		t.Errorf("faults: %d %s", code, text)
	}
}
