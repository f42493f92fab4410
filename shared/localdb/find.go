package localdb

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
)

// program is a server program found on the machine.
type program struct {
	// server is the path of mariadbd or mysqld.
	server string
	// setup is the path of MariaDB's script that makes a data directory; empty
	// for MySQL, whose server does that itself.
	setup string
}

// isMariaDB reports the family of the server; the flags of the families differ.
func (p program) isMariaDB() bool { return p.setup != "" }

// machine is what the search looks at; tests put their own in its place.
type machine struct {
	os        string
	osRelease string // contents of /etc/os-release
	root      bool
	log       io.Writer
	// find returns the path of the first program of these names, or "".
	find func(names ...string) string
	// run runs a command to its end, and returns what it printed.
	run func(ctx context.Context, name string, args ...string) (string, error)
	// exclusive runs a step while no other process of the machine does.
	exclusive func(step func() error) error
}

// thisMachine is the real one.
func thisMachine(log io.Writer) machine {
	release, _ := os.ReadFile("/etc/os-release") // absent outside Linux
	return machine{
		os:        runtime.GOOS,
		osRelease: string(release),
		root:      os.Geteuid() == 0,
		log:       log,
		find:      findProgram,
		run:       runCommand,
		exclusive: func(step func() error) error { return withLock("/run/return-sync-install.lock", step) },
	}
}

// locate finds a server program, and installs one if it may and can.
func (m machine) locate(ctx context.Context, install bool) (program, error) {
	p, err := m.search(ctx)
	if err == nil || !install || !m.canInstall() {
		return p, err
	}
	err = m.exclusive(func() error {
		// Another process may have installed it while this one waited.
		if _, err := m.search(ctx); err == nil {
			return nil
		}
		return m.install(ctx)
	})
	if err != nil {
		return program{}, err
	}
	return m.search(ctx)
}

// search finds a server program and its family.
func (m machine) search(ctx context.Context) (program, error) {
	server := m.find("mariadbd", "mysqld")
	if server == "" {
		return program{}, fmt.Errorf("localdb: no MariaDB or MySQL server program on this machine; install one with: %s", m.installLine())
	}
	version, err := m.run(ctx, server, "--no-defaults", "--version")
	if err != nil {
		return program{}, fmt.Errorf("localdb: %s --version: %w: %s", server, err, version)
	}
	if !strings.Contains(version, "MariaDB") {
		return program{server: server}, nil
	}
	setup := m.find("mariadb-install-db", "mysql_install_db")
	if setup == "" {
		return program{}, fmt.Errorf("localdb: found %s but not its set-up script mariadb-install-db; install it with: %s", server, m.installLine())
	}
	return program{server: server, setup: setup}, nil
}

// findProgram looks on PATH first, then where the packages of the common
// systems put server programs that are not on a person's PATH.
func findProgram(names ...string) string {
	dirs := []string{
		"/usr/sbin", "/usr/libexec", "/usr/local/sbin", "/usr/local/bin", "/usr/local/mysql/bin",
		"/opt/homebrew/bin", "/opt/homebrew/opt/mariadb/bin", "/opt/homebrew/opt/mysql/bin", "/usr/bin",
	}
	for _, name := range names {
		if path, err := exec.LookPath(name); err == nil {
			return absolute(path)
		}
		for _, dir := range dirs {
			if path, err := exec.LookPath(filepath.Join(dir, name)); err == nil {
				return path
			}
		}
	}
	return ""
}

// absolute keeps a relative entry of PATH valid after a change of directory.
func absolute(path string) string {
	if abs, err := filepath.Abs(path); err == nil {
		return abs
	}
	return path
}

// runCommand runs a command without a terminal or questions.
func runCommand(ctx context.Context, name string, args ...string) (string, error) {
	command := exec.CommandContext(ctx, name, args...)
	command.Env = append(command.Environ(), "DEBIAN_FRONTEND=noninteractive")
	out, err := command.CombinedOutput()
	return strings.TrimSpace(string(out)), err
}
