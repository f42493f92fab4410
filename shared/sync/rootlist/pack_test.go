package rootlist_test

import (
	"encoding/binary"
	"hash/crc32"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"gitlab.com/eshopbox-team/return-sync/shared/sync/rootlist"
)

// sealed returns a body with the checksum that a packed list ends with.
func sealed(body ...byte) []byte {
	return binary.BigEndian.AppendUint32(body, crc32.Checksum(body, crc32.MakeTable(crc32.Castagnoli)))
}

// TestPackedRootsComeBack packs lists of every density, with the ends of all roots.
func TestPackedRootsComeBack(t *testing.T) {
	lists := [][]uint64{{}, {0}, {math.MaxUint64}, {0, 1}, {0, math.MaxUint64}, {math.MaxUint64 - 1, math.MaxUint64}}
	random := rand.New(rand.NewPCG(1, 2))
	for bits := range 64 {
		list := make([]uint64, 500)
		for i := range list {
			list[i] = random.Uint64() >> bits
		}
		slices.Sort(list)
		lists = append(lists, slices.Compact(list))
	}
	for _, want := range lists {
		got, err := rootlist.Unpack(rootlist.Pack(want))
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("%d came back as %d, %v", want, got, err)
		}
	}
}

// TestPackedRootsAreSmall holds the size that the change list is planned with.
func TestPackedRootsAreSmall(t *testing.T) {
	list := make([]uint64, 500)
	for i := range list {
		list[i] = 1<<40 + 100*uint64(i)
	}
	if n := len(rootlist.Pack(list)); n > 520 {
		t.Errorf("500 roots with gaps of 100 take %d bytes", n)
	}
}

// TestEveryDamageIsAnError flips each bit of a packed list, and cuts the list everywhere.
func TestEveryDamageIsAnError(t *testing.T) {
	packed := rootlist.Pack([]uint64{0, 3, 4, 500, 1 << 40, math.MaxUint64})
	for i := range packed {
		if got, err := rootlist.Unpack(packed[:i]); err == nil {
			t.Errorf("cut after %d bytes it reads as %d", i, got)
		}
		for bit := range 8 {
			damaged := slices.Clone(packed)
			damaged[i] ^= 1 << bit
			if got, err := rootlist.Unpack(damaged); err == nil {
				t.Errorf("with bit %d of byte %d flipped it reads as %d", bit, i, got)
			}
		}
	}
}

// TestWrongFormsAreErrors has bodies with a right checksum that no list packs into.
func TestWrongFormsAreErrors(t *testing.T) {
	most := binary.AppendUvarint(nil, math.MaxUint64)
	for name, b := range map[string][]byte{
		"nothing":             nil,
		"no format":           sealed(),
		"an unknown format":   sealed(2, 1, 7),
		"no number of roots":  sealed(1),
		"fewer roots":         sealed(1, 2, 7),
		"more roots":          sealed(1, 1, 7, 1),
		"a root twice":        sealed(1, 2, 7, 0),
		"a number that stops": sealed(1, 1, 0x80),
		"beyond the last id":  sealed(slices.Concat([]byte{1, 2}, most, []byte{1})...),
		"too many to be true": sealed(append([]byte{1}, most...)...),
	} {
		if got, err := rootlist.Unpack(b); err == nil {
			t.Errorf("%s reads as %d", name, got)
		}
	}
}

// FuzzUnpack demands of any bytes an error or a list in order, which packs and comes back.
func FuzzUnpack(f *testing.F) {
	f.Add([]byte{1, 3, 0, 1, 200, 1})
	f.Add(append([]byte{1, 2, 5}, binary.AppendUvarint(nil, math.MaxUint64-5)...))
	f.Fuzz(func(t *testing.T, body []byte) {
		if _, err := rootlist.Unpack(body); err == nil && len(body) < 6 {
			t.Fatal("a list without a checksum is read")
		}
		list, err := rootlist.Unpack(sealed(slices.Clone(body)...))
		if err != nil {
			return
		}
		for i := 1; i < len(list); i++ {
			if list[i] <= list[i-1] {
				t.Fatalf("%d is not in order", list)
			}
		}
		if again, err := rootlist.Unpack(rootlist.Pack(list)); err != nil || !slices.Equal(again, list) {
			t.Fatalf("%d came back as %d, %v", list, again, err)
		}
	})
}
