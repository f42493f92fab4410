package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"sync"
	"time"
)

// screen turns the functions' logs, a JSON object a line, into sentences for people.
// Several processes write at once; what is no such object passes as it is.
type screen struct {
	to   io.Writer
	mu   sync.Mutex
	rest []byte // the beginning of a line
}

// Write implements io.Writer.
func (s *screen) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.rest = append(s.rest, p...)
	for {
		line, after, whole := bytes.Cut(s.rest, []byte("\n"))
		if !whole {
			return len(p), nil
		}
		if _, err := fmt.Fprintln(s.to, sentence(line)); err != nil {
			return 0, err
		}
		s.rest = bytes.Clone(after)
	}
}

// sentence words a line of a log: its time, severity, function and message, and what the
// message is about.
func sentence(line []byte) string {
	var entry struct {
		Time                                      time.Time
		Severity, Function, Message, Error, Alert string
		Gaps                                      map[string]string // by entity
	}
	if json.Unmarshal(line, &entry) != nil || entry.Message == "" {
		return string(line)
	}
	text := fmt.Sprintf("%s %s %s: %s", entry.Time.Local().Format(time.TimeOnly), entry.Severity, entry.Function, entry.Message)
	for _, about := range []string{entry.Error, entry.Alert} {
		if about != "" {
			text += ": " + about
		}
	}
	for _, name := range slices.Sorted(maps.Keys(entry.Gaps)) {
		text += fmt.Sprintf("; %s: %s", name, entry.Gaps[name])
	}
	return text
}
