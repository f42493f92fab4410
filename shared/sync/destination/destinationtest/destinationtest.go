// Package destinationtest holds every destination.Index to one contract.
package destinationtest

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"gitlab.com/eshopbox-team/return-sync/shared/sync/destination"
)

// Name is the index that the suite writes.
const Name = "things"

// Bench is an empty index.
type Bench struct {
	Index destination.Index
	// Records returns the published records of the index by their ids, as JSON.
	Records func(*testing.T) map[string]string
	// Refused is a record that the index refuses. An index that takes everything has
	// none, the zero Op.
	Refused destination.Op
}

// Run runs the suite. open opens an index for one test.
func Run(t *testing.T, open func(*testing.T) Bench) {
	t.Helper()
	for name, check := range map[string]func(*testing.T, Bench){
		"records are saved with their stamps": saves,
		"a record is replaced as a whole":     replaces,
		"deletes":                             deletes,
		"a push of nothing":                   nothing,
		"tasks rise":                          tasks,
		"many records":                        many,
		"a refused record is alone":           refused,
	} {
		t.Run(name, func(t *testing.T) { check(t, open(t)) })
	}
}

// Save returns an op that saves a record with a number.
func Save(id string, n int) destination.Op {
	return destination.Op{ID: id, Body: fmt.Appendf(nil, `{"objectID":%q,"n":%d}`, id, n), Stamp: []byte(`,"_at":1`)}
}

// push pushes and waits.
func (b Bench) push(t *testing.T, ops ...destination.Op) destination.Result {
	t.Helper()
	r, err := b.Index.Push(t.Context(), Name, ops)
	if err == nil && r.TaskID != 0 {
		err = b.Index.Wait(t.Context(), Name, r.TaskID)
	}
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// holds demands that the index holds exactly the records of the ops.
func (b Bench) holds(t *testing.T, want ...destination.Op) {
	t.Helper()
	decode := func(text string) (v any) {
		if err := json.Unmarshal([]byte(text), &v); err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		return v
	}
	expected, have := map[string]any{}, map[string]any{}
	for _, op := range want {
		expected[op.ID] = decode(string(op.Append(nil)))
	}
	for id, text := range b.Records(t) {
		have[id] = decode(text)
	}
	if diff := cmp.Diff(expected, have); diff != "" {
		t.Errorf("records (-want +have):\n%s", diff)
	}
}

func saves(t *testing.T, b Bench) {
	r := b.push(t, Save("a", 1), Save("b", 2))
	if r.Operations != 2 || len(r.Refused) != 0 || len(r.Uncertain) != 0 || r.TaskID == 0 {
		t.Errorf("result %+v", r)
	}
	b.holds(t, Save("a", 1), Save("b", 2))
}

func replaces(t *testing.T, b Bench) {
	first := Save("a", 1)
	first.Body = []byte(`{"objectID":"a","n":1,"gone":true}`)
	b.push(t, first)
	b.push(t, Save("a", 2))
	b.holds(t, Save("a", 2))
}

func deletes(t *testing.T, b Bench) {
	b.push(t, Save("a", 1), Save("b", 2))
	if r := b.push(t, destination.Op{ID: "a"}, destination.Op{ID: "never there"}, Save("c", 3)); r.Operations != 3 {
		t.Errorf("result %+v", r)
	}
	b.holds(t, Save("b", 2), Save("c", 3))
}

func nothing(t *testing.T, b Bench) {
	if r := b.push(t); r.Operations != 0 || len(r.Refused) != 0 {
		t.Errorf("result %+v", r)
	}
	b.holds(t)
}

func tasks(t *testing.T, b Bench) {
	last := int64(0)
	for n := range 3 {
		r := b.push(t, Save("a", n))
		if r.TaskID <= last {
			t.Errorf("task %d after %d", r.TaskID, last)
		}
		last = r.TaskID
	}
	if err := b.Index.Wait(t.Context(), Name, last); err != nil {
		t.Errorf("a task that is published: %v", err)
	}
}

func many(t *testing.T, b Bench) {
	var ops []destination.Op
	for n := range 2500 {
		ops = append(ops, Save(fmt.Sprint("r", n), n))
	}
	if r := b.push(t, ops...); r.Operations != int64(len(ops)) {
		t.Errorf("%d operations", r.Operations)
	}
	b.holds(t, ops...)
}

func refused(t *testing.T, b Bench) {
	if b.Refused.Body == nil {
		t.Skip("this index takes every record")
	}
	r := b.push(t, Save("a", 1), b.Refused, Save("c", 3))
	if len(r.Refused) != 1 || r.Refused[0].ID != b.Refused.ID || r.Refused[0].Reason == "" {
		t.Errorf("refused %+v", r.Refused)
	}
	b.holds(t, Save("a", 1), Save("c", 3))
}
