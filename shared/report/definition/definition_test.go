package definition_test

import (
	"strings"
	"testing"
	"testing/fstest"

	"gitlab.com/eshopbox-team/return-sync/shared/report/definition"
	"gitlab.com/eshopbox-team/return-sync/shared/strictyaml/strictyamltest"
)

// good is a definition with everything.
const good = `name: sales_report
reportTypeId: GET_SALES
offset: -1
repeatAfterDays: 21
datapoints: true
key: [order, sku]
numbers: [price]
source:
  kind: spapi
  marketplaces: [A1]
destinations:
  - kind: mongodb
    collection: sales
`

// TestADefinitionIsReadWithItsParts reads everything that a definition may say.
func TestADefinitionIsReadWithItsParts(t *testing.T) {
	d, err := definition.Parse("sales.yaml", []byte(good))
	if err != nil {
		t.Fatal(err)
	}
	if !d.Active || !d.NotifyOnFail || d.Offset != -1 || d.RepeatAfter != 21 || d.TypeID != "GET_SALES" || d.Source.Kind != "spapi" {
		t.Errorf("%+v", d)
	}
	if len(d.Sinks) != 2 || d.Sinks[0].Kind != "mongodb" || d.Sinks[1].Kind != definition.Datapoints {
		t.Errorf("%+v", d.Sinks)
	}
	var settings struct {
		Marketplaces []string `yaml:"marketplaces"`
	}
	if err := d.Source.Decode(&settings); err != nil || len(settings.Marketplaces) != 1 {
		t.Errorf("%+v, %v", settings, err)
	}
	var other struct {
		Places []string `yaml:"places"`
	}
	if err := d.Source.Decode(&other); err == nil || !strings.HasPrefix(err.Error(), "sales.yaml:10: ") {
		t.Errorf("a setting that nobody knows: %v", err)
	}
}

// TestAWrongDefinitionIsRefusedWithItsLine names file, line and problem.
func TestAWrongDefinitionIsRefusedWithItsLine(t *testing.T) {
	for name, c := range map[string]struct{ old, new, want string }{
		"an unknown field":       {"offset: -1", "offzet: -1", `sales.yaml:3: unknown field "offzet"`},
		"no number":              {"offset: -1", "offset: tomorrow", "sales.yaml:3: "},
		"a senseless offset":     {"offset: -1", "offset: 99999", "sales.yaml: offset is 99999 days"},
		"a name in capitals":     {"sales_report", "Sales", "sales.yaml: name "},
		"no id":                  {"reportTypeId: GET_SALES", "", "sales.yaml: reportTypeId"},
		"a source without kind":  {"  kind: spapi\n", "", "sales.yaml:9: source: kind is missing"},
		"destinations, no list":  {"destinations:\n  - kind: mongodb\n    collection: sales", "destinations: mongodb", "sales.yaml:11: destinations: want a list"},
		"a field that is twice":  {"[order, sku]", "[order, order]", "sales.yaml: key, columns and numbers"},
		"datapoints, no numbers": {"numbers: [price]", "", "sales.yaml: datapoints: true needs numbers"},
		"no YAML":                {"name:", "name: [", "sales.yaml:"},
	} {
		text := strings.Replace(good, c.old, c.new, 1)
		if _, err := definition.Parse("sales.yaml", []byte(text)); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
	_, err := definition.LoadFS(fstest.MapFS{"a.yaml": {Data: []byte(good)}, "b.yaml": {Data: []byte(good)}}, "reports")
	if err == nil || !strings.Contains(err.Error(), "reports/b.yaml: another file defines sales_report too") {
		t.Errorf("two files of one name: %v", err)
	}
}

// FuzzParse finds no text that makes Parse panic or quote a value of a setting.
func FuzzParse(f *testing.F) {
	f.Add("source: {kind: x}\ndestinations: [{kind: y}]")
	for text := range strictyamltest.Strange(good) {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		d, err := definition.Parse("x.yaml", []byte(text))
		if err != nil {
			return
		}
		if d.Name == "" || d.Source.Kind == "" || len(d.Sinks) == 0 {
			t.Errorf("taken without a name, source or destination: %q", text)
		}
		for _, p := range append(d.Sinks, d.Source) {
			var settings struct {
				Marketplaces []string       `yaml:"marketplaces"`
				Collection   string         `yaml:"collection"`
				Limits       map[string]int `yaml:"limits"`
			}
			_ = p.Decode(&settings) // may be refused
		}
	})
}
