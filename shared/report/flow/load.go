package flow

import (
	"context"
	"encoding/json"
	"strconv"
	"strings"

	"gitlab.com/eshopbox-team/return-sync/shared/fault"
	"gitlab.com/eshopbox-team/return-sync/shared/report"
)

// load reads the document to its end and keeps its rows in our own tables. A document
// with a row that cannot be read, without a column that the definition names, or
// without rows fails the report before a destination is touched.
func (j *job) load(ctx context.Context, r report.Report) (report.Report, *pause, error) {
	chunks := int64(0)
	var stored error // an error of our own tables
	further := newKeys(func(list []report.RowKey) (earlier map[uint64]bool, err error) {
		earlier, stored = j.Payloads.AddKeys(ctx, r, list)
		return earlier, stored
	})
	twice := "" // rows without key fields are keyed by their numbers, which differ
	if list := j.parts.Definition.Key; len(list) > 0 {
		twice = "its key stands on an earlier row of the document: keys are " + strings.Join(list, ", ")
	}
	pack := newPacker(further, twice, func(body []byte) error {
		stored = j.Payloads.AddChunk(ctx, r, chunks, body, j.Config.Lease)
		chunks++
		if stored == nil {
			j.Steps.At("chunk")
		}
		return stored
	})
	rows, err := j.read(ctx, r, pack)
	if stored != nil {
		return r, nil, stored
	}
	if err != nil {
		return j.judge(ctx, r, j.sourceTrouble(err))
	}
	if err := j.Payloads.DropKeys(ctx, r); err != nil {
		return r, nil, err
	}
	if r, err = j.Payloads.Loaded(ctx, r, rows, chunks); err == nil {
		j.Steps.At("loaded")
	}
	return r, nil, err
}

// read streams the document's rows into the packer and returns their number.
func (j *job) read(ctx context.Context, r report.Report, pack *packer) (rows int64, err error) {
	d := j.parts.Definition
	for row, err := range j.parts.Source.Rows(ctx, j.order(r), r.Document) {
		if err != nil {
			return rows, err
		}
		if rows++; rows > j.Config.MaxRows {
			return rows, fault.New(fault.Misconfigured, "too-many-rows", "the document has more than %d rows (REPORT_MAX_ROWS)", j.Config.MaxRows)
		}
		if rows == 1 {
			if err := hasColumns(d, row); err != nil {
				return rows, err
			}
		}
		if err := numbers(d, row); err != nil {
			return rows, err
		}
		l := line{Number: row.Number, Fields: row.Fields}
		l.Key, l.Park = keyOf(d, row)
		if err := pack.add(l); err != nil {
			return rows, err
		}
	}
	if rows == 0 && !d.EmptyIsFine {
		return 0, fault.New(fault.Misconfigured, "empty-report", "the source answered without rows")
	}
	return rows, pack.end()
}

// hasColumns refuses a document without a column that the definition names.
func hasColumns(d report.Definition, row report.Row) error {
	for _, list := range [][]string{d.Columns, d.Key} {
		for _, name := range list {
			if _, ok := row.Fields[name]; !ok {
				return fault.New(fault.Misconfigured, "header-changed",
					"row %d: the document has no column %q: its header changed, or %s is wrong", row.Number, name, d.File)
			}
		}
	}
	return nil
}

// numbers turns the text of numeric fields into numbers; an empty text is no value.
func numbers(d report.Definition, row report.Row) error {
	for _, name := range d.Numbers {
		text, ok := row.Fields[name].(string)
		if !ok {
			continue
		}
		if text = strings.TrimSpace(text); text == "" {
			row.Fields[name] = nil
			continue
		}
		if !isNumber(text) {
			return fault.New(fault.Misconfigured, "bad-number", "row %d: column %q is not a number", row.Number, name)
		}
		row.Fields[name] = json.Number(text)
	}
	return nil
}

// isNumber reports whether a text is a number of JSON.
func isNumber(text string) bool {
	_, err := strconv.ParseFloat(text, 64)
	return err == nil && json.Valid([]byte(text))
}

// maxKey is the longest key in bytes.
const maxKey = 200

// keyOf returns a row's key, and why the row is parked if it has none.
func keyOf(d report.Definition, row report.Row) (key, park string) {
	if len(d.Key) == 0 {
		return strconv.FormatInt(row.Number, 10), ""
	}
	parts := make([]string, len(d.Key))
	for i, name := range d.Key {
		part, ok := keyPart(row.Fields[name])
		if !ok {
			return "", "its key field " + name + " is empty"
		}
		if parts[i] = part; len(d.Key) > 1 {
			parts[i] = escape.Replace(part)
		}
	}
	if key = strings.Join(parts, "|"); len(key) > maxKey {
		return "", "its key has more than 200 bytes"
	}
	return key, ""
}

// escape keeps the keys of several fields apart.
var escape = strings.NewReplacer(`\`, `\\`, `|`, `\|`)

// keyPart returns a field's text in a key; false for an empty one.
func keyPart(v any) (string, bool) {
	switch v := v.(type) {
	case string:
		return v, v != ""
	case json.Number:
		return v.String(), true
	case bool:
		return strconv.FormatBool(v), true
	}
	return "", false
}
