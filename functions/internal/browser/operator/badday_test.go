package operator_test

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"gitlab.com/eshopbox-team/return-sync/functions/internal/browser"
	"gitlab.com/eshopbox-team/return-sync/shared/localdb/localdbtest"
)

// others are the entities of a bad day beside the returns, the last two of them broken.
var others = []string{"exchanges", "invoices", "orders", "refunds", "shipments"}

// definitions is a folder with a definition of each of the others: the returns' under
// another name.
func definitions(t *testing.T) string {
	t.Helper()
	const own = "../../../../shared/sync/entity/returns"
	dir := t.TempDir()
	for _, name := range others {
		if err := os.CopyFS(filepath.Join(dir, name), os.DirFS(own)); err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(dir, name, "entity.yaml")
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		text = []byte(strings.NewReplacer("name: returns", "name: "+name, "RETURN_JOB", strings.ToUpper(name), "index: es_prod", "index: "+name).Replace(string(text)))
		if err := os.WriteFile(path, text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// openBadDay opens the console on a bad day of six entities: 5,000 runs, 500 parked records
// for several causes, refunds whose index refuses writes, and shipments whose server
// refuses connections. The rows are written straight into the tables of a database, or of a
// server of its own without one.
func openBadDay(t *testing.T, dsn string) *desk {
	t.Helper()
	t.Parallel()
	d := openDeskOver(t, dsn, "ENTITIES_DIR="+definitions(t), "CONSOLE_POLL=1s") // a state of so much is dear
	list := `'returns', 'exchanges', 'invoices', 'orders', 'refunds', 'shipments'`
	for _, query := range []string{
		// A sync an entity every 15 minutes for nine days; those of the two broken ones fail for six hours.
		`INSERT INTO sync_run (entity, claim_id, kind, state, claim_token, window_from, window_to, pages_total, pages_done, pages_failed, found, saved, deleted, unchanged, parked, operations, last_error, created_at, closed_at) ` + count(5000) + `
			SELECT ELT(1 + seq % 6, ` + list + `), 1, 'window', IF(bad, 'failed', 'synced'), LPAD(seq, 32, 'b'), at - INTERVAL 45 MINUTE, at - INTERVAL 5 SECOND, 2, 2 - bad, bad,
			found, IF(bad, 0, found - seq % 20), IF(bad, 0, seq % 5), IF(bad, 0, seq % 20 - seq % 5), 0, IF(bad, 0, found),
			CASE WHEN NOT bad THEN '' WHEN seq % 6 = 4 THEN 'page 1: the index refunds refuses writes: 403 Not enough rights to add an object' ELSE 'the database at 10.20.0.7:3306 does not answer: connection refused' END,
			at, at + INTERVAL (1 + seq % 9) SECOND FROM (SELECT seq, seq > 4856 AND seq % 6 IN (4, 5) AS bad, 20 + seq * 7919 % 300 AS found, NOW(6) - INTERVAL (5001 - seq) * 150 SECOND AS at FROM n) r ORDER BY seq`,
		`INSERT INTO sync_page (run_id, page, state, roots, attempts, found, last_error) SELECT id, 1, 3, 20, 3, 20, last_error FROM sync_run WHERE state = 'failed'`,
		`INSERT INTO sync_page (run_id, page, state, roots, attempts, found, saved) SELECT id, 2, 2, 20, 1, 20, 20 FROM sync_run WHERE state = 'failed'`,
		`INSERT INTO order_return_algolia_sync (job_type, status, date_range_start, date_range_end) SELECT UPPER(r.entity), 0, MAX(r.window_from), MAX(r.window_to) FROM sync_run r WHERE r.entity <> 'returns' AND r.state = 'synced' GROUP BY r.entity`,
		// One sync is under way, and its first page was put off.
		`INSERT INTO sync_run (entity, claim_id, kind, state, claim_token, window_from, window_to, pages_total, pages_done, found) VALUES ('orders', 1, 'window', 'processing', REPEAT('o', 32), NOW(6) - INTERVAL 1 HOUR, NOW(6), 8, 3, 4000)`,
		`INSERT INTO sync_page (run_id, page, state, roots, attempts, token, lease_until, last_error, finished_at) SELECT MAX(id), 4, 0, 500, 1, NULL, NULL, 'the index answers 503 Service Unavailable', NULL FROM sync_run`,
		`UPDATE order_return_algolia_sync SET status = 1, token = REPEAT('o', 32), lease_until = NOW(6) + INTERVAL 1 HOUR WHERE job_type = 'ORDERS'`,
		`INSERT INTO sync_parked (entity, object_id, root_id, run_id, reason, detail, bytes, last_seen) ` + count(499) + ` SELECT ELT(1 + seq % 3, 'returns', 'orders', 'invoices'), CONCAT('P', seq), seq, 1, IF(seq % 4, 'TOO_LARGE', 'REJECTED'),
			IF(seq > 490, CONCAT('attribute "a', seq, '" is wrong'), CONCAT('Record at the position ', seq, ' objectID=P', seq, ' is too big size=', 10000 + seq, '/10000 bytes')), 10000 + seq, NOW(6) - INTERVAL seq MINUTE FROM n`,
		`INSERT INTO sync_parked (entity, object_id, root_id, run_id, reason, detail, bytes) SELECT 'returns', 'PA', id, 1, 'REJECTED', 'attribute "a500" is wrong', 500 FROM order_return WHERE account_slug = 'amberlane' AND deleted_at IS NULL ORDER BY id LIMIT 1`,
		// Jobs: a hundred that ended with their runs, and three that are open.
		`INSERT INTO sync_job (id, entity, kind, state, window_from, window_to, roots, asked_by, note, created_at, updated_at, closed_at) ` + count(100) + ` SELECT 100 + seq, 'returns', 'backfill', IF(seq % 9, 'done', 'failed'), '2026-01-01', NOW(6), 200, 'somebody', IF(seq % 9, '', 'the source is away'), NOW(6) - INTERVAL 3 DAY, NOW(6) - INTERVAL 2 DAY, NOW(6) - INTERVAL 2 DAY FROM n`,
		`INSERT INTO sync_run (entity, claim_id, kind, job_id, state, claim_token, window_from, window_to, found, saved, created_at, closed_at) ` + count(300) + ` SELECT 'returns', 1, 'backfill', 101 + seq % 100, 'synced', LPAD(seq, 32, 'j'), NOW(6), NOW(6), 60, 60, NOW(6) - INTERVAL 3 DAY, NOW(6) - INTERVAL 3 DAY FROM n`,
		`INSERT INTO sync_job (id, entity, kind, state, window_from, window_to, roots, asked_by, due_at) VALUES (901, 'orders', 'backfill', 'paused', '2026-01-01', NOW(6), 90000, 'ann@example.com', NOW(6) + INTERVAL 1 DAY), (902, 'exchanges', 'repair', 'failed', '2026-01-01', NOW(6), 200, 'somebody', NOW(6)), (903, 'invoices', 'backfill', 'paused', '2026-01-01', NOW(6), 1200, 'ann@example.com', NOW(6) + INTERVAL 1 DAY)`,
		`UPDATE sync_job SET note = 'the source is away', closed_at = NOW(6) WHERE id = 902`,
		`INSERT INTO sync_alert (id, cause, entity, title, detail, advice, link, raised_at, outcome, closed_at, open_key) VALUES
			(801, 'behind', 'exchanges', 'the index was behind', 'by 50 minutes', 'see the runs', '', NOW(6) - INTERVAL 1 DAY, 'recovered', NOW(6), NULL),
			(802, 'failed', 'refunds', 'syncs of refunds fail', 'the index refunds refuses writes: 403 Not enough rights to add an object', 'give the key its rights back', '', NOW(6) - INTERVAL 6 HOUR, 'open', NULL, 'failed/refunds'),
			(803, 'failed', 'shipments', 'syncs of shipments fail', 'the database at 10.20.0.7:3306 does not answer: connection refused', 'see that the server runs', '', NOW(6) - INTERVAL 6 HOUR, 'open', NULL, 'failed/shipments'),
			(804, 'behind', 'shipments', 'the index of shipments is behind', 'by 6 hours', 'see the runs', '', NOW(6) - INTERVAL 5 HOUR, 'open', NULL, 'behind/shipments')`,
		`INSERT INTO sync_log (at, severity, entity, run_id, message) ` + count(2000) + ` SELECT NOW(6), IF(seq % 5, 'INFO', 'ERROR'), 'returns', 1, CONCAT('page ', seq, ' of 30 was written') FROM n`,
		`INSERT INTO sync_audit (at, who, via, action, object, old_value, new_value, outcome) ` + count(30) + ` SELECT NOW(6), 'somebody', 'cli', 'start-entity', 'returns', '', CONCAT('start ', seq), 'done' FROM n`,
		`INSERT INTO sync_schedule (name, target, time, run, timezone) ` + count(12) + ` SELECT CONCAT('nightly ', seq), 'returns', '23:30', 'Daily', 0 FROM n`,
	} {
		if _, err := d.DB.ExecContext(t.Context(), query); err != nil {
			t.Fatalf("%.120s: %v", query, err)
		}
	}
	d.reads("#schedules", "nightly 12") // a page that is opened sooner may show the day before
	return d
}

// size is the window of a desk, a phone or a wall, in light or dark.
type size struct {
	name          string
	width, height int64
	dark          bool
}

var sizes = []size{{"desk", 1280, 900, false}, {"phone", 390, 844, true}, {"wall", 1920, 1080, true}, {"desk-dark", 1280, 900, true}, {"phone-light", 390, 844, false}, {"wall-light", 1920, 1080, false}}

// everyForm reports whether pages are opened in every form, and not in a sample of them.
func everyForm() bool {
	return os.Getenv("RETURN_SYNC_MATRIX") == "all" || os.Getenv(browser.PicturesEnv) != ""
}

// TestEveryPageOfABadDay opens every page and thing of a bad day at three widths, in light
// and in dark, or in a sample of these forms: each shows its content, scrolls in one
// direction alone and breaks no rule of accessibility. The overview fits on little more
// than a screen.
func TestEveryPageOfABadDay(t *testing.T) {
	d := openBadDay(t, localdbtest.New(t))
	base := d.ConsoleURL() + "/"
	var failed string
	if err := d.DB.QueryRowContext(t.Context(), "SELECT MAX(id) FROM sync_run WHERE entity = 'shipments'").Scan(&failed); err != nil {
		t.Fatal(err)
	}
	for i, one := range []struct{ name, query, has string }{
		{"overview", "", "connection refused"}, {"entity", "?entity=returns", "last runs"}, {"entity-broken", "?entity=shipments", "connection refused"}, {"entity-busy", "?entity=orders", "3 of 8 pages"}, {"entity-week", "?entity=refunds&range=7d&state=everything", "unchanged"}, {"no-entity", "?entity=none", "There is no entity"},
		{"runs", "?page=runs", "Older"}, {"runs-failed", "?page=runs&state=failed&entity=refunds", "refuses writes"}, {"run", "?run=1", "Run 1 of returns"}, {"run-failed", "?run=" + failed, "connection refused"}, {"no-run", "?run=99999", "no run 99999"},
		{"records", "?page=records", "causes"}, {"cause", "?page=records&entity=returns&reason=TOO_LARGE&cause=Record+at+the+position+%E2%80%A6+objectID%3D%E2%80%A6+is+too+big+size%3D%E2%80%A6+bytes", "Next 50"},
		{"record", "?record=P3&entity=returns", "first seen"}, {"no-record", "?record=none&entity=returns", "not parked"}, {"jobs", "?page=jobs", "the source is away"}, {"job", "?job=902", "the source is away"},
		{"schedules", "?page=schedules", "nightly 12"}, {"alerts", "?page=alerts", "the index was behind"}, {"alert", "?alert=802", "refuses writes"}, {"log", "?page=log", "more of this kind"}, {"log-errors", "?page=log&severity=error&entity=returns&since=1h", "of 30 was written"}, {"log-none", "?page=log&entity=none", "no such entry"},
		{"account", "?page=records&entity=returns&account=amberlane", "a500"}, {"account-none", "?page=records&entity=returns&account=nobody&since=24h", "No record is parked that"}, {"audit", "?page=audit", "start 30"}, {"nonsense", "?page=xyz&run=-1&range=1y", "Entities"},
	} {
		for n, how := range sizes {
			if one.name != "overview" && n != i%len(sizes) && !everyForm() { // the overview in each form, others in one
				continue
			}
			d.Size(how.width, how.height)
			d.Dark(how.dark)
			d.Go(base + one.query)
			d.Until(one.name, `document.querySelector("#link").innerText === "Live" && document.querySelector("#board").innerText.includes(`+browser.Quote(one.has)+`)`)
			if wide := browser.Value[int64](d.Page, "document.documentElement.scrollWidth"); wide > how.width {
				t.Errorf("%s is %d wide on a window of %d", one.name, wide, how.width)
			}
			if one.name == "overview" {
				end := browser.Value[float64](d.Page, `document.querySelector("#lines").getBoundingClientRect().bottom + scrollY`)
				t.Logf("%s: the entities end at %.0f of %d", how.name, end, how.height)
				if most := 1.25 * float64(how.height); how.width >= 1280 && end > most {
					t.Errorf("the overview's entities end at %.0f; want %.0f at most", end, most)
				}
			}
			d.Picture(one.name + "-" + how.name)
			d.Accessible()
		}
	}
	d.Complaints() // the browser reports the run that there is not
}

// TestABadDayIsRead measures what the console's answers cost on a bad day, in queries of the
// database, which a machine's speed does not change.
func TestABadDayIsRead(t *testing.T) {
	d := openBadDay(t, "") // the queries of a server are counted
	asks := func() (n int) {
		t.Helper()
		var name string
		if err := d.DB.QueryRowContext(t.Context(), "SHOW GLOBAL STATUS LIKE 'Com_select'").Scan(&name, &n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	d.Go("about:blank") // an open page asks too
	ask := `async path => { const began = performance.now(); const r = await fetch(path); const text = await r.text(); return [r.status, performance.now() - began, text.length]; }`
	d.FirstVisit()
	d.Go(d.ConsoleURL() + "/?page=audit")
	d.Until("the page", `document.querySelector("#audit tbody tr")`)
	d.Complaints()
	for _, one := range []struct {
		path string
		most int
	}{{"state", 150}, {"runs?", 20}, {"runs?entity=returns&syncs=true&limit=700", 20}, {"runs/4999", 20}, {"jobs", 20}, {"jobs/110", 20}, {"parked?entity=returns&limit=50", 20}, {"parked?entity=returns&account=amberlane", 20}, {"log?", 20}, {"alerts", 20}} {
		var got []float64
		cost := 0
		for cost == 0 { // a state that was read a moment ago answers without a query
			before := asks()
			got = browser.Value[[]float64](d.Page, "("+ask+")("+browser.Quote(one.path)+")")
			cost = asks() - before
		}
		t.Logf("%s: %.0f ms, %d queries, %.0f bytes", one.path, got[1], cost, got[2])
		if got[0] != 200 || cost > one.most {
			t.Errorf("%s: %.0f after %d queries; want %d at most", one.path, got[0], cost, one.most)
		}
	}
}

// kindOf is a button's key without what differs between things: numbers, and entities.
var kindOf = regexp.MustCompile(`-(returns|exchanges|invoices|orders|refunds|shipments|nightly|P\d+|PA)(-.*)?$|-\d+`)

// TestEveryDialog opens the dialog of each kind of button that the console's pages have: the
// focus goes in, no rule of accessibility is broken, Escape closes it, and the focus is
// back where it was. Only what destroys something is marked so.
func TestEveryDialog(t *testing.T) {
	d := openBadDay(t, localdbtest.New(t))
	if _, err := d.DB.ExecContext(t.Context(), `INSERT INTO sync_scope (id, title, state, details, changed_at) VALUES ('nightly', 'Every night', 'synced', '{}', NOW(6))`); err != nil {
		t.Fatal(err)
	}
	seen, dangerous := map[string]bool{}, map[string]bool{}
	for _, page := range []string{"", "?entity=returns", "?page=records", "?page=records&entity=returns&account=amberlane", "?record=P3&entity=returns", "?page=jobs", "?job=901", "?page=schedules", "?alert=802"} {
		d.Go(d.ConsoleURL() + "/" + page)
		d.Until("the page", `document.querySelector("#link").innerText === "Live" && document.querySelector("main button[data-key]")`)
		for _, name := range browser.Value[[]string](d.Page, `[...document.querySelectorAll("main button[data-key]")].filter(b => b.checkVisibility() && !b.matches(".cell, .copy")).map(b => b.dataset.key)`) {
			kind := kindOf.ReplaceAllString(name, "")
			if seen[kind] || kind == "pause-schedule" { // is undone by the same button, and asks nothing
				continue
			}
			seen[kind] = true
			t.Log(page, name)
			selector := fmt.Sprintf(`[data-key="%s"]`, strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(name))
			d.Click("main " + selector)
			d.Until("the dialog of "+name, `document.querySelector("#dialog").open && document.querySelector("#dialog h2") && !document.querySelector("#dialog progress")`)
			d.Until("the focus in the dialog of "+name, `document.querySelector("#dialog").contains(document.activeElement)`)
			dangerous[kind] = browser.Value[bool](d.Page, `!!document.querySelector("#dialog .danger")`)
			d.Accessible()
			d.Picture("dialog-" + kind)
			d.Press(browser.Escape)
			d.Until("the dialog of "+name+" to close", `!document.querySelector("#dialog").open`)
			d.Until("the focus back at "+name, fmt.Sprintf(`document.activeElement === document.querySelector(%s)`, browser.Quote("main "+selector)))
		}
	}
	for kind, danger := range dangerous {
		if want := slices.Contains([]string{"cancel-job", "delete-schedule", "drop"}, kind); danger != want {
			t.Errorf("%s is marked as destroying: %v, want %v", kind, danger, want)
		}
	}
	for _, kind := range []string{"sync", "record", "compare", "backfill", "settings", "retry-all", "retry", "drop", "resume-job", "cancel-job", "add-schedule", "edit-schedule", "delete-schedule", "acknowledge-alert", "snooze-alert"} {
		if !seen[kind] {
			t.Errorf("no page has a button %s; there are %v", kind, slices.Sorted(maps.Keys(seen)))
		}
	}
}
