package browser

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strings"
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

// machine is what the search looks at; tests put their own in its place.
type machine struct {
	os     string
	debian bool // and not one of those that derive from it: Ubuntu has no such package of chromium
	root   bool
	log    io.Writer
	look   func(name string) (string, error)
	run    func(ctx context.Context, command string) (string, error)
}

// thisMachine is the real one.
func thisMachine(log io.Writer) machine {
	return machine{os: runtime.GOOS, debian: isDebian("/etc/os-release"), root: os.Geteuid() == 0, log: log, look: exec.LookPath, run: runLine}
}

// isDebian reads a file such as /etc/os-release; it is absent outside Linux.
func isDebian(name string) bool {
	f, err := os.Open(name)
	if err != nil {
		return false
	}
	defer func() { _ = f.Close() }()
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		if value, ok := strings.CutPrefix(lines.Text(), "ID="); ok {
			return strings.Trim(value, `"'`) == "debian"
		}
	}
	return false
}

// runLine runs a command line without a terminal or questions.
func runLine(ctx context.Context, line string) (string, error) {
	words := strings.Fields(line)
	command := exec.CommandContext(ctx, words[0], words[1:]...)
	command.Env = append(command.Environ(), "DEBIAN_FRONTEND=noninteractive")
	out, err := command.CombinedOutput()
	return strings.TrimSpace(string(out)), err
}

// find returns the path of the program, and installs it first if it is missing
// and that can be done from here.
func (t tool) find(ctx context.Context, m machine) (string, error) {
	if path := t.search(m); path != "" {
		return path, nil
	}
	if m.debian && m.root {
		if err := t.install(ctx, m); err != nil {
			return "", err
		}
	}
	if path := t.search(m); path != "" {
		return path, nil
	}
	return "", fmt.Errorf("browser: there is no %s on this machine; install it with: %s", t.names[0], t.line(m))
}

// search returns the path of the program, "" if it is not there.
func (t tool) search(m machine) string {
	for _, name := range t.names {
		if path, err := m.look(name); err == nil {
			return path
		}
	}
	return ""
}

// line is what a person types to get the program.
func (t tool) line(m machine) string {
	switch {
	case m.debian && m.root:
		return aptInstall + t.apt
	case m.debian:
		return "sudo " + aptInstall + t.apt
	case t.lines[m.os] != "":
		return t.lines[m.os]
	default:
		return "your system's package manager"
	}
}

const aptInstall = "apt-get install -y --no-install-recommends "

// lock keeps the packages of several test programs, those of the database among
// them, from being installed at the same time: apt-get does not wait for its
// package lists.
const lock = "flock /run/return-sync-install.lock "

// install prints and runs the one line. The package lists of a fresh machine are
// empty, so a refusal is followed by an update and a second try.
func (t tool) install(ctx context.Context, m machine) error {
	line := aptInstall + t.apt
	_, _ = fmt.Fprintf(m.log, "no %s found; running: %s\n", t.names[0], line)
	if _, err := m.run(ctx, lock+line); err == nil {
		return nil
	}
	_, _ = fmt.Fprintln(m.log, "the package was not found; running: apt-get update")
	if out, err := m.run(ctx, lock+"apt-get update"); err != nil {
		return fmt.Errorf("browser: apt-get update: %w:\n%s\ninstall by hand with: %s", err, out, line)
	}
	if out, err := m.run(ctx, lock+line); err != nil {
		return fmt.Errorf("browser: %s: %w:\n%s", line, err, out)
	}
	return nil
}
