package rootlist

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
)

// The roots of a page of a change list are stored in packed form: 500 roots that lie
// close together are half a kilobyte. The form is
//
//	format (1 byte), then as uvarints the number of roots, the first root and the gap
//	to each further one, then the CRC-32C of all these bytes (4 bytes)
//
// The checksum makes an error of every changed byte: a gap that reads as another would
// have a root left out and another one synced for it.
const (
	packedFormat = 1
	sumBytes     = 4
)

// castagnoli is the table of the checksum.
var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// errPacked is a packed list that was changed or cut.
var errPacked = errors.New("rootlist: the packed roots are damaged")

// Pack returns the packed form of roots that are in order, each once.
func Pack(roots []uint64) []byte {
	b := make([]byte, 0, 1+2*binary.MaxVarintLen64+2*len(roots)+sumBytes)
	b = binary.AppendUvarint(append(b, packedFormat), uint64(len(roots)))
	var last uint64
	for _, root := range roots {
		b = binary.AppendUvarint(b, root-last)
		last = root
	}
	return binary.BigEndian.AppendUint32(b, crc32.Checksum(b, castagnoli))
}

// Unpack reads the packed form.
func Unpack(b []byte) ([]uint64, error) {
	if len(b) <= sumBytes || crc32.Checksum(b[:len(b)-sumBytes], castagnoli) != binary.BigEndian.Uint32(b[len(b)-sumBytes:]) {
		return nil, errPacked
	}
	if b[0] != packedFormat {
		return nil, fmt.Errorf("rootlist: format %d of packed roots is unknown: a newer version wrote it", b[0])
	}
	b = b[1 : len(b)-sumBytes]
	count, used := binary.Uvarint(b)
	if used <= 0 || count > uint64(len(b)-used) { // a root takes at least one byte
		return nil, errPacked
	}
	b = b[used:]
	roots := make([]uint64, count)
	var last uint64
	for i := range roots {
		gap, used := binary.Uvarint(b)
		if used <= 0 || last+gap < last || i > 0 && gap == 0 {
			return nil, errPacked
		}
		last += gap
		roots[i], b = last, b[used:]
	}
	if len(b) > 0 {
		return nil, errPacked
	}
	return roots, nil
}
