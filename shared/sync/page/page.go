// Package page holds the words and rules of a page: a slice of a run's change
// list, carried by one Cloud Task.
//
// # States
//
//	            take                finish
//	pending -----------> taken -----------------> done
//	   ^                   |  \ give up
//	   |      put back     |   `----------------> failed
//	   `-------------------'
//
//	take       one conditional UPDATE with a fresh token and a lease; a page
//	           whose holder's lease ran out can be taken again
//	put back   the holder met an outage and leaves the page to the next delivery
//	finish     records are accounted for, in one transaction with the ledger
//	give up    the page ran out of attempts; its run will end failed
//
// A page of an interrupted run is abandoned. No verb leads out of that state, so
// a late write of a slow holder changes nothing.
package page

import (
	"bytes"
	"encoding/json"
	"io"

	"gitlab.com/eshopbox-team/return-sync/shared/fault"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/ledger"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/run"
)

// State is the column state of sync_page.
type State uint8

// The states; see the diagram of the package.
const (
	Pending   State = 0
	Taken     State = 1
	Done      State = 2
	Failed    State = 3
	Abandoned State = 4
)

// Held is a page that the caller holds, or one that another delivery has ended.
type Held struct {
	Run      run.Run
	Number   int
	State    State
	Token    string
	Attempts int
	Tries    int            // the most attempts, for messages; 0 if the caller does not say
	Journal  ledger.Journal // of an earlier attempt that did not finish
	Copied   bool           // the page's outcome takes the records along, for a copy of them
}

// Task is the body of a page task.
type Task struct {
	RunID int64 `json:"runId"`
	Page  int   `json:"page"`
}

// ParseTask reads a page task's body. Fields that this version does not know are
// ignored: versions live side by side, and a newer one may say more. Repeating cannot cure a body that is wrong,
// so the error is of kind fault.Invalid.
func ParseTask(body []byte) (Task, error) {
	var t Task
	dec := json.NewDecoder(bytes.NewReader(body))
	if err := dec.Decode(&t); err != nil {
		return Task{}, fault.Wrap(err, fault.Invalid, "bad-task", `the page task's body is not {"runId":N,"page":N}`)
	}
	if _, err := dec.Token(); err != io.EOF {
		return Task{}, fault.New(fault.Invalid, "bad-task", `the page task's body has more after {"runId":N,"page":N}`)
	}
	if t.RunID <= 0 || t.Page <= 0 {
		return Task{}, fault.New(fault.Invalid, "bad-task", "the page task has runId %d and page %d: both must be at least 1", t.RunID, t.Page)
	}
	return t, nil
}
