package browser

import (
	"context"
	"fmt"
	"slices"

	tools "gitlab.com/eshopbox-team/return-sync/shared/tool"
)

// tool is a program that tests need and a machine may lack.
type tool struct {
	names []string          // of the program, the best first
	apt   string            // Debian's packages
	lines map[string]string // what to type elsewhere, by operating system
}

// The tools.
var (
	chromium = tool{
		names: []string{"chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome",
			"/Applications/Google Chrome.app/Contents/MacOS/Google Chrome", "/Applications/Chromium.app/Contents/MacOS/Chromium"},
		apt:   "chromium",
		lines: map[string]string{"darwin": "brew install --cask chromium", "linux": "your system's package manager (the package is called chromium)"},
	}
	npm = tool{
		names: []string{"npm"},
		apt:   "nodejs npm",
		lines: map[string]string{"darwin": "brew install node", "linux": "your system's package manager (the packages are called nodejs and npm)"},
	}
)

// isDebian reports whether the machine is Debian itself. Systems that derive from Debian
// lack its package of chromium, as Ubuntu does.
func isDebian(m tools.Machine) bool {
	return m.OS == "linux" && slices.Equal(m.Distributions(), []string{"debian"})
}

// find returns the path of the program, and installs it first if it is missing
// and that can be done from here.
func (t tool) find(ctx context.Context, m tools.Machine) (string, error) {
	path := m.Find(t.names...)
	if path == "" && isDebian(m) && m.Root {
		if err := m.Install(ctx, t.names[0], t.apt); err != nil {
			return "", fmt.Errorf("browser: %w", err)
		}
		path = m.Find(t.names...)
	}
	if path == "" {
		return "", fmt.Errorf("browser: there is no %s on this machine; install it with: %s", t.names[0], t.line(m))
	}
	return path, nil
}

// line is what a person types to get the program.
func (t tool) line(m tools.Machine) string {
	switch {
	case isDebian(m) && m.Root:
		return tools.AptInstall + t.apt
	case isDebian(m):
		return "sudo " + tools.AptInstall + t.apt
	case t.lines[m.OS] != "":
		return t.lines[m.OS]
	default:
		return "your system's package manager"
	}
}
