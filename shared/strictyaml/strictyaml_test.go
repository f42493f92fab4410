package strictyaml_test

import (
	"testing"

	"gitlab.com/eshopbox-team/return-sync/shared/strictyaml"
)

// thing has each kind of field that definitions have.
type thing struct {
	Name string         `yaml:"name"`
	List []thing        `yaml:"list"`
	Map  map[string]any `yaml:"map"`
	One  *thing         `yaml:"one"`
}

func TestStrict(t *testing.T) {
	var v []thing
	if err := strictyaml.Decode([]byte("- {name: a, list: [{name: b}]}"), &v); err != nil || len(v) != 1 || v[0].List[0].Name != "b" {
		t.Errorf("%+v, %v", v, err)
	}
	for _, text := range []string{"- {colour: red}", "! 000000000000", "- name: !x [", "{"} {
		if err := strictyaml.Decode([]byte(text), &v); err == nil {
			t.Errorf("%q was read as %+v", text, v)
		}
	}
}

// FuzzDecode reads texts into lists and structs: nothing panics.
func FuzzDecode(f *testing.F) {
	for _, text := range []string{"- {name: a, list: [{name: b}]}", "! 000000000000", "name: x\nmap: {a: 1}\none: {name: y}", "&a [*a]", "- !!binary x", "a: !x\n  - b"} {
		f.Add(text)
	}
	f.Fuzz(func(_ *testing.T, text string) {
		var list []thing
		var one thing
		_ = strictyaml.Decode([]byte(text), &list) // both may be refused
		_ = strictyaml.Decode([]byte(text), &one)
	})
}
