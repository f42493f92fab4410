//go:build unix && !linux

package localdb

import (
	"os/exec"
	"syscall"
)

// detach gives the server a process group of its own, so that Ctrl-C in the
// terminal reaches the parent alone.
func detach(command *exec.Cmd) {
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
}
