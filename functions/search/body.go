package search

import (
	"crypto/sha256"
	"encoding/hex"
)

// pseudonym returns a name that separates users and does not identify them.
func pseudonym(user string) string {
	sum := sha256.Sum256([]byte(user))
	return hex.EncodeToString(sum[:12])
}
