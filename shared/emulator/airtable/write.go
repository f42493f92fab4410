package airtable

import (
	"fmt"
	"net/http"
	"slices"

	"gitlab.com/eshopbox-team/return-sync/shared/emulator/internal/mishap"
)

// maxRecords is how many records a request may write.
const maxRecords = 10

// written is a record as a client writes it.
type written struct {
	ID     string         `json:"id"`
	Fields map[string]any `json:"fields"`
}

// writing is the body of a write: Records, or Fields for one record.
type writing struct {
	Records               []written      `json:"records"`
	Fields                map[string]any `json:"fields"`
	Typecast              bool           `json:"typecast"`
	ReturnFieldsByFieldID bool           `json:"returnFieldsByFieldId"`
	PerformUpsert         *struct {
		FieldsToMergeOn []string `json:"fieldsToMergeOn"`
	} `json:"performUpsert"`
}

// change is a record that is about to be written; record is nil for a new one.
type change struct {
	record *record
	values map[string]any
	added  map[*field][]string // choices
}

// read reads a write's body and the values of its records.
func (c *call) read() (w writing, changes []change, err error) {
	if err := c.decode(&w); err != nil {
		return w, nil, err
	}
	if w.Records == nil && w.Fields != nil {
		w.Records = []written{{Fields: w.Fields}}
	}
	if n := len(w.Records); n == 0 || n > maxRecords {
		return w, nil, unprocessable("INVALID_RECORDS", "You must provide an array of up to %d record objects, not of %d", maxRecords, n)
	}
	for _, one := range w.Records {
		values, added, err := c.table.values(one.Fields, w.Typecast)
		if err == nil {
			err = c.fault(one.Fields)
		}
		if err != nil {
			return w, nil, err
		}
		changes = append(changes, change{values: values, added: added})
	}
	return w, changes, nil
}

// values reads the values of a record.
func (t *table) values(fields map[string]any, typecast bool) (values map[string]any, added map[*field][]string, err error) {
	values, added = map[string]any{}, map[*field][]string{}
	for name, value := range fields {
		f := t.field(name)
		if f == nil {
			return nil, nil, unprocessable("UNKNOWN_FIELD_NAME", "Unknown field name: %q", name)
		}
		kept, choices, err := f.accept(value, typecast)
		if err != nil {
			return nil, nil, err
		}
		values[f.id] = kept
		if len(choices) > 0 {
			added[f] = choices
		}
	}
	return values, added, nil
}

// fault plays the refusal of a record.
func (c *call) fault(fields map[string]any) error {
	for name, value := range fields {
		if c.server.faults.Strikes(c.http.Pattern, fmt.Sprint(value), refuseKind) != nil {
			return unprocessable("INVALID_VALUE_FOR_COLUMN", "Field %q cannot accept the provided value", name)
		}
	}
	return nil
}

// apply writes changes and returns the records.
func (c *call) apply(changes []change, replace bool) []*record {
	now := c.server.options.Now()
	records := make([]*record, 0, len(changes))
	for _, one := range changes {
		for f, names := range one.added {
			for _, name := range names {
				if !slices.ContainsFunc(f.choices, func(c choice) bool { return c.Name == name }) {
					f.choices = append(f.choices, choice{ID: newID("sel"), Name: name})
				}
			}
		}
		if one.record == nil {
			for id, value := range one.values {
				if value == nil {
					delete(one.values, id)
				}
			}
			one.record = c.table.add(now, one.values)
		} else {
			c.table.set(one.record, now, one.values, replace)
		}
		records = append(records, one.record)
	}
	return records
}

// answerOf returns the answer to a write.
func (c *call) answerOf(w writing, records []*record) map[string]any {
	list := []map[string]any{}
	for _, r := range records {
		list = append(list, c.table.shown(r, nil, w.ReturnFieldsByFieldID))
	}
	if w.Fields != nil {
		return list[0]
	}
	return map[string]any{"records": list}
}

// createRecords makes one or up to 10 records.
func createRecords(c *call) (any, error) {
	w, changes, err := c.read()
	if err != nil {
		return nil, err
	}
	if w.PerformUpsert != nil || slices.ContainsFunc(w.Records, func(r written) bool { return r.ID != "" }) {
		return nil, badRequest("records to create have no id, and performUpsert is an update")
	}
	return c.answerOf(w, c.apply(changes, false)), nil
}

// updateRecords changes, or with replace rewrites, up to 10 records, or makes those
// that an upsert does not find.
func updateRecords(replace bool) handler {
	return func(c *call) (any, error) {
		w, changes, err := c.read()
		if err != nil {
			return nil, err
		}
		if w.Fields != nil {
			return nil, badRequest("records is missing")
		}
		created, err := c.find(w, changes)
		if err != nil {
			return nil, err
		}
		records := c.apply(changes, replace)
		answer := c.answerOf(w, records)
		if w.PerformUpsert != nil {
			made, updated := []string{}, []string{}
			for i, r := range records {
				if created[i] {
					made = append(made, r.id)
				} else {
					updated = append(updated, r.id)
				}
			}
			answer["createdRecords"], answer["updatedRecords"] = made, updated
		}
		return answer, nil
	}
}

// find finds the records of changes, by id or merge fields; created are those that are
// new.
func (c *call) find(w writing, changes []change) (created []bool, err error) {
	created = make([]bool, len(changes))
	var index *mergeIndex
	if w.PerformUpsert != nil {
		if index, err = c.table.mergeOn(w.PerformUpsert.FieldsToMergeOn); err != nil {
			return nil, err
		}
	}
	seen, keys := map[*record]bool{}, map[string]bool{}
	for i, one := range w.Records {
		switch {
		case one.ID != "":
			if changes[i].record = c.table.records[one.ID]; changes[i].record == nil {
				return nil, unprocessable("ROW_DOES_NOT_EXIST", "Record ID %s does not exist", one.ID)
			}
		case index == nil:
			return nil, badRequest("record %d has no id", i)
		default:
			found, key, err := index.match(changes[i].values, i)
			if err != nil {
				return nil, err
			}
			changes[i].record, created[i] = found, found == nil
			if keys[key] {
				return nil, twice()
			}
			keys[key] = true
		}
		if r := changes[i].record; r != nil && seen[r] {
			return nil, twice()
		}
		seen[changes[i].record] = changes[i].record != nil
	}
	return created, nil
}

// twice is the refusal of a batch that names a record twice.
func twice() error {
	return unprocessable("INVALID_RECORDS", "You cannot update the same record multiple times in a single request.")
}

// match returns the record that has the merge values, nil for none.
func (i *mergeIndex) match(values map[string]any, n int) (*record, string, error) {
	for _, f := range i.fields {
		if values[f.id] == nil {
			return nil, "", unprocessable("INVALID_RECORDS", "Record %d has no value for the merge field %q", n, f.name)
		}
	}
	key := i.key(values)
	found := i.records[key]
	if len(found) > 1 {
		return nil, "", unprocessable("INVALID_RECORDS", "Record %d matches %d records: fieldsToMergeOn must identify one", n, len(found))
	}
	if len(found) == 0 {
		return nil, key, nil
	}
	return found[0], key, nil
}

// mergeOn returns the index of merge fields.
func (t *table) mergeOn(names []string) (*mergeIndex, error) {
	if len(names) == 0 || len(names) > 3 {
		return nil, badRequest("fieldsToMergeOn takes 1 to 3 fields")
	}
	var fields []*field
	for _, name := range names {
		f := t.field(name)
		if f == nil {
			return nil, unprocessable("UNKNOWN_FIELD_NAME", "Unknown field name: %q", name)
		}
		if !slices.Contains(merging, f.kind) {
			return nil, badRequest("field %q of type %s cannot be merged on", f.name, f.kind)
		}
		fields = append(fields, f)
	}
	return t.index(fields), nil
}

// one returns the record that the path names.
func (c *call) one() (*record, error) {
	r := c.table.records[c.http.PathValue("record")]
	if r == nil {
		return nil, notFound()
	}
	return r, nil
}

// getRecord answers a record.
func getRecord(c *call) (any, error) {
	r, err := c.one()
	if err != nil {
		return nil, err
	}
	return c.table.shown(r, nil, c.http.URL.Query().Get("returnFieldsByFieldId") == "true"), nil
}

// updateRecord changes, or with replace rewrites, one record.
func updateRecord(replace bool) handler {
	return func(c *call) (any, error) {
		r, err := c.one()
		if err != nil {
			return nil, err
		}
		w, changes, err := c.read()
		if err != nil {
			return nil, err
		}
		if w.Fields == nil {
			return nil, badRequest("fields is missing")
		}
		changes[0].record = r
		return c.answerOf(w, c.apply(changes, replace)), nil
	}
}

// deleteRecord deletes a record.
func deleteRecord(c *call) (any, error) {
	r, err := c.one()
	if err != nil {
		return nil, err
	}
	c.table.remove(r)
	return map[string]any{"id": r.id, "deleted": true}, nil
}

// deleteRecords deletes up to 10 records.
func deleteRecords(c *call) (any, error) {
	values := c.http.URL.Query()
	ids := slices.Concat(values["records[]"], values["records"])
	if len(ids) == 0 || len(ids) > maxRecords {
		return nil, unprocessable("INVALID_RECORDS", "You must provide up to %d record ids, not %d", maxRecords, len(ids))
	}
	var records []*record
	for _, id := range ids {
		r := c.table.records[id]
		if r == nil || slices.Contains(records, r) {
			return nil, refuse(http.StatusForbidden, "INVALID_RECORDS", "Record ID %s does not exist", id)
		}
		records = append(records, r)
	}
	list := []map[string]any{}
	for _, r := range records {
		c.table.remove(r)
		list = append(list, map[string]any{"id": r.id, "deleted": true})
	}
	return map[string]any{"records": list}, nil
}

// Faults are the failures to play; see the package comment.
type Faults = mishap.Faults

// Fault is one of them.
type Fault = mishap.Fault

// FaultKind is the kind of a Fault.
type FaultKind = mishap.Kind

// SetFaults replaces the failures to play.
func (s *Server) SetFaults(f Faults) error { return s.faults.Replace(f) }
