package deployment_test

import (
	"bytes"
	"encoding/json"
	"go/ast"
	"log/slog"
	"regexp"
	"slices"
	"strings"
	"testing"

	"gitlab.com/eshopbox-team/return-sync/functions/internal/sourcetest"
	"gitlab.com/eshopbox-team/return-sync/shared/edge"
)

// record is a text that the program may log, and the texts near it: the names of
// its fields are among them.
type record struct {
	path string
	near map[string]bool
}

// records returns every text of the program's own code with where it stands.
func records(t *testing.T) map[string][]record {
	t.Helper()
	found, near := map[string][]record{}, map[string]map[string]bool{}
	sourcetest.Inspect(t, func(path string, n ast.Node) {
		text, ok := sourcetest.Text(n)
		if !ok || near[path][text] {
			return
		}
		if near[path] == nil {
			near[path] = map[string]bool{}
		}
		near[path][text] = true
		found[text] = append(found[text], record{path, near[path]})
	}, root+"/shared", root+"/functions")
	return found
}

// message is the part of a filter that names a record.
var message = regexp.MustCompile(`jsonPayload\.message="([^"]*)"`)

// TestLogFiltersMatchTheProgram holds every filter to a record that the program
// writes, and every field that is taken out of it to the record's fields.
func TestLogFiltersMatchTheProgram(t *testing.T) {
	c := load(t, terraform, required())
	known := records(t)
	filters := texts(c.local("log_filters"))
	if len(filters) < 8 {
		t.Errorf("%d log filters", len(filters))
	}
	if said := c.local("lag_message").AsString(); len(known[said]) == 0 {
		t.Errorf("lag: no code of the program says %q", said)
	}
	for key, event := range c.local("log_events").AsValueMap() {
		said := event.GetAttr("message").AsString()
		if m := message.FindStringSubmatch(filters[key]); m == nil || m[1] != said {
			t.Errorf("%s: the filter %s does not look for %q", key, filters[key], said)
		}
		places := known[said]
		if len(places) == 0 {
			t.Errorf("%s: no code of the program says %q", key, said)
		}
		if function := event.GetAttr("function"); !function.IsNull() && !slices.Contains(c.modules(), function.AsString()) {
			t.Errorf("%s: there is no function %s", key, function.AsString())
		}
		for _, place := range places {
			for _, field := range event.GetAttr("fields").AsValueSlice() {
				name := field.AsString()
				// The watcher logs its words in another file than they stand in.
				watcher := strings.Contains(place.path, "shared/alert/") && slices.ContainsFunc(known[name], func(r record) bool {
					return strings.HasSuffix(r.path, "shared/watch/watch.go")
				})
				if !place.near[name] && !watcher {
					t.Errorf("%s: %s says %q and has no field %q", key, place.path, said, name)
				}
			}
		}
	}
}

// TestLogFieldsAreWhereFiltersLook writes a record and looks for what filters and
// extractors read: jsonPayload is the line, less what Cloud Logging takes out.
func TestLogFieldsAreWhereFiltersLook(t *testing.T) {
	var line bytes.Buffer
	log := edge.NewLogger(&line, slog.LevelInfo, edge.Program{Project: "p", Service: "s"})
	log.ErrorContext(t.Context(), "the index is behind", "entity", "returns", "run", 7, "job", 8, "code", "c")
	var payload map[string]any
	if err := json.Unmarshal(line.Bytes(), &payload); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]any{"message": "the index is behind", "entity": "returns", "run": 7.0, "job": 8.0, "code": "c", "severity": "ERROR"} {
		if payload[name] != want {
			t.Errorf("%s is %v, want %v: %s", name, payload[name], want, line.String())
		}
	}
}
