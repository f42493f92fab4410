package reports_test

import (
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"gitlab.com/eshopbox-team/return-sync/functions/internal/wings/reports"
	"gitlab.com/eshopbox-team/return-sync/functions/internal/wire/wiretest"
	"gitlab.com/eshopbox-team/return-sync/shared/localdb/localdbtest"
	"gitlab.com/eshopbox-team/return-sync/shared/report"
	"gitlab.com/eshopbox-team/return-sync/shared/report/store"
)

func TestMain(m *testing.M) { localdbtest.Main(m) }

// definitions are two types: counts has a report a date, now is real-time.
var definitions = map[string]string{
	"counts.yaml": "name: counts\nreportTypeId: counts\ndatapoints: true\nkey: [k]\nnumbers: [n]\nsource:\n  kind: sql\n  query: SELECT 'a' AS k, 1 AS n UNION ALL SELECT 'b', 2\n",
	"now.yaml":    "name: now\nreportTypeId: now\nrealTime: true\ndatapoints: true\nkey: [k]\nnumbers: [n]\nsource:\n  kind: sql\n  query: SELECT 'a' AS k, 3 AS n\n",
}

// product is the wing with its queue, which delivers to its function.
type product struct {
	*testing.T
	wiretest.Product
	tables   *store.Store
	function http.Handler
}

// open opens the wing with definitions beside those of the kit, and settings.
func open(t *testing.T, more, settings map[string]string) *product {
	t.Helper()
	p := &product{T: t}
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { p.function.ServeHTTP(w, r) }))
	t.Cleanup(web.Close)
	dir := t.TempDir()
	all := maps.Clone(definitions)
	maps.Copy(all, more)
	for name, text := range all {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	env := map[string]string{"WINGS": reports.Name, "REPORTS_DIR": dir, "REPORTS_URL": web.URL, "CLOUD_TASKS_EMULATOR_HOST": wiretest.Queues(t, "reports")}
	maps.Copy(env, settings)
	p.Product = wiretest.Open(t, env, reports.Wing())
	p.tables = store.New(p.DB.Pool())
	function, err := reports.Wing().Functions[0].Serve(t.Context(), p.Env)
	if err != nil {
		t.Fatal(err)
	}
	p.function = function
	return p
}

// call calls the function.
func (p *product) call(method, query, body string) (int, string) {
	p.Helper()
	w := httptest.NewRecorder()
	p.function.ServeHTTP(w, httptest.NewRequest(method, "/"+query, strings.NewReader(body)))
	return w.Code, w.Body.String()
}

// exec runs a statement.
func (p *product) exec(query string, args ...any) {
	p.Helper()
	if _, err := p.DB.SQL().ExecContext(p.Context(), query, args...); err != nil {
		p.Fatal(err)
	}
}

// number reads one number.
func (p *product) number(query string, args ...any) (n int) {
	p.Helper()
	if err := p.DB.SQL().QueryRowContext(p.Context(), query, args...).Scan(&n); err != nil {
		p.Fatal(err)
	}
	return n
}

// ends waits until no report is under way.
func (p *product) ends() {
	p.Helper()
	for deadline := time.Now().Add(time.Minute); p.number("SELECT COUNT(*) FROM report_report WHERE state NOT IN ('done', 'failed') AND next_at IS NOT NULL") > 0; time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			p.Fatal("the reports do not end")
		}
	}
}

// today is today's report of counts in the zone of a type that no schedule has started.
func today() report.Key {
	return report.DatedKey("counts", report.DefaultZone.Today(time.Now()))
}
