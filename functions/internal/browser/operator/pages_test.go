package operator_test

import (
	"fmt"
	"testing"
	"time"

	"gitlab.com/eshopbox-team/return-sync/functions/internal/browser"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/run"
)

// count is a table n of the numbers from 1 to 10,000 at most; a recursion of its own would
// end at MariaDB's 1,000.
func count(to int) string {
	return fmt.Sprintf("WITH RECURSIVE d AS (SELECT 0 AS d UNION ALL SELECT d + 1 FROM d WHERE d < 9), n AS (SELECT * FROM (SELECT 1 + a.d + 10 * b.d + 100 * c.d + 1000 * e.d AS seq FROM d a, d b, d c, d e) f WHERE seq <= %d)", to)
}

// crowd fills the tables as a busy installation has them: 500 parked records for three
// causes, runs of which some failed, jobs, alerts, entries of log and audit.
func (d *desk) crowd(t *testing.T) {
	t.Helper()
	for _, query := range []string{
		`INSERT INTO sync_parked (entity, object_id, root_id, run_id, reason, detail, bytes) ` + count(499) + ` SELECT 'returns', CONCAT('P', seq), seq, 1, IF(seq % 3, 'TOO_LARGE', 'REJECTED'),
			IF(seq > 495, CONCAT('attribute "a', seq, '" is wrong'), CONCAT('Record at the position ', seq, ' objectID=P', seq, ' is too big size=', 10000 + seq, '/10000 bytes')), 10000 + seq FROM n`,
		`INSERT INTO sync_parked (entity, object_id, root_id, run_id, reason, detail, bytes) SELECT 'returns', 'PA', id, 1, 'REJECTED', 'attribute "a500" is wrong', 500 FROM order_return WHERE account_slug = 'amberlane' AND deleted_at IS NULL ORDER BY id LIMIT 1`,
		`INSERT INTO sync_run (entity, claim_id, kind, state, claim_token, window_from, window_to, last_error, created_at, closed_at) ` + count(300) + ` SELECT 'returns', 1, 'window', IF(seq % 40, 'synced', 'failed'), LPAD(seq, 32, 'x'),
			NOW(6) - INTERVAL (302 - seq) * 15 MINUTE, NOW(6) - INTERVAL (301 - seq) * 15 MINUTE, IF(seq % 40, '', 'the index answers 503'), NOW(6) - INTERVAL (301 - seq) * 15 MINUTE, NOW(6) - INTERVAL (301 - seq) * 15 MINUTE FROM n`,
		`INSERT INTO sync_job (id, entity, kind, state, window_from, window_to, roots, asked_by, note) VALUES (901, 'returns', 'backfill', 'done', '2026-01-01', NOW(6), 200, 'somebody', ''), (902, 'returns', 'backfill', 'failed', '2026-01-01', NOW(6), 200, 'somebody', 'the source is away')`,
		`INSERT INTO sync_alert (id, cause, entity, title, detail, advice, link, raised_at, outcome, closed_at) VALUES (801, 'behind', 'returns', 'the index was behind', 'by 50 minutes', 'see the runs', '', NOW(6) - INTERVAL 1 DAY, 'recovered', NOW(6))`,
		`INSERT INTO sync_log (at, severity, entity, run_id, message) ` + count(30) + ` SELECT NOW(6), IF(seq % 5, 'INFO', 'ERROR'), 'returns', 1, CONCAT('page ', seq, ' of 30 was written') FROM n`,
		`INSERT INTO sync_audit (at, who, via, action, object, old_value, new_value, outcome) ` + count(30) + ` SELECT NOW(6), 'somebody', 'cli', 'start-entity', 'returns', '', CONCAT('start ', seq), 'done' FROM n`,
	} {
		if _, err := d.DB.ExecContext(t.Context(), query); err != nil {
			t.Fatalf("%.60s: %v", query, err)
		}
	}
}

// TestConsoleKeepsThePlace scrolls a list, selects a text and focuses a link, and has the
// state change: all three stay.
func TestConsoleKeepsThePlace(t *testing.T) {
	d := openDesk(t)
	d.crowd(t)
	d.visit("log")
	d.reads("#log", "more of this kind")
	d.visit("audit")
	d.reads("#audit", "start 30")
	const place = `(() => { const row = document.querySelectorAll("#audit tbody tr")[20]; return row && [Math.round(scrollY), getSelection().toString(), document.activeElement.dataset.key ?? document.activeElement.id] })()`
	browser.Value[bool](d.Page, `(() => { const row = document.querySelectorAll("#audit tbody tr")[20]; row.scrollIntoView(); getSelection().selectAllChildren(row); document.querySelector('[data-key="place-audit"]').focus({preventScroll: true}); return true })()`)
	before := browser.Value[[]any](d.Page, place)
	if before[0].(float64) < 100 || before[1].(string) == "" || before[2] != "place-audit" {
		t.Fatalf("nothing is scrolled, selected and focused: %v", before)
	}
	if _, err := d.DB.ExecContext(t.Context(), "UPDATE sync_audit SET outcome = 'done again' WHERE new_value = 'start 30'"); err != nil {
		t.Fatal(err)
	}
	d.reads("#audit", "done again")
	d.touch(t, "id < 700")
	d.syncs(t, run.Synced)
	if after := browser.Value[[]any](d.Page, place); fmt.Sprint(after) != fmt.Sprint(before) {
		t.Errorf("before the update %v, after it %v", before, after)
	}
}

// roundTrips is how many requests of a page stood one behind the other, the page's own
// included, until it was in use: the longest chain in which each request began after
// the one before had its answer.
const roundTrips = `(() => {
	const all = performance.getEntriesByType("resource").filter(r => !/\.svg$|events$/.test(r.name)).sort((a, b) => a.responseEnd - b.responseEnd);
	const depth = all.map(() => 2);
	all.forEach((r, i) => all.slice(0, i).forEach((before, k) => { if (before.responseEnd <= r.startTime) depth[i] = Math.max(depth[i], depth[k] + 1); }));
	return Math.max(1, ...depth);
})()`

// TestConsoleByAClock opens pages as at a first visit, where every request takes 400 ms and
// the stream never opens: each page can be used after two round trips and 100 kB. Times
// are written down, because they are the machine's.
func TestConsoleByAClock(t *testing.T) {
	d := openDesk(t)
	d.crowd(t)
	d.Slow(400 * time.Millisecond)
	for i, one := range []struct{ query, ready string }{
		{"", "#lines tbody tr"}, {"?page=runs", "#runs tbody tr"}, {"?page=runs&state=failed&entity=returns", "#runs tbody tr"}, {"?page=jobs", "#jobs tbody tr"}, {"?page=log&since=1h", "#log li"},
		{"?page=alerts", "#alerts li"}, {"?run=1", "#thing p"}, {"?job=902", "#thing p"}, {"?alert=801", "#thing p + p"}, {"?entity=returns", "#thing .strip"}, {"?page=audit", "#audit tbody tr"},
	} {
		if i%3 != 0 && !everyForm() {
			continue
		}
		d.FirstVisit()
		d.Go(d.ConsoleURL() + "/" + one.query)
		d.Until("the page", fmt.Sprintf("document.querySelector(%s)", browser.Quote(one.ready)))
		used := browser.Value[float64](d.Page, `performance.now()`)
		painted := browser.Value[float64](d.Page, `performance.getEntriesByName("first-contentful-paint")[0].startTime`)
		trips := browser.Value[int](d.Page, roundTrips)
		bytes := browser.Value[int](d.Page, `performance.getEntriesByType("resource").reduce((n, r) => n + r.encodedBodySize, performance.getEntriesByType("navigation")[0].encodedBodySize)`)
		t.Logf("%q: first content after %.0f ms, in use after %.0f ms, %d round trips, %d bytes", one.query, painted, used, trips, bytes)
		if trips != 2 {
			t.Errorf("%q takes %d round trips; want 2: the page, then all that it needs at once: %s", one.query, trips,
				browser.Value[string](d.Page, `performance.getEntriesByType("resource").map(r => [r.name.split("/").pop(), r.startTime | 0, r.responseEnd | 0].join(" ")).join(", ")`))
		}
		if bytes > 100_000 || bytes < 10_000 {
			t.Errorf("%q takes %d bytes before it can be used; want 100 kB at most", one.query, bytes)
		}
		d.Complaints() // the browser reports the stream that does not open
	}
}

// TestConsoleShowsOneRecord asks why a record is found, and why one that was deleted in
// the source is not.
func TestConsoleShowsOneRecord(t *testing.T) {
	d := openDesk(t)
	var root, item int64
	if err := d.DB.QueryRowContext(t.Context(), "SELECT r.id, i.id FROM order_return r JOIN order_return_item i ON i.order_return_id = r.id WHERE r.deleted_at IS NULL AND i.deleted_at IS NULL LIMIT 1").Scan(&root, &item); err != nil {
		t.Fatal(err)
	}
	id := fmt.Sprintf("R%d-%d", root, item)
	show := func(id string) {
		d.entity()
		d.Click(key("record-returns"))
		d.Accessible()
		d.Type("#recordid", id)
		d.Press(browser.Enter)
	}
	show(id)
	for _, text := range []string{id, "found", "holds it", "As its row makes it now", "window"} {
		d.reads("#dialog", text)
	}
	d.Accessible()
	d.Picture("record")
	d.Size(390, 844)
	d.Until("no sideways scrolling", `document.documentElement.scrollWidth <= 390`)
	d.Picture("record-phone")
	d.Size(1280, 900)
	d.Press(browser.Escape)
	if _, err := d.DB.ExecContext(t.Context(), "UPDATE order_return SET deleted_at = NOW(6), row_version = row_version + 1, updated_at = NOW(6) WHERE id = ?", root); err != nil {
		t.Fatal(err)
	}
	d.syncs(t, run.Synced)
	show(id)
	d.reads("#dialog", "not found")
	d.Accessible()
}
