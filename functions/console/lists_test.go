package console

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"gitlab.com/eshopbox-team/return-sync/shared/sync/store"
)

// reads asks for an address and decodes the answer.
func reads[T any](t *testing.T, w *world, path string) (got T) {
	t.Helper()
	r := w.page(t, "GET", path, "", operator(t))
	if err := json.Unmarshal([]byte(r.body), &got); err != nil || r.StatusCode != 200 {
		t.Fatalf("%s: %d %s, %v", path, r.StatusCode, r.body, err)
	}
	return got
}

// TestRunsByFilters lists runs of two entities, page by page and by their states.
func TestRunsByFilters(t *testing.T) {
	w := newWorld(t)
	for i := range 25 {
		w.exec(t, fmt.Sprintf(`INSERT INTO sync_run (entity, claim_id, kind, state, claim_token, window_from, window_to, closed_at) VALUES ('%s', 1, '%s', '%s', '%032d', NOW(6), NOW(6), NOW(6))`,
			[]string{"returns", "stock"}[i%2], []string{"window", "window", "window", "repair"}[i%4], []string{"synced", "synced", "failed"}[i%3], i))
	}
	type one struct {
		RunID         int64
		Entity, State string
	}
	for query, want := range map[string]string{
		"?limit=3":                          "25 24 23",
		"?limit=3&before=23":                "22 21 20",
		"?before=3":                         "2 1",
		"?entity=stock&limit=2":             "24 22",
		"?entity=stock&syncs=true&limit=3":  "22 18 14",
		"?state=failed&limit=2":             "24 21",
		"?entity=returns&state=failed":      "21 15 9 3",
		"?state=unheard-of":                 "",
		"?entity=stock&state=synced&before": "22 20 16 14 10 8 4 2",
	} {
		var ids []string
		for _, r := range reads[[]one](t, w, "/runs"+query) {
			ids = append(ids, fmt.Sprint(r.RunID))
		}
		if got := strings.Join(ids, " "); got != want {
			t.Errorf("%s: %s, want %s", query, got, want)
		}
	}
}

// TestParkedByCause parks records for causes that differ in more than numbers, and turns
// the pages of one.
func TestParkedByCause(t *testing.T) {
	w := newWorld(t)
	for i := range 7 {
		w.exec(t, fmt.Sprintf(`INSERT INTO sync_parked (entity, object_id, root_id, run_id, reason, detail, bytes) VALUES ('returns', 'R%d-1', 18446744073709551615, 1, '%s', '%s', 5)`,
			i, []string{"TOO_LARGE", "REJECTED"}[i%2], fmt.Sprintf([]string{"%d bytes", "objectID=R%d-1 is wrong"}[i%2], i)))
	}
	w.exec(t, "INSERT INTO sync_parked (entity, object_id, root_id, run_id, reason, detail, bytes, resolved_at) VALUES ('returns', 'R8-1', 8, 1, 'TOO_LARGE', '8 bytes', 5, NOW(6))")
	var said []string
	for _, c := range w.look(t).View.Parked["returns"] {
		said = append(said, fmt.Sprint(c.Reason, " ", c.Cause, " ", c.Records))
	}
	if got := strings.Join(said, "; "); got != "TOO_LARGE … bytes 4; REJECTED objectID=… is wrong 3" {
		t.Error(got)
	}
	type page struct {
		Records []store.Parked
		Next    string
	}
	for query, want := range map[string]string{
		"limit=3": "R0-1 R1-1 R2-1, R2-1", "limit=3&after=R2-1": "R3-1 R4-1 R5-1, R5-1", "after=R5-1": "R6-1, ", "reason=REJECTED": "R1-1 R3-1 R5-1, ",
		"cause=%E2%80%A6+bytes&limit=2": "R0-1 R2-1, R2-1", "cause=%E2%80%A6+bytes&limit=2&after=R2-1": "R4-1 R6-1, ", "cause=another": ", ", "record=R3-1": "R3-1, ", "record=none": ", ",
	} {
		got := reads[page](t, w, "/parked?entity=returns&"+query)
		var ids []string
		for _, p := range got.Records {
			if ids = append(ids, p.ObjectID); p.Root != 1<<64-1 {
				t.Errorf("root %d", p.Root)
			}
		}
		if text := strings.Join(ids, " ") + ", " + got.Next; text != want {
			t.Errorf("%s: %s, want %s", query, text, want)
		}
	}
}

// TestThingsByNumber reads jobs and alerts, and asks for what there is not.
func TestThingsByNumber(t *testing.T) {
	w := newWorld(t)
	w.exec(t, "INSERT INTO sync_job (id, entity, kind, state, window_from, window_to, roots) VALUES (7, 'returns', 'backfill', 'done', NOW(6), NOW(6), 5)")
	w.exec(t, "INSERT INTO sync_alert (id, cause, title, detail, advice, link, raised_at, open_key) VALUES (4, 'x', 'it broke', 'why', 'do', '', NOW(6), 'x'), (5, 'y', 'another', '', '', '', NOW(6), NULL)")
	for path, want := range map[string]string{
		"/jobs": `"id":7`, "/jobs/7": `"state":"done"`, "/jobs/8": "404 there is no job 8", "/jobs/x": "400 the number is 1 or more", "/alerts": `"title":"another"`, "/alerts?limit=1": `"id":5`,
		"/alerts/4": `"title":"it broke"`, "/alerts/6": "404 there is no alert 6", "/alerts/0": "400 the number", "/runs?limit=0": "400 limit is", "/runs?before=x": `400 before is \"x\"`, "/runs?entity=none": "404",
		"/parked": "400 name the entity", "/parked?entity=none": "404", "/parked?entity=returns&limit=9999": "400 limit is",
	} {
		got := w.page(t, "GET", path, "", operator(t))
		status, text, refused := strings.Cut(want, " ")
		if len(status) != 3 {
			status, text, refused = "200", want, false
		}
		if fmt.Sprint(got.StatusCode) != status || refused && text != "" && !strings.Contains(got.body, text) || !refused && len(want) > 3 && !strings.Contains(got.body, text) {
			t.Errorf("%s: %d %s, want %s", path, got.StatusCode, got.body, want)
		}
		if got := w.page(t, "GET", path, "", ""); got.StatusCode != 401 {
			t.Errorf("%s without a session: %d", path, got.StatusCode)
		}
	}
}
