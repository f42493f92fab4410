package reports

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"strings"

	"gitlab.com/eshopbox-team/return-sync/shared/report"
	"gitlab.com/eshopbox-team/return-sync/shared/report/store"
	"gitlab.com/eshopbox-team/return-sync/shared/sqldb"
)

// The base of the emulator of Airtable and its token, which guards nothing.
const (
	airtableBase  = "appLocalSYNCbase1"
	airtableToken = "patLocal"
)

// The least that a sample has; fewer is a problem.
const (
	leastTypes = 5
	leastRows  = 10_000
)

// numbers are the wing's part of the summary.
type numbers struct {
	Types       int   `json:"types"`
	Reports     int   `json:"reports"`
	Rows        int64 `json:"rows"`
	Parked      int64 `json:"parked"`
	Failed      int   `json:"failed"`
	Differences int   `json:"differences"`
	Compared    int   `json:"compared"` // values that were read on both sides
	MongoDB     bool  `json:"mongodb"`  // whether it took part
	// Faults are those of a soak that struck: answers of the services, cut connections,
	// and processes that were killed.
	Faults map[string]int `json:"faults,omitempty"`
}

// values are numbers by a row's key and field, as text.
type values map[string]string

// put notes a number in one spelling.
func (v values) put(key, field, number string) {
	r, ok := new(big.Rat).SetString(number)
	if !ok {
		v[key+"\x00"+field] = "no number: " + number
		return
	}
	v[key+"\x00"+field] = r.FloatString(6)
}

// differences counts values that only one side has, or that differ.
func differences(a, b values) int {
	n := 0
	for k, v := range a {
		if b[k] != v {
			n++
		}
	}
	for k := range b {
		if _, ok := a[k]; !ok {
			n++
		}
	}
	return n
}

// check reads the sources and the destinations again, without the wing's code, and
// compares them.
func (p *play) check(ctx context.Context) (any, []string, error) {
	var n numbers
	var problems []string
	list, err := p.tables.Reports(ctx, store.Filter{Limit: 10_000})
	if err != nil {
		return n, nil, err
	}
	types := map[string]bool{}
	for _, r := range list {
		if r.State != report.Done {
			n.Failed++
			problems = append(problems, fmt.Sprintf("report %s is %s: %s", r.Key, r.State, r.Error))
			continue
		}
		whole, err := p.tables.Report(ctx, r.Key)
		if err != nil {
			return n, nil, err
		}
		types[r.Type] = true
		n.Reports++
		n.Rows += r.Rows
		for _, a := range whole.Accounts {
			if n.Parked += a.Parked; a.Sum() != r.Rows {
				problems = append(problems, fmt.Sprintf("report %s at %s: rows read %d, but %v", r.Key, a.Sink, r.Rows, a.Counts))
			}
		}
	}
	n.Types, n.Faults = len(types), p.faults()
	for _, r := range newest(list) {
		compared, different, err := p.compare(ctx, r)
		if err != nil {
			return n, problems, fmt.Errorf("comparing %s: %w", r.Key, err)
		}
		n.Compared += compared
		if n.Differences += different; different > 0 {
			problems = append(problems, fmt.Sprintf("report %s: %d values differ between source and destinations", r.Key, different))
		}
	}
	compared, different, err := p.compareBase(ctx, list)
	if err != nil {
		return n, problems, fmt.Errorf("comparing the SYNC base: %w", err)
	}
	n.Compared += compared
	if n.Differences += different; different > 0 {
		problems = append(problems, fmt.Sprintf("the SYNC base: %d reports differ from ours", different))
	}
	if n.MongoDB = p.vendors.mongo != nil; !n.MongoDB {
		problems = append(problems, "MongoDB was left out: "+p.vendors.noMongo.Error())
	}
	if n.Types < leastTypes || n.Rows < leastRows {
		problems = append(problems, fmt.Sprintf("the sample has %d types and %d rows: want at least %d and %d", n.Types, n.Rows, leastTypes, leastRows))
	}
	return n, problems, nil
}

// newest leaves of a real-time type its newest run alone: destinations keep no other.
func newest(list []report.Report) []report.Report {
	var out []report.Report
	seen := map[string]bool{}
	for _, r := range list { // newest first
		if _, dated := r.Date(); !dated {
			if seen[r.Type] {
				continue
			}
			seen[r.Type] = true
		}
		if r.State == report.Done {
			out = append(out, r)
		}
	}
	return out
}

// compare compares one report.
func (p *play) compare(ctx context.Context, r report.Report) (compared, different int, err error) {
	want, err := p.truth(ctx, r)
	if err != nil {
		return 0, 0, err
	}
	if len(want) == 0 {
		return 0, 0, errors.New("the source has no values")
	}
	date := r.Slot
	if _, dated := r.Date(); !dated {
		date = ""
	}
	have := values{}
	err = sqldb.Each(ctx, p.stack.DB, func(row sqldb.Row) error {
		var key, field, number string
		err := row.Scan(&key, &field, &number)
		have.put(key, field, number)
		return err
	}, "SELECT row_key, field, number FROM report_datapoint WHERE type = ? AND date = ?", r.Type, date)
	if err != nil {
		return 0, 0, err
	}
	compared, different = len(want), differences(want, have)
	for _, read := range p.destinations(r) {
		there, err := read(ctx, r)
		if err != nil {
			return 0, 0, err
		}
		compared, different = compared+len(want), different+differences(want, there)
	}
	return compared, different, nil
}

// truth reads a report's values at its source.
func (p *play) truth(ctx context.Context, r report.Report) (values, error) {
	v := values{}
	switch r.Type {
	case "sales_report", "stock_report":
		typeID := map[string]string{"sales_report": salesID, "stock_report": stockID}[r.Type]
		order := r.Order(report.Type{})
		for n := range amazonRows(typeID) {
			line := amazonLine(typeID, order.From.UTC(), n)
			key := line[0] + "|" + line[1]
			if v.put(key, "quantity", line[3]); r.Type == "sales_report" {
				v.put(key, "item-price", line[4])
			}
		}
		return v, nil
	case "returns_by_status":
		return v, sqldb.Each(ctx, p.stack.DB, func(row sqldb.Row) error {
			var status, count, oldest string
			err := row.Scan(&status, &count, &oldest)
			v.put(status, "returns", count)
			v.put(status, "oldest", oldest)
			return err
		}, "SELECT status, COUNT(*), MIN(id) FROM order_return GROUP BY status")
	case "courier_scans":
		return v, p.scans(ctx, r.Slot, v)
	}
	body, err := p.get(ctx, p.vendors.addresses["api"]+"/costs?day="+r.Slot, courierToken)
	if err != nil {
		return nil, err
	}
	lines, err := csv.NewReader(strings.NewReader(string(body))).ReadAll()
	for _, line := range lines[min(1, len(lines)):] {
		v.put(line[0], "cost", line[2])
	}
	return v, err
}

// scans reads the pages of the courier's API.
func (p *play) scans(ctx context.Context, day string, v values) error {
	for after := ""; ; {
		body, err := p.get(ctx, p.vendors.addresses["api"]+"/scans?day="+day+"&after="+after, courierToken)
		if err != nil {
			return err
		}
		var page struct {
			Data struct {
				Scans []struct {
					Scan   string      `json:"scan"`
					Weight json.Number `json:"weight"`
				} `json:"scans"`
			} `json:"data"`
			Next string `json:"next"`
		}
		if err := json.Unmarshal(body, &page); err != nil {
			return err
		}
		for _, s := range page.Data.Scans {
			v.put(s.Scan, "weight", s.Weight.String())
		}
		if after = page.Next; after == "" {
			return nil
		}
	}
}

// get reads an address.
func (p *play) get(ctx context.Context, address, token string) ([]byte, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, err
	}
	r.Header.Set("Authorization", "Bearer "+token)
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return nil, err
	}
	defer func() { _ = answer.Body.Close() }()
	switch answer.StatusCode {
	case http.StatusOK:
		return io.ReadAll(answer.Body)
	case http.StatusTooManyRequests:
		return nil, fmt.Errorf("%s: %w", r.URL.Path, errLimited)
	}
	return nil, fmt.Errorf("%s answered %d", r.URL.Path, answer.StatusCode)
}

// errLimited says that an address may be read later.
var errLimited = errors.New("answered 429: too many requests")
