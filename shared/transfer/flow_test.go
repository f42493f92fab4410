package transfer_test

import (
	"context"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"gitlab.com/eshopbox-team/return-sync/shared/strictyaml/strictyamltest"
	"gitlab.com/eshopbox-team/return-sync/shared/transfer"
)

func TestShippedFlows(t *testing.T) {
	flows, err := transfer.Shipped()
	if err != nil {
		t.Fatal(err)
	}
	f, ok := flows.Of(transfer.Job{Model: "FRST.personemail"})
	if !ok || f.Studio != "dbo.PersonEmail" || f.Priority != 4500 || f.Winner != transfer.Studio || f.Direction != transfer.Both {
		t.Errorf("%+v, %v", f, ok)
	}
	if f, _ := flows.Named("sale.order"); f.Winner != transfer.Online || f.Direction != transfer.ToStudio || len(f.Parents) != 3 {
		t.Errorf("%+v", f)
	}
	if _, ok := flows.Of(transfer.Job{Model: "dbo.Person", Kind: transfer.Temporary}); ok {
		t.Error("a flow carries temporary records")
	}
	if flows.PriorityOf("dbo.PersonEmail") != 4500 || flows.PriorityOf("unknown") != transfer.DefaultPriority {
		t.Error("priorities")
	}
}

func TestEveryMistakeOfFlowsIsNamed(t *testing.T) {
	_, err := transfer.ParseFlows([]byte(`
- {studio: a, online: b, priority: -1, winner: me, direction: up}
- {studio: A, online: c, parents: [{studio: x}, {studio: x, online: y, model: nowhere}]}
- {online: d}
- studio: e
  online: e2
  zone: Vienna
  kinds: [never]
  tables: [{name: a.b, model: m, link: l}, {name: t, model: m, link: l}, {name: t, model: m, link: l}]
  match: [nothing, one, far]
  fields:
    - {studio: x}
    - {studio: x1, online: one, only: fso}
    - {studio: t.y, online: far}
    - {studio: u.y, online: y}
    - {studio: z, online: far}
    - {studio: z1, online: z1, as: noon}
    - {studio: z2, online: z2, only: me}
    - {studio: z3, online: z3, as: date, lookup: {}}
    - {joined: [a], online: z4}
    - {studio: z5, online: z5, otherwise: 3}
    - {studio: z6, online: z6, values: [{studio: 1, online: a}, {studio: 2, online: a}]}
    - {studio: z7, online: z7, lookup: {studio: {model: m}}}
    - {online: z8, many: {model: m, link: l, field: f, of: nowhere}}
    - online: z9
      only: fso
      many:
        model: m
        link: l
        field: f
        of: nowhere
`))
	if err == nil {
		t.Fatal("no mistake")
	}
	for _, want := range []string{
		"flows:2: flow a, b: direction: direction is", "flows:2: flow a, b: winner:", "flows:2: flow a, b: priority:", "flows:3: flow A, c: studio: the model A has a flow already, in flows", "flows:3: flow A, c: parents[0]: a parent has the fields",
		"parents[1].model: the parent model nowhere has no flow", "flows:4: flow , d: studio: want the names of both models", "flows:7: flow e, e2: zone:", "flows:8: flow e, e2: kinds[0]", "tables[0]: a table has name", "tables[2]: the name t is there twice",
		"match[0]: nothing is no online field", "match[1]: one goes one way", "match[2]: far goes", "flows:12: flow e, e2: fields[0]: a field has studio", "flows:15: flow e, e2: fields[3]: no table has the name", "flows:16: flow e, e2: fields[4]: the field far is written twice",
		"flows:17: flow e, e2: fields[5].as: as is", "fields[6].only: only is", "fields[7]: a field has one of", "fields[7].lookup: a lookup has", "fields[8].joined: joined are", "fields[9].otherwise: otherwise stands", "fields[10].values[1]: a value is there twice",
		"fields[11].lookup: each place", "fields[12].many: a field with many has only", "flows:31: flow e, e2: fields[13].many.of: the model nowhere has no flow",
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q is not said in\n%v", want, err)
		}
	}
	for _, text := range []string{"- {studio: a, online: b, colour: red}", "a: b", "- [", "- {studio: a, online: b, fields: [{studio: [x], online: y}]}"} {
		if _, err := transfer.ParseFlows([]byte(text)); err == nil {
			t.Errorf("%s was taken", text)
		}
	}
}

func TestFolderOfFlows(t *testing.T) {
	all, err := transfer.Shipped()
	if err != nil {
		t.Fatal(err)
	}
	flows, err := transfer.LoadFlows(fstest.MapFS{"token.yaml": {Data: []byte("- {studio: dbo.Token, online: res.partner.fstoken}")}, "z.yaml": {Data: []byte("- {studio: a, online: b}")}, "README.md": {}})
	if err != nil || len(flows) != len(all)+1 {
		t.Fatalf("%d flows, %v", len(flows), err)
	}
	if f, _ := flows.Named("res.partner.fstoken"); f.Studio != "dbo.Token" {
		t.Errorf("a file did not take the place of the program's: %+v", f)
	}
	for name, folder := range map[string]fstest.MapFS{
		"token.yaml:2:": {"token.yaml": {Data: []byte("# x\n- {studio: a}")}}, "in personemail.yaml": {"x.yaml": {Data: []byte("- {studio: dbo.PersonEmail, online: b}")}}, "no *.yaml": {"x.yml": {}}, "person.yaml: the flows cannot be read": {"person.yaml": {Data: []byte("x")}},
	} {
		if _, err := transfer.LoadFlows(folder); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%v does not say %q", err, name)
		}
	}
}

func TestTemporaryFlowsStandBeside(t *testing.T) {
	flows, err := transfer.ParseFlows([]byte("- {studio: a, online: b, kinds: [temp], fields: [{studio: x, online: x}]}\n- {studio: a, online: b, kinds: [replicate], priority: 7}"))
	if err != nil {
		t.Fatal(err)
	}
	for kind, want := range map[transfer.Kind]int{transfer.Temporary: 1, transfer.Replicate: 0, transfer.Delete: -1, transfer.Merge: -1} {
		f, ok := flows.Of(transfer.Job{Model: "A", Kind: kind})
		if ok != (want >= 0) || ok && len(f.Fields) != want {
			t.Errorf("%q: %+v, %v", kind, f, ok)
		}
	}
	if flows.PriorityOf("b") != 7 {
		t.Error("the flow that replicates counts")
	}
}

func TestFieldsOfASide(t *testing.T) {
	flows, err := transfer.Shipped()
	if err != nil {
		t.Fatal(err)
	}
	studio, online := flows.FieldsOn(transfer.Studio), flows.FieldsOn(transfer.Online)
	for _, c := range []struct {
		have []string
		want string
	}{
		{studio["dbo.PersonEmail"], "EmailNach"}, {studio["dbo.PersonAdresse"], "Plz"}, {studio["dbo.PersonTelefon"], "Telefonnummer"}, {studio["dbo.Land"], "ISO2"}, {studio["fson.gr_tag_Personen"], "gr_tagID"},
		{online["res.partner"], "getresponse_tag_ids"}, {online["res.country"], "code"}, {online["frst.persongruppe"], "zgruppedetail_id"},
	} {
		if !slices.Contains(c.have, c.want) {
			t.Errorf("%s is not in %v", c.want, c.have)
		}
	}
	if slices.Contains(studio["dbo.Person"], "PersonAdresse.Plz") {
		t.Error("the field of a further table counts as the person's")
	}
}

// FuzzParseFlows reads anything. What is taken maps any record without a panic.
func FuzzParseFlows(f *testing.F) {
	for _, name := range []string{"person", "personemail", "sale_order", "token"} {
		text, err := os.ReadFile("flows/" + name + ".yaml")
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(text), "a@b")
	}
	token, err := os.ReadFile("flows/token.yaml")
	if err != nil {
		f.Fatal(err)
	}
	for text := range strictyamltest.Strange(string(token)) {
		f.Add(text, "")
	}
	f.Add("- {studio: a, online: b, fields: [{studio: x, online: y, as: local-time}]}", "2026-05-01 10:00:00")
	f.Fuzz(func(t *testing.T, text, value string) {
		flows, err := transfer.ParseFlows([]byte(text))
		if err != nil {
			return
		}
		for _, flow := range flows {
			for _, side := range []transfer.Side{transfer.Studio, transfer.Online} {
				r := transfer.Record{ID: 1, Fields: map[string]any{}}
				for _, names := range flows.FieldsOn(side.Other()) {
					for _, n := range names {
						r.Fields[n] = value
					}
				}
				_, _ = flow.Map(t.Context(), none{}, r, &r, side)
			}
		}
	})
}

// none finds nothing.
type none struct{}

func (none) Look(context.Context, transfer.Side, string, int64) (transfer.Record, error) {
	return transfer.Record{}, transfer.ErrNotFound
}

func (none) LookFor(context.Context, transfer.Side, string, transfer.Query) ([]transfer.Record, error) {
	return nil, nil
}

func TestStates(t *testing.T) {
	for s, final := range map[transfer.State]bool{transfer.New: false, transfer.InProgress: false, transfer.Retry: false, transfer.Failed: false, transfer.Done: true, transfer.Skipped: true} {
		if s.Final() != final {
			t.Errorf("%s", s)
		}
	}
	if diff := cmp.Diff([]transfer.State{transfer.InProgress, transfer.New}, transfer.Sources(transfer.InProgress)); diff != "" {
		t.Error(diff)
	}
}

func TestTextsOfAJobStaySmall(t *testing.T) {
	var j transfer.Job
	for range 100 {
		j.AddLog("%s", strings.Repeat("ä", 5000))
		j.AddError(transfer.CodeUnknown, strings.Repeat("ä", 50000))
	}
	if len(j.Log) > 65000 || len(j.ErrorText) > 65000 || !strings.HasSuffix(string(j.Log), "ä") {
		t.Error(len(j.Log), len(j.ErrorText))
	}
}
