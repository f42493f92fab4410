package localdb

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"gitlab.com/eshopbox-team/return-sync/shared/tool"
)

const debian = "PRETTY_NAME=\"Debian GNU/Linux 12\"\nID=debian\n"

// fakeMachine has the programs of a map (name to version), and gets MariaDB
// when apt-get install succeeds.
type fakeMachine struct {
	programs map[string]string
	ran      []string
	refusals int // how many apt-get installs fail before one succeeds
}

func (f *fakeMachine) machine(log *strings.Builder, root bool, release string) machine {
	return machine{tool.Machine{
		OS: "linux", Release: release, Root: root, Log: log,
		Find: func(names ...string) string {
			for _, name := range names {
				if _, ok := f.programs[name]; ok {
					return name
				}
			}
			return ""
		},
		Run: f.run,
	}}
}

func (f *fakeMachine) run(_ context.Context, name string, args ...string) (string, error) {
	if name != "flock" || args[0] != tool.Lock || args[1] != "apt-get" {
		return f.programs[name], nil
	}
	f.ran = append(f.ran, args[2])
	if args[2] != "install" {
		return "", nil
	}
	if f.refusals > 0 {
		f.refusals--
		return "E: Unable to locate package", errors.New("exit status 100")
	}
	f.programs["mariadbd"] = "Ver 10.11 MariaDB"
	f.programs["mariadb-install-db"] = ""
	return "", nil
}

func TestLocate(t *testing.T) {
	maria := program{server: "mariadbd", setup: "mariadb-install-db"}
	both := map[string]string{"mariadbd": "x MariaDB", "mariadb-install-db": "", "mysqld": "Ver 9.7.4"}
	cases := []struct {
		name          string
		programs      map[string]string
		root, install bool
		release       string
		refusals      int
		want          program
		wantErr       string
		wantRan       []string
	}{
		{name: "MariaDB first", programs: both, want: maria},
		{name: "MySQL", programs: map[string]string{"mysqld": "Ver 9.7.4"}, want: program{server: "mysqld"}},
		{name: "MariaDB called mysqld", programs: map[string]string{"mysqld": "10.5-MariaDB", "mysql_install_db": ""},
			want: program{server: "mysqld", setup: "mysql_install_db"}},
		{name: "no set-up script", programs: map[string]string{"mariadbd": "MariaDB"}, release: debian, wantErr: "sudo " + tool.AptInstall + packages},
		{name: "nothing, not allowed", root: true, release: debian, wantErr: "install one with: apt-get install"},
		{name: "nothing, not root", install: true, release: debian, wantErr: "sudo apt-get install"},
		{name: "nothing, not Debian", install: true, root: true, release: "ID=fedora\n", wantErr: "dnf install -y mariadb-server"},
		{name: "installs", install: true, root: true, release: debian, want: maria, wantRan: []string{"install"}},
		{name: "updates first", install: true, root: true, release: debian, refusals: 1, want: maria, wantRan: []string{"install", "update", "install"}},
		{name: "install fails", install: true, root: true, release: debian, refusals: 2, wantErr: "Unable to locate package",
			wantRan: []string{"install", "update", "install"}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			if c.programs == nil {
				c.programs = map[string]string{}
			}
			f := &fakeMachine{programs: c.programs, refusals: c.refusals}
			var log strings.Builder
			got, err := f.machine(&log, c.root, c.release).locate(t.Context(), c.install)
			if (err == nil) != (c.wantErr == "") || err != nil && !strings.Contains(err.Error(), c.wantErr) {
				t.Fatalf("error %v; want %q", err, c.wantErr)
			}
			if diff := cmp.Diff(c.want, got, cmp.AllowUnexported(program{})); diff != "" {
				t.Error(diff)
			}
			if diff := cmp.Diff(c.wantRan, f.ran); diff != "" {
				t.Error(diff)
			}
			if c.wantRan != nil && !strings.Contains(log.String(), tool.AptInstall+packages) {
				t.Errorf("the line was not printed: %q", log.String())
			}
		})
	}
}

func TestInstallLine(t *testing.T) {
	cases := []struct{ os, release, want string }{
		{"linux", debian, "sudo " + tool.AptInstall + packages},
		{"linux", "ID=pop\nID_LIKE=\"ubuntu debian\"\n", "sudo " + tool.AptInstall + packages},
		{"linux", "ID=\"rocky\"\nID_LIKE=\"rhel centos fedora\"\n", "sudo dnf install -y mariadb-server"},
		{"linux", "ID=alpine\n", "sudo apk add mariadb mariadb-client"},
		{"linux", "ID=arch\n", "sudo pacman -S --noconfirm mariadb"},
		{"darwin", "", "brew install mariadb"},
		{"windows", "", "give the DSN of a running server"},
	}
	for _, c := range cases {
		if got := (machine{tool.Machine{OS: c.os, Release: c.release}}).installLine(); !strings.Contains(got, c.want) {
			t.Errorf("%s %q: %q; want %q", c.os, c.release, got, c.want)
		}
	}
}

func TestLastLines(t *testing.T) {
	if got := lastLines(strings.Repeat("a\n", 40) + "end\n"); strings.Count(got, "\n") != 14 || !strings.HasSuffix(got, "\nend") {
		t.Errorf("lastLines = %q", got)
	}
}
