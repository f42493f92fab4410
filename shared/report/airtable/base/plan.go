package base

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"gitlab.com/eshopbox-team/return-sync/shared/report/airtable"
)

// Row is a row of our tables as the base shows it. Values are string, float64, bool or
// nil, by column; empty ones and unchecked boxes are nil.
type Row struct {
	Key    string
	Values map[string]any
}

// Shadow is the version of a row on which both sides agreed last. A row that people
// added and that is left alone has a key of its own and no values.
type Shadow struct {
	Key    string
	Record string // its id in the base
	Values map[string]any
}

// foreign is the key of a row of the base that is left alone.
func foreign(record string) string { return "?" + record }

// change is what a person changed in a row.
type change struct {
	key    string
	values map[string]any // by column
}

// plan is what a comparison found.
type plan struct {
	edits []change          // to make on our side
	added []airtable.Record // rows that people added
	gone  []Shadow          // rows that people deleted
	seen  []Shadow          // shadows after what was seen, to store with notes
	notes []string
	// theirs are the base's values of our rows by key, and records their ids.
	theirs  map[string]map[string]any
	records map[string]string
}

// compare compares the versions of a table's rows. With whole, theirs are all rows of
// the base, else those that changed lately; the others are as their shadows.
func (s Sheet) compare(rows []Row, theirs []airtable.Record, shadows []Shadow, whole bool) plan {
	p := plan{theirs: map[string]map[string]any{}, records: map[string]string{}}
	byRecord, byKey := map[string]Shadow{}, map[string]Shadow{}
	for _, one := range shadows {
		byRecord[one.Record], byKey[one.Key] = one, one
	}
	present := map[string]airtable.Record{}
	for _, r := range theirs {
		present[r.ID] = r
	}
	known := map[string]Row{}
	for _, row := range rows {
		known[row.Key] = row
	}
	for _, r := range theirs {
		shadow, agreed := byRecord[r.ID]
		if agreed && strings.HasPrefix(shadow.Key, "?") {
			continue
		}
		if !agreed {
			shadow = Shadow{Key: s.keyOf(r), Record: r.ID}
			_, exists := known[shadow.Key]
			other, shadowed := byKey[shadow.Key]
			_, stands := present[other.Record]
			_, twice := p.records[shadow.Key]
			if !exists || shadowed && (stands || !whole) || twice {
				p.added = append(p.added, r)
				continue
			}
		}
		row, exists := known[shadow.Key]
		if !exists {
			continue // it was deleted on our side, or is none of these
		}
		p.theirs[row.Key], p.records[row.Key] = s.values(r), r.ID
		if agreed {
			p.judge(s, row, shadow)
		}
	}
	for _, one := range shadows {
		if _, stands := present[one.Record]; stands || strings.HasPrefix(one.Key, "?") {
			continue
		}
		switch _, exists := known[one.Key]; {
		case whole:
			if _, again := p.records[one.Key]; exists && !again {
				p.gone = append(p.gone, one)
			}
		case exists:
			p.theirs[one.Key], p.records[one.Key] = one.Values, one.Record
		}
	}
	return p
}

// judge compares one row with its shadow.
func (p *plan) judge(s Sheet, row Row, shadow Shadow) {
	theirs, seen := p.theirs[row.Key], Shadow{shadow.Key, shadow.Record, maps.Clone(shadow.Values)}
	edit := change{key: row.Key, values: map[string]any{}}
	noted := len(p.notes)
	for _, c := range s.Columns {
		was, is, mine := shadow.Values[c.Name], theirs[c.Name], row.Values[c.Name]
		switch {
		case same(is, was) || same(is, mine):
			continue
		case !c.People:
			p.notes = append(p.notes, fmt.Sprintf("%s: %s of %s was changed to %s and is not people's: put back to %s", s.Name, c.Name, name(row), said(is), said(mine)))
		case !same(mine, was):
			p.notes = append(p.notes, fmt.Sprintf("%s: %s of %s was changed on both sides, to %s in the base and to %s here: %s stays", s.Name, c.Name, name(row), said(is), said(mine), said(mine)))
		default:
			edit.values[c.Name] = is
			continue
		}
		if seen.Values == nil {
			seen.Values = map[string]any{}
		}
		seen.Values[c.Name] = is
	}
	if len(edit.values) > 0 {
		p.edits = append(p.edits, edit)
	}
	if len(p.notes) > noted {
		p.seen = append(p.seen, seen)
	}
}

// keyOf returns the key of a row of the base.
func (s Sheet) keyOf(r airtable.Record) string {
	if n, ok := r.Fields[s.Key].(float64); ok {
		return fmt.Sprint(int64(n))
	}
	return r.Text(s.Key)
}

// values returns a row of the base by the sheet's columns.
func (s Sheet) values(r airtable.Record) map[string]any {
	out := make(map[string]any, len(s.Columns))
	for _, c := range s.Columns {
		if value := r.Fields[c.Name]; value != nil && value != false && value != "" {
			out[c.Name] = value
		}
	}
	return out
}

// differing returns the columns in which our row differs from the base's, with our
// values.
func (s Sheet) differing(row Row, theirs map[string]any) map[string]any {
	out := map[string]any{}
	for _, c := range s.Columns {
		if !same(row.Values[c.Name], theirs[c.Name]) {
			out[c.Name] = row.Values[c.Name]
		}
	}
	return out
}

// same reports whether two values are the same cell. Spaces around a text do not count,
// because Airtable may drop them.
func same(a, b any) bool { return plainly(a) == plainly(b) }

// plainly is a value without what makes no difference.
func plainly(v any) any {
	switch x := v.(type) {
	case string:
		if x = strings.TrimSpace(x); x == "" {
			return nil
		}
		return x
	case bool:
		if !x {
			return nil
		}
	case int:
		return float64(x)
	case int64:
		return float64(x)
	case float64, nil:
	default:
		return fmt.Sprint(x) // a list, of a field that people gave another type
	}
	return v
}

// said is a value in a sentence.
func said(v any) string {
	switch x := plainly(v).(type) {
	case nil:
		return "nothing"
	case string:
		return fmt.Sprintf("%.80q", x)
	case bool:
		return "checked"
	default:
		return fmt.Sprint(x)
	}
}

// name names a row for people.
func name(r Row) string {
	for _, column := range []string{"Report", "Name"} {
		if text, _ := r.Values[column].(string); text != "" {
			return text
		}
	}
	return r.Key
}

// accident reports whether so many rows of a table vanished that nobody meant it.
func (p plan) accident(rows []Row) bool { return len(p.gone) > 3 && 2*len(p.gone) > len(rows) }

// keys returns the keys of shadows.
func keys(list []Shadow) []string {
	out := make([]string, 0, len(list))
	for _, one := range list {
		out = append(out, one.Key)
	}
	slices.Sort(out)
	return out
}
