package reports

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"gitlab.com/eshopbox-team/return-sync/functions/cmd/internal/cli"
	wing "gitlab.com/eshopbox-team/return-sync/functions/internal/wings/reports"
	"gitlab.com/eshopbox-team/return-sync/functions/internal/wire"
	"gitlab.com/eshopbox-team/return-sync/functions/internal/wire/wiretest"
)

// TestCommands plays every verb on two types and three reports, and what people mistype.
func TestCommands(t *testing.T) {
	web := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	t.Cleanup(web.Close)
	product := wiretest.Open(t, map[string]string{
		"WINGS": wing.Name, "REPORTS_URL": web.URL, "CLOUD_TASKS_EMULATOR_HOST": wiretest.Queues(t, "reports"),
	}, wing.Wing())
	for _, query := range []string{
		"INSERT INTO report_type (name, report_type_id) VALUES ('sales', 'GET_SALES')",
		"INSERT INTO report_type (name, report_type_id, real_time) VALUES ('stock', 'GET_STOCK', 1)",
		`INSERT INTO report_report (type, slot, zone_minutes, state, fail, error, due_at, since_at, last_updated) VALUES
			('sales', '2026-11-20', 0, 'failed', 1, 'no answer', NOW(6), NOW(6), NOW(6)), ('sales', '2026-11-19', 0, 'done', 0, '', NOW(6), NOW(6), NOW(6))`,
	} {
		if _, err := product.DB.SQL().ExecContext(t.Context(), query); err != nil {
			t.Fatal(err)
		}
	}
	call := func(line string) (string, error) {
		var out bytes.Buffer
		app := &cli.App{Deps: cli.Deps{Environment: product.Env.Lookup, Dir: t.TempDir(), Out: &out, Err: io.Discard, Client: http.DefaultClient, Now: time.Now, User: "ann", Wings: []wire.Wing{wing.Wing()}}}
		cmd := commands(app)[0]
		cmd.SetArgs(strings.Fields(line))
		cmd.SetOut(io.Discard)
		cmd.SetErr(io.Discard)
		cmd.SilenceErrors, cmd.SilenceUsage = true, true
		err := cmd.ExecuteContext(t.Context())
		return out.String(), err
	}
	for _, c := range []struct{ line, want, not string }{
		{"types", "GET_STOCK", ""}, {"list", "2026-11-19", ""}, {"list --failed", "scenario B", "2026-11-19"}, {"list --type stock", "no such reports", "sales"},
		{"list --json --limit 1", `"slot":`, "2026-11-19"}, {"show sales 2026-11-20", `"error": "no answer"`, ""},
		{"retry sales 2026-11-20", "it runs at the next scheduled time", ""}, {"retry sales 2026-11-20", "nothing changed", ""}, {"list --failed", "no such reports", "sales"},
		{"run sales 2026-11-20", "report sales 2026-11-20 was started", ""}, {"run sales 2026-11-19", "was started", ""},
		{"backfill sales --from 2026-11-01 --to 2026-11-03", "report sales 2026-11-02 was started", ""},
	} {
		got, err := call(c.line)
		if err != nil || !strings.Contains(got, c.want) || c.not != "" && strings.Contains(got, c.not) {
			t.Errorf("%s: %v\n%s", c.line, err, got)
		}
	}
	for line, want := range map[string]string{
		"show sales": "DATE is missing; write: reports show TYPE DATE", "show sales 2020-01-01": "no report sales 2020-01-01", "retry sales": "DATE is missing; write: reports retry TYPE DATE...", "retry lost 2026-11-20": "no report lost",
		"run sales yesterday": "write it as YYYY-MM-DD", "run lost 2026-11-20": "no report type", "run stock 2026-11-20": "real-time",
		"backfill sales": `"from", "to"`, "backfill sales --from x --to 2026-11-01": `--from: date "x"`, "backfill sales --from 2026-11-01 --to x": `--to: date "x"`, "retry sales 2026-99-01": `date "2026-99-01"`, "backfill sales --from 2026-11-03 --to 2026-11-01": "the first one first", "backfill sales --from 2020-01-01 --to 2026-01-01": "1 to 400 dates",
		"list --limit x": "invalid", "types --nonsense": "unknown flag", "base check": "AIRTABLE_SYNC_BASE",
	} {
		if out, err := call(line); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s\n%s", line, err, want, out)
		}
	}
	var acts string
	if err := product.DB.SQL().QueryRowContext(t.Context(), "SELECT GROUP_CONCAT(CONCAT(action, ' ', object, ' by ', who) ORDER BY id SEPARATOR '; ') FROM sync_audit WHERE via = 'cli' AND outcome = 'done'").Scan(&acts); err != nil ||
		!strings.HasPrefix(acts, "retry-report sales 2026-11-20 by ann; ") || !strings.Contains(acts, "run-reports sales by ann") {
		t.Errorf("the audit: %s, %v", acts, err)
	}
}
