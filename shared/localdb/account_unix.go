//go:build unix

package localdb

import (
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
)

// account is the unprivileged account that a server runs as when its parent is
// root; nil means the parent's own.
//
// The account is set by the parent rather than by the server's --user flag: the
// kernel forgets the tie to the parent's life when a program changes its own
// account.
type account struct{ uid, gid int }

// unprivileged picks the account for a server that needs these files and
// directories, and nil when the process is not root or only root can reach them.
func unprivileged(paths ...string) *account {
	if os.Geteuid() != 0 {
		return nil
	}
	for _, path := range paths {
		if !reachable(filepath.Dir(path)) {
			return nil
		}
	}
	for _, name := range []string{"mysql", "nobody"} {
		if u, err := user.Lookup(name); err == nil {
			uid, uidErr := strconv.Atoi(u.Uid)
			gid, gidErr := strconv.Atoi(u.Gid)
			if uidErr == nil && gidErr == nil {
				return &account{uid: uid, gid: gid}
			}
		}
	}
	return nil
}

// reachable says whether everybody may pass through a directory and all above it.
func reachable(dir string) bool {
	info, err := os.Stat(dir)
	if err != nil || info.Mode().Perm()&0o001 == 0 {
		return false
	}
	parent := filepath.Dir(dir)
	return parent == dir || reachable(parent)
}

// needsRootFlag reports whether the server needs the flag that names root: without
// the flag it refuses to run as root.
func (a *account) needsRootFlag() bool { return a == nil && os.Geteuid() == 0 }

// own hands one file or directory to the account.
func (a *account) own(path string) error {
	if a == nil {
		return nil
	}
	if err := os.Lchown(path, a.uid, a.gid); err != nil {
		return fmt.Errorf("localdb: %w", err)
	}
	return nil
}

// ownTree hands over data that an earlier run may have made as somebody else.
func (a *account) ownTree(root string) error {
	if a == nil {
		return nil
	}
	return filepath.WalkDir(root, func(path string, _ fs.DirEntry, err error) error {
		if err != nil {
			return fmt.Errorf("localdb: %w", err)
		}
		return a.own(path)
	})
}

// apply makes a command run as the account.
func (a *account) apply(command *exec.Cmd) {
	if a == nil {
		return
	}
	if command.SysProcAttr == nil {
		command.SysProcAttr = &syscall.SysProcAttr{}
	}
	command.SysProcAttr.Credential = &syscall.Credential{Uid: uint32(a.uid), Gid: uint32(a.gid)}
}

// terminate asks a process to stop.
func terminate(p *os.Process) error { return p.Signal(syscall.SIGTERM) }

// tryLock opens or makes a file that only its owner may use and locks it, or fails when
// another process holds it. The lock ends with the file or the process.
func tryLock(name string) (*os.File, error) {
	f, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE|syscall.O_NOFOLLOW, 0o600)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}
