//go:build !unix

package localdb

import (
	"os"
	"os/exec"
)

// account has no meaning where a program cannot be run as somebody else, and
// its methods have nothing to do there.
type account struct{}

func unprivileged(...string) *account   { return nil }
func (a *account) needsRootFlag() bool  { return false }
func (a *account) own(string) error     { return nil }
func (a *account) ownTree(string) error { return nil }
func (a *account) apply(*exec.Cmd)      {}
func terminate(p *os.Process) error     { return p.Kill() }

// tryLock relies on the system, which refuses to remove or rename open files.
func tryLock(name string) (*os.File, error) {
	return os.OpenFile(name, os.O_RDWR|os.O_CREATE, 0o600)
}
