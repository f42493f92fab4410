package exchange

import (
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"gitlab.com/eshopbox-team/return-sync/shared/fault"
)

// Grain is an immutable piece of a slice's content. Field names and forms are those
// of the public program's JSON.
type Grain struct {
	ID       ID     `json:"id"`
	SliceID  ID     `json:"slice_id"`
	Key      string `json:"grain_key"` // unique in its slice
	Source   string `json:"source"`    // such as a file's name
	Encoding string `json:"encoding"`  // of the payload, see Encodings
	// PayloadLen is the length of the encoded payload in bytes.
	PayloadLen int       `json:"payload_len"`
	Payload    string    `json:"payload,omitempty"`
	CreatedAt  time.Time `json:"created_at"`
}

// The encodings of a payload. The two of base 85 are kept as they come: the public
// program's own writer of them is broken.
const (
	EncodingRaw = "raw" // the text itself
	EncodingB64 = "b64" // base64 without padding
	EncodingZ64 = "z64" // gzip, then base64 without padding
)

// Encodings lists the encodings that a grain may have.
func Encodings() []string { return []string{EncodingRaw, EncodingB64, EncodingZ64, "a85", "z85"} }

// The bounds of a grain, in bytes. A payload fits into a statement of a server with
// MySQL's default packet, whatever characters have to be escaped.
const (
	MaxKey     = 190
	MaxSource  = 255
	MaxPayload = 4 << 20
)

// Check reports what is wrong with a grain.
func (g *Grain) Check() error {
	switch {
	case g.ID == First:
		return fault.New(fault.Invalid, "bad-grain", "a grain needs an id")
	case g.Key == "" || len(g.Key) > MaxKey || !utf8.ValidString(g.Key):
		return fault.New(fault.Invalid, "bad-grain", "grain %s: grain_key must have 1 to %d bytes", g.ID, MaxKey)
	case len(g.Source) > MaxSource || !utf8.ValidString(g.Source):
		return fault.New(fault.Invalid, "bad-grain", "grain %s: source must have at most %d bytes", g.ID, MaxSource)
	case !slices.Contains(Encodings(), g.Encoding):
		return fault.New(fault.Invalid, "bad-grain", "grain %s: encoding must be one of %s", g.ID, strings.Join(Encodings(), ", "))
	case len(g.Payload) > MaxPayload:
		return fault.New(fault.TooLarge, "grain-too-large", "grain %s: the payload has more than %d bytes", g.ID, MaxPayload)
	case !utf8.ValidString(g.Payload) || strings.ContainsRune(g.Payload, 0):
		return fault.New(fault.Invalid, "bad-grain", "grain %s: the payload must be UTF-8 without NUL", g.ID)
	}
	return nil
}
