package exchange

import (
	"crypto/sha256"
	"encoding/hex"
	"hash"
	"iter"

	"gitlab.com/eshopbox-team/return-sync/shared/fault"
)

// Range is the ids behind After up to and with Upto.
type Range struct {
	After ID `json:"after"`
	Upto  ID `json:"upto"`
}

// Whole is the range of all ids.
var Whole = Range{Upto: Last}

// has reports whether an id is in the range.
func (r Range) has(id ID) bool { return less(r.After, id) && !less(r.Upto, id) }

// Piece is a part of a range: the ids behind the piece before it, up to and with
// Upto.
type Piece struct {
	Upto  ID     `json:"upto"`
	Count int    `json:"count"`
	Sum   string `json:"sum"` // the first 16 bytes of SHA-256 over the ids, in hexadecimal
}

// FanOut is how many pieces a range is cut into. A piece of a million ids then fits
// into one page of ids, and the answer with the pieces has about 50 KiB.
const FanOut = 512

// piece sums the ids of one piece.
type piece struct {
	hash  hash.Hash
	count int
	last  ID
}

func newPiece() *piece { return &piece{hash: sha256.New()} }

func (p *piece) add(id ID) {
	p.hash.Write(id[:])
	p.count++
	p.last = id
}

func (p *piece) end(upto ID) Piece {
	const sumBytes = 16
	return Piece{Upto: upto, Count: p.count, Sum: hex.EncodeToString(p.hash.Sum(nil)[:sumBytes])}
}

// Cut cuts a range's ids, of which there are about count, into at most FanOut pieces
// of about equally many. Cutting by number and not by prefix keeps pieces even
// whatever the ids look like. The last piece reaches to the end of the range.
func Cut(r Range, count int, ids iter.Seq2[ID, error]) ([]Piece, error) {
	size := max(1, (count+FanOut-1)/FanOut)
	var pieces []Piece
	open := newPiece()
	for id, err := range ids {
		if err != nil {
			return nil, err
		}
		if open.count >= size && len(pieces) < FanOut-1 {
			pieces = append(pieces, open.end(open.last))
			open = newPiece()
		}
		open.add(id)
	}
	return append(pieces, open.end(r.Upto)), nil
}

// Difference is a part of a range in which two slices differ.
type Difference struct {
	Range
	There, Here int // ids of the other side and of ours
}

// Differ returns the pieces of the other side that differ from our ids of the same
// range, in ascending order. Pieces that do not cover the range in order are an
// error.
func Differ(r Range, pieces []Piece, ids iter.Seq2[ID, error]) ([]Difference, error) {
	if err := covered(r, pieces); err != nil {
		return nil, err
	}
	var differences []Difference
	after, open := r.After, newPiece()
	endFirst := func() { // of the pieces that are left
		there := pieces[0]
		if here := open.end(there.Upto); here != there {
			differences = append(differences, Difference{Range{after, there.Upto}, there.Count, here.Count})
		}
		after, open, pieces = there.Upto, newPiece(), pieces[1:]
	}
	for id, err := range ids {
		if err != nil {
			return nil, err
		}
		for len(pieces) > 0 && less(pieces[0].Upto, id) {
			endFirst()
		}
		open.add(id)
	}
	for len(pieces) > 0 {
		endFirst()
	}
	return differences, nil
}

// covered refuses pieces that do not cover a range once.
func covered(r Range, pieces []Piece) error {
	if len(pieces) == 0 || len(pieces) > FanOut || pieces[len(pieces)-1].Upto != r.Upto {
		return fault.New(fault.Invalid, "bad-pieces", "the pieces do not cover the range that was asked for")
	}
	after := r.After
	for _, p := range pieces {
		if !less(after, p.Upto) || p.Count < 0 {
			return fault.New(fault.Invalid, "bad-pieces", "the pieces are not in ascending order")
		}
		after = p.Upto
	}
	return nil
}
