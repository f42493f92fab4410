package store

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/json"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/exchange"
	"gitlab.com/eshopbox-team/return-sync/shared/sqldb"
)

// Start is a sync that a schedule, a scope or a person started and a queue carries out.
type Start struct {
	ID      int64       `json:"id"`
	Company exchange.ID `json:"company"` // zero: all partners
	Sub     exchange.ID `json:"sub"`     // zero: all subscriptions
	Target  string      `json:"target"`  // as it was named
	Test    bool        `json:"test"`    // changes nothing and lists what differs
	State   string      `json:"state"`   // see StartWaiting and its neighbours
	// Attempts counts the deliveries of the queue that began to sync.
	Attempts  int               `json:"attempts"`
	Reason    string            `json:"reason"` // of a failure
	Reports   []exchange.Report `json:"reports"`
	CreatedAt time.Time         `json:"created_at"`
	EndedAt   time.Time         `json:"ended_at"` // zero: not ended
	// Silent says that no attempt was made for longer than an attempt may last.
	Silent bool `json:"-"`
}

// The states of a start.
const (
	StartWaiting = "waiting" // for the queue
	StartRunning = "running"
	StartSynced  = "synced"
	StartFailed  = "failed"
)

// Ended reports whether a start needs no further attempt.
func (s Start) Ended() bool { return s.State == StartSynced || s.State == StartFailed }

// silence is the time without an attempt after which a start counts as lost: a session
// lasts an hour at most, and queues retry within minutes.
const silence = 90 * time.Minute

const startColumns = "id, company_id, sub_id, target, test, state, attempts, reason, COALESCE(report, '[]'), created_at, ended_at, touched_at < NOW(6) - INTERVAL ? MICROSECOND"

func scanStart(row sqldb.Row) (s Start, err error) {
	var report []byte
	if err := row.Scan(&s.ID, &s.Company, &s.Sub, &s.Target, &s.Test, &s.State, &s.Attempts, &s.Reason, &report, &s.CreatedAt, moment{&s.EndedAt}, &s.Silent); err != nil {
		return s, err
	}
	return s, json.Unmarshal(report, &s.Reports)
}

// AddStart adds a start, once for a key and a target, and returns its id.
func (s *Starts) AddStart(ctx context.Context, key string, start Start) (id int64, err error) {
	occurrence := sha256.Sum256([]byte(key + "\x00" + start.Target))
	_, err = s.db.ExecContext(ctx, `INSERT INTO exchange_start (occurrence, company_id, sub_id, target, test, created_at, touched_at) VALUES (?, ?, ?, ?, ?, NOW(6), NOW(6))
		ON DUPLICATE KEY UPDATE occurrence = VALUES(occurrence)`, occurrence[:], bin(start.Company), bin(start.Sub), sqldb.Cut(start.Target, 200), start.Test)
	if err == nil {
		err = s.db.QueryRowContext(ctx, "SELECT id FROM exchange_start WHERE occurrence = ?", occurrence[:]).Scan(&id)
	}
	return id, sqldb.Outage(err, "keep the start of a sync")
}

// Start returns a start.
func (s *Starts) Start(ctx context.Context, id int64) (Start, error) {
	start, err := scanStart(s.db.QueryRowContext(ctx, "SELECT "+startColumns+" FROM exchange_start WHERE id = ?", sqldb.Micros(silence), id))
	return start, notThere(err, "start of a sync")
}

// List returns the newest starts, newest first.
func (s *Starts) List(ctx context.Context, limit int) ([]Start, error) {
	list, err := sqldb.Collect(ctx, s.db, scanStart, "SELECT "+startColumns+" FROM exchange_start ORDER BY id DESC LIMIT ?", sqldb.Micros(silence), limit)
	return list, sqldb.Outage(err, "read the starts of syncs")
}

// Attempt notes that an attempt at a start begins.
func (s *Starts) Attempt(ctx context.Context, id int64) error {
	err := sqldb.ExactlyOne(ctx, s.db, sql.ErrNoRows, "UPDATE exchange_start SET state = ?, attempts = attempts + 1, touched_at = NOW(6) WHERE id = ? AND ended_at IS NULL", StartRunning, id)
	return notThere(err, "start of a sync that is to be done")
}

// EndStart notes how a start ended. Starts that ended long ago are removed.
func (s *Starts) EndStart(ctx context.Context, id int64, reason string, reports []exchange.Report) error {
	state := StartSynced
	if reason != "" {
		state = StartFailed
	}
	text, err := json.Marshal(reports)
	if err != nil {
		return err
	}
	_, err = s.db.ExecContext(ctx, "UPDATE exchange_start SET state = ?, reason = ?, report = ?, ended_at = NOW(6), touched_at = NOW(6) WHERE id = ? AND ended_at IS NULL",
		state, sqldb.Cut(reason, 512), string(text), id)
	if err == nil {
		_, err = s.db.ExecContext(ctx, "DELETE FROM exchange_start WHERE id < ? AND ended_at < NOW(6) - INTERVAL ? DAY ORDER BY id LIMIT 100", id, keepStarts)
	}
	return sqldb.Outage(err, "note how a sync ended")
}

// keepStarts is how many days starts are kept.
const keepStarts = 30
