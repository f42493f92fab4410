package browser

import (
	"net/http/httptest"
	"net/http/httputil"
	"strings"
	"testing"

	"gitlab.com/eshopbox-team/return-sync/functions/console"
)

// TestConsoleThroughAProxyOnThisMachine signs in through a proxy as the platform's
// command line runs one: the page is at http://localhost, and the service is asked by
// its own name, with an identity token in the platform's header.
func TestConsoleThroughAProxyOnThisMachine(t *testing.T) {
	d := openDesk(t)
	proxy := httptest.NewServer(&httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.Out.URL.Scheme, r.Out.URL.Host = "http", strings.TrimPrefix(strings.TrimSuffix(d.ConsoleURL(), console.Path), "http://")
		r.Out.URL.Path = "/" + console.Function.Name + r.In.URL.Path
		r.Out.Host = "return-sync-console-1.region.run.app"
		r.Out.Header.Set("X-Serverless-Authorization", "Bearer x.y.SIGNATURE_REMOVED_BY_GOOGLE")
	}})
	t.Cleanup(proxy.Close)
	token, err := d.Operator()
	if err != nil {
		t.Fatal(err)
	}
	d.Go(strings.Replace(proxy.URL, "127.0.0.1", "localhost", 1) + "/")
	d.Until("the form", `!document.querySelector("#signin").hidden`)
	d.Type("#token", token)
	d.Press(Enter)
	d.Until("the stream lives", `document.querySelector("#link").innerText === "Live"`)
	d.Click(key("sync-returns"))
	d.confirm()
	var n int
	d.Until("the board", `!document.querySelector("#board").hidden`)
	for n == 0 {
		if err := d.DB.QueryRowContext(t.Context(), "SELECT COUNT(*) FROM sync_audit WHERE via = 'console'").Scan(&n); err != nil {
			t.Fatal(err)
		}
	}
}
