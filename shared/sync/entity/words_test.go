package entity

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
)

// keys returns the keys of entity.yaml with their Go kinds.
func keys() map[string]reflect.Type {
	list := map[string]reflect.Type{}
	t := reflect.TypeFor[file]()
	for i := range t.NumField() {
		list[t.Field(i).Tag.Get("yaml")] = t.Field(i).Type
	}
	return list
}

// TestWordsOfYAML gives every key values of every other kind: the error names the file's
// key or line, and speaks of no Go.
func TestWordsOfYAML(t *testing.T) {
	refused := 0
	for key := range keys() {
		for _, value := range []string{"ten", "[1, 2]", "{a: b}", "1.5", "true", "-7", "99999999999999999999", "!!binary x", "\"", "*nobody", "{a: [b]}", "|"} {
			text := "name: orders\njobType: J\nindex: o\n"
			if strings.Contains(text, key+":") {
				text = strings.ReplaceAll(text, key+":", "# ")
			}
			_, err := Load(folderOf(t, text+key+": "+value+"\n"))
			if err == nil {
				continue
			}
			refused++
			words := err.Error()
			for _, bad := range []string{"unmarshal", "Go ", "struct", "file.", "interface", "map["} {
				if strings.Contains(words, bad) {
					t.Errorf("%s: %s: %q speaks of %q", key, value, words, bad)
				}
			}
			if !strings.Contains(words, "entity.yaml") || !strings.Contains(words, key) && !strings.Contains(words, "[4:") && !strings.Contains(words, "name") {
				t.Errorf("%s: %s: %q names no place", key, value, words)
			}
		}
	}
	if refused < 50 {
		t.Errorf("%d values were refused", refused)
	}
	for _, text := range []string{"- a\n- b\n", "just text\n", "42\n", "a: b: c\n", "\tname: x\n"} {
		_, err := Load(folderOf(t, text))
		if err == nil || strings.Contains(err.Error(), "unmarshal") || strings.Contains(err.Error(), "Go ") {
			t.Errorf("%q: %v", text, err)
		}
	}
	_, err := Load(folderOf(t, "name: orders\njobType: J\nindex: o\npageSize: ten\n"))
	if err == nil || !strings.Contains(err.Error(), "pageSize: want a whole number, not a text") {
		t.Errorf("%v", err)
	}
}

// TestSchemaKnowsEveryKey compares the schema with the reader of entity.yaml.
func TestSchemaKnowsEveryKey(t *testing.T) {
	var schema struct {
		Additional bool `json:"additionalProperties"`
		Required   []string
		Properties map[string]struct {
			Type        string
			Description string
		}
	}
	if err := json.Unmarshal(Schema(), &schema); err != nil {
		t.Fatal(err)
	}
	names := map[reflect.Kind]string{reflect.String: "string", reflect.Int: "integer", reflect.Bool: "boolean", reflect.Map: "object"}
	for key, kind := range keys() {
		p, ok := schema.Properties[key]
		if !ok || p.Description == "" || p.Type != names[kind.Kind()] {
			t.Errorf("%s: the schema says %+v", key, p)
		}
	}
	if len(schema.Properties) != len(keys()) || schema.Additional {
		t.Errorf("the schema has %d keys, the reader %d; others are allowed: %v", len(schema.Properties), len(keys()), schema.Additional)
	}
}

// folderOf returns a folder with a definition whose entity.yaml is the text.
func folderOf(t *testing.T, text string) string {
	t.Helper()
	dir, definition := t.TempDir(), good()
	definition["entity.yaml"] = text
	write(t, dir, "orders", definition)
	return dir
}
