package formula

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

type row map[string]any

func (r row) Field(name string) any { return r[name] }
func (row) ID() string              { return "recA" }
func (row) Created() time.Time      { return time.Date(2026, 11, 20, 4, 0, 0, 0, time.UTC) }
func (row) Modified() time.Time     { return time.Date(2026, 11, 21, 4, 0, 0, 0, time.UTC) }

var sample = row{
	"Name": "sales_report", "N": 21.0, "Fail": true, "Tags": []string{"a", "b"},
	"Date": "2026-11-21", "Last Updated": "2026-11-21T10:00:00.000Z", "Quoted": `it's "so"`,
}

func TestHolds(t *testing.T) {
	for text, want := range map[string]bool{
		`{Name} = 'sales_report'`:                 true,
		`Name="sales"`:                            false,
		`AND({Fail}, NOT({Mongo Id}))`:            true,
		`OR({Fail}=0, {N}>=21)`:                   true,
		`{Fail}=1`:                                true,
		`{Other}=0`:                               true,
		`{Other}=BLANK()`:                         true,
		`{Name}=BLANK()`:                          false,
		`{N}=''`:                                  false,
		`{Tags}='a, b'`:                           true,
		`FIND('b', {Tags})`:                       true,
		`SEARCH('SALES', {Name})=1`:               true,
		`SEARCH('x', {Name})`:                     false,
		`IS_AFTER({Date}, '2026-11-20')`:          true,
		`IS_BEFORE({Date}, '2026-11-20')`:         false,
		`IS_AFTER({None}, '2026-11-20')`:          false,
		`IS_SAME({Last Updated}, {Date}, 'day')`:  true,
		`IS_SAME({Last Updated}, {Date})`:         false,
		`{Last Updated} > '2026-11-21T09:59:59Z'`: true,
		`IS_AFTER({Date}, DATETIME_PARSE('2026-11-20T23:59:59.999Z'))`: true,
		`RECORD_ID()='recA'`:                  true,
		`LAST_MODIFIED_TIME()>CREATED_TIME()`: true,
		`1+2*3=7`:                             true,
		`(1+2)*3=-9+18`:                       true,
		`"a"&1&"b"='a1b'`:                     true,
		`{Quoted}='it\'s "so"'`:               true,
		`IF({Fail}, '', 'x')`:                 false,
		`IF(FALSE(), 1)`:                      false,
		`LEN(UPPER(TRIM(' ü ')))=1`:           true,
		`CONCATENATE({Name}, '-', {N})='sales_report-21'`: true,
		`VALUE('4')=4`: true,
	} {
		f, err := Parse(text)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		if got, err := f.Holds(sample); err != nil || got != want {
			t.Errorf("%s: %v, %v, want %v", text, got, err, want)
		}
	}
}

func TestRefusals(t *testing.T) {
	for text, want := range map[string]string{
		``:                        "a value is missing",
		`{Name`:                   "no }",
		`'x`:                      "no end",
		`REGEX_MATCH({Name},'x')`: "does not know the function REGEX_MATCH",
		`NOT(1,2)`:                "NOT takes 1 to 1 arguments, not 2",
		`1 2`:                     `"2" was not expected`,
		`(1`:                      `")" was expected`,
		`1 +`:                     "a value is missing",
		`;`:                       `";" was not expected`,
		`1..2=1`:                  "is no number",
		`AND(1 2)`:                `"," was expected`,
	} {
		if _, err := Parse(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", text, err, want)
		}
	}
	for text, want := range map[string]string{
		`{Name}+1`:                            "is no number",
		`{Name}<1`:                            "is no number",
		`1/0`:                                 "division by 0",
		`IS_AFTER({Name}, '2026-01-01')`:      "is no date",
		`IS_SAME({Date}, {Date}, 'quarters')`: "'day' only",
	} {
		f, err := Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.Holds(sample); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", text, err, want)
		}
	}
}

func TestFields(t *testing.T) {
	f, err := Parse(`AND({b c}, a, {b c}='x')`)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"a", "b c"}, f.Fields()); diff != "" {
		t.Error(diff)
	}
}

func FuzzParse(f *testing.F) {
	f.Add(`AND({a}='x', NOT(b)>=1.5)`)
	f.Add(`((((`)
	f.Add(`'\`)
	f.Fuzz(func(t *testing.T, text string) {
		formula, err := Parse(text)
		if err != nil {
			return
		}
		first, err := formula.Holds(sample)
		second, again := formula.Holds(sample)
		if first != second || (err == nil) != (again == nil) {
			t.Errorf("%q is not computed the same way twice", text)
		}
	})
}
