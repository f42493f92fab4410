package algolia

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"testing"
	"testing/iotest"

	"gitlab.com/eshopbox-team/return-sync/shared/sync/destination"
)

// someOps returns ops: every tenth a delete.
func someOps(n int) []destination.Op {
	ops := make([]destination.Op, n)
	for i := range ops {
		id := fmt.Sprintf("R%d-\"1\"", i)
		ops[i] = destination.Op{ID: id}
		if i%10 != 9 {
			body, _ := json.Marshal(map[string]any{"objectID": id, "n": i})
			ops[i].Body, ops[i].Stamp = body, []byte(`,"syncedAt":5`)
		}
	}
	return ops
}

// TestBatchBody reads bodies of many sizes, in pieces of many sizes.
func TestBatchBody(t *testing.T) {
	for _, n := range []int{0, 1, 2, 9, 10, 11, 100} {
		ops := someOps(n)
		whole, err := io.ReadAll(newBatchBody(ops, &gate{}))
		if err != nil || int64(len(whole)) != batchLength(ops) {
			t.Fatalf("%d ops: %d bytes, %v; announced %d", n, len(whole), err, batchLength(ops))
		}
		for _, slow := range []io.Reader{iotest.OneByteReader(newBatchBody(ops, &gate{})), iotest.HalfReader(newBatchBody(ops, &gate{}))} {
			if again, err := io.ReadAll(slow); err != nil || !bytes.Equal(again, whole) {
				t.Errorf("%d ops in pieces: %q, %v", n, again, err)
			}
		}
		var batch struct {
			Requests []struct {
				Action string         `json:"action"`
				Body   map[string]any `json:"body"`
			} `json:"requests"`
		}
		if err := json.Unmarshal(whole, &batch); err != nil || len(batch.Requests) != n {
			t.Fatalf("%d ops: %d requests, %v", n, len(batch.Requests), err)
		}
		for i, r := range batch.Requests {
			want := "addObject"
			if ops[i].Body == nil {
				want = "deleteObject"
			} else if r.Body["syncedAt"] != 5.0 || r.Body["n"] != float64(i) {
				t.Errorf("record %d is %v", i, r.Body)
			}
			if r.Action != want || r.Body["objectID"] != ops[i].ID {
				t.Errorf("request %d is %v; want %s of %s", i, r, want, ops[i].ID)
			}
		}
	}
}

// TestNoBodyIsReadAfterItsSend reads a part of a body, ends the send, and has the records'
// memory hold others, as it does after a push.
func TestNoBodyIsReadAfterItsSend(t *testing.T) {
	ops := []destination.Op{{ID: "R1", Body: []byte(`{"objectID":"R1"}`)}}
	var g gate
	body := newBatchBody(ops, &g)
	if _, err := io.ReadFull(body, make([]byte, len(batchHead)+len(saveHead)+3)); err != nil {
		t.Fatal(err)
	}
	g.close()
	copy(ops[0].Body, `{"objectID":"R2"}`)
	for _, late := range []*batchBody{body, newBatchBody(ops, &g)} {
		if rest, err := io.ReadAll(late); len(rest) > 0 || !errors.Is(err, errShut) {
			t.Errorf("after the send %q was read, %v", rest, err)
		}
	}
}

// allocsABatch is how many allocations a batch may cost, whatever its size.
const allocsABatch = 2

// TestABatchAllocatesLittle holds the body to being put together while it is sent.
func TestABatchAllocatesLittle(t *testing.T) {
	ops := someOps(9) // without a delete, whose id is quoted
	for range 7 {
		ops = append(ops, ops...)
	}
	room := make([]byte, 32<<10)
	var g gate // of a whole send
	n := testing.AllocsPerRun(20, func() {
		body := newBatchBody(ops, &g)
		for {
			if _, err := body.Read(room); err != nil {
				return
			}
		}
	})
	if n > allocsABatch {
		t.Errorf("%d records: %v allocations; want at most %d", len(ops), n, allocsABatch)
	}
}

func BenchmarkBatchBody(b *testing.B) {
	ops := someOps(1000)
	room := make([]byte, 32<<10)
	b.SetBytes(batchLength(ops))
	b.ReportAllocs()
	for b.Loop() {
		body := newBatchBody(ops, &gate{})
		for {
			if _, err := body.Read(room); err != nil {
				break
			}
		}
	}
}
