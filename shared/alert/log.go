package alert

import (
	"log/slog"

	"gitlab.com/eshopbox-team/return-sync/shared/judge"
)

// The records that a watcher logs while a cause holds. Metrics of the deployment
// count them by these very words.
const (
	LogOffline    = "the heartbeat is missing"
	LogAbsent     = "nothing was synced in a day"
	LogBehind     = "the index is behind"
	LogRunFailed  = "a sync failed"
	LogTakenOver  = "a sync went silent and was taken over"
	LogParked     = "records are parked"
	LogDrift      = "source and index differ"
	LogIndex      = "the index is not what it should be"
	LogOperations = "the operations budget is nearly used up"
	LogWing       = "a wing needs attention"
	LogUnread     = "a wing could not be read"

	// LogLag is logged every round for every entity; it is no cause.
	LogLag = "lag of an entity"
)

// LogRecord is what is logged while the cause holds.
func (c Cause) LogRecord() string {
	if judge.WingOf(string(c)) != "" {
		return LogWing
	}
	return map[Cause]string{
		Offline: LogOffline, Absent: LogAbsent, Behind: LogBehind, RunFailed: LogRunFailed,
		TakenOver: LogTakenOver, Parked: LogParked, Drift: LogDrift, Index: LogIndex, Operations: LogOperations,
	}[c]
}

// Level is how grave the record is.
func (c Cause) Level() slog.Level {
	switch c {
	case RunFailed, TakenOver, Parked:
		return slog.LevelWarn
	}
	return slog.LevelError
}
