package entity

import (
	"strings"
	"testing"
	"testing/fstest"

	"gitlab.com/eshopbox-team/return-sync/shared/strictyaml/strictyamltest"
)

// FuzzDefinition checks that no entity.yaml breaks the loader, that an accepted one has
// the values on which the flow relies, and that an error names the file.
func FuzzDefinition(f *testing.F) {
	for text := range strictyamltest.Strange("name: orders\njobType: ORDER_JOB\nindex: orders\npageSize: 500\noverlap: 30m\ntrustVersions: true\nfollow:\n  orders: id\ntypes:\n  paid: bool\n") {
		f.Add(text)
	}
	f.Add("name: orders\njobType: J\nindex: o\npageSize: -1\nrecordLimit: 99999999999\noverlap: 9999999h\n")
	f.Fuzz(func(t *testing.T, text string) {
		fsys := fstest.MapFS{}
		for name, content := range good() {
			fsys["orders/"+name] = &fstest.MapFile{Data: []byte(content)}
		}
		fsys["orders/entity.yaml"] = &fstest.MapFile{Data: []byte(text)}
		defs, err := source{fsys: fsys, label: "fuzz"}.load()
		if err != nil {
			if !strings.Contains(err.Error(), "entity.yaml") {
				t.Errorf("%q does not name the file", err)
			}
			return
		}
		d := defs[0]
		if d.Name == "" || d.JobType == "" || d.Index == "" || d.PageSize < 1 || d.RecordLimit < 1 || d.Overlap <= 0 {
			t.Errorf("%q was taken as %+v", text, d)
		}
	})
}
