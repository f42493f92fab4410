// Package ledger holds what was last pushed: for every root its records' ids
// and the hashes of their content, packed into one value.
//
// One row a root instead of one a record makes the table 2.3 times smaller and
// lets a page read and write it in one statement each. The packed form is
//
//	version (1 byte) then, for each record:
//	flags (1 byte), length of the id (uvarint), id, hash (16 bytes)
package ledger

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
)

// Hash is the first half of the SHA-256 of a record's content. A cryptographic
// hash, because tenants choose content and a collision would hide a change.
type Hash [16]byte

// HashOf returns the hash of a record's JSON without its stamp.
func HashOf(content []byte) Hash {
	sum := sha256.Sum256(content)
	return Hash(sum[:16])
}

// Entry is one record of a root.
type Entry struct {
	ID     string
	Hash   Hash
	Parked bool // the index refused this content, or it is too large
}

const (
	formatVersion = 1
	flagParked    = 1
	maxIDLength   = 1024
)

// Pack returns the packed form of a root's entries.
func Pack(entries []Entry) []byte {
	size := 1
	for _, e := range entries {
		size += 1 + binary.MaxVarintLen16 + len(e.ID) + len(e.Hash)
	}
	b := make([]byte, 0, size)
	b = append(b, formatVersion)
	for _, e := range entries {
		var flags byte
		if e.Parked {
			flags |= flagParked
		}
		b = append(b, flags)
		b = binary.AppendUvarint(b, uint64(len(e.ID)))
		b = append(b, e.ID...)
		b = append(b, e.Hash[:]...)
	}
	return b
}

// errTruncated is a packed value that ends in the middle of an entry.
var errTruncated = errors.New("ledger: the value ends within an entry")

// Unpack reads the packed form. An empty value has no entries.
func Unpack(b []byte) ([]Entry, error) {
	if len(b) == 0 {
		return nil, nil
	}
	if b[0] != formatVersion {
		return nil, fmt.Errorf("ledger: format %d is unknown: it was written by a newer version", b[0])
	}
	b = b[1:]
	var entries []Entry
	for len(b) > 0 {
		e, rest, err := unpackOne(b)
		if err != nil {
			return nil, err
		}
		entries = append(entries, e)
		b = rest
	}
	return entries, nil
}

// unpackOne reads one entry and returns what follows it.
func unpackOne(b []byte) (Entry, []byte, error) {
	flags := b[0]
	n, used := binary.Uvarint(b[1:])
	if used <= 0 || n > maxIDLength {
		return Entry{}, nil, errTruncated
	}
	b = b[1+used:]
	var e Entry
	if uint64(len(b)) < n+uint64(len(e.Hash)) {
		return Entry{}, nil, errTruncated
	}
	e.ID = string(b[:n])
	copy(e.Hash[:], b[n:])
	e.Parked = flags&flagParked != 0
	return e, b[n+uint64(len(e.Hash)):], nil
}
