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
	Entity  string // empty for what is not about one entity
	Message string
}

// Log is where schedules tell what happened.
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

// tell writes an entry into both. A run log that cannot be written stops
// nothing: what it would have said stands in the other one.
func (l Log) tell(ctx context.Context, e Entry) {
	l.print(ctx, e)
	if l.Keep == nil {
		return
	}
	if err := l.Keep(ctx, e); err != nil {
		l.Print.WarnContext(ctx, "an entry could not be written into the run log", "error", err)
	}
}
