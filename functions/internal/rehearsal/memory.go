package rehearsal

import (
	"fmt"
	"os"
	"strconv"
	"strings"
)

// PeakMemory returns the most memory that a function's current process has had
// resident, in MiB; 0 where the system does not report it (only Linux does).
func (s *Stack) PeakMemory(name string) float64 {
	c := s.front.child(name)
	if c == nil {
		return 0
	}
	return Memory(c.cmd.Process.Pid, "VmHWM")
}

// Memory returns a line of a process's status in MiB, 0 where Linux's /proc has none:
// VmHWM is the peak of its resident memory, VmRSS the resident memory now.
func Memory(pid int, line string) float64 {
	status, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	for l := range strings.Lines(string(status)) {
		if rest, ok := strings.CutPrefix(l, line+":"); ok {
			kib, _ := strconv.ParseFloat(strings.TrimSuffix(strings.TrimSpace(rest), " kB"), 64)
			return kib / 1024
		}
	}
	return 0
}
