package ledger

import (
	"bytes"
	"crypto/aes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"math/big"
	"sync"
	"testing"
)

// TestHashesOfTheOlderForm holds the form of ledgers that were filled before keys existed.
func TestHashesOfTheOlderForm(t *testing.T) {
	for _, h := range []Hasher{{}, HasherOf(nil), HasherOf([]byte{})} {
		sum := h.Of([]byte("abc"))
		// The first half of BLAKE2b-256 of abc, from the Python standard library.
		if got := hex.EncodeToString(sum[:]); got != "bddd813c634239723171ef3fee98579b" || !h.IsZero() {
			t.Errorf("abc has the hash %s, zero: %t", got, h.IsZero())
		}
	}
}

// TestHashesOfAKey computes the hash a second time by the definition of GHASH, with big
// numbers and none of the library's.
func TestHashesOfAKey(t *testing.T) {
	key := []byte("some secret of a target")
	h := HasherOf(key)
	seen := map[Hash]int{}
	for n := range 200 {
		content := bytes.Repeat([]byte{0}, n)
		got := h.Of(content)
		if want := gmac(key, content); got != want {
			t.Fatalf("%d bytes: %x, want %x", n, got, want)
		}
		if m, twice := seen[got]; twice {
			t.Errorf("%d and %d zero bytes have one hash", n, m)
		}
		seen[got] = n
		if other := HasherOf([]byte("another secret")).Of(content); other == got {
			t.Errorf("%d bytes have one hash with two keys", n)
		}
	}
}

// gmac is the code of a content under the nonce of zeros (NIST SP 800-38D).
func gmac(key, content []byte) Hash {
	secret := sha256.Sum256(key)
	block, err := aes.NewCipher(secret[:])
	if err != nil {
		panic(err)
	}
	var place, mask [16]byte
	block.Encrypt(place[:], place[:])
	mask[15] = 1
	block.Encrypt(mask[:], mask[:])
	sum := new(big.Int)
	step := func(b []byte) {
		padded := make([]byte, 16)
		copy(padded, b)
		sum = times(sum.Xor(sum, new(big.Int).SetBytes(padded)), new(big.Int).SetBytes(place[:]))
	}
	for rest := content; len(rest) > 0; rest = rest[min(16, len(rest)):] {
		step(rest[:min(16, len(rest))])
	}
	lengths := make([]byte, 16)
	new(big.Int).SetInt64(int64(8 * len(content))).FillBytes(lengths[:8])
	step(lengths)
	var out Hash
	sum.Xor(sum, new(big.Int).SetBytes(mask[:])).FillBytes(out[:])
	return out
}

// times multiplies in GHASH's field, whose bits are in the reverse order.
func times(x, y *big.Int) *big.Int {
	z, v := new(big.Int), new(big.Int).Set(y)
	fold := new(big.Int).Lsh(big.NewInt(0xe1), 120)
	for i := 127; i >= 0; i-- {
		if x.Bit(i) == 1 {
			z.Xor(z, v)
		}
		odd := v.Bit(0) == 1
		v.Rsh(v, 1)
		if odd {
			v.Xor(v, fold)
		}
	}
	return z
}

// TestHasherIsStored keeps its key through a stored definition, and is not among the
// members of one that has none.
func TestHasherIsStored(t *testing.T) {
	type stored struct {
		Hasher Hasher `json:",omitzero"`
	}
	for _, key := range []string{"", "k", "a secret of a target, 32 bytes ."} {
		was := stored{HasherOf([]byte(key))}
		text, err := json.Marshal(was)
		var is stored
		if err == nil {
			err = json.Unmarshal(text, &is)
		}
		if err != nil || is.Hasher.Of([]byte("x")) != was.Hasher.Of([]byte("x")) || (key == "") != (string(text) == "{}") {
			t.Errorf("%q became %s, %v", key, text, err)
		}
	}
	if err := json.Unmarshal([]byte(`{"Hasher": "no base64!"}`), &stored{}); err == nil {
		t.Error("a key that cannot be read was taken")
	}
}

// TestHasherIsForManyAtOnce is for the race detector.
func TestHasherIsForManyAtOnce(t *testing.T) {
	h := HasherOf([]byte("key"))
	want := h.Of([]byte("content"))
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 100 {
				if h.Of([]byte("content")) != want {
					t.Error("another hash")
				}
			}
		})
	}
	all.Wait()
}

// FuzzHasher checks that contents have one hash if they are equal, and only then.
func FuzzHasher(f *testing.F) {
	f.Add([]byte("a"), []byte("a\x00"))
	f.Add([]byte{}, []byte{0})
	f.Fuzz(func(t *testing.T, a, b []byte) {
		for _, h := range []Hasher{{}, HasherOf([]byte("key"))} {
			if same := h.Of(a) == h.Of(bytes.Clone(b)); same != bytes.Equal(a, b) {
				t.Errorf("%x and %x: one hash is %t", a, b, same)
			}
		}
	})
}
