package transfer

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/fault"
)

// Looker reads what conversions need.
type Looker interface {
	Look(ctx context.Context, side Side, model string, id int64) (Record, error)
	LookFor(ctx context.Context, side Side, model string, q Query) ([]Record, error)
}

// mostRows bounds the rows of a further table that refer to one record.
const mostRows = 1000

// Compose adds the further tables to a record of studio: the newest row of each.
func (f Flow) Compose(ctx context.Context, l Looker, r Record) (Record, error) {
	if len(f.Tables) == 0 {
		return r, nil
	}
	r.Parts, r.Fields = map[string]Record{}, maps.Clone(r.Fields)
	for _, t := range f.Tables {
		q := Query{Equal: map[string]any{t.Link: r.ID}, Most: mostRows}
		maps.Copy(q.Equal, t.Equal)
		rows, err := l.LookFor(ctx, Studio, t.Model, q)
		if err != nil {
			return r, err
		}
		if len(rows) == 0 {
			continue
		}
		newest := rows[len(rows)-1]
		r.Parts[t.Name] = newest
		for name, v := range newest.Fields {
			r.Fields[t.Name+"."+name] = v
		}
	}
	return r, nil
}

// Mapped are a record's values for the other side, the ids of parents not among them.
type Mapped struct {
	Fields map[string]any
	Parts  []Part
}

// Map returns the values of a record for side to. target is the record there, nil for
// none: a value that is another word for what stands there already is left out.
func (f Flow) Map(ctx context.Context, l Looker, source Record, target *Record, to Side) (Mapped, error) {
	m := Mapped{Fields: map[string]any{}}
	parts := map[string]map[string]any{}
	for _, p := range f.Fields {
		if p.Only != "" && p.Only != to {
			continue
		}
		values, err := p.convert(ctx, l, f, source, to)
		if err != nil {
			return m, fmt.Errorf("the field %s: %w", p.Online, err)
		}
		if target != nil && p.lossy() && f.stands(p, source, *target, to) {
			continue
		}
		for name, v := range values {
			if t, field, ok := f.table(name); ok && to == Studio {
				if parts[t.Name] == nil {
					parts[t.Name] = map[string]any{}
				}
				parts[t.Name][field] = v
			} else {
				m.Fields[name] = v
			}
		}
	}
	for _, t := range f.Tables {
		if part, ok := t.part(parts[t.Name], source, target); ok {
			m.Parts = append(m.Parts, part)
		}
	}
	return m, nil
}

// bad is the error of a value that has no counterpart: a person has to correct it.
func bad(format string, args ...any) error {
	return fault.New(fault.Invalid, "bad-value", format, args...)
}

// part returns the piece of a write that brings a row of a further table up to date.
// Nothing is written where nothing differs and the row is not newer than the source.
func (t Table) part(fields map[string]any, source Record, target *Record) (Part, bool) {
	p := Part{Model: t.Model, Link: t.Link, Fields: fields}
	var row Record
	known := false
	if target != nil {
		row, known = target.Parts[t.Name]
	}
	if !known {
		for _, v := range fields {
			if !Empty(v) {
				p.Equal = map[string]any{}
				maps.Copy(p.Equal, t.Equal)
				maps.Copy(p.Fields, t.Equal)
				return p, true
			}
		}
		return p, false
	}
	at := row.Own()
	p.ID, p.If = row.ID, &at
	differs := at.After(source.Effective())
	for name, v := range fields {
		differs = differs || !Same(row.Fields[name], v)
	}
	return p, differs && len(fields) > 0
}

// lossy reports whether several values of one side are one of the other.
func (p Pair) lossy() bool { return p.As == LocalTime || p.Values != nil }

// stands reports whether the target's own value is the source's in the other side's words.
func (f Flow) stands(p Pair, source, target Record, to Side) bool {
	have, err := p.convert(context.Background(), nil, f, target, to.Other()) // lossy conversions look nothing up
	if err != nil || len(have) == 0 {
		return false
	}
	for name, v := range have {
		want := source.Fields[name]
		if p.As == LocalTime {
			a, first := Time(v)
			b, second := Time(want)
			if first && second && a.Truncate(time.Second).Equal(b.Truncate(time.Second)) {
				continue
			}
		}
		if !Same(v, want) {
			return false
		}
	}
	return true
}

// convert returns the values of a pair for side to, by the names there.
func (p Pair) convert(ctx context.Context, l Looker, f Flow, source Record, to Side) (map[string]any, error) {
	if p.Many != nil {
		ids, err := p.Many.ids(ctx, l, source)
		return map[string]any{p.Online: ids}, err
	}
	from, into := p.on(to.Other()), p.on(to)
	for _, name := range from {
		if _, ok := source.Fields[name]; !ok && !f.inTable(name) {
			return nil, nil // the side does not have the field
		}
	}
	if p.Joined != nil {
		return p.join(source, to)
	}
	v, err := p.one(ctx, l, f, source.Fields[from[0]], to)
	return map[string]any{into[0]: v}, err
}

// inTable reports whether a field is of a further table, whose row may be missing.
func (f Flow) inTable(name string) bool {
	_, _, ok := f.table(name)
	return ok
}

// one converts one value.
func (p Pair) one(ctx context.Context, l Looker, f Flow, v any, to Side) (any, error) {
	switch {
	case p.Values != nil:
		return p.translate(v, to)
	case Empty(v):
		return nil, nil
	case p.As == Date:
		t, ok := Time(v)
		if !ok {
			return nil, bad("%v is no date", v)
		}
		return t.Format(time.DateOnly), nil
	case p.As == LocalTime:
		return f.shift(v, to)
	case p.Lookup != nil:
		return p.Lookup.convert(ctx, l, v, to)
	}
	return v, nil
}

// translate returns the other side's word for a value.
func (p Pair) translate(v any, to Side) (any, error) {
	for _, one := range p.Values {
		from, into := one.Studio, one.Online
		if to == Studio {
			from, into = into, from
		}
		if Same(from, v) {
			return into, nil
		}
	}
	switch {
	case to == Online && p.Otherwise != nil:
		return p.Otherwise, nil
	case Empty(v), to == Studio && Same(v, p.Otherwise):
		return nil, nil
	}
	return nil, bad("the value %v stands for none of the other side's", v)
}

// shift moves a time between studio's zone and UTC.
func (f Flow) shift(v any, to Side) (any, error) {
	t, ok := Time(v)
	if !ok {
		return nil, bad("%v is no time", v)
	}
	if to == Studio {
		_, offset := t.In(f.zone).Zone()
		return t.Add(time.Duration(offset) * time.Second), nil
	}
	return time.Date(t.Year(), t.Month(), t.Day(), t.Hour(), t.Minute(), t.Second(), t.Nanosecond(), f.zone).UTC(), nil
}

// join joins two fields of studio, or parts one of online.
func (p Pair) join(source Record, to Side) (map[string]any, error) {
	if to == Online {
		first, second := source.Fields[p.Joined[0]], source.Fields[p.Joined[1]]
		if Empty(first) && Empty(second) {
			return map[string]any{p.Online: nil}, nil
		}
		if Empty(first) || Empty(second) {
			return nil, bad("of %s and %s one is empty", p.Joined[0], p.Joined[1])
		}
		return map[string]any{p.Online: text(first) + p.By + text(second)}, nil
	}
	v := source.Fields[p.Online]
	if Empty(v) {
		return map[string]any{p.Joined[0]: nil, p.Joined[1]: nil}, nil
	}
	whole := text(v)
	at := strings.LastIndex(whole, p.By)
	if at <= 0 || at+len(p.By) == len(whole) {
		return nil, bad("the value has no two parts with %q between them", p.By)
	}
	return map[string]any{p.Joined[0]: whole[:at], p.Joined[1]: whole[at+len(p.By):]}, nil
}

// convert returns the other side's id or value of what a value names.
func (l *Lookup) convert(ctx context.Context, looker Looker, v any, to Side) (any, error) {
	key := v
	if from := l.On(to.Other()); from != nil {
		id, ok := ID(v)
		if !ok {
			return nil, bad("%v is no id", v)
		}
		if id == 0 {
			return nil, nil
		}
		r, err := looker.Look(ctx, to.Other(), from.Model, id)
		if err != nil {
			return nil, absent(err, fmt.Sprintf("%s %d", from.Model, id))
		}
		if key = r.Fields[from.Field]; Empty(key) {
			return nil, bad("%s %d has no %s", from.Model, id, from.Field)
		}
	}
	into := l.On(to)
	if into == nil {
		return key, nil
	}
	q := Query{Equal: map[string]any{into.Field: key}, Most: 2}
	maps.Copy(q.Equal, into.Equal)
	list, err := looker.LookFor(ctx, to, into.Model, q)
	switch {
	case err != nil:
		return nil, err
	case len(list) != 1:
		return nil, bad("%d records of %s have %s %v, want one", len(list), into.Model, into.Field, key)
	}
	return list[0].ID, nil
}

// absent makes a record that a value names and that does not exist wrong data: the job's
// own record exists.
func absent(err error, what string) error {
	if fault.KindOf(err) == fault.NotFound {
		return bad("%s does not exist", what)
	}
	return err
}

// ids returns the online ids of the records that a table relates to one.
func (m *Many) ids(ctx context.Context, l Looker, source Record) ([]int64, error) {
	rows, err := l.LookFor(ctx, Studio, m.Model, Query{Equal: map[string]any{m.Link: source.ID}, Most: mostRows})
	if err != nil {
		return nil, err
	}
	ids := []int64{}
	for _, row := range rows {
		id, ok := ID(row.Fields[m.Field])
		if !ok || id == 0 {
			return nil, bad("%s %d holds no id in %s", m.Model, row.ID, m.Field)
		}
		other, err := l.Look(ctx, Studio, m.Of, id)
		if err != nil {
			return nil, absent(err, fmt.Sprintf("%s %d", m.Of, id))
		}
		if other.ForeignID == 0 {
			return nil, bad("%s %d has no id online", m.Of, id)
		}
		ids = append(ids, other.ForeignID)
	}
	slices.Sort(ids)
	return slices.Compact(ids), nil
}

// Matching returns the query for a record of side to that is the one with these values;
// false if the flow has no match or a value is empty.
func (f Flow) Matching(fields map[string]any, to Side) (Query, bool) {
	q := Query{Equal: map[string]any{}, Most: mostRows}
	for _, online := range f.Match {
		names := []string{online}
		if to == Studio {
			names = f.studioNames(online)
		}
		for _, n := range names {
			if Empty(fields[n]) {
				return q, false
			}
			q.Equal[n] = fields[n]
		}
	}
	return q, len(q.Equal) > 0
}

// studioNames returns the names in studio of an online field.
func (f Flow) studioNames(online string) []string {
	for _, p := range f.Parents {
		if p.Online == online {
			return []string{p.Studio}
		}
	}
	for _, p := range f.Fields {
		if p.Online == online {
			return p.on(Studio)
		}
	}
	return nil
}
