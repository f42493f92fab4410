package airtable

import (
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// query is what a client asks of a list.
type query struct {
	Fields                []string `json:"fields"`
	FilterByFormula       string   `json:"filterByFormula"`
	MaxRecords            int      `json:"maxRecords"`
	PageSize              int      `json:"pageSize"`
	Sort                  []Sort   `json:"sort"`
	View                  string   `json:"view"`
	Offset                string   `json:"offset"`
	ReturnFieldsByFieldID bool     `json:"returnFieldsByFieldId"`
	CellFormat            string   `json:"cellFormat"`
	TimeZone              string   `json:"timeZone"`
	UserLocale            string   `json:"userLocale"`
}

// listByBody lists records by a body, for queries that are too long for an address.
func listByBody(c *call) (any, error) {
	var q query
	if err := c.decode(&q); err != nil {
		return nil, err
	}
	return c.list(q)
}

// maxURL is how many characters an address may have.
const maxURL = 16_000

// listByQuery lists records by an address.
func listByQuery(c *call) (any, error) {
	if len(c.http.URL.String()) > maxURL {
		return nil, refuse(414, "URI_TOO_LONG", "The address is too long: use POST listRecords")
	}
	q, err := readQuery(c.http.URL.Query())
	if err != nil {
		return nil, err
	}
	return c.list(q)
}

// sortName is the name of a parameter of sort.
var sortName = regexp.MustCompile(`^sort\[(\d+)\]\[(field|direction)\]$`)

// readQuery reads the parameters of an address.
func readQuery(values url.Values) (q query, err error) {
	order := map[int]*Sort{}
	for name, list := range values {
		value := list[0]
		switch strings.TrimSuffix(name, "[]") {
		case "fields":
			q.Fields = append(q.Fields, list...)
		case "filterByFormula":
			q.FilterByFormula = value
		case "maxRecords":
			q.MaxRecords, err = strconv.Atoi(value)
		case "pageSize":
			q.PageSize, err = strconv.Atoi(value)
		case "view":
			q.View = value
		case "offset":
			q.Offset = value
		case "returnFieldsByFieldId":
			q.ReturnFieldsByFieldID = value == "true" || value == "1"
		case "cellFormat":
			q.CellFormat = value
		case "timeZone", "userLocale":
		default:
			err = readSort(name, value, order)
		}
		if err != nil {
			return q, badRequest("parameter %s is not valid", name)
		}
	}
	for n := range len(order) {
		if order[n] == nil {
			return q, badRequest("sort has a gap")
		}
		q.Sort = append(q.Sort, *order[n])
	}
	return q, nil
}

// readSort reads a parameter of sort.
func readSort(name, value string, order map[int]*Sort) error {
	match := sortName.FindStringSubmatch(name)
	if match == nil {
		return strconv.ErrSyntax
	}
	n, err := strconv.Atoi(match[1])
	if err != nil {
		return err
	}
	if order[n] == nil {
		order[n] = &Sort{}
	}
	if match[2] == "field" {
		order[n].Field = value
	} else {
		order[n].Direction = value
	}
	return nil
}

// iterator is a list that a client reads page by page.
type iterator struct {
	table *table
	ids   []string
	at    time.Time
}

// iterators are the lists under way, by token.
type iterators map[string]*iterator

// iteratorLife is how long a list may be read; a client that is slower starts again.
const iteratorLife = 10 * time.Minute

// list answers a page of records.
func (c *call) list(q query) (any, error) {
	if q.PageSize == 0 {
		q.PageSize = 100
	}
	switch {
	case q.PageSize < 1 || q.PageSize > 100:
		return nil, badRequest("pageSize must be from 1 to 100")
	case q.MaxRecords < 0:
		return nil, badRequest("maxRecords must not be negative")
	case q.CellFormat != "" && q.CellFormat != "json":
		return nil, badRequest("the emulator knows cellFormat json only")
	}
	for _, name := range q.Fields {
		if c.table.field(name) == nil {
			return nil, unprocessable("UNKNOWN_FIELD_NAME", "Unknown field name: %q", name)
		}
	}
	token, start, err := c.resume(q)
	if err != nil {
		return nil, err
	}
	list := c.server.iterators[token]
	page, end := []map[string]any{}, min(start+q.PageSize, len(list.ids))
	for _, id := range list.ids[start:end] {
		if r := c.table.records[id]; r != nil { // it may have been deleted since
			page = append(page, c.table.shown(r, q.Fields, q.ReturnFieldsByFieldID))
		}
	}
	answer := map[string]any{"records": page}
	if end < len(list.ids) {
		answer["offset"] = token + "/" + strconv.Itoa(end)
	} else {
		delete(c.server.iterators, token)
	}
	return answer, nil
}

// resume returns the list that an offset stands for, or a new one, and where to go on.
func (c *call) resume(q query) (token string, start int, err error) {
	now := c.server.options.Now()
	for t, i := range c.server.iterators {
		if now.Sub(i.at) > iteratorLife {
			delete(c.server.iterators, t)
		}
	}
	if q.Offset != "" {
		token, position, _ := strings.Cut(q.Offset, "/")
		start, err := strconv.Atoi(position)
		list := c.server.iterators[token]
		if err != nil || list == nil || list.table != c.table || start < 0 || start > len(list.ids) {
			return "", 0, unprocessable("LIST_RECORDS_ITERATOR_NOT_AVAILABLE", "The requested pagination iterator is no longer available. Start again without an offset.")
		}
		return token, start, nil
	}
	records, err := c.table.choose(q)
	if err != nil {
		return "", 0, err
	}
	list := &iterator{table: c.table, at: now}
	for _, r := range records {
		list.ids = append(list.ids, r.id)
	}
	token = newID("itr")
	c.server.iterators[token] = list
	return token, 0, nil
}

// shown returns a record as the API answers it, with some fields; none: all.
func (t *table) shown(r *record, names []string, byID bool) map[string]any {
	fields := map[string]any{}
	for _, f := range t.fields {
		value := r.value(f)
		if value == nil || len(names) > 0 && !named(names, f) {
			continue
		}
		if byID {
			fields[f.id] = value
		} else {
			fields[f.name] = value
		}
	}
	return map[string]any{"id": r.id, "createdTime": stamp(r.created), "fields": fields}
}

// named reports whether a field is one of those that were asked for.
func named(names []string, f *field) bool {
	for _, name := range names {
		if name == f.id || name == f.name {
			return true
		}
	}
	return false
}
