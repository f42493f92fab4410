package console

import (
	"compress/gzip"
	"encoding/json"
	"strings"
	"testing"
)

// TestFirstAnswers asks for the first answer as somebody and as nobody: the state is for
// somebody alone, and a browser gets it compressed.
func TestFirstAnswers(t *testing.T) {
	w := newWorld(t)
	type answer struct {
		Session who
		State   *struct {
			View struct{ Report struct{ Entities []any } }
		}
	}
	for _, c := range []struct {
		token string
		in    bool
	}{{operator(t), true}, {"", false}, {"nonsense", false}} {
		r := w.page(t, "GET", "/first", "", c.token)
		var got answer
		if err := json.Unmarshal([]byte(r.body), &got); err != nil || r.StatusCode != 200 || got.Session.SignedIn != c.in || (got.State != nil) != c.in {
			t.Errorf("%q: %d %s, %v", c.token, r.StatusCode, r.body, err)
		}
		if c.in && len(got.State.View.Report.Entities) != 2 {
			t.Errorf("%s", r.body)
		}
	}
	r := w.page(t, "GET", "/first", "", operator(t), "Accept-Encoding", "gzip")
	zip, err := gzip.NewReader(strings.NewReader(r.body))
	var got answer
	if err != nil || json.NewDecoder(zip).Decode(&got) != nil || got.State == nil || r.Header.Get("Content-Encoding") != "gzip" {
		t.Errorf("%v, %+v", err, r.Header)
	}
}

// TestPageAsksAhead holds what a page's address has the browser ask for before the scripts
// come; nobody is asked to fetch what is not theirs.
func TestPageAsksAhead(t *testing.T) {
	w := newWorld(t)
	for query, want := range map[string]string{
		"": "", "?page=audit": "", "?page=records": "", "?entity=returns": "", "?run=0": "", "?run=7x": "", "?page=/evil": "",
		"?run=12": "runs/12", "?job=3": "jobs/3", "?alert=4&page=runs": "alerts/4", "?page=jobs&state=failed": "jobs", "?page=runs": "runs?",
		"?state=failed&page=runs&entity=a%26b": "runs?entity=a%26b&state=failed", "?page=log&since=24h": "log?since=24h",
	} {
		link := w.page(t, "GET", "/"+query, "", operator(t)).Header.Get("Link")
		if path, _, _ := strings.Cut(strings.TrimPrefix(link, "<"), ">"); path != want {
			t.Errorf("%s: %q, want %q", query, link, want)
		}
		if link := w.page(t, "GET", "/"+query, "", "").Header.Get("Link"); link != "" {
			t.Errorf("%s: nobody is asked for %s", query, link)
		}
	}
}
