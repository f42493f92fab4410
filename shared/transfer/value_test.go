package transfer_test

import (
	"encoding/json"
	"testing"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/transfer"
)

func TestSame(t *testing.T) {
	noon := time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		a, b any
		same bool
	}{
		{nil, nil, true}, {nil, "", true}, {nil, int64(0), false}, {nil, false, false}, {"a", "a", true}, {"a", "b", false},
		{int64(3), 3, true}, {int64(3), json.Number("3"), true}, {3.0, int32(3), true}, {json.Number("3.50"), 3.5, true}, {int64(3), "3", false}, {uint8(3), int64(3), true},
		{json.Number("9007199254740993"), int64(9007199254740993), true}, {json.Number("9007199254740993"), int64(9007199254740992), false},
		{true, true, true}, {true, int64(1), false}, {noon, "2026-05-01T12:00:00Z", true}, {noon, "2026-05-01 12:00:00", true}, {noon, "2026-05-01", false}, {noon, "noon", false},
		{noon, noon.In(time.FixedZone("x", 3600)), true}, {[]int64{2, 1}, []any{json.Number("1"), 2.0}, true}, {[]int64{1}, []int64{1, 2}, false}, {[]int64{}, []any{}, true}, {nil, []int64{}, true}, {[]int64{1}, nil, false}, {[]byte("a"), "a", true},
	} {
		if transfer.Same(c.a, c.b) != c.same || transfer.Same(c.b, c.a) != c.same {
			t.Errorf("%#v and %#v: %v", c.a, c.b, !c.same)
		}
	}
}

func TestID(t *testing.T) {
	for _, c := range []struct {
		v  any
		id int64
		ok bool
	}{
		{nil, 0, true}, {false, 0, true}, {"", 0, true}, {true, 0, false}, {int64(7), 7, true}, {7, 7, true}, {7.0, 7, true}, {7.5, 0, false}, {json.Number("7"), 7, true}, {"7", 7, true}, {"x", 0, false}, {int64(-1), -1, false},
	} {
		if id, ok := transfer.ID(c.v); ok != c.ok || ok && id != c.id {
			t.Errorf("%#v: %d, %v", c.v, id, ok)
		}
	}
}
