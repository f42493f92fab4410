package search

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"net/http"

	"gitlab.com/eshopbox-team/return-sync/shared/fault"
)

// body reads a request's body within its limit. Browsers send JSON as
// text/plain to spare the preflight, so its declared type says nothing.
func (f *function) body(r *http.Request) ([]byte, error) {
	if encoding := r.Header.Get("Content-Encoding"); encoding != "" && encoding != "identity" {
		return nil, fault.New(fault.Invalid, "bad-encoding", "send the body as it is, without Content-Encoding")
	}
	body, err := io.ReadAll(http.MaxBytesReader(nil, r.Body, f.Limits.MaxBody))
	var large *http.MaxBytesError
	if errors.As(err, &large) {
		return nil, fault.New(fault.TooLarge, "body-too-large", "the body has more than %d bytes; ask for less at once", f.Limits.MaxBody)
	}
	return body, fault.Wrap(err, fault.Invalid, "bad-request", "the body broke off")
}

// pseudonym returns a name that tells users apart and says nothing of them.
func pseudonym(user string) string {
	sum := sha256.Sum256([]byte(user))
	return hex.EncodeToString(sum[:12])
}
