package localdb

import (
	"os/exec"
	"syscall"
)

// detach gives the server a process group of its own, so that Ctrl-C in the
// terminal reaches the parent alone, and lets the kernel kill it when the
// parent dies without having stopped it.
func detach(command *exec.Cmd) {
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}
