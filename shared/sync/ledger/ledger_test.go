package ledger

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestPackRoundTrip(t *testing.T) {
	for _, entries := range [][]Entry{
		nil,
		{{ID: "R1-1", Hash: (Hasher{}).Of([]byte("a"))}},
		{{ID: "", Hash: (Hasher{}).Of(nil), Parked: true}, {ID: strings.Repeat("x", 300), Hash: (Hasher{}).Of([]byte("b"))}},
	} {
		got, err := Unpack(PackVersion(0, entries))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(entries, got); diff != "" {
			t.Error(diff)
		}
	}
}

func TestUnpackRefusesEveryTruncation(t *testing.T) {
	whole := PackVersion(0, []Entry{{ID: "R1-1", Hash: (Hasher{}).Of([]byte("a"))}})
	for n := 2; n < len(whole); n++ {
		if _, err := Unpack(whole[:n]); err == nil {
			t.Errorf("the first %d of %d bytes were accepted", n, len(whole))
		}
	}
	if _, err := Unpack([]byte{9}); err == nil || !strings.Contains(err.Error(), "newer version") {
		t.Error(err)
	}
}

func TestJournalRoundTrip(t *testing.T) {
	j := Journal{}
	j.Add(7, "R7-1", "R7-2", "R7-1")
	j.Add(1<<64-1, "x")
	j.Add(3)
	j.Merge(Journal{7: {"R7-2", "R7-3"}})
	got, err := UnpackJournal(j.Pack())
	if err != nil {
		t.Fatal(err)
	}
	want := Journal{7: {"R7-1", "R7-2", "R7-3"}, 1<<64 - 1: {"x"}, 3: nil}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if got, err := UnpackJournal(nil); err != nil || len(got) != 0 {
		t.Error(got, err)
	}
}

func FuzzUnpack(f *testing.F) {
	f.Add(PackVersion(0, []Entry{{ID: "R1-1"}}))
	f.Fuzz(func(t *testing.T, b []byte) {
		entries, err := Unpack(b)
		if err != nil {
			return
		}
		if again, err := Unpack(PackVersion(0, entries)); err != nil || !cmp.Equal(entries, again) {
			t.Errorf("%v became %v, %v", entries, again, err)
		}
	})
}

func FuzzUnpackJournal(f *testing.F) {
	f.Add(Journal{7: {"a", "b"}}.Pack())
	f.Fuzz(func(t *testing.T, b []byte) {
		j, err := UnpackJournal(b)
		if err != nil {
			return
		}
		if again, err := UnpackJournal(j.Pack()); err != nil || !cmp.Equal(j, again) {
			t.Errorf("%v became %v, %v", j, again, err)
		}
	})
}
