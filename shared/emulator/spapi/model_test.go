package spapi_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// modelPath is Amazon's official model, beside the project's root.
var modelPath = filepath.Join("..", "..", "..", "..", "shared", "data", "spapi", "reports_2021-06-30.json")

// model reads the official model; nil where it is absent.
var model = sync.OnceValues(func() (map[string]any, error) {
	text, err := os.ReadFile(modelPath)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	var m map[string]any
	if err == nil {
		err = json.Unmarshal(text, &m)
	}
	return m, err
})

// at returns the value behind some keys.
func at(value any, keys ...string) any {
	for _, key := range keys {
		object, _ := value.(map[string]any)
		value = object[key]
	}
	return value
}

// checkModel holds an answer to the model's schema of operation and status.
func checkModel(t *testing.T, method, path string, status int, answer map[string]any) {
	t.Helper()
	m, err := model()
	if err != nil {
		t.Fatal(err)
	}
	if m == nil {
		return // TestModelIsChecked says so
	}
	path, _, _ = strings.Cut(path, "?")
	if parts := strings.Split(path, "/"); len(parts) == 5 {
		parts[4] = map[string]string{"reports": "{reportId}", "documents": "{reportDocumentId}"}[parts[3]]
		path = strings.Join(parts, "/")
	}
	response := at(m, "paths", path, strings.ToLower(method), "responses", fmt.Sprint(status))
	if response == nil {
		t.Errorf("%s %s answered %d, which the model does not know", method, path, status)
		return
	}
	schema := at(response, "schema")
	if schema == nil {
		if answer != nil {
			t.Errorf("%s %s %d has a body", method, path, status)
		}
		return
	}
	if err := conforms(m, schema, answer, "body"); err != nil {
		t.Errorf("%s %s %d: %v", method, path, status, err)
	}
}

// conforms checks a value against a schema of the model. Fields that a schema does
// not name are refused, which the model itself would allow.
func conforms(m map[string]any, schema, value any, where string) error {
	if ref, ok := at(schema, "$ref").(string); ok {
		return conforms(m, at(m, "definitions", strings.TrimPrefix(ref, "#/definitions/")), value, where)
	}
	switch kind := at(schema, "type"); kind {
	case "object":
		object, ok := value.(map[string]any)
		if !ok {
			return fmt.Errorf("%s is %T, want an object", where, value)
		}
		return fields(m, schema, object, where)
	case "array":
		list, ok := value.([]any)
		if !ok {
			return fmt.Errorf("%s is %T, want a list", where, value)
		}
		for n, item := range list {
			if err := conforms(m, at(schema, "items"), item, fmt.Sprintf("%s[%d]", where, n)); err != nil {
				return err
			}
		}
	case "string":
		text, ok := value.(string)
		values, limited := at(schema, "enum").([]any)
		if !ok || limited && !slices.Contains(values, any(text)) {
			return fmt.Errorf("%s is %v, want one of %v", where, value, values)
		}
		if _, err := time.Parse(time.RFC3339, text); at(schema, "format") == "date-time" && err != nil {
			return fmt.Errorf("%s: %w", where, err)
		}
	default:
		return fmt.Errorf("%s has the type %v, which this check does not know", where, kind)
	}
	return nil
}

// fields checks the fields of an object.
func fields(m map[string]any, schema any, object map[string]any, where string) error {
	required, _ := at(schema, "required").([]any)
	for _, name := range required {
		if _, ok := object[name.(string)]; !ok {
			return fmt.Errorf("%s has no %s", where, name)
		}
	}
	for name, value := range object {
		field := at(schema, "properties", name)
		if field == nil {
			return fmt.Errorf("%s has the field %s, which the model does not know", where, name)
		}
		if err := conforms(m, field, value, where+"."+name); err != nil {
			return err
		}
	}
	return nil
}

// TestModelIsChecked says whether answers are checked, and that the check can fail.
func TestModelIsChecked(t *testing.T) {
	m, err := model()
	if err != nil {
		t.Fatal(err)
	}
	if m == nil {
		t.Skip("NOT RUN: answers were not checked against the official model: there is no " + modelPath)
	}
	schema := map[string]any{"$ref": "#/definitions/Report"}
	good := map[string]any{"reportId": "1", "reportType": "GET_X", "createdTime": "2026-11-28T10:00:00.000Z", "processingStatus": "DONE"}
	if err := conforms(m, schema, good, "body"); err != nil {
		t.Error(err)
	}
	for name, value := range map[string]any{"processingStatus": "READY", "createdTime": "today", "reportId": 1.0, "other": "x"} {
		bad := map[string]any{}
		for k, v := range good {
			bad[k] = v
		}
		bad[name] = value
		if conforms(m, schema, bad, "body") == nil {
			t.Errorf("%s: %v was taken", name, value)
		}
	}
	delete(good, "createdTime")
	if conforms(m, schema, good, "body") == nil {
		t.Error("a report without createdTime was taken")
	}
}
