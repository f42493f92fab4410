package entity

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// files are the files of a definition.
var files = []string{"entity.yaml", "changed.sql", "rows.sql", "roots.sql", "settings.json"}

// secret is the content of a file that a definition may not name.
const secret = "SELECT s3cret_text :nobody FROM"

// TestAFileThatIsNoFileOfTheDefinition replaces each file of a definition by something
// else. The error names the file and shows no content of the target.
func TestAFileThatIsNoFileOfTheDefinition(t *testing.T) {
	kinds := map[string]func(t *testing.T, at string){
		"link to a file outside": func(t *testing.T, at string) {
			outside := filepath.Join(t.TempDir(), "outside")
			must(t, os.WriteFile(outside, []byte(secret), 0o600))
			must(t, os.Symlink(outside, at))
		},
		"link upwards": func(t *testing.T, at string) {
			must(t, os.WriteFile(filepath.Join(filepath.Dir(at), "..", "outside"), []byte(secret), 0o600))
			must(t, os.Symlink("../outside", at))
		},
		"link to another definition": func(t *testing.T, at string) {
			must(t, os.MkdirAll(filepath.Join(filepath.Dir(at), "..", "other"), 0o755))
			must(t, os.WriteFile(filepath.Join(filepath.Dir(at), "..", "other", "x"), []byte(secret), 0o600))
			must(t, os.Symlink("../other/x", at))
		},
		"link to nothing": func(t *testing.T, at string) { must(t, os.Symlink("absent", at)) },
		"link in circles": func(t *testing.T, at string) { must(t, os.Symlink(filepath.Base(at), at)) },
		"folder":          func(t *testing.T, at string) { must(t, os.Mkdir(at, 0o755)) },
		"pipe":            func(t *testing.T, at string) { must(t, syscall.Mkfifo(at, 0o600)) },
		"device":          func(t *testing.T, at string) { must(t, os.Symlink("/dev/zero", at)) },
		"too large": func(t *testing.T, at string) {
			must(t, os.WriteFile(at, []byte(strings.Repeat("# s3cret_text\n", maxFile/14+1)), 0o600))
		},
	}
	for name, make := range kinds {
		for _, file := range files {
			t.Run(name+"/"+file, func(t *testing.T) {
				dir := t.TempDir()
				write(t, dir, "orders", good())
				at := filepath.Join(dir, "orders", file)
				if err := os.Remove(at); err != nil && !os.IsNotExist(err) {
					t.Fatal(err)
				}
				make(t, at)
				_, err := Load(dir)
				if err == nil || !strings.Contains(err.Error(), "orders/"+file) || strings.Contains(err.Error(), "s3cret") || strings.Contains(err.Error(), "nobody") {
					t.Errorf("%v", err)
				}
			})
		}
	}
}

// TestLinksInsideAFolder loads a definition in the form of a mounted volume: its files
// are links into a folder next to them.
func TestLinksInsideAFolder(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "orders/..data", good())
	for file := range good() {
		must(t, os.Symlink(filepath.Join("..data", file), filepath.Join(dir, "orders", file)))
	}
	if defs, err := Load(dir); err != nil || len(defs) != 2 {
		t.Errorf("%d definitions, %v", len(defs), err)
	}
}

// TestAnErrorHoldsNoLineOfAFile breaks each file and looks for its lines in the error.
func TestAnErrorHoldsNoLineOfAFile(t *testing.T) {
	for file, text := range map[string]string{
		"entity.yaml":   "name: orders\njobType: J\nindex: o\nunknown: s3cret_text\n",
		"changed.sql":   "SELECT 's3cret_text' FROM t WHERE a >= :from AND a < :to FOR UPDATE",
		"rows.sql":      "SELECT 's3cret_text",
		"roots.sql":     "SELECT s3cret_text FROM t",
		"settings.json": `{"s3cret_text": `,
	} {
		dir := t.TempDir()
		own := good()
		own[file] = text
		write(t, dir, "orders", own)
		if _, err := Load(dir); err == nil || !strings.Contains(err.Error(), file) || strings.Contains(err.Error(), "s3cret") {
			t.Errorf("%s: %v", file, err)
		}
	}
}

// TestIndexAndReplicas refuses equal names of indices and replicas across all
// definitions.
func TestIndexAndReplicas(t *testing.T) {
	cases := map[string]struct {
		index, settings string
		other           string // settings of a definition whose index is others
		want            string
	}{
		"nothing shared":             {"orders", `{"replicas":["orders_new"]}`, `{"replicas":["others_new"]}`, ""},
		"another's index":            {"others", "", "", "both write index others"},
		"replica of another":         {"things", "", `{"replicas":["things"]}`, "things is the index of the one and a replica"},
		"virtual replica of another": {"things", "", `{"replicas":["a", "virtual(things)"]}`, "things is the index of the one and a replica"},
		"virtual, with blanks":       {"things", "", `{"replicas":[" virtual( things ) "]}`, "things is the index of the one and a replica"},
		"replica is another's index": {"things", `{"replicas":["others"]}`, "", "others is the index of the one and a replica"},
		"its own replica":            {"things", `{"replicas":["things"]}`, "", "things is the index of the one and a replica"},
		"its own virtual replica":    {"things", `{"replicas":["virtual(things)"]}`, "", "things is the index of the one and a replica"},
		"a replica twice":            {"things", `{"replicas":["x", "virtual(x)"]}`, "", "both have the replica x"},
		"a replica of two":           {"things", `{"replicas":["x"]}`, `{"replicas":["x"]}`, "both have the replica x"},
		"replica of the embedded":    {"es_prod_updatedAt_desc", "", "", "es_prod_updatedAt_desc"},
		"rebuilt index":              {"es_prod_r7", "", "", "es_prod_r7"},
		"replica of a rebuilt index": {"es_prod_r7_updatedAt_asc", "", "", "es_prod_r7"},
		"another name":               {"es_prod_returns", "", "", ""},
		"no list":                    {"things", `{"replicas":"x"}`, "", "array of attributes"},
		"no names":                   {"things", `{"replicas":[1]}`, "", "array of attributes"},
		"no index's name":            {"things", `{"replicas":["../x"]}`, "", "no name of an index"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			own, other := good(), good()
			own["entity.yaml"] = "name: things\njobType: THING_JOB\nindex: " + c.index + "\n"
			other["entity.yaml"] = "name: others\njobType: OTHER_JOB\nindex: others\n"
			if c.settings != "" {
				own["settings.json"] = c.settings
			}
			if c.other != "" {
				other["settings.json"] = c.other
			}
			write(t, dir, "things", own)
			write(t, dir, "others", other)
			_, err := Load(dir)
			if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
				t.Errorf("%v; want %q", err, c.want)
			}
		})
	}
}

// must ends a test at an error.
func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
