package record

import (
	"bytes"
	"encoding/json"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"
)

// encoded returns a value's JSON, or "parked".
func encoded(databaseType string, k Kind, v string) string {
	if k == Auto {
		var err error
		if k, err = KindOf(databaseType); err != nil {
			return "refused"
		}
	}
	b, err := appendValue(nil, k.of(databaseType), []byte(v))
	if err != nil {
		return "parked"
	}
	return string(b)
}

// TestCasts reads values of each column type as each kind.
func TestCasts(t *testing.T) {
	for _, c := range []struct {
		databaseType string
		kind         Kind
		value, want  string
	}{
		{"BIT", Bool, "\x00", "false"}, {"BIT", Bool, "\x01", "true"}, {"BIT", Bool, "\x00\x00", "false"}, {"BIT", Bool, "\x01\x00", "true"},
		{"BIT", Number, "\x01\x02", "258"}, {"BIT", Auto, "\x05", "5"}, {"BIT", Number, strings.Repeat("\xff", 8), "18446744073709551615"},
		{"TINYINT", Bool, "0", "false"}, {"TINYINT", Bool, "1", "true"}, {"TINYINT", Bool, "-1", "true"}, {"UNSIGNED INT", Bool, "0000", "false"},
		{"DECIMAL", Bool, "0.00", "false"}, {"DECIMAL", Bool, "0.01", "true"}, {"DECIMAL", Bool, "-0.00", "false"}, {"DOUBLE", Bool, "0e0", "false"}, {"DOUBLE", Bool, "1e-7", "true"},
		{"CHAR", Bool, "N", "false"}, {"CHAR", Bool, "Y", "true"}, {"VARCHAR", Bool, "No", "false"}, {"VARCHAR", Bool, " yes ", "true"}, {"VARCHAR", Bool, "", "false"},
		{"ENUM", Bool, "false", "false"}, {"ENUM", Bool, "TRUE", "true"}, {"ENUM", Bool, "off", "false"}, {"VARCHAR", Bool, "maybe", "parked"}, {"VARCHAR", Bool, "2019-01-01", "parked"},
		{"VARCHAR", Number, "true", "parked"}, {"VARCHAR", Number, "null", "parked"}, {"VARCHAR", Number, "twelve", "parked"}, {"VARCHAR", Number, "12abc", "parked"}, {"VARCHAR", Number, "", "parked"},
		{"VARCHAR", Number, " 12.50 ", "12.50"}, {"VARCHAR", Number, "007", "7"}, {"VARCHAR", Number, "1e5", "1e5"}, {"VARCHAR", Number, "[1]", "parked"}, {"VARCHAR", Number, `"1"`, "parked"},
		{"YEAR", Auto, "2024", "2024"}, {"YEAR", Auto, "0000", "0"}, {"TIME", Auto, "-01:02:03", `"-01:02:03"`}, {"SET", Auto, "a,b", `"a,b"`},
		{"BINARY", String, "\x00\xff", "parked"}, {"VARBINARY", String, "text", `"text"`}, {"BLOB", Auto, "x", "refused"}, {"GEOMETRY", Auto, "x", "refused"},
		{"VARCHAR", EpochMillis, "yesterday", "parked"}, {"TIME", EpochMillis, "10:00:00", "parked"}, {"DATE", Auto, "1970-01-02", "86400000"},
		{"LONGTEXT", JSON, `{"a": 1}`, `{"a":1}`}, {"LONGTEXT", JSON, `{a}`, "parked"}, {"LONGTEXT", JSON, ``, "parked"},
	} {
		if got := encoded(c.databaseType, c.kind, c.value); got != c.want {
			t.Errorf("%s %q as kind %d is %s, want %s", c.databaseType, c.value, c.kind, got, c.want)
		}
	}
}

// TestEveryCastIsJSONOrParked tries values at random: what is encoded is JSON of the
// kind's type, whatever the column's type.
func TestEveryCastIsJSONOrParked(t *testing.T) {
	dice := rand.New(rand.NewPCG(3, 4))
	letters := []string{"0", "1", "9", ".", "-", "+", "e", "E", " ", "t", "true", "false", "null", "N", "Y", "\"", "{", "}", "[", "]", ":", ",", "é", "\x00", "\xff", "\n", "2024-01-31", "00"}
	types := []string{"BIT", "TINYINT", "UNSIGNED BIGINT", "DECIMAL", "DOUBLE", "YEAR", "DATE", "DATETIME", "TIME", "CHAR", "VARCHAR", "ENUM", "SET", "JSON", "BINARY", "BLOB", "LONGTEXT"}
	for range 200_000 {
		var v bytes.Buffer
		for range dice.IntN(5) {
			v.WriteString(letters[dice.IntN(len(letters))])
		}
		k, databaseType := Kind(1+dice.IntN(int(JSON))), types[dice.IntN(len(types))]
		got := encoded(databaseType, k, v.String())
		if got == "parked" {
			continue
		}
		var decoded any
		if err := json.Unmarshal([]byte(got), &decoded); err != nil {
			t.Fatalf("%s %q as kind %d is %q: %v", databaseType, v.String(), k, got, err)
		}
		var ok bool
		switch decoded.(type) {
		case bool:
			ok = k == Bool || k == JSON
		case float64:
			ok = k == Number || k == EpochMillis || k == JSON
		case string:
			ok = k == String || k == JSON
		default:
			ok = k == JSON
		}
		if n, err := strconv.ParseFloat(strings.TrimSpace(v.String()), 64); ok && k == Bool && err == nil && databaseType != "BIT" && (n != 0) != (got == "true") && n == n {
			ok = false
		}
		if !ok {
			t.Fatalf("%s %q as kind %d is %s", databaseType, v.String(), k, got)
		}
	}
}
