package verify

import (
	"gitlab.com/eshopbox-team/return-sync/shared/sync/entity"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/ledger"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/source"
)

// finding is the difference of one record in the ledger.
type finding struct {
	id      string
	kind    Kind
	account string
}

// verdict is the result of a comparison of a root with the ledger.
type verdict struct {
	findings        []finding
	parked          []string // ids that the ledger lists as parked, whatever their content
	parkedCorrectly int64    // parked with their present content
}

// contentHash returns the hash that the ledger should have of a record.
func contentHash(d entity.Definition, r *source.Record) ledger.Hash {
	if r.Problem != "" {
		return d.Hasher.Of([]byte(r.Problem))
	}
	return d.Hasher.Of(r.Body)
}

// compareRoot compares a root's records with its packed row of the ledger; nil is an
// absent row.
func compareRoot(d entity.Definition, records []source.Record, packed []byte) verdict {
	var v verdict
	entries, err := ledger.Unpack(packed)
	if err != nil {
		v.findings = append(v.findings, finding{kind: Unreadable, account: accountOfAny(d, records)})
		return v
	}
	seen := make([]bool, len(entries))
	for i := range records {
		r := &records[i]
		at := find(entries, r.ID, i)
		if at < 0 {
			v.findings = append(v.findings, finding{r.ID, Missing, accountOf(d, r.Body)})
			continue
		}
		seen[at] = true
		same := entries[at].Hash == contentHash(d, r)
		if entries[at].Parked {
			v.parked = append(v.parked, r.ID)
			if same {
				v.parkedCorrectly++
			}
		}
		if !same {
			v.findings = append(v.findings, finding{r.ID, Different, accountOf(d, r.Body)})
		}
	}
	for i, e := range entries {
		if !seen[i] {
			v.findings = append(v.findings, finding{e.ID, Orphaned, accountOfAny(d, records)})
		}
		if !seen[i] && e.Parked {
			v.parked = append(v.parked, e.ID)
		}
	}
	return v
}

// find returns the position of an id's entry, -1 if absent. Rows and entries usually
// have the same order, so guess is tried first.
func find(entries []ledger.Entry, id string, guess int) int {
	if guess < len(entries) && entries[guess].ID == id {
		return guess
	}
	for i := range entries {
		if entries[i].ID == id {
			return i
		}
	}
	return -1
}

// accountOfAny returns the tenant of a root's records; they share one.
func accountOfAny(d entity.Definition, records []source.Record) string {
	for i := range records {
		if a := accountOf(d, records[i].Body); a != "" {
			return a
		}
	}
	return ""
}

// stampRoom is the size of a stamp in bytes, without its name.
const stampRoom = len(`,"":`) + len("1700000000000")

// indexable reports whether the index accepts a record. A record without a JSON form or
// above the limit is parked, and its older version in the index is not compared.
func indexable(d entity.Definition, r *source.Record) bool {
	size := len(r.Body)
	if d.Stamp != "" {
		size += len(d.Stamp) + stampRoom
	}
	return r.Problem == "" && size <= d.RecordLimit
}
