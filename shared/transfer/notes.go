package transfer

import (
	"context"
	"encoding/json"
	"fmt"
	"time"
)

// NoteName names a note.
type NoteName string

// The notes.
const (
	NoteThreads  NoteName = "threads"  // what a person set for a time, see worker.Pace
	NoteWorker   NoteName = "worker"   // the job worker's last sign, a Sign
	NoteProtocol NoteName = "protocol" // the protocol's
	NoteClocks   NoteName = "clocks"   // what the worker's guard of the clocks knows
	NoteRecheck  NoteName = "recheck"  // a person asked for a reading of the clocks
)

// Note is what a process left for the other processes of an installation.
type Note struct {
	Body string    // JSON; empty: nothing was left
	At   time.Time // when it was left, by the database's clock
	Now  time.Time // the database's clock
}

// Into decodes the note's body; a note that was never left changes nothing.
func (n Note) Into(v any) error {
	if n.Body == "" {
		return nil
	}
	return json.Unmarshal([]byte(n.Body), v)
}

// Notes keeps the newest note of each name.
type Notes interface {
	Note(ctx context.Context, name NoteName) (Note, error)
	Leave(ctx context.Context, name NoteName, body string) error
}

// Read reads the note of a name, and its value into a pointer.
func Read(ctx context.Context, notes Notes, name NoteName, into any) (Note, error) {
	note, err := notes.Note(ctx, name)
	if err == nil {
		err = note.Into(into)
	}
	return note, err
}

// Leave leaves a value as a note.
func Leave(ctx context.Context, notes Notes, name NoteName, v any) error {
	body, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("the note %s: %w", name, err)
	}
	return notes.Leave(ctx, name, string(body))
}

// Sign is what a background part says of its last run.
type Sign struct {
	Running bool   `json:"running"`
	Error   string `json:"error,omitempty"`
	Jobs    int64  `json:"jobs"`
}

// Standing is how the queue of jobs stands, by the database's clock. It counts roots.
type Standing struct {
	Now     time.Time  `json:"now"`
	Waiting int64      `json:"waiting"` // new or in progress
	Since   *time.Time `json:"since"`   // since when the oldest of them has waited
	Retries int64      `json:"retries"` // failed, to be tried again
	RetryAt *time.Time `json:"retry_at"`
	Failed  int64      `json:"failed"` // a person has to look
	Newest  int64      `json:"newest_failed"`
}

// Progress is what became of the jobs that a start found open.
type Progress struct {
	Open   int64
	Failed int64
	Since  time.Duration // since the start
}
