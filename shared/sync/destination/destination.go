// Package destination says what the pipeline asks of an index. Its child rooms say
// how, with one technology each, and pass destinationtest.Run.
package destination

import "context"

// Op is one change of an index: a record to save whole, or, without a body, an
// id to delete. Deleting a missing record is no error.
type Op struct {
	ID   string
	Body []byte
	// Stamp is put before the body's closing brace: fields that are not part of
	// the content, such as the time of the push. It begins with a comma.
	Stamp []byte
}

// Append appends the record as the index gets it: the body with its stamp.
func (o Op) Append(dst []byte) []byte {
	dst = append(dst, o.Body[:len(o.Body)-1]...)
	dst = append(dst, o.Stamp...)
	return append(dst, '}')
}

// Size returns how many bytes the record has as the index counts them.
func (o Op) Size() int { return len(o.Body) + len(o.Stamp) }

// Refusal is a record that the index rejects.
type Refusal struct {
	ID     string
	Reason string // the index's own words, shortened
}

// Result is the result of a push.
type Result struct {
	// TaskID is the highest task that the index gave; Wait waits for it.
	TaskID int64
	// Refused lists the rejected records; all others were accepted.
	Refused []Refusal
	// Operations counts the ops that were sent and accepted, repeats included.
	Operations int64
	// Uncertain lists ids of a request with an unknown outcome (a timeout, a reset).
	// The request was repeated and accepted, but the lost one may still be applied
	// after it.
	Uncertain []string
}

// Index takes the records of one entity.
type Index interface {
	// Push sends every op, in any order, and isolates the records that the
	// index refuses. It retries within ctx. An error means that an unknown part of
	// the ops was applied; it is of kind
	// fault.Throttled when the index asked to slow down, fault.Misconfigured when it
	// refuses the key, the plan or all records, else fault.Retry. After Push returns, no
	// request reads a body of ops any more: the caller uses the memory again.
	Push(ctx context.Context, index string, ops []Op) (Result, error)
	// Wait returns when the index has published the task, and so all before it.
	Wait(ctx context.Context, index string, taskID int64) error
}
