package transfer

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"gitlab.com/eshopbox-team/return-sync/functions/cmd/internal/cli"
)

// TestFlowsAreCheckedShownAndTried calls the commands on the program's flows and on
// files.
func TestFlowsAreCheckedShownAndTried(t *testing.T) {
	folder := t.TempDir()
	good, bad := filepath.Join(folder, "good"), filepath.Join(folder, "bad")
	for path, text := range map[string]string{good + "/x.yaml": "- {studio: dbo.X, online: x.x, fields: [{studio: A, online: a}]}", bad + "/y.yaml": "\n- {studio: dbo.Y, online: y, direction: up}", folder + "/record.json": `{"email":"a@b.at","bestaetigt_am_um":"2026-07-01 10:00:00","bestaetigt_typ":"workflow","gueltig_von":"soon"}`} {
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		args, in string
		want     []string
		wrong    string
	}{
		{"check", "", []string{"dbo.PersonEmail", "frst.personemail", "to-studio-only"}, ""},
		{"check --dir " + good, "", []string{"dbo.X", "dbo.Person "}, ""},
		{"check --file " + good + "/x.yaml", "", []string{"dbo.X"}, ""},
		{"check --dir " + bad, "", nil, "y.yaml:2: flow dbo.Y, y: direction: direction is"},
		{"check --dir " + bad + " --file x", "", nil, "leave one of them out"},
		{"show frst.personemail", "", []string{"EmailVor @ EmailNach", "joined", "by dbo.Typen.TypenBezeichnung and the value", "local-time", "dbo.Person, which comes first", "linked by"}, ""},
		{"show dbo.Person", "", []string{"fson.gr_tag_Personen.gr_tagID", "2 values, others are other", "Mobil.*"}, ""},
		{"show nothing", "", nil, "no flow carries the model nothing"},
		{"try dbo.PersonEmail", `{"EmailVor":"a","EmailNach":"b.at","HauptAdresseErzwingen":true,"BestaetigungsTypID":5}`, []string{`"a@b.at"`, "forced_main_address  true", "looked up: studio dbo.Typen 5"}, ""},
		{"try frst.personemail " + folder + "/record.json", "", []string{`EmailNach`, `"2026-07-01T12:00:00Z"`, "looked up: studio dbo.Typen with"}, "gueltig_von: soon is no date"},
		{"try res.partner", `{"city":"Linz"}`, []string{`dbo.PersonAdresse.Ort  "Linz"`}, ""},
		{"try dbo.Person", "x", nil, "no JSON object"},
	} {
		var out bytes.Buffer
		cmd := commands(&cli.App{Deps: cli.Deps{Out: &out, Err: io.Discard}})[0]
		cmd.SetArgs(append([]string{"flows"}, strings.Fields(c.args)...))
		cmd.SetIn(strings.NewReader(c.in))
		cmd.SilenceErrors, cmd.SilenceUsage = true, true
		err := cmd.ExecuteContext(t.Context())
		if (err == nil) != (c.wrong == "") || err != nil && !strings.Contains(err.Error(), c.wrong) {
			t.Errorf("%s: %v", c.args, err)
		}
		for _, want := range c.want {
			if !strings.Contains(out.String(), want) {
				t.Errorf("%s: %q is not in\n%s", c.args, want, out.String())
			}
		}
	}
}
