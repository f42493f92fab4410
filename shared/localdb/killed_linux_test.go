package localdb

import (
	"bufio"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestParentKilled kills the process that started a server: the server must go
// with it, and the next start must clear the directory that was left.
func TestParentKilled(t *testing.T) {
	parent := exec.Command(os.Args[0], doomedArgument)
	out, err := parent.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := parent.Start(); err != nil {
		t.Fatal(err)
	}
	line, readErr := bufio.NewReader(out).ReadString('\n')
	killErr := parent.Process.Kill()
	_ = parent.Wait() // reports the kill
	var pid int
	var run string
	if _, err := fmt.Sscanf(strings.TrimSpace(line), "%d %s", &pid, &run); err != nil {
		t.Fatal(line, err, readErr, killErr)
	}
	for deadline := time.Now().Add(20 * time.Second); syscall.Kill(pid, 0) == nil && !defunct(pid); {
		if time.Now().After(deadline) {
			t.Fatalf("server %d outlived its parent", pid)
		}
		time.Sleep(20 * time.Millisecond)
	}
	started(t, Options{})
	if _, err := os.Stat(run); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("directory of the dead: %v; want it swept", err)
	}
}

// defunct says whether a process has ended and only waits for its new parent to
// react.
func defunct(pid int) bool {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	return err != nil || strings.Contains(string(stat), ") Z ")
}

// TestOwnProcessGroup holds the server out of reach of the terminal's Ctrl-C.
func TestOwnProcessGroup(t *testing.T) {
	pid := started(t, Options{}).process.command.Process.Pid
	if group, err := syscall.Getpgid(pid); err != nil || group != pid {
		t.Errorf("process group of server %d = %d, %v; want its own", pid, group, err)
	}
}
