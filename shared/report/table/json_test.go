package table_test

import (
	"strings"
	"testing"

	"gitlab.com/eshopbox-team/return-sync/shared/fault"
	"gitlab.com/eshopbox-team/return-sync/shared/report"
	"gitlab.com/eshopbox-team/return-sync/shared/report/table"
)

// TestRowsAndCursorOfJSON finds rows and cursor wherever they stand.
func TestRowsAndCursorOfJSON(t *testing.T) {
	for name, c := range map[string]struct {
		json, text, next string
		rows             int
	}{
		"the document is the list": {"", `[{"a":1},{"a":2}]`, "", 2},
		"cursor behind":            {"/data/items", `{"data":{"items":[{"a":1}],"more":[{"x":1}]},"next":"c2"}`, "c2", 1},
		"cursor before":            {"/data/items", `{"next":7,"data":{"items":[{"a":1},{"b":[1,{}]}]}}`, "7", 2},
		"no cursor":                {"/items", `{"items":[],"next":null}`, "", 0},
		"escaped names":            {"/a~1b/~0c", `{"a/b":{"~c":[{"a":1}]}}`, "", 1},
	} {
		rows := 0
		next, err := table.JSON{Rows: c.json, Next: "/next"}.Each(strings.NewReader(c.text), func(report.Row) bool { rows++; return true })
		if err != nil || next != c.next || rows != c.rows {
			t.Errorf("%s: %d rows, next %q, %v", name, rows, next, err)
		}
	}
}

// TestBadJSONIsRefused never takes a wrong document for an empty one.
func TestBadJSONIsRefused(t *testing.T) {
	for name, c := range map[string]struct {
		text, want string
		retry      bool
	}{
		"HTML":              {"<html>", "not JSON", false},
		"no list":           {`{"data":{}}`, `no list of rows at "/data/items"`, false},
		"no object":         {`{"data":{"items":[{"a":1},3]}}`, "row 2 is not an object", false},
		"null":              {`{"data":{"items":[null]}}`, "row 1 is not an object", false},
		"cut":               {`{"data":{"items":[{"a":1},`, "unexpected EOF", true},
		"empty":             {"", "unexpected EOF", true},
		"wrong charset":     {"{\"data\":{\"items\":[{\"a\":\"M\xfc\"}]}}", "not valid UTF-8", false},
		"two documents":     {`{"data":{"items":[]}}{}`, "behind the end", false},
		"nested too deeply": {`{"x":` + strings.Repeat("[", 200) + strings.Repeat("]", 200) + "}", "nested", false},
	} {
		_, err := table.JSON{Rows: "/data/items"}.Each(strings.NewReader(c.text), func(report.Row) bool { return true })
		if err == nil || !strings.Contains(err.Error(), c.want) || fault.Retryable(err) != c.retry {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
}
