package localdb

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"gitlab.com/eshopbox-team/return-sync/shared/tool"
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

// machine is the machine that is searched for a server program.
type machine struct{ tool.Machine }

// locate finds a server program, and installs one if it may and can.
func (m machine) locate(ctx context.Context, install bool) (program, error) {
	p, err := m.search(ctx)
	if err == nil || !install || !m.CanInstall() {
		return p, err
	}
	if err := m.Install(ctx, "MariaDB or MySQL", packages); err != nil {
		return program{}, fmt.Errorf("localdb: %w", err)
	}
	return m.search(ctx)
}

// search finds a server program and its family.
func (m machine) search(ctx context.Context) (program, error) {
	server := m.Find("mariadbd", "mysqld")
	if server == "" {
		return program{}, fmt.Errorf("localdb: no MariaDB or MySQL server program on this machine; install one with: %s", m.installLine())
	}
	version, err := m.Run(ctx, server, "--no-defaults", "--version")
	if err != nil {
		return program{}, fmt.Errorf("localdb: %s --version: %w: %s", server, err, version)
	}
	if !strings.Contains(version, "MariaDB") {
		return program{server: server}, nil
	}
	setup := m.Find("mariadb-install-db", "mysql_install_db")
	if setup == "" {
		return program{}, fmt.Errorf("localdb: found %s but not its set-up script mariadb-install-db; install it with: %s", server, m.installLine())
	}
	return program{server: server, setup: setup}, nil
}

// packages are Debian's packages of the server program alone: no service is set up or
// started.
const packages = "mariadb-server-core mariadb-client-core"

// distribution reports whether the system is this distribution or derives from it.
func (m machine) distribution(name string) bool { return slices.Contains(m.Distributions(), name) }

// installLine is the line that installs a server program on this platform.
func (m machine) installLine() string {
	sudo := "sudo "
	if m.Root {
		sudo = ""
	}
	switch {
	case m.Debian():
		return sudo + tool.AptInstall + packages
	case m.OS == "linux" && m.distribution("alpine"):
		return sudo + "apk add mariadb mariadb-client"
	case m.OS == "linux" && (m.distribution("fedora") || m.distribution("rhel")):
		return sudo + "dnf install -y mariadb-server"
	case m.OS == "linux" && m.distribution("arch"):
		return sudo + "pacman -S --noconfirm mariadb"
	case m.OS == "darwin":
		return "brew install mariadb"
	default:
		return "your system's package manager (the package is called mariadb-server or mysql-server), or give the DSN of a running server"
	}
}
