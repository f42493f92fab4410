package exchange

import (
	"crypto/sha256"
	"encoding/hex"

	"github.com/google/uuid"

	"gitlab.com/eshopbox-team/return-sync/shared/fault"
)

// ID names a company, a slice, a subscription or a grain.
type ID = uuid.UUID

// First and Last are the lowest and the highest id. No grain has the id First.
var (
	First = ID{}
	Last  = uuid.Max
)

// idLength is the length of an id in its one accepted form.
const idLength = 36

// ParseID reads an id in the form 2bea8308-1840-4802-ad38-72b53e31594c. Other forms
// of a UUID (braces, urn:, without hyphens) are refused: an address or a command
// names one thing in one way.
func ParseID(text string) (ID, error) {
	if len(text) == idLength {
		if id, err := uuid.Parse(text); err == nil {
			return id, nil
		}
	}
	return ID{}, fault.New(fault.Invalid, "bad-id", "Invalid uuid: write it as 2bea8308-1840-4802-ad38-72b53e31594c")
}

// NewID returns a random id (version 4).
func NewID() ID { return uuid.New() }

// GrainID returns the id of a grain that is made of a record: a UUID of version 5 in
// the slice's name space, over the record's key and the hash of its content. New
// content is therefore a new grain, and equal content is the same grain on every
// server.
func GrainID(slice ID, key string, content []byte) ID {
	sum := sha256.Sum256(content)
	return uuid.NewSHA1(slice, []byte(key+"\x00"+hex.EncodeToString(sum[:])))
}

// less reports whether an id stands before another in the order of bytes, which is
// the order of a slice's grains everywhere.
func less(a, b ID) bool { return string(a[:]) < string(b[:]) }
