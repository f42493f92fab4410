package transfer

import (
	"fmt"
	"strings"
	"testing"

	"gitlab.com/eshopbox-team/return-sync/shared/transfer"
	"gitlab.com/eshopbox-team/return-sync/shared/transfer/store/storetest"
)

// writes counts the writes of transfers on both sides.
func (k *rig) writes() (studio, online int) {
	k.written.mu.Lock()
	defer k.written.mu.Unlock()
	for what, n := range k.written.counts {
		switch {
		case strings.Contains(what, "the pair of"): // it is counted as a version too
		case strings.HasPrefix(what, "studio "):
			studio += n
		default:
			online += n
		}
	}
	return studio, online
}

// TestEachFlowWritesOnce carries one edit after the other over both wires. An update is
// one write to the other side and one note on the source; so is a creation. A person's
// address is a row of its own, and is written if it differs.
func TestEachFlowWritesOnce(t *testing.T) {
	t.Parallel()
	k := newRig(t, storetest.PostgreSQL(t), 3, quick(1))
	ids := map[string]int64{}
	here := func(name, table string, f fields) {
		t.Helper()
		id, err := k.studio.Edit(t.Context(), table, ids[name], f)
		if err != nil {
			t.Fatal(err)
		}
		ids[name] = id
	}
	there := func(name, model string, f fields) {
		t.Helper()
		id, err := k.online.Edit(model, ids[name], f)
		if err != nil {
			t.Fatal(err)
		}
		ids[name] = id
	}
	// twin sets a name for the pair of a record of the studio.
	twin := func(name, of, table string) {
		t.Helper()
		id, ok := k.studio.Rows(table)[ids[of]]["sosync_fso_id"].(int64)
		if !ok {
			t.Fatalf("%s %d has no pair", table, ids[of])
		}
		ids[name] = id
	}
	for _, step := range []struct {
		name           string
		do             func()
		studio, online int
	}{
		{"person created", func() { here("person", "dbo.Person", fields{"Name": "Müller"}) }, 1, 1},
		{"person changed", func() { here("person", "dbo.Person", fields{"Name": "Maier"}) }, 1, 1},
		{"address created", func() { here("address", "dbo.PersonAdresse", fields{"PersonID": ids["person"], "Ort": "Linz"}) }, 1, 1},
		{"address changed", func() { here("address", "dbo.PersonAdresse", fields{"Ort": "Wien"}) }, 1, 1},
		{"partner changed", func() {
			twin("twin", "person", "dbo.Person")
			there("twin", "res.partner", fields{"lastname": "Huber"})
		}, 1, 1},
		{"partner's city changed", func() { there("twin", "res.partner", fields{"city": "Graz"}) }, 2, 1},
		{"partner created", func() { there("partner", "res.partner", fields{"lastname": "Berger", "city": "Wels"}) }, 2, 1},
		{"e-mail created", func() {
			here("mail", "dbo.PersonEmail", fields{"PersonID": ids["person"], "EmailVor": "a", "EmailNach": "b"})
		}, 1, 1},
		{"e-mail changed", func() { here("mail", "dbo.PersonEmail", fields{"EmailVor": "c"}) }, 1, 1},
		{"e-mail changed online", func() {
			twin("letter", "mail", "dbo.PersonEmail")
			there("letter", "frst.personemail", fields{"email": "d@b"})
		}, 1, 1},
		{"e-mail created online", func() { there("new letter", "frst.personemail", fields{"partner_id": ids["partner"], "email": "e@f"}) }, 1, 1},
		{"group created with its kind", func() {
			here("kind", "dbo.zGruppeDetail", fields{"GruppeLang": "g"})
			here("group", "dbo.PersonGruppe", fields{"PersonID": ids["person"], "zGruppeDetailID": ids["kind"], "Steuerung": true})
		}, 2, 2},
		{"group changed", func() { here("group", "dbo.PersonGruppe", fields{"Steuerung": false}) }, 1, 1},
		{"group changed online", func() {
			twin("gruppe", "group", "dbo.PersonGruppe")
			there("gruppe", "frst.persongruppe", fields{"steuerung_bit": true})
		}, 1, 1},
		{"order created online", func() {
			there("order", "sale.order", fields{"name": "SO1", "partner_id": ids["partner"], "amount_total": 2.5})
		}, 1, 1},
		{"order changed online", func() { there("order", "sale.order", fields{"amount_total": 3.5}) }, 1, 1},
		{"token created", func() {
			here("token", "dbo.AktionOnlineToken", fields{"PersonID": ids["person"], "Name": "T", "AnzahlÜberprüfungen": 0})
		}, 1, 1},
		{"token changed", func() { here("token", "dbo.AktionOnlineToken", fields{"AnzahlÜberprüfungen": 1}) }, 1, 1},
		{"token used online", func() {
			twin("fstoken", "token", "dbo.AktionOnlineToken")
			there("fstoken", "res.partner.fstoken", fields{"number_of_checks": 2})
		}, 1, 1},
	} {
		studio, online := k.writes()
		step.do()
		k.edit(0)
		k.work()
		s, o := k.writes()
		if s -= studio; s != step.studio {
			t.Errorf("%s: %d writes to the studio, want %d", step.name, s, step.studio)
		}
		if o -= online; o != step.online {
			t.Errorf("%s: %d writes to Odoo, want %d", step.name, o, step.online)
		}
	}
	counts, err := k.db.Count(t.Context(), "")
	list, compared, failed := compare(k.studio, k.online)
	twice, _ := k.written.twice()
	if err != nil || failed != nil || len(list)+len(twice) > 0 || compared < 6 || counts[transfer.Failed] > 0 {
		t.Error(fmt.Sprint(err, failed, list, twice, compared, counts))
	}
}
