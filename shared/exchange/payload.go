package exchange

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"io"
	"strings"

	"gitlab.com/eshopbox-team/return-sync/shared/fault"
)

// Level1Key is the key of the one grain of a slice that holds a whole file.
const Level1Key = "level-1"

// FileGrain returns the grain of a file: compressed, with the file's name as its
// source. The id follows from the content, so the same file is the same grain.
func FileGrain(slice ID, source string, content []byte) (Grain, error) {
	var packed bytes.Buffer
	w, err := gzip.NewWriterLevel(&packed, gzip.BestCompression)
	if err != nil {
		return Grain{}, err
	}
	if _, err := w.Write(content); err != nil {
		return Grain{}, err
	}
	if err := w.Close(); err != nil {
		return Grain{}, err
	}
	g := Grain{
		ID: GrainID(slice, Level1Key, content), SliceID: slice, Key: Level1Key, Source: source,
		Encoding: EncodingZ64, Payload: base64.RawStdEncoding.EncodeToString(packed.Bytes()),
	}
	g.PayloadLen = len(g.Payload)
	return g, g.Check()
}

// maxFile bounds what a compressed payload may unfold to, in bytes.
const maxFile = 1 << 30

// WriteTo writes a grain's content, decoded, and returns its length. Base64 is read
// with and without padding. An encoding of base 85 is refused: no two programs agree
// on it.
func (g *Grain) WriteTo(w io.Writer) (int64, error) {
	var content io.Reader = strings.NewReader(g.Payload)
	if g.Encoding == EncodingB64 || g.Encoding == EncodingZ64 {
		content = base64.NewDecoder(base64.RawStdEncoding, strings.NewReader(strings.TrimRight(g.Payload, "=")))
	}
	switch g.Encoding {
	case EncodingRaw, EncodingB64:
	case EncodingZ64:
		unpacked, err := gzip.NewReader(content)
		if err != nil {
			return 0, g.unreadable(err)
		}
		content = unpacked
	default:
		return 0, fault.New(fault.Invalid, "bad-encoding", "grain %s: the encoding %s cannot be decoded; use raw, b64 or z64", g.ID, g.Encoding)
	}
	n, err := io.Copy(w, io.LimitReader(content, maxFile+1))
	if err == nil && n > maxFile {
		return n, fault.New(fault.TooLarge, "grain-too-large", "grain %s unfolds to more than %d bytes", g.ID, maxFile)
	}
	return n, g.unreadable(err)
}

// unreadable is the error of a payload that is not in its encoding.
func (g *Grain) unreadable(err error) error {
	return fault.Wrap(err, fault.Invalid, "bad-payload", "grain "+g.ID.String()+": the payload is not "+g.Encoding)
}
