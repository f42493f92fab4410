package main

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"strings"

	"gitlab.com/eshopbox-team/return-sync/functions/internal/rehearsal"
)

// program is one process by Linux's /proc; elsewhere everything is 0.
type program struct {
	pid  int
	name string
}

// processOf returns a process by its id.
func processOf(pid int) program { return program{pid: pid} }

// file returns one of the process's files, empty when it is gone.
func (p program) file(name string) []byte {
	b, _ := os.ReadFile(fmt.Sprintf("/proc/%d/%s", p.pid, name))
	return b
}

// stat returns the fields of the process's stat behind its name.
func (p program) stat() []string {
	text := string(p.file("stat"))
	return strings.Fields(text[strings.LastIndexByte(text, ')')+1:])
}

// The places of fields in stat, and the unit of its times.
const (
	statParent = 1
	statUser   = 11
	statSystem = 12
	ticks      = 100.0 // a second, on every Linux that Go runs on
)

// cpu returns the CPU seconds that the process has used.
func (p program) cpu() float64 {
	f := p.stat()
	if len(f) <= statSystem {
		return 0
	}
	user, _ := strconv.ParseFloat(f[statUser], 64)
	system, _ := strconv.ParseFloat(f[statSystem], 64)
	return (user + system) / ticks
}

// peakMiB returns the most memory that was resident since resetPeak.
func (p program) peakMiB() float64 { return rehearsal.Memory(p.pid, "VmHWM") }

// peakOf returns the peak of the process of a name, the highest of several.
func peakOf(list []program, name string) (mib float64) {
	for _, p := range list {
		if p.name == name {
			mib = max(mib, p.peakMiB())
		}
	}
	return mib
}

// resetPeak begins the peak anew where the system allows it.
func (p program) resetPeak() {
	const peak = "5"
	_ = os.WriteFile(fmt.Sprintf("/proc/%d/clear_refs", p.pid), []byte(peak), 0)
}

// family returns this process and its children with their names: bench, database, and
// the functions' own.
func family() []program {
	me := os.Getpid()
	list := []program{{pid: me, name: "bench"}}
	entries, _ := os.ReadDir("/proc")
	for _, e := range entries {
		pid, err := strconv.Atoi(e.Name())
		if err != nil {
			continue
		}
		p := program{pid: pid}
		if f := p.stat(); len(f) <= statParent || f[statParent] != strconv.Itoa(me) {
			continue
		}
		p.name = p.kind()
		list = append(list, p)
	}
	return list
}

// kind names a child: a function's process by its target, a server as database.
func (p program) kind() string {
	for _, one := range bytes.Split(p.file("environ"), []byte{0}) {
		if target, ok := bytes.CutPrefix(one, []byte("FUNCTION_TARGET=")); ok {
			return string(target)
		}
	}
	return "database"
}

// cpuOf returns the CPU seconds of processes by name.
func cpuOf(list []program) map[string]float64 {
	used := map[string]float64{}
	for _, p := range list {
		used[p.name] += p.cpu()
	}
	return used
}
