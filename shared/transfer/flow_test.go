package transfer_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

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

func TestFieldsAreMapped(t *testing.T) {
	f := transfer.Flow{Fields: []transfer.Pair{{Studio: "Größe", Online: "size"}, {Studio: "A", Online: "a", Only: transfer.Online}, {Studio: "B", Online: "b"}}}
	if diff := cmp.Diff(map[string]any{"size": 3, "a": 1}, f.Map(transfer.Record{Fields: map[string]any{"Größe": 3, "A": 1, "C": 2}}, transfer.Online)); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(map[string]any{"Größe": 3}, f.Map(transfer.Record{Fields: map[string]any{"size": 3, "a": 1}}, transfer.Studio)); diff != "" {
		t.Error(diff)
	}
}

func TestEveryMistakeOfFlowsIsNamed(t *testing.T) {
	_, err := transfer.ParseFlows([]byte(`
- {studio: a, online: b, priority: -1, winner: me, direction: up}
- {studio: A, online: c, parents: [{studio: x}, {studio: x, online: y, model: nowhere}]}
- {online: d}
`))
	for _, want := range []string{"direction is", "winner is", "priority is", "the model A has a flow already", "a parent has the fields", "nowhere has no flow", "want the names of both models"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v does not say %q", err, want)
		}
	}
	if _, err := transfer.ParseFlows([]byte("- {studio: a, online: b, colour: red}")); err == nil {
		t.Error("an unknown key was taken")
	}
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
