package verify

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/fault"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/entity"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/ledger"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/owner"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/run"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/source"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/store"
)

// Histories reads what our tables know of single records.
type Histories struct {
	Ledger RecordLedger
	Parked ParkedRecords
	Runs   RecordRuns
}

// RecordLedger is what is known of a record's root.
type RecordLedger interface {
	// Owners returns the roots that own shared ids.
	Owners(ctx context.Context, entity string, ids []string) (owner.Roots, error)
	// Doubts returns what is unconfirmed of the roots.
	Doubts(ctx context.Context, entity string, roots []uint64) (map[uint64]store.Doubt, error)
}

// ParkedRecords is the table of parked records.
type ParkedRecords interface {
	// Named returns the records with these ids that are parked or were.
	Named(ctx context.Context, entity string, ids []string) ([]store.Parked, error)
}

// RecordRuns is the table of runs.
type RecordRuns interface {
	// Touching returns the newest runs that had a root on their change list.
	Touching(ctx context.Context, entity string, root uint64, limit int) ([]run.Run, error)
}

// RecordReport is all that is known of one record, in source, state and index.
type RecordReport struct {
	Entity string `json:"entity"`
	ID     string `json:"objectID"`
	Root   uint64 `json:"root,string"`
	Key    string `json:"key,omitempty"` // of a root whose key is no number
	Rooted bool   `json:"rooted"`        // false: no root is known, and Root says nothing

	Source      json.RawMessage `json:"source,omitempty"` // the record as it would be built now
	Bytes       int             `json:"bytes"`
	Problem     string          `json:"problem,omitempty"` // why the row has no record
	Siblings    int             `json:"siblings"`          // other records of the root
	Ledger      string          `json:"ledger"`            // what was last pushed, in words
	Unconfirmed bool            `json:"unconfirmed"`       // the outcome of a push is unknown; the next run sends it again
	Waiting     bool            `json:"waiting"`           // its root changed since the last window
	Parked      *store.Parked   `json:"parked,omitempty"`
	Index       json.RawMessage `json:"index,omitempty"` // nil if the index does not hold it
	Differences []string        `json:"differences"`     // fields in which the index differs
	Runs        []RecordRun     `json:"runs"`            // the newest that touched its root
	AsOf        *time.Time      `json:"asOf,omitempty"`
	Found       bool            `json:"found"` // a search can find its present content
	Why         string          `json:"why"`
}

// RecordRun is a run as a report names it.
type RecordRun struct {
	run.Answer
	Kind run.Kind `json:"kind"`
}

// touching is how many runs a report names.
const touching = 5

// Record reports all that is known of a record. roots name where to look for it; without
// any the record is looked for by what its id and our tables say.
func (v *Verifier) Record(ctx context.Context, h Histories, d entity.Definition, id string, roots []uint64) (RecordReport, error) {
	r := RecordReport{Entity: d.Name, ID: id, Differences: []string{}, Runs: []RecordRun{}}
	d, err := v.formed(ctx, d)
	if err != nil {
		return r, err
	}
	objects, err := v.Index.Objects(ctx, d.Index, []string{id})
	if err != nil {
		return r, err
	}
	r.Index = objects[id]
	if len(roots) == 0 {
		if roots, err = v.candidates(ctx, h, d, id, r.Index); err != nil {
			return r, err
		}
	}
	if err := v.fromSource(ctx, d, &r, roots); err != nil {
		return r, err
	}
	if err := v.fromState(ctx, h, d, &r, roots); err != nil {
		return r, err
	}
	if r.Differences, err = differences(d, r.Source, r.Index); err != nil {
		return r, err
	}
	r.Found, r.Why = r.verdict(d)
	return r, nil
}

// candidates returns the roots that a record may belong to.
func (v *Verifier) candidates(ctx context.Context, h Histories, d entity.Definition, id string, object []byte) ([]uint64, error) {
	owners, err := h.Ledger.Owners(ctx, d.Name, []string{id})
	if err != nil {
		return nil, err
	}
	var roots []uint64
	if owner, ok := owners[id]; ok {
		roots = append(roots, owner)
	}
	parked, err := h.Parked.Named(ctx, d.Name, []string{id})
	if err != nil {
		return nil, err
	}
	for _, p := range parked {
		roots = append(roots, p.Root)
	}
	if object != nil {
		if doc, err := read(d, object); err == nil && doc.rooted {
			roots = append(roots, doc.root)
		}
	}
	roots = append(roots, owner.Numbers(id)...)
	slices.Sort(roots)
	return slices.Compact(roots), nil
}

// fromSource reads the record as it would be built now.
func (v *Verifier) fromSource(ctx context.Context, d entity.Definition, r *RecordReport, roots []uint64) error {
	rows, err := v.Rows.Rows(ctx, d, roots)
	if err != nil {
		return err
	}
	at := slices.IndexFunc(rows.Records, func(one source.Record) bool { return one.ID == r.ID })
	if at < 0 {
		return nil
	}
	found := rows.Records[at]
	r.Root, r.Rooted, r.Source, r.Bytes, r.Problem = found.Root, true, found.Body, len(found.Body), found.Problem
	for _, one := range rows.Records {
		if one.Root == r.Root && one.ID != r.ID {
			r.Siblings++
		}
	}
	return nil
}

// fromState reads what our tables know of the record.
func (v *Verifier) fromState(ctx context.Context, h Histories, d entity.Definition, r *RecordReport, roots []uint64) error {
	if r.Rooted {
		roots = []uint64{r.Root}
	}
	r.Ledger = neverPushed
	rows, err := v.Ledger.LedgerRows(ctx, d.Name, roots)
	if err != nil {
		return err
	}
	for _, row := range rows {
		entries, err := ledger.Unpack(row.Packed)
		if err != nil {
			r.Ledger = "its root's row cannot be read; repair it: returnsync repair --entity " + d.Name
			continue
		}
		at := find(entries, r.ID, 0)
		if at < 0 {
			continue
		}
		r.Root, r.Rooted = row.Root, true
		now := source.Record{Body: r.Source, Problem: r.Problem}
		r.Ledger = ledgerWords(entries[at], contentHash(d, &now), r.Source != nil || r.Problem != "")
	}
	parked, err := h.Parked.Named(ctx, d.Name, []string{r.ID})
	if err != nil {
		return err
	}
	if len(parked) > 0 && parked[0].ResolvedAt == nil {
		r.Parked = &parked[0]
	}
	if r.AsOf, err = v.Claims.AsOf(ctx, d.JobType); err != nil || !r.Rooted {
		return err
	}
	doubts, err := h.Ledger.Doubts(ctx, d.Name, []uint64{r.Root})
	if err != nil {
		return err
	}
	doubt, unconfirmed := doubts[r.Root]
	r.Unconfirmed = unconfirmed && (doubt.Whole || slices.Contains(doubt.IDs, r.ID))
	if r.AsOf != nil {
		changed, err := v.Roots.ChangedSince(ctx, d, *r.AsOf, []uint64{r.Root})
		if err != nil {
			return err
		}
		r.Waiting = changed[r.Root]
	}
	runs, err := h.Runs.Touching(ctx, d.Name, r.Root, touching)
	for _, one := range runs {
		r.Runs = append(r.Runs, RecordRun{one.Answer(), one.Kind})
	}
	return err
}

// neverPushed is what a report says of a record that the ledger does not list.
const neverPushed = "it was never pushed"

// ledgerWords says what a ledger's entry means.
func ledgerWords(e ledger.Entry, now ledger.Hash, there bool) string {
	what := "pushed"
	if e.Parked {
		what = "parked"
	}
	switch {
	case !there:
		return "it was " + what + ", and the source has no row for it any more"
	case e.Hash == now:
		return "it was " + what + " with its present content"
	}
	return "it was " + what + " with other content"
}

// differences returns the fields in which the index's record differs from the source's.
func differences(d entity.Definition, want, have []byte) ([]string, error) {
	list := []string{}
	if want == nil || have == nil {
		return list, nil
	}
	var a, b map[string]json.RawMessage
	if json.Unmarshal(want, &a) != nil || json.Unmarshal(have, &b) != nil {
		return list, fault.New(fault.Retry, "bad-record", "a record of %s is not a JSON object", d.Name)
	}
	for name := range b {
		if _, ok := a[name]; !ok {
			a[name] = nil
		}
	}
	for name := range a {
		if name == d.Stamp {
			continue
		}
		one, err := read(entity.Definition{Name: d.Name}, field(name, a[name]))
		if err != nil {
			return list, err
		}
		other, err := read(entity.Definition{Name: d.Name}, field(name, b[name]))
		if err != nil {
			return list, err
		}
		if one.sum != other.sum {
			list = append(list, fmt.Sprintf("%s: the source says %s, the index %s", name, orAbsent(a[name]), orAbsent(b[name])))
		}
	}
	slices.Sort(list)
	return list, nil
}

// field returns an object with one field, an empty one for none.
func field(name string, value json.RawMessage) []byte {
	if value == nil {
		return []byte("{}")
	}
	text, _ := json.Marshal(map[string]json.RawMessage{name: value}) // decoded JSON always encodes
	return text
}

// orAbsent prints a value, and a word for none.
func orAbsent(value json.RawMessage) string {
	if value == nil {
		return "nothing"
	}
	return string(bytes.TrimSpace(value))
}

// verdict says whether a search finds the record's present content, and why.
func (r RecordReport) verdict(d entity.Definition) (bool, string) {
	there, indexed := r.Source != nil || r.Problem != "", r.Index != nil
	repair := "; repair it: returnsync repair --deep --entity " + d.Name
	switch {
	case !there && !indexed:
		return false, "the source has no row for it: it never existed, was deleted, or rows.sql leaves it out (name its root with --root if the id does not say it)"
	case r.Parked != nil:
		return false, "it is parked (" + r.Parked.Reason + "): " + strings.TrimSuffix(r.Parked.Detail, ".") + "; correct its row, then: returnsync parked retry"
	case r.Problem != "":
		return false, "its row has no record: " + r.Problem
	case there && r.Bytes > d.RecordLimit:
		return false, fmt.Sprintf("it has %d bytes, and the limit is %d: the next run parks it", r.Bytes, d.RecordLimit)
	case r.Unconfirmed:
		return false, "the outcome of its last push is unknown: the next run sends it again"
	case there && indexed && len(r.Differences) == 0:
		return true, "the index holds its present content"
	case r.Waiting:
		return false, "its root changed after the last window: the next run brings the change"
	case !there:
		return false, "the index holds it, and the source has no row for it: an orphan" + repair
	case r.AsOf == nil:
		return false, "the entity was never synced"
	case !indexed && r.Ledger == neverPushed:
		return false, "no run has pushed it: its stamp lies outside of every window, or changed.sql does not find its root" + repair
	case !indexed:
		return false, "the ledger lists it, and the index does not hold it: it was lost behind the pipeline's back" + repair
	}
	return false, "the index holds other content than the source, and no run is due for it" + repair
}
