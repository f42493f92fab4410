package localdb

import (
	"bufio"
	"context"
	"fmt"
	"strings"
)

// aptInstall installs the server program alone: no service is set up or
// started.
const aptInstall = "apt-get install -y --no-install-recommends mariadb-server-core mariadb-client-core"

// canInstall says whether the one apt-get line can be run from here.
func (m machine) canInstall() bool { return m.root && m.isDebian() }

// isDebian says whether the system takes Debian's packages.
func (m machine) isDebian() bool {
	return m.os == "linux" && (m.distribution("debian") || m.distribution("ubuntu"))
}

// distribution says whether os-release names this distribution as its own or
// as the one it derives from.
func (m machine) distribution(name string) bool {
	lines := bufio.NewScanner(strings.NewReader(m.osRelease))
	for lines.Scan() {
		key, value, _ := strings.Cut(lines.Text(), "=")
		if key != "ID" && key != "ID_LIKE" {
			continue
		}
		for word := range strings.FieldsSeq(strings.Trim(value, `"'`)) {
			if word == name {
				return true
			}
		}
	}
	return false
}

// installLine is what a person types on this platform to get a server program.
func (m machine) installLine() string {
	sudo := "sudo "
	if m.root {
		sudo = ""
	}
	switch {
	case m.isDebian():
		return sudo + aptInstall
	case m.os == "linux" && m.distribution("alpine"):
		return sudo + "apk add mariadb mariadb-client"
	case m.os == "linux" && (m.distribution("fedora") || m.distribution("rhel")):
		return sudo + "dnf install -y mariadb-server"
	case m.os == "linux" && m.distribution("arch"):
		return sudo + "pacman -S --noconfirm mariadb"
	case m.os == "darwin":
		return "brew install mariadb"
	default:
		return "your system's package manager (the package is called mariadb-server or mysql-server), or give the DSN of a running server"
	}
}

// install prints and runs the one apt-get line. The package lists of a fresh
// machine are empty, so a refusal is followed by one update and a second try.
func (m machine) install(ctx context.Context) error {
	fmt.Fprintf(m.log, "no MariaDB or MySQL found; running: %s\n", aptInstall)
	words := strings.Fields(aptInstall)
	// Another installation may hold the lock of the package database for a while.
	words = append(words, "-o", "DPkg::Lock::Timeout=120")
	if _, err := m.run(ctx, words[0], words[1:]...); err == nil {
		return nil
	}
	fmt.Fprintln(m.log, "the package was not found; running: apt-get update")
	if out, err := m.run(ctx, "apt-get", "update"); err != nil {
		return fmt.Errorf("localdb: apt-get update: %w:\n%s\ninstall by hand with: %s", err, lastLines(out), m.installLine())
	}
	if out, err := m.run(ctx, words[0], words[1:]...); err != nil {
		return fmt.Errorf("localdb: %s: %w:\n%s", aptInstall, err, lastLines(out))
	}
	return nil
}
