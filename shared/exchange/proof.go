package exchange

import (
	"crypto/sha1" //nolint:gosec // the public program's hash; the digest does not rest on it
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"hash"
	"iter"
	"maps"
	"slices"

	"gitlab.com/eshopbox-team/return-sync/shared/fault"
)

// Proof says what a slice holds. Two slices with equal digests hold the same grains
// and the same metadata.
type Proof struct {
	// Hash is the public program's: SHA-1 in lower hexadecimal over the ids' bytes in
	// ascending order, then the keys and values of the metadata by key, without any
	// separator; empty for a slice without grains and metadata. Metadata ab=c and a=bc
	// have one hash.
	Hash string `json:"content_hash"`
	// Digest is SHA-256 over the number of ids, the ids, and the lengths and bytes of
	// keys and values. It is empty where the other side is a public program.
	Digest string `json:"content_digest,omitempty"`
	Count  int    `json:"content_count"` // of grains
}

// Equal reports whether two proofs agree in all that both of them say.
func (p Proof) Equal(q Proof) bool {
	return p.Hash == q.Hash && p.Count == q.Count && (p.Digest == q.Digest || p.Digest == "" || q.Digest == "")
}

// Prover computes a proof of ids that come one by one in ascending order.
type Prover struct {
	plain, framed hash.Hash
	last          ID
	count         int
}

// NewProver returns a prover of no ids.
func NewProver() *Prover { return &Prover{plain: sha1.New(), framed: sha256.New()} } //nolint:gosec // see Proof.Hash

// Add takes the next id. An id out of order would prove nothing and is an error.
func (p *Prover) Add(id ID) error {
	if !less(p.last, id) {
		return fault.New(fault.Internal, "ids-unordered", "ids of a slice are not in ascending order: %s after %s", id, p.last)
	}
	p.last = id
	p.count++
	p.plain.Write(id[:])
	p.framed.Write(id[:])
	return nil
}

// Proof returns the proof of the ids and of the slice's metadata.
func (p *Prover) Proof(meta map[string]string) Proof {
	var length [8]byte
	framed := func(text string) {
		binary.BigEndian.PutUint64(length[:], uint64(len(text)))
		p.framed.Write(length[:])
		p.framed.Write([]byte(text))
	}
	binary.BigEndian.PutUint64(length[:], uint64(p.count))
	p.framed.Write(length[:]) // ids are 16 bytes each, so their number ends them
	for _, key := range slices.Sorted(maps.Keys(meta)) {
		p.plain.Write([]byte(key + meta[key]))
		framed(key)
		framed(meta[key])
	}
	proof := Proof{Hash: hex.EncodeToString(p.plain.Sum(nil)), Digest: hex.EncodeToString(p.framed.Sum(nil)), Count: p.count}
	if p.count == 0 && len(meta) == 0 {
		proof.Hash = ""
	}
	return proof
}

// Prove returns the proof of a stream of ascending ids.
func Prove(ids iter.Seq2[ID, error], meta map[string]string) (Proof, error) {
	p := NewProver()
	for id, err := range ids {
		if err == nil {
			err = p.Add(id)
		}
		if err != nil {
			return Proof{}, err
		}
	}
	return p.Proof(meta), nil
}
