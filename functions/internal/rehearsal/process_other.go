//go:build !unix

package rehearsal

import (
	"os"
	"os/exec"
)

// ownGroup has no meaning here.
func ownGroup(*exec.Cmd) {}

// terminate ends a process: there is no way to ask.
func terminate(p *os.Process) error { return p.Kill() }
