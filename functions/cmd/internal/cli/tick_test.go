package cli

import (
	"net/url"
	"strings"
	"testing"

	"gitlab.com/eshopbox-team/return-sync/shared/sync/run"
)

func FuzzRemoteRequest(f *testing.F) {
	f.Add("https://a/b?c=d", "returns")
	f.Add("http://u:p@h:1/%zz", "")
	f.Fuzz(func(t *testing.T, at, entity string) {
		req, err := RemoteCron{URL: at, Token: "t"}.request(t.Context(), entity)
		if err != nil {
			return
		}
		if entity != "" && req.URL.Query().Get("entity") != entity && strings.ToValidUTF8(entity, "") == entity {
			t.Errorf("%q lost the entity %q", req.URL, entity)
		}
		if _, err := url.Parse(req.URL.String()); err != nil {
			t.Error(err)
		}
	})
}

func TestStage(t *testing.T) {
	for want, r := range map[string]run.Run{
		"waiting for the window function": {},
		"listing the changes":             {ID: 1, State: run.Windowing},
		"2 of 4 pages, 9 records":         {ID: 1, State: run.Processing, PagesTotal: 4, PagesDone: 2, Counts: run.Counts{Found: 9}},
	} {
		if got := Stage(r); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
