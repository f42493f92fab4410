package entity

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write README.md")

// TestReference compares the page about entity.yaml's keys with the schema, from which
// -update writes it.
func TestReference(t *testing.T) {
	var doc struct {
		Required   []string
		Properties json.RawMessage
	}
	if err := json.Unmarshal(Schema(), &doc); err != nil {
		t.Fatal(err)
	}
	properties := map[string]struct {
		Type, Description string
		Default           any
		Minimum, Maximum  *int
	}{}
	if err := json.Unmarshal(doc.Properties, &properties); err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	b.WriteString("# The keys of entity.yaml\n\nA definition is a folder with entity.yaml, changed.sql, rows.sql and, if wanted, roots.sql and settings.json:\n" +
		"see [the first page](../../../README.md#another-table-without-go). `returnsync entities schema` prints the JSON Schema\n" +
		"([entity.schema.json](entity.schema.json)), with which editors complete and check the file. Its test writes this page with `-update`.\n\n" +
		"| key | value | default | meaning |\n|---|---|---|---|\n")
	order := json.NewDecoder(strings.NewReader(string(doc.Properties)))
	if _, err := order.Token(); err != nil {
		t.Fatal(err)
	}
	for order.More() {
		name, err := order.Token()
		if err != nil {
			t.Fatal(err)
		}
		var skipped json.RawMessage
		if err := order.Decode(&skipped); err != nil {
			t.Fatal(err)
		}
		p := properties[fmt.Sprint(name)]
		kind := map[string]string{"string": "text", "integer": "whole number", "boolean": "true or false", "object": "mapping", "": "word or list"}[p.Type]
		if p.Minimum != nil {
			kind += fmt.Sprintf(", %d to %d", *p.Minimum, *p.Maximum)
		}
		def := ""
		switch {
		case p.Default != nil:
			def = fmt.Sprintf("`%v`", p.Default)
		case strings.Contains(strings.Join(doc.Required, " ")+" ", fmt.Sprint(name)+" "):
			def = "required"
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", name, kind, def, p.Description)
	}
	if *update {
		if err := os.WriteFile("README.md", []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	have, err := os.ReadFile("README.md")
	if err != nil || string(have) != b.String() {
		t.Errorf("README.md differs from the schema (run this test with -update), %v", err)
	}
}
