package sample

import (
	"errors"
	"strings"
	"testing"
	"time"
)

func TestMoney(t *testing.T) {
	for cell, want := range map[string]string{
		"0": "0.000", "1.5": "1.500", "168469.60": "168469.600", "-0.05": "-0.050", "99999999999.999": "99999999999.999",
		"": "refused", ".5": "refused", "1.": "refused", "1.2345": "refused", "123456789012": "refused", "+1": "refused",
		"--1": "refused", "1e3": "refused", "1,5": "refused", "-": "refused", "1.-5": "refused", "NaN": "refused",
	} {
		got := "refused"
		if m, ok := parseMoney(cell); ok {
			got = m.String()
		}
		if got != want {
			t.Errorf("parseMoney(%q) = %s; want %s", cell, got, want)
		}
	}
}

func TestEAN(t *testing.T) {
	for _, styles := range invented.Catalogs {
		for _, s := range styles {
			code := ean(s, 1, 0)
			sum := 0
			for i, r := range code {
				sum += int(r-'0') * (1 + 2*(i%2))
			}
			if len(code) != 13 || sum%10 != 0 {
				t.Errorf("ean(%s) = %s: not a valid number", s.Code, code)
			}
		}
	}
}

func TestMailbox(t *testing.T) {
	for name, want := range map[string]string{
		"Søren Øster": "soren.oster", "Łucja Wójcik": "lucja.wojcik", "Jürgen Weiß": "jurgen.weiss", "Maeve O'Connor": "maeve.oconnor",
	} {
		if got := mailbox(name); got != want {
			t.Errorf("mailbox(%s) = %s; want %s", name, got, want)
		}
	}
}

// FuzzCSV feeds both readers anything: they may refuse, with a place, but not
// fall over, and what they accept fits the tables.
func FuzzCSV(f *testing.F) {
	f.Add("return_number,customer_id,country,returned_at,line_count,refund_amount,currency,order_number\nC1,,EIRE,2010-12-01 09:41:00,1,27.50,GBP,\n",
		"return_number,line_no,sku,description,quantity,unit_price,line_amount,order_number,order_date\nC1,1,D,\"a, \"\"b\"\"\",1,27.500,27.50,,\n")
	f.Add("\ufeffreturn_number\n", "")
	f.Add("a,b\n\"", "x\n\xff")
	clock := time.UTC
	f.Fuzz(func(t *testing.T, returnsText, itemsText string) {
		returns, err := readReturns("returns.csv", strings.NewReader(returnsText), clock)
		located(t, err)
		if err == nil {
			err = readItems("return_items.csv", strings.NewReader(itemsText), clock, returns)
			located(t, err)
		}
		if err == nil {
			err = complete("returns.csv", returns)
			located(t, err)
		}
		if err != nil {
			return
		}
		for i, c := range returns {
			r := c.row(int64(i + 1))
			if len(r.values(nil)) != len(returnColumns) || r.number == "" || r.life.status == "" || len(r.items) != int(c.lineCount) {
				t.Fatalf("accepted %+v, made %+v", c, r)
			}
			for _, item := range r.items {
				if len(item.values(nil)) != len(itemColumns) || item.line < 1 || item.outcome.status == "" {
					t.Fatalf("made %+v", item)
				}
			}
		}
	})
}

// located demands that an error says where.
func located(t *testing.T, err error) {
	t.Helper()
	var place *CSVError
	if err != nil && (!errors.As(err, &place) || place.File == "" || place.Reason == "") {
		t.Fatalf("error without a place: %v", err)
	}
}
