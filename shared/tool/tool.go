// Package tool finds programs that development and tests need on this machine, and
// installs Debian's packages of them: a database server, a browser, npm.
package tool

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
)

// Machine is the machine that is searched; tests use invented machines.
type Machine struct {
	OS      string // as runtime.GOOS
	Release string // contents of /etc/os-release
	Root    bool
	Log     io.Writer
	// Find returns the path of the first program of these names, or "".
	Find func(names ...string) string
	// Run runs a command to its end, and returns its output.
	Run func(ctx context.Context, name string, args ...string) (string, error)
}

// ThisMachine returns the real machine.
func ThisMachine(log io.Writer) Machine {
	release, _ := os.ReadFile("/etc/os-release") // absent outside Linux
	return Machine{OS: runtime.GOOS, Release: string(release), Root: os.Geteuid() == 0, Log: log, Find: find, Run: run}
}

// find looks on PATH first, then in the folders of the common systems' packages that
// are not on a person's PATH.
func find(names ...string) string {
	dirs := []string{
		"/usr/sbin", "/usr/libexec", "/usr/local/sbin", "/usr/local/bin", "/usr/local/mysql/bin",
		"/opt/homebrew/bin", "/opt/homebrew/opt/mariadb/bin", "/opt/homebrew/opt/mysql/bin", "/usr/bin",
	}
	for _, name := range names {
		if path, err := exec.LookPath(name); err == nil {
			if abs, err := filepath.Abs(path); err == nil {
				return abs // a relative entry of PATH ends with the next change of directory
			}
			return path
		}
		for _, dir := range dirs {
			if path, err := exec.LookPath(filepath.Join(dir, name)); err == nil {
				return path
			}
		}
	}
	return ""
}

// run runs a command without a terminal or questions.
func run(ctx context.Context, name string, args ...string) (string, error) {
	command := exec.CommandContext(ctx, name, args...)
	command.Env = append(command.Environ(), "DEBIAN_FRONTEND=noninteractive")
	out, err := command.CombinedOutput()
	return strings.TrimSpace(string(out)), err
}

// Distributions returns the name of the Linux distribution, followed by the names of
// those that it derives from.
func (m Machine) Distributions() []string {
	var own, like []string
	for line := range strings.Lines(m.Release) {
		key, value, _ := strings.Cut(strings.TrimSpace(line), "=")
		switch words := strings.Fields(strings.Trim(value, `"'`)); key {
		case "ID":
			own = words
		case "ID_LIKE":
			like = words
		}
	}
	return append(own, like...)
}

// Debian reports whether the system takes Debian's packages.
func (m Machine) Debian() bool {
	return m.OS == "linux" && slices.ContainsFunc(m.Distributions(), func(d string) bool { return d == "debian" || d == "ubuntu" })
}

// CanInstall reports whether Install can work here.
func (m Machine) CanInstall() bool { return m.Root && m.Debian() }

// Need returns the path of a program, which a package of Debian brings if the program is
// not there and the package can be installed.
func (m Machine) Need(ctx context.Context, program, pkg string) (string, error) {
	if path := m.Find(program); path != "" {
		return path, nil
	}
	if !m.CanInstall() {
		return "", fmt.Errorf("there is no %s here; as root on Debian or Ubuntu: %s%s", program, AptInstall, pkg)
	}
	if err := m.Install(ctx, program, pkg); err != nil {
		return "", err
	}
	return m.Find(program), nil
}

// AptInstall begins the line that installs packages.
const AptInstall = "apt-get install -y --no-install-recommends "

// Lock is the file whose lock keeps test programs from running apt-get at the same time:
// apt-get does not wait for its package lists.
const Lock = "/run/return-sync-install.lock"

// Install prints and runs the line that installs packages of a program. The package
// lists of a fresh machine are empty, so a failure is followed by one update and a
// second try.
func (m Machine) Install(ctx context.Context, program, packages string) error {
	line := AptInstall + packages
	_, _ = fmt.Fprintf(m.Log, "no %s found; running: %s\n", program, line)
	// Another program's installation may hold the lock of the package database for a while.
	install := append([]string{Lock}, append(strings.Fields(line), "-o", "DPkg::Lock::Timeout=120")...)
	if _, err := m.Run(ctx, "flock", install...); err == nil {
		return nil
	}
	_, _ = fmt.Fprintln(m.Log, "the package was not found; running: apt-get update")
	if out, err := m.Run(ctx, "flock", Lock, "apt-get", "update"); err != nil {
		return fmt.Errorf("apt-get update: %w:\n%s\ninstall by hand with: %s", err, out, line)
	}
	if out, err := m.Run(ctx, "flock", install...); err != nil {
		return fmt.Errorf("%s: %w:\n%s", line, err, out)
	}
	return nil
}
