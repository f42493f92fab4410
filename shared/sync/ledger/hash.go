package ledger

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"

	"golang.org/x/crypto/blake2b"
)

// Hash is the hash of a record's content: of its JSON without its stamp, or of the reason
// why it has none.
type Hash [16]byte

// Hasher makes the hashes of one target's records. It is safe for concurrent use.
//
// Tenants choose content, and two contents of one hash would hide a change. With a key,
// the hash is the authentication code of AES-GCM (GMAC) under one nonce: a polynomial over
// the content's blocks of 16 bytes at a secret place, and a constant. Who knows neither
// the key nor any hash chooses two contents of n blocks that have one hash with a chance
// of n in 2^128, whatever the contents are. That one nonce is used many times would reveal
// the place to who sees hashes, so hashes never leave our tables, where the key is too.
//
// The zero Hasher is the older form, for what was filled before keys existed: the first
// half of BLAKE2b-256, which takes seven times as long.
type Hasher struct {
	key []byte
	mac cipher.AEAD // nil without a key
}

// nonce is the same for all contents, so that equal contents have equal hashes.
var nonce [12]byte

// HasherOf returns the hasher of a target's key; none is the zero Hasher.
func HasherOf(key []byte) Hasher {
	if len(key) == 0 {
		return Hasher{}
	}
	secret := sha256.Sum256(key) // any key has the length that AES wants, so nothing fails
	block, _ := aes.NewCipher(secret[:])
	mac, _ := cipher.NewGCM(block)
	return Hasher{key: key, mac: mac}
}

// Of returns the hash of a content.
func (h Hasher) Of(content []byte) Hash {
	if h.mac == nil {
		sum := blake2b.Sum256(content)
		return Hash(sum[:])
	}
	return Hash(h.mac.Seal(make([]byte, 0, len(Hash{})), nonce[:], nil, content))
}

// Format implements fmt.Formatter: no verb prints the key.
func (Hasher) Format(s fmt.State, _ rune) { _, _ = io.WriteString(s, "(hasher)") }

// IsZero reports whether it is the hasher of no key.
func (h Hasher) IsZero() bool { return h.mac == nil }

// MarshalJSON returns the key, for definitions that are stored.
func (h Hasher) MarshalJSON() ([]byte, error) { return json.Marshal(h.key) }

// UnmarshalJSON reads MarshalJSON's form.
func (h *Hasher) UnmarshalJSON(b []byte) error {
	var key []byte
	err := json.Unmarshal(b, &key)
	*h = HasherOf(key)
	return err
}
