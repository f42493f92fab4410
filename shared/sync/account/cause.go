package account

import (
	"regexp"
	"strings"
)

// particular is what differs between records that are parked for the same cause: quoted
// texts, ids and numbers.
var particular = regexp.MustCompile(`"[^"]*"|'[^']*'|objectID=\S+|[\p{L}_-]*\d[\p{L}\d._/-]*`)

// Cause returns what a parked record has in common with others: its detail without the
// record's own ids, texts and numbers.
func (p Parked) Cause() string {
	return strings.TrimSpace(particular.ReplaceAllStringFunc(p.Detail, func(found string) string {
		if strings.HasPrefix(found, "objectID=") {
			return "objectID=…"
		}
		return "…"
	}))
}
