package airtable

import (
	"context"
	"iter"
	"net/http"
	"net/url"
	"strings"

	"gitlab.com/eshopbox-team/return-sync/shared/fault"
)

// MaxRecords is how many records a request may write or delete.
const MaxRecords = 10

// Record is a row of a table. Fields hold string, float64, bool, lists of strings and
// nil; Airtable leaves empty ones and unchecked boxes out.
type Record struct {
	ID     string         `json:"id,omitempty"`
	Fields map[string]any `json:"fields"`
}

// Text returns a field's text, empty for none.
func (r Record) Text(field string) string {
	text, _ := r.Fields[field].(string)
	return text
}

// Checked reports whether a box is checked.
func (r Record) Checked(field string) bool {
	checked, _ := r.Fields[field].(bool)
	return checked
}

// Query chooses records of a table. The zero Query lists all of them.
type Query struct {
	Filter string   // a formula
	Fields []string // none: all
	Sort   []Sort
}

// Sort orders a list by a field.
type Sort struct {
	Field      string
	Descending bool
}

// body returns the query as listRecords takes it, which has no limit of an address.
func (q Query) body(offset string) map[string]any {
	body := map[string]any{"pageSize": 100}
	if q.Filter != "" {
		body["filterByFormula"] = q.Filter
	}
	if len(q.Fields) > 0 {
		body["fields"] = q.Fields
	}
	if offset != "" {
		body["offset"] = offset
	}
	var order []map[string]string
	for _, s := range q.Sort {
		direction := "asc"
		if s.Descending {
			direction = "desc"
		}
		order = append(order, map[string]string{"field": s.Field, "direction": direction})
	}
	if len(order) > 0 {
		body["sort"] = order
	}
	return body
}

// List streams the records of a table, a request for each 100. It ends with the first
// error.
func (c *Client) List(ctx context.Context, table string, q Query) iter.Seq2[Record, error] {
	return func(yield func(Record, error) bool) {
		for offset := ""; ; {
			var page struct {
				Records []Record `json:"records"`
				Offset  string   `json:"offset"`
			}
			if err := c.call(ctx, http.MethodPost, []string{c.Base, table, "listRecords"}, nil, q.body(offset), &page); err != nil {
				yield(Record{}, err)
				return
			}
			for _, r := range page.Records {
				if !yield(r, nil) {
					return
				}
			}
			if offset = page.Offset; offset == "" {
				return
			}
		}
	}
}

// Upsert writes up to MaxRecords records, each into the one that has the same values in
// the merge fields, or a new one. Records with an ID change that one. It returns the
// records in their order. With typecast a select gets choices that it lacks.
func (c *Client) Upsert(ctx context.Context, table string, merge []string, typecast bool, records ...Record) ([]Record, error) {
	body := map[string]any{"performUpsert": map[string]any{"fieldsToMergeOn": merge}, "records": records, "typecast": typecast}
	return c.write(ctx, table, body, len(records))
}

// Update changes fields of up to MaxRecords records by their IDs.
func (c *Client) Update(ctx context.Context, table string, records ...Record) ([]Record, error) {
	return c.write(ctx, table, map[string]any{"records": records}, len(records))
}

// write sends records.
func (c *Client) write(ctx context.Context, table string, body map[string]any, n int) ([]Record, error) {
	if n == 0 {
		return nil, nil
	}
	var answer struct {
		Records []Record `json:"records"`
	}
	if err := c.call(ctx, http.MethodPatch, []string{c.Base, table}, nil, body, &answer); err != nil {
		return nil, err
	}
	if len(answer.Records) != n {
		return nil, fault.New(fault.Retry, "airtable-answer", "Airtable answered %d records to a request of %d", len(answer.Records), n)
	}
	return answer.Records, nil
}

// Delete deletes up to MaxRecords records by their IDs. Repeating a request of which no
// answer came may be refused, because the records are gone: list again.
func (c *Client) Delete(ctx context.Context, table string, ids ...string) error {
	if len(ids) == 0 {
		return nil
	}
	return c.call(ctx, http.MethodDelete, []string{c.Base, table}, url.Values{"records[]": ids}, nil, nil)
}

// Quote returns a text as a formula writes it.
func Quote(text string) string {
	return `'` + strings.NewReplacer(`\`, `\\`, `'`, `\'`, "\n", `\n`, "\r", `\r`, "\t", `\t`).Replace(text) + `'`
}
