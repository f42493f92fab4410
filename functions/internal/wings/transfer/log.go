package transfer

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/user"
	"slices"
	"sync"
	"time"
)

// NewLog returns the service's log: lines on out, and in the file of the configuration. A
// file that cannot be written is said on out, and the service goes on.
func NewLog(c Config, out io.Writer) (*slog.Logger, func()) {
	h := &lines{out: []io.Writer{out}, level: c.LogLevel, user: "-", lock: &sync.Mutex{}}
	if u, err := user.Current(); err == nil {
		h.user = u.Username
	}
	closing := func() {}
	if c.LogFile != "" {
		f, err := os.OpenFile(c.LogFile, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
		if err != nil {
			_, _ = fmt.Fprintf(out, "the log file cannot be written, so this is the only log: %v\n", err)
		} else {
			h.out = append(h.out, f)
			closing = func() { _ = f.Close() }
		}
	}
	return slog.New(h), closing
}

// lines writes records as lines: time, user of the system, [Level], message, attributes.
type lines struct {
	out   []io.Writer
	level slog.Level
	user  string
	attrs []slog.Attr
	lock  *sync.Mutex
}

// Enabled implements slog.Handler.
func (h *lines) Enabled(_ context.Context, l slog.Level) bool { return l >= h.level }

// WithAttrs implements slog.Handler.
func (h *lines) WithAttrs(attrs []slog.Attr) slog.Handler {
	c := *h
	c.attrs = append(slices.Clone(h.attrs), attrs...)
	return &c
}

// WithGroup implements slog.Handler: a line has no groups.
func (h *lines) WithGroup(string) slog.Handler { return h }

// Handle implements slog.Handler.
func (h *lines) Handle(_ context.Context, r slog.Record) error {
	var b bytes.Buffer
	fmt.Fprintf(&b, "%s %s [%s] %s", r.Time.UTC().Format(time.RFC3339Nano), h.user, levelName(r.Level), r.Message)
	add := func(a slog.Attr) bool {
		fmt.Fprintf(&b, " %s=%q", a.Key, fmt.Sprint(a.Value.Resolve().Any()))
		return true
	}
	for _, a := range h.attrs {
		add(a)
	}
	r.Attrs(add)
	b.WriteByte('\n')
	h.lock.Lock()
	defer h.lock.Unlock()
	for _, w := range h.out {
		_, _ = w.Write(b.Bytes()) // a full disk does not stop transfers
	}
	return nil
}

// levelName names a level as the configuration does.
func levelName(l slog.Level) string {
	switch {
	case l >= slog.LevelError+4:
		return "Critical"
	case l >= slog.LevelError:
		return "Error"
	case l >= slog.LevelWarn:
		return "Warning"
	case l >= slog.LevelInfo:
		return "Information"
	case l >= slog.LevelDebug:
		return "Debug"
	}
	return "Trace"
}
