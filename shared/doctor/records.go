package doctor

import (
	"context"
	"fmt"
	"slices"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/sync/entity"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/source"
	"gitlab.com/eshopbox-team/return-sync/shared/window"
)

// sampleRoots is the number of newest roots whose records are built.
const sampleRoots = 2000

// smallestPlan is the size limit of records, in bytes, of the smallest Algolia plan.
const smallestPlan = 10_000

// Reader reads the current records of roots.
type Reader interface {
	// Rows returns the records of the roots with these ids.
	Rows(ctx context.Context, d entity.Definition, ids []uint64) (source.Rows, error)
	// ChangedIn returns roots that changed in a window, at most limit.
	ChangedIn(ctx context.Context, d entity.Definition, w window.Window, limit int) ([]uint64, error)
	// RootNames returns the keys of roots that are no numbers.
	RootNames(ctx context.Context, d entity.Definition, roots []uint64) (map[uint64]string, error)
}

// sizes are the sizes of a sample of records.
type sizes struct {
	records, over, near, broken int
	largest                     int
	largestID, problem          string
}

// Records builds the records of the newest roots, as the process function does,
// and compares their bytes with the definition's limit.
func Records(ctx context.Context, r Reader, d entity.Definition, now time.Time) []Finding {
	ids, err := newest(ctx, r, d, now, sampleRoots)
	if err != nil {
		return blind("the newest roots of "+d.Name, err, "")
	}
	var s sizes
	for part := range slices.Chunk(ids, d.PageSize) {
		rows, err := r.Rows(ctx, d, part)
		if err != nil {
			return blind("the records of "+d.Name, err, "")
		}
		for _, one := range rows.Records {
			s.add(one, d)
		}
	}
	return s.judge(d, len(ids))
}

// add counts one record with its size in a push, which includes the stamp.
func (s *sizes) add(one source.Record, d entity.Definition) {
	s.records++
	if one.Problem != "" {
		s.broken++
		s.problem = one.ID + ": " + one.Problem
		return
	}
	n := len(one.Body)
	if d.Stamp != "" {
		n += len(`,"":1234567890123`) + len(d.Stamp)
	}
	if n > s.largest {
		s.largest, s.largestID = n, one.ID
	}
	switch {
	case n > d.RecordLimit:
		s.over++
	case n > d.RecordLimit*9/10:
		s.near++
	}
}

// judge returns the findings of a sample.
func (s *sizes) judge(d entity.Definition, roots int) []Finding {
	var found []Finding
	add := func(severity Severity, message, do string) {
		found = append(found, Finding{Severity: severity, Message: message, Do: do})
	}
	if d.RecordLimit > smallestPlan {
		add(Info, fmt.Sprintf("%s: recordLimit is %d bytes; Algolia's smaller plans allow %d", d.Name, d.RecordLimit, smallestPlan),
			"make sure that your plan allows records of that size; otherwise the index refuses them")
	}
	if s.over > 0 {
		add(Warn, fmt.Sprintf("%s: %d of %d records are larger than the limit of %d bytes and are kept out; the largest is %s with %d",
			d.Name, s.over, s.records, d.RecordLimit, s.largestID, s.largest), "select fewer or shorter columns in rows.sql, or raise recordLimit if your plan allows that")
	}
	if s.near > 0 {
		add(Warn, fmt.Sprintf("%s: %d of %d records are within a tenth of the limit of %d bytes; the largest is %s with %d",
			d.Name, s.near, s.records, d.RecordLimit, s.largestID, s.largest), "shorten them before they exceed the limit")
	}
	if s.broken > 0 {
		add(Warn, fmt.Sprintf("%s: %d of %d records have no JSON form and are kept out, such as %s", d.Name, s.broken, s.records, s.problem), "correct the rows, or the column in rows.sql")
	}
	if roots == 0 {
		add(Info, d.Name+": there is no row to build a record from", "")
	}
	return orOK(found, "%s: the largest of the newest %d records has %d of %d bytes", d.Name, s.records, s.largest, d.RecordLimit)
}
