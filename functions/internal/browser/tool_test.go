package browser

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	tools "gitlab.com/eshopbox-team/return-sync/shared/tool"
)

// bare is a machine without the program. Each command that is run is noted;
// fails says which of them, counted from 1, fails, and the program is there once
// one has succeeded that installs it.
func bare(ran *[]string, fails ...int) tools.Machine {
	there := false
	return tools.Machine{
		OS: "linux", Release: "ID=debian", Root: true, Log: &bytes.Buffer{},
		Find: func(names ...string) string {
			if there {
				return "/usr/bin/" + names[0]
			}
			return ""
		},
		Run: func(_ context.Context, name string, args ...string) (string, error) {
			line := strings.Join(append([]string{name}, args...), " ")
			*ran = append(*ran, line)
			for _, n := range fails {
				if n == len(*ran) {
					return "E: no such package", errors.New("exit status 100")
				}
			}
			there = there || strings.Contains(line, "install -y")
			return "", nil
		},
	}
}

func TestMissingToolIsInstalled(t *testing.T) {
	const lock = "flock " + tools.Lock + " "
	const install, update = lock + tools.AptInstall + "chromium -o DPkg::Lock::Timeout=120", lock + "apt-get update"
	for name, c := range map[string]struct {
		fails []int
		want  []string
		err   string
	}{
		"at once":                  {nil, []string{install}, ""},
		"after the package lists":  {[]int{1}, []string{install, update, install}, ""},
		"no network":               {[]int{1, 2}, []string{install, update}, "install by hand with: apt-get install"},
		"no such package any more": {[]int{1, 3}, []string{install, update, install}, "no such package"},
	} {
		var ran []string
		path, err := chromium.find(t.Context(), bare(&ran, c.fails...))
		if diff := cmp.Diff(c.want, ran); diff != "" {
			t.Errorf("%s (-want +run):\n%s", name, diff)
		}
		if c.err == "" && (err != nil || path != "/usr/bin/chromium") || c.err != "" && (err == nil || !strings.Contains(err.Error(), c.err)) {
			t.Errorf("%s: %q, %v", name, path, err)
		}
	}
}

func TestMissingToolIsReported(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*tools.Machine)
		want   string
	}{
		"not root":   {func(m *tools.Machine) { m.Root = false }, "sudo apt-get install -y --no-install-recommends chromium"},
		"not Debian": {func(m *tools.Machine) { m.Release = "ID=fedora" }, "package manager"}, "macOS": {func(m *tools.Machine) { m.OS, m.Release = "darwin", "" }, "brew install"},
		"elsewhere": {func(m *tools.Machine) { m.OS, m.Release = "plan9", "" }, "package manager"},
	} {
		var ran []string
		m := bare(&ran)
		c.change(&m)
		if _, err := chromium.find(t.Context(), m); err == nil || !strings.Contains(err.Error(), c.want) || len(ran) > 0 {
			t.Errorf("%s: %v, ran %q", name, err, ran)
		}
	}
}

func TestIsDebian(t *testing.T) {
	for text, want := range map[string]bool{
		"NAME=x\nID=debian\n": true, "ID=\"debian\"\n": true, "ID=ubuntu\nID_LIKE=debian\n": false, "VERSION_ID=debian\n": false, "": false,
	} {
		if got := isDebian(tools.Machine{OS: "linux", Release: text}); got != want {
			t.Errorf("%q: %v", text, got)
		}
	}
}

func TestWhatStaysOnThisMachine(t *testing.T) {
	for address, want := range map[string]bool{
		"http://127.0.0.1:80/x": true, "http://[::1]/": true, "http://localhost:1/": true, "data:text/plain,x": true, "about:blank": true, "ws://127.0.0.1/": true,
		"https://images.example.com/x.jpg": false, "http://10.0.0.1/": false, "http://127.0.0.1.example.com/": false, "wss://example.com/": false, "http://%": false, "file:///etc/passwd": false,
	} {
		if stays(address) != want {
			t.Errorf("%s: %v", address, !want)
		}
	}
}

// TestComplaintsOfThePage has a page complain and ask another machine.
func TestComplaintsOfThePage(t *testing.T) {
	p := Open(t)
	p.Go(`data:text/html,<script>console.error("one", 2); console.log("fine"); setTimeout(() => { throw new Error("three") })</script><img src="http://images.example.com/x.jpg">`)
	p.Until("the page", "document.readyState === 'complete'")
	complaints := p.Complaints()
	got := strings.Join(complaints, "\n")
	for _, want := range []string{"one 2", "three", "ERR_NAME_NOT_RESOLVED"} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is not among the complaints:\n%s", want, got)
		}
	}
	if len(complaints) != 3 {
		t.Errorf("want three complaints, got:\n%s", got)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if !strings.Contains(strings.Join(p.requests, "\n"), "http://images.example.com/x.jpg") {
		t.Errorf("the request was not seen: %q", p.requests)
	}
	p.requests = nil // it was meant
}

// TestPagesBesideEachOther opens two pages: both are seen and have the focus, and neither
// knows what the other keeps.
func TestPagesBesideEachOther(t *testing.T) {
	site := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	t.Cleanup(site.Close)
	pages := []*Page{Open(t), Open(t)}
	for i, p := range pages {
		p.Go(site.URL + "/")
		Value[bool](p, fmt.Sprintf(`(document.cookie = localStorage.name = "page=%d", true)`, i))
	}
	for i, p := range pages {
		p.Until("the page to be seen, with the focus", "!document.hidden && document.hasFocus()")
		if kept, want := Value[string](p, `document.cookie + " " + localStorage.name`), fmt.Sprintf("page=%[1]d page=%[1]d", i); kept != want {
			t.Errorf("page %d keeps %q, want %q", i, kept, want)
		}
		p.Complaints() // the site has no icon
	}
}
