package ini

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// known is what the tests' files may hold.
var known = []string{"SOURCE_DSN", "STATE_DSN", "PAGE_SIZE"}

func TestParse(t *testing.T) {
	cases := map[string]struct {
		text string
		want map[string]string
	}{
		"empty":           {"", map[string]string{}},
		"only a section":  {"[return-sync]\n", map[string]string{}},
		"comments":        {"# a\n; b\n[return-sync]\n# c\nPAGE_SIZE = 5\n", map[string]string{"PAGE_SIZE": "5"}},
		"secret's signs":  {"[return-sync]\nSOURCE_DSN=u:p#q;r=\\@tcp(h:1)/d?a=b&c=%41\n", map[string]string{"SOURCE_DSN": `u:p#q;r=\@tcp(h:1)/d?a=b&c=%41`}},
		"backslash ends":  {"[return-sync]\nSTATE_DSN = x\\\nPAGE_SIZE = 5\n", map[string]string{"STATE_DSN": `x\`, "PAGE_SIZE": "5"}},
		"quotes":          {"[return-sync]\nSOURCE_DSN = \" a \"\n", map[string]string{"SOURCE_DSN": " a "}},
		"empty value":     {"[return-sync]\nSOURCE_DSN =\n", map[string]string{"SOURCE_DSN": ""}},
		"Windows":         {"\ufeff[return-sync]\r\nPAGE_SIZE = 5\r\n", map[string]string{"PAGE_SIZE": "5"}},
		"no substitution": {"[return-sync]\nPAGE_SIZE = %(SOURCE_DSN)s\n", map[string]string{"PAGE_SIZE": "%(SOURCE_DSN)s"}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			got, err := Parse("x.ini", []byte(c.text), known)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestParseRefuses(t *testing.T) {
	cases := map[string]struct {
		text string
		want []string
	}{
		"unknown key":         {"[return-sync]\n\nCOLOUR = s3cret\n", []string{"x.ini:3: COLOUR is not a setting"}},
		"other case":          {"[return-sync]\npage_size = s3cret\n", []string{"x.ini:2: page_size is not a setting"}},
		"all at once":         {"[return-sync]\nA = s3cret\nPAGE_SIZE = 1\nB = s3cret\n", []string{"x.ini:2: A is", "x.ini:4: B is"}},
		"no section":          {"PAGE_SIZE = s3cret\n", []string{"x.ini:1: PAGE_SIZE stands before the section", "[return-sync]"}},
		"other section":       {"[return_sync]\nPAGE_SIZE = s3cret\n", []string{"x.ini:2: section return_sync is unknown"}},
		"twice":               {"[return-sync]\nPAGE_SIZE = s3cret\nPAGE_SIZE = s3cret\n", []string{"x.ini:3: PAGE_SIZE stands more than once"}},
		"no equals sign":      {"[return-sync]\nSOURCE_DSN u:s3cret@tcp(h)/d\n", []string{"x.ini:2: want NAME = value"}},
		"a value as the name": {"[return-sync]\nu:s3cret@tcp(h)/d?a=b\n", []string{"x.ini:2: this line's name is not a setting"}},
		"open section":        {"[return-sync\nPAGE_SIZE = s3cret\n", []string{"x.ini:1: the section's bracket is not closed"}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			_, err := Parse("x.ini", []byte(c.text), known)
			if err == nil {
				t.Fatal("accepted")
			}
			for _, want := range c.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("%q does not say %q", err, want)
				}
			}
			if strings.Contains(err.Error(), "s3cret") {
				t.Errorf("%q holds the value", err)
			}
		})
	}
}

func TestRead(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.ini")
	if _, err := Read(path, known); err == nil || !strings.Contains(err.Error(), path) {
		t.Errorf("a file that is not there: %v", err)
	}
	if err := os.WriteFile(path, []byte("[return-sync]\nPAGE_SIZE = 7\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	got, err := Read(path, known)
	if err != nil || got["PAGE_SIZE"] != "7" {
		t.Error(got, err)
	}
}

// FuzzParse holds the reader to its promises on any text: it ends, gives known
// keys alone, and names the file in every line of an error.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		"[return-sync]\nPAGE_SIZE = 5\n", "a=b", "[x]\n- = 1\n", "[return-sync]\nSOURCE_DSN = \"\"\"a\nb\"\"\"", "[return-sync]\n`a`=`b", "[]\n=", "\xff",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		values, err := Parse("x.ini", text, known)
		for key := range values {
			if !slices.Contains(known, key) {
				t.Errorf("key %q", key)
			}
		}
		if err == nil {
			return
		}
		for l := range strings.Lines(err.Error()) {
			if !strings.HasPrefix(l, "x.ini") {
				t.Errorf("%q does not name the file", l)
			}
		}
	})
}

func TestAnotherForm(t *testing.T) {
	f := Form{Section: "sosync", Comments: "#;/", Fold: true, Help: "see the help"}
	values, err := f.Parse("x.ini", []byte("/ a comment\n[SoSync]\nPort = 5050\n; one\nlog_file=\"/tmp/x\"\n"), []string{"port", "log_file"})
	if err != nil || values["port"] != "5050" || values["log_file"] != "/tmp/x" {
		t.Errorf("%v, %v", values, err)
	}
	_, err = f.Parse("x.ini", []byte("[sosync]\nport = 1\nPORT = 2\ncolour = red\nnothing\n"), []string{"port"})
	for _, want := range []string{"x.ini:3: port stands more than once", "x.ini:4: colour is not a setting: see the help", "x.ini:5: want NAME = value, a section in brackets, or a comment that begins with # or ; or /"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v does not say %q", err, want)
		}
	}
}
