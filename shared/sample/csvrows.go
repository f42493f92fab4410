package sample

import (
	"fmt"
	"io"
	"time"
)

// csvReturn is one line of returns.csv.
type csvReturn struct {
	line                      int
	number, customer, country string
	returnedAt                time.Time
	lineCount                 int64
	refund                    money
	currency, order           string
	items                     []csvItem
}

// csvItem is one line of return_items.csv.
type csvItem struct {
	returnNumber, sku, description string
	line, quantity                 int64
	unitPrice, amount              money
	order                          string
	orderedAt                      time.Time
}

// Columns that the loader reads; a file may have others.
var (
	csvReturnColumns = []string{
		"return_number", "customer_id", "country", "returned_at", "line_count", "refund_amount", "currency", "order_number",
	}
	csvItemColumns = []string{
		"return_number", "line_no", "sku", "description", "quantity", "unit_price", "line_amount", "order_number", "order_date",
	}
)

// readReturns reads returns.csv. Return numbers must be unique.
func readReturns(file string, from io.Reader, clock *time.Location) ([]csvReturn, error) {
	s, err := newSheet(file, from, csvReturnColumns)
	if err != nil {
		return nil, err
	}
	var out []csvReturn
	lineOf := map[string]int{}
	for s.next() {
		r := s.csvReturn(clock)
		if first, ok := lineOf[r.number]; ok {
			s.wrong("return_number", fmt.Sprintf("%q stands on line %d already", r.number, first))
		}
		lineOf[r.number] = r.line
		out = append(out, r)
	}
	return out, s.err
}

func (s *sheet) csvReturn(clock *time.Location) csvReturn {
	r := csvReturn{
		line: s.line(), number: s.key("return_number", 64), customer: s.text("customer_id", 64), country: s.key("country", 80),
		returnedAt: s.clock("returned_at", clock), lineCount: s.whole("line_count", 0), refund: s.amount("refund_amount"),
		currency: s.key("currency", 3), order: s.text("order_number", 64),
	}
	if r.returnedAt.IsZero() {
		s.wrong("returned_at", "is blank")
	}
	return r
}

// readItems reads return_items.csv and hangs the items under their returns.
// Every item must have a return, and every return as many items as it says.
func readItems(file string, from io.Reader, clock *time.Location, returns []csvReturn) error {
	s, err := newSheet(file, from, csvItemColumns)
	if err != nil {
		return err
	}
	byNumber := make(map[string]*csvReturn, len(returns))
	for i := range returns {
		byNumber[returns[i].number] = &returns[i]
	}
	type key struct {
		number string
		line   int64
	}
	seen := map[key]int{}
	for s.next() {
		item := s.csvItem(clock)
		k := key{item.returnNumber, item.line}
		if first, ok := seen[k]; ok {
			s.wrong("line_no", fmt.Sprintf("item %d of %q stands on line %d already", k.line, k.number, first))
		}
		seen[k] = s.line()
		r := byNumber[item.returnNumber]
		if r == nil {
			s.wrong("return_number", fmt.Sprintf("%q is not in the returns file", item.returnNumber))
			break
		}
		r.items = append(r.items, item)
	}
	return s.err
}

func (s *sheet) csvItem(clock *time.Location) csvItem {
	return csvItem{
		returnNumber: s.key("return_number", 64), line: s.whole("line_no", 1), sku: s.key("sku", 64),
		description: s.text("description", 255), quantity: s.whole("quantity", 0), unitPrice: s.amount("unit_price"),
		amount: s.amount("line_amount"), order: s.text("order_number", 64), orderedAt: s.clock("order_date", clock),
	}
}

// complete checks that every return has as many items as it says.
func complete(file string, returns []csvReturn) error {
	for _, r := range returns {
		if int64(len(r.items)) != r.lineCount {
			return &CSVError{file, r.line, "line_count", fmt.Sprintf("says %d items; the items file has %d for %q", r.lineCount, len(r.items), r.number)}
		}
	}
	return nil
}
