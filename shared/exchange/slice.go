package exchange

import (
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"gitlab.com/eshopbox-team/return-sync/shared/fault"
)

// Slice is a named set of grains. Field names are those of the public program's JSON.
type Slice struct {
	ID   ID     `json:"id"`
	Name string `json:"slice_name"`
	Type string `json:"slice_type"` // see SliceTypes
	// Hash and Count are as of the last refresh (primary) or swap (secondary).
	Hash  string    `json:"content_hash"`
	Count int       `json:"content_count"`
	Date  time.Time `json:"content_date"` // the moment that the content is as of
	// AllowSync is false while the primary's slice is being edited.
	AllowSync bool              `json:"allow_sync"`
	Status    string            `json:"sync_status"` // none, updating, success, error
	LastTry   time.Time         `json:"last_sync_attempt"`
	LastGood  time.Time         `json:"last_good_sync"`
	CreatedAt time.Time         `json:"created_at"`
	UpdatedAt time.Time         `json:"updated_at"`
	Metadata  map[string]string `json:"metadata,omitempty"`
	// Digest is Proof.Digest. The public program does not know it.
	Digest string `json:"content_digest,omitempty"`
}

// Proof returns what a slice's row says about its content.
func (s *Slice) Proof() Proof { return Proof{Hash: s.Hash, Digest: s.Digest, Count: s.Count} }

// The states of a slice's last sync.
const (
	StatusNone     = "none"
	StatusUpdating = "updating"
	StatusSuccess  = "success"
	StatusError    = "error"
)

// DefaultType is the type of a slice that is made of an entity's records.
const DefaultType = "asset-files"

// SliceTypes lists the types that a slice may have.
func SliceTypes() []string {
	return []string{
		"aces-file", "aces-items", DefaultType, "pies-file", "pies-items", "pies-marketcopy", "pies-pricesheet", "partspro-file",
	}
}

// The bounds of names and metadata, in bytes and entries.
const (
	MinName     = 3
	MaxName     = 120
	MaxMetadata = 100
	maxValue    = 1000
)

// CleanName returns a name as it is stored: without outer space, in lower case.
func CleanName(name string) (string, error) {
	name = strings.ToLower(strings.TrimSpace(name))
	if len(name) < MinName || len(name) > MaxName || !utf8.ValidString(name) || strings.ContainsFunc(name, unicode.IsControl) {
		return "", fault.New(fault.Invalid, "bad-name", "a name must have %d to %d bytes and no control characters", MinName, MaxName)
	}
	return name, nil
}

// CheckType refuses a type that no slice has.
func CheckType(name string) error {
	if !slices.Contains(SliceTypes(), name) {
		return fault.New(fault.Invalid, "bad-slice-type", "slice_type must be one of %s", strings.Join(SliceTypes(), ", ")).WithParam("slice_type")
	}
	return nil
}

// CheckMetadata refuses metadata that is too much or not text.
func CheckMetadata(meta map[string]string) error {
	if len(meta) > MaxMetadata {
		return fault.New(fault.TooLarge, "metadata-too-large", "a slice has at most %d entries of metadata", MaxMetadata)
	}
	for key, value := range meta {
		if key == "" || len(key) > MaxKey || len(value) > maxValue || !utf8.ValidString(key+value) || strings.ContainsRune(key+value, 0) {
			return fault.New(fault.Invalid, "bad-metadata", "a key of metadata must have 1 to %d bytes and its value at most %d", MaxKey, maxValue)
		}
	}
	return nil
}
