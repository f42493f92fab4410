package console

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/lestrrat-go/jwx/v3/jwt"

	"gitlab.com/eshopbox-team/return-sync/shared/fault"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/entity"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/verify"
)

// recorder is a wire.RecordShower that notes what it was asked.
type recorder struct{ asked []string }

// Show implements wire.RecordShower.
func (r *recorder) Show(_ context.Context, d entity.Definition, id string, root *string) (verify.RecordReport, error) {
	text := d.Name + " " + id
	if root != nil {
		text += " of " + *root
	}
	r.asked = append(r.asked, text)
	if id == "lost" {
		return verify.RecordReport{}, fault.New(fault.NotFound, "unknown-root", "it has no such root")
	}
	return verify.RecordReport{Entity: d.Name, ID: id, Why: "because", Source: json.RawMessage(`{"a":1}`), Differences: []string{}, Runs: []verify.RecordRun{}}, nil
}

// TestRecord asks for records as an operator, a reader and a stranger.
func TestRecord(t *testing.T) {
	w := newWorld(t)
	records := &recorder{}
	w.parts.Records = records
	w.handler = Handler(w.parts, time.Now)
	reader := token(t, func(*jwt.Builder) {})
	for _, c := range []struct {
		path, token string
		status      int
		says        string
	}{
		{"/record?entity=returns&id=R1-2", "Bearer " + operator(t), http.StatusOK, `"why":"because"`},
		{"/record?entity=stock&id=S+1&root=a%2Cb", "Bearer " + operator(t), http.StatusOK, `"objectID":"S 1"`},
		{"/record?entity=stock&id=lost", "Bearer " + operator(t), http.StatusNotFound, "no such root"},
		{"/record?entity=returns", "Bearer " + operator(t), http.StatusBadRequest, "objectID"},
		{"/record?entity=nothing&id=R1", "Bearer " + operator(t), http.StatusNotFound, "nothing"},
		{"/record?entity=returns&id=" + strings.Repeat("x", maxName), "Bearer " + operator(t), http.StatusBadRequest, ""},
		{"/record?entity=returns&id=R1-2", "Bearer " + reader, http.StatusForbidden, "operator"},
		{"/record?entity=returns&id=R1-2", "", http.StatusUnauthorized, ""},
	} {
		r := w.send(t, http.MethodGet, c.path, "", "Authorization", c.token)
		if r.StatusCode != c.status || !strings.Contains(r.body, c.says) {
			t.Errorf("%.60s: %d %s", c.path, r.StatusCode, r.body)
		}
	}
	if got := strings.Join(records.asked, "; "); got != "returns R1-2; stock S 1 of a,b; stock lost" {
		t.Errorf("it was asked for %s", got)
	}
	if r := newWorld(t).send(t, http.MethodGet, "/record?entity=returns&id=R1-2", "", "Authorization", "Bearer "+operator(t)); r.StatusCode != http.StatusNotFound || r.code() != "no-records" {
		t.Errorf("without a key: %d %s", r.StatusCode, r.body)
	}
}
