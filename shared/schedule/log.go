package schedule

import (
	"context"
	"log/slog"
	"time"
)

// Entry is a record of the run log.
type Entry struct {
	At      time.Time
	Level   slog.Level
	Entity  string // empty where the entry is not about one entity
	Message string
}

// Log takes the events of schedules.
type Log struct {
	// Keep writes an entry into the run log; nil keeps none.
	Keep func(ctx context.Context, e Entry) error
	// Print is the program's own log.
	Print *slog.Logger
}

// print writes an entry into the program's log.
func (l Log) print(ctx context.Context, e Entry) {
	if e.Entity != "" {
		l.Print.Log(ctx, e.Level, e.Message, "entity", e.Entity)
		return
	}
	l.Print.Log(ctx, e.Level, e.Message)
}

// report writes an entry into both logs. A run log that cannot be written stops
// nothing: the program's log has the entry.
func (l Log) report(ctx context.Context, e Entry) {
	l.print(ctx, e)
	if l.Keep == nil {
		return
	}
	if err := l.Keep(ctx, e); err != nil {
		l.Print.WarnContext(ctx, "an entry could not be written into the run log", "error", err)
	}
}
