// Package follow syncs changes when they happen: it reads the log in which the source
// database writes every changed row (the binlog of MySQL and MariaDB), takes the ids of
// the roots out of the rows, and syncs these roots at once.
//
// The log is only a hint; windows stay the truth. A change that is missed here is found by
// the next tick, but for a hard delete, which no window shows. So nothing of the log is
// passed over in silence:
//
//   - A row's images before and after the change both name roots, so a child that moves
//     touches both of its roots.
//   - Roots are stored as unconfirmed (table sync_recheck) before the position behind them
//     is saved, in one transaction. A process that dies reads some rows twice.
//   - Roots are stored when the source shows their transaction to readers, not before:
//     servers write the log first. A reader in between would find the old rows, and the
//     root would count as confirmed.
//   - Where the log cannot say which roots changed, there is a gap: the log was purged, the
//     server is another one, a table was altered or truncated, a row came without its
//     columns. A comparison of the entity (package verify) begins at once, roots that
//     differ are synced, and the gap stays in the status until a comparison is clean.
//
// # Roots runs
//
// The stored roots are synced by a roots run: a run of kind run.Follow over these roots and
// no others, on a claim of its own. It moves no watermark and lists no window. What is
// stored meanwhile waits for the next run, which begins at the end of the last one. Runs
// that succeeded are folded into one an hour.
//
// # As of
//
// Answers stay as of the watermark: the moment up to which everything is in the index.
// Roots runs only add what is newer.
//
// # One owner
//
// A lease lets one process follow. All of its writes demand its token, and its work ends
// before its lease does. The owner's successor takes the claims of its runs over at once.
package follow

import (
	"context"
	"errors"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/sync/entity"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/run"
)

// Config is what the environment says about following.
type Config struct {
	// Lease is how long an owner that died keeps others from following.
	Lease time.Duration `env:"FOLLOW_LEASE, default=15s"`
	// RunRoots is how many roots a roots run takes at most, PageRoots a page of it.
	RunRoots  int `env:"FOLLOW_RUN_ROOTS, default=2000"`
	PageRoots int `env:"FOLLOW_PAGE_ROOTS, default=400"`
	// CheckPause is the least time between two comparisons of an entity after gaps.
	CheckPause time.Duration `env:"FOLLOW_CHECK_PAUSE, default=30s"`
}

// Check refuses settings with which following cannot work.
func (c Config) Check() error {
	if c.Lease < time.Second || c.RunRoots < 1 || c.PageRoots < 1 {
		return errors.New("FOLLOW_LEASE must be at least 1s, FOLLOW_RUN_ROOTS and FOLLOW_PAGE_ROOTS at least 1")
	}
	return nil
}

// Watch is a column whose values are the ids of roots.
type Watch = entity.Followed

// Position is a place in the log, as its reader writes it: the end of a transaction.
// Empty is no place.
type Position string

// Event is what one entry of the log says.
type Event struct {
	// Roots are the ids in an entry's rows, by the number of the watch; one may stand twice.
	Roots map[int][]uint64
	// Gaps say why rows of a watch cannot be known.
	Gaps map[int]string
	// End is the place behind a transaction that ends with this entry.
	End Position
	// Idle says that the log has nothing newer.
	Idle bool
}

// Source opens the log.
type Source interface {
	// Open begins to read behind a place, or at the log's present end where from is empty. A
	// log that no longer has the place is an error of type *Lost.
	Open(ctx context.Context, from Position, watches []Watch) (Reader, error)
}

// Reader reads the log. Next and Visible may be called at the same time.
type Reader interface {
	// Start is the place behind which the reader reads.
	Start() Position
	// Refused says which watches fit no column, empty for none.
	Refused() string
	// Next waits for the next entry that says something. The error ErrAltered says that the
	// log has to be opened again behind the last entry.
	Next(ctx context.Context) (Event, error)
	// Visible waits until readers of the source see the transactions before a place.
	Visible(ctx context.Context, end Position) error
	Close()
}

// ErrAltered is the error of a reader behind a statement that may have altered a followed
// table: the reader knows the table's earlier columns alone.
var ErrAltered = errors.New("a followed table may have other columns now")

// Lost is the error of a log that cannot be read on from a place.
type Lost struct{ Reason string }

// Error returns the reason.
func (l *Lost) Error() string { return "the log cannot be read on: " + l.Reason }

// Pulse is what the owner says with each renewal of its lease.
type Pulse struct {
	CaughtUp bool   // nothing of the log was unread at some moment since the last one
	Changes  int64  // roots that were stored since
	Problem  string // why following does not go on; empty while it does
}

// Owners is the table of who follows.
type Owners interface {
	// Take gives the lease to a token; false says that another owner is alive. It returns
	// the saved position.
	Take(ctx context.Context, token string, lease time.Duration) (Position, bool, error)
	// Keep renews the lease, Free gives it back. An owner that lost its lease gets an error
	// of kind fault.Superseded, here and below.
	Keep(ctx context.Context, token string, lease time.Duration, p Pulse) error
	Free(ctx context.Context, token string) error
}

// Hints is where roots are stored.
type Hints interface {
	// Commit stores roots as unconfirmed and gaps, both by the target's name, and then the
	// position, if there is one. Nothing needs to be stored of a target that no run has
	// listed yet.
	Commit(ctx context.Context, token string, h Hint) error
}

// Hint is what Commit stores.
type Hint struct {
	Roots    map[string][]uint64
	Gaps     map[string]string
	Position Position
}

// Gap is a target of which changes may have been missed.
type Gap struct {
	Entity  string
	Reason  string // of the first gap
	Seen    int64  // how many gaps there were
	Found   int64  // roots that differed and were given to a roots run
	FirstAt time.Time
	Error   string // of the last comparison
}

// Gaps is the table of gaps.
type Gaps interface {
	Gaps(ctx context.Context) ([]Gap, error)
	// Compared notes a comparison: roots that differed, or its error.
	Compared(ctx context.Context, token string, g Gap) error
	// Filled removes a gap, unless there was another since it was read.
	Filled(ctx context.Context, token string, g Gap) (bool, error)
}

// RootsRuns is the table of runs, for roots runs.
type RootsRuns interface {
	// BeginRoots begins a run over the unconfirmed roots of a target, at most Config.RunRoots,
	// on the claim of its follow lane, which the run takes from any holder. A run without
	// pages says that there is nothing to do, or that the target was never synced.
	BeginRoots(ctx context.Context, token string, d entity.Definition, c Config) (run.Run, error)
	// Fold makes one run of a synced run and the one before it in the same hour.
	Fold(ctx context.Context, r run.Run) error
}

// Checker compares.
type Checker interface {
	// Check compares a target's source and ledger and calls each with every root that
	// differs. synced is false for a target that was never synced.
	Check(ctx context.Context, d entity.Definition, each func(root uint64) error) (synced bool, err error)
	// Busy returns which of the roots are unconfirmed or in work.
	Busy(ctx context.Context, entity string, roots []uint64) (map[uint64]bool, error)
}

// Definitions finds the targets that are fed.
type Definitions interface {
	// Fed returns all targets of all entities, or of the one that name says.
	Fed(ctx context.Context, name string) (entity.List, error)
}
