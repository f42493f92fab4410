// Package ledger holds what was last pushed: for every root its records' ids
// and the hashes of their content, packed into one value.
//
// One row a root instead of one a record makes the table 2.3 times smaller and
// lets a page read and write it in one statement each. The packed form is
//
//	format (1 byte), in format 2 the root's version (8 bytes), then, for each record:
//	flags (1 byte), length of the id (uvarint), id, hash (16 bytes)
//
// Format 1, without a version, is what was written before there were any, and
// what is written where none is known.
package ledger

import (
	"encoding/binary"
	"errors"
	"fmt"

	"golang.org/x/crypto/blake2b"
)

// Hash is the first half of the BLAKE2b-256 of a record's content. A cryptographic
// hash, because tenants choose content and a collision would hide a change; this
// one, because SHA-256 takes three times as long where the processor has no
// instructions for it, and was a quarter of a first sync's own work.
type Hash [16]byte

// HashOf returns the hash of a record's JSON without its stamp.
func HashOf(content []byte) Hash {
	sum := blake2b.Sum256(content)
	return Hash(sum[:16])
}

// Entry is one record of a root.
type Entry struct {
	ID     string
	Hash   Hash
	Parked bool // the index refused this content, or it is too large
}

const (
	formatVersion   = 1
	formatVersioned = 2
	flagParked      = 1
	maxIDLength     = 1024
	versionBytes    = 8
)

// Pack returns the packed form of a root's entries, of no known version.
func Pack(entries []Entry) []byte { return PackVersion(0, entries) }

// PackVersion returns the packed form of a root's entries as they are at a version
// of its rows; 0 is none.
func PackVersion(version uint64, entries []Entry) []byte {
	size := 1 + versionBytes
	for _, e := range entries {
		size += 1 + binary.MaxVarintLen16 + len(e.ID) + len(e.Hash)
	}
	b := make([]byte, 0, size)
	if version == 0 {
		b = append(b, formatVersion)
	} else {
		b = binary.BigEndian.AppendUint64(append(b, formatVersioned), version)
	}
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
	_, entries, err := UnpackVersion(b)
	return entries, err
}

// UnpackVersion is Unpack with the version that the entries belong to, 0 if none
// is known.
func UnpackVersion(b []byte) (version uint64, entries []Entry, err error) {
	if len(b) == 0 {
		return 0, nil, nil
	}
	format := b[0]
	b = b[1:]
	switch {
	case format == formatVersioned && len(b) < versionBytes:
		return 0, nil, errTruncated
	case format == formatVersioned:
		version, b = binary.BigEndian.Uint64(b), b[versionBytes:]
	case format != formatVersion:
		return 0, nil, fmt.Errorf("ledger: format %d is unknown: a newer version or another program wrote it", format)
	}
	for len(b) > 0 {
		e, rest, err := unpackOne(b)
		if err != nil {
			return 0, nil, err
		}
		entries = append(entries, e)
		b = rest
	}
	return version, entries, nil
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
