package rehearsal

import "context"

// CrashDatabase ends a stack's private database at once, without a chance to write
// anything, and starts it again.
func CrashDatabase(ctx context.Context, s *Stack) error { return s.database.Crash(ctx) }
