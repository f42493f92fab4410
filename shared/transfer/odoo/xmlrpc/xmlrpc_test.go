package xmlrpc_test

import (
	"encoding/json"
	"errors"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gitlab.com/eshopbox-team/return-sync/shared/transfer/odoo/xmlrpc"
)

// answer wraps the text of a value.
func answer(value string) string {
	return "<?xml version='1.0'?>\n<methodResponse>\n<params>\n<param>\n" + value + "\n</param>\n</params>\n</methodResponse>\n"
}

func TestAnswersAreRead(t *testing.T) {
	for text, want := range map[string]any{
		"<value>no type</value>": "no type",
		"<value> </value>":       " ",
		"<value/>":               "",
		"<value><string> a &lt; b </string></value>":                            " a < b ",
		"<value><string><![CDATA[a < b]]></string></value>":                     "a < b",
		"<value><string>a\x0b\x00b</string></value>":                            "a  b",
		"<value><string>a\xffb</string></value>":                                "a b",
		"<value> <int> 42 </int> </value>":                                      int64(42),
		"<value><i4>-1</i4></value>":                                            int64(-1),
		"<value><i8>9007199254740993</i8></value>":                              int64(9007199254740993),
		"<value><boolean>1</boolean></value>":                                   true,
		"<value><boolean>false</boolean></value>":                               false,
		"<value><double>-0.25</double></value>":                                 -0.25,
		"<value><nil/></value>":                                                 nil,
		"<value><ex:nil xmlns:ex='x'/></value>":                                 nil,
		"<value><dateTime.iso8601>20260501T10:00:00</dateTime.iso8601></value>": "20260501T10:00:00",
		"<value><base64>\nR3LD\nvMOf\nZQ==\n</base64></value>":                  []byte("Grüße"),
		"<value><array><data></data></array></value>":                           []any{},
		"<value><array/></value>":                                               []any{},
		"<value><struct/></value>":                                              map[string]any{},
		"<value><array><data><value><int>7</int></value><value>Müller &amp; Co</value></data></array></value>":                                                                      []any{int64(7), "Müller & Co"},
		"<value><struct>\n<member>\n<name>a</name>\n<value><struct><member><name>b</name><value><boolean>0</boolean></value></member></struct></value>\n</member></struct></value>": map[string]any{"a": map[string]any{"b": false}},
	} {
		have, err := xmlrpc.Answer([]byte(answer(text)))
		if diff := cmp.Diff(want, have); err != nil || diff != "" {
			t.Errorf("%s: %v %s", text, err, diff)
		}
	}
}

func TestWhatIsNoAnswer(t *testing.T) {
	deep := strings.Repeat("<value><array><data>", xmlrpc.MaxDepth+2) + strings.Repeat("</data></array></value>", xmlrpc.MaxDepth+2)
	wide := "<value><array><data>" + strings.Repeat("<value/>", xmlrpc.MaxValues) + "</data></array></value>"
	for _, text := range []string{
		"", "<html><body>502</body></html>", "<!DOCTYPE html>\n<html>", answer(""), answer("<value><int>x</int></value>"), answer("<value><int>1.5</int></value>"), answer("<value><boolean>2</boolean></value>"),
		answer("<value><double>inf</double></value>"), answer("<value><colour>red</colour></value>"), answer("<value><base64>*</base64></value>"), answer("<value><string>a<b/></string></value>"),
		answer("<value><array><value/></array></value>"), answer("<value><struct><name>a</name></struct></value>"), answer("<value>&unknown;</value>"), answer("<value><int>1</int><int>2</int></value>"),
		answer(deep), answer(wide), answer("<value><string>half")[:90], "<methodResponse><fault><value>text</value></fault></methodResponse>",
		"<methodResponse><fault><value><struct/></value></fault></methodResponse>", "<methodCall><methodName>x</methodName></methodCall>",
		`<!DOCTYPE a [<!ENTITY b "c">]>` + answer("<value>&b;</value>"),
	} {
		if v, err := xmlrpc.Answer([]byte(text)); !errors.Is(err, xmlrpc.ErrForm) {
			t.Errorf("%.120s: %v, %v", text, v, err)
		}
	}
}

func TestFaults(t *testing.T) {
	fault := func(code string) string {
		return "<methodResponse><fault><value><struct><member><name>faultCode</name><value>" + code + "</value></member><member><name>faultString</name><value><string>Traceback:\n  File x\nKeyError: 'a'\n</string></value></member></struct></value></fault></methodResponse>"
	}
	for code, want := range map[string]xmlrpc.Fault{"<int>3</int>": {Code: 3}, "<string>AccessDenied</string>": {Letter: "AccessDenied"}} {
		_, err := xmlrpc.Answer([]byte(fault(code)))
		var f *xmlrpc.Fault
		if !errors.As(err, &f) || f.Code != want.Code || f.Letter != want.Letter || !strings.HasSuffix(err.Error(), ": KeyError: 'a'") || errors.Is(err, xmlrpc.ErrForm) {
			t.Errorf("%v", err)
		}
	}
}

// echo returns the answer that holds a call's only parameter.
func echo(t testing.TB, v any) (any, error) {
	t.Helper()
	text, err := xmlrpc.Call("echo", v)
	if err != nil {
		return nil, err
	}
	_, params, _ := strings.Cut(string(text), "</methodName>")
	return xmlrpc.Answer([]byte("<methodResponse>" + strings.Replace(params, "</methodCall>", "</methodResponse>", 1)))
}

func TestWhatIsWrittenIsRead(t *testing.T) {
	noon := time.Date(2026, 5, 1, 14, 0, 0, 5000, time.FixedZone("x", 7200))
	have, err := echo(t, map[string]any{
		"nil": nil, "bool": true, "int": 5, "big": int64(math.MaxInt64), "float": 1e21, "text": "a<b>&\"'\r\n\x01 ü", "time": noon, "bytes": []byte{0, 255},
		"ids": []int64{1, 2}, "names": []string{"a"}, "list": []any{map[string]any{}}, "number": json.Number("12"), "fraction": json.Number("0.5"),
	})
	want := map[string]any{
		"nil": nil, "bool": true, "int": int64(5), "big": int64(math.MaxInt64), "float": 1e21, "text": "a<b>&\"'\r\n\uFFFD ü", "time": "2026-05-01 12:00:00", "bytes": []byte{0, 255},
		"ids": []any{int64(1), int64(2)}, "names": []any{"a"}, "list": []any{map[string]any{}}, "number": int64(12), "fraction": 0.5,
	}
	if diff := cmp.Diff(want, have); err != nil || diff != "" {
		t.Errorf("%v %s", err, diff)
	}
	text, err := xmlrpc.Call("m", int64(math.MaxInt32), int64(math.MaxInt32)+1)
	if err != nil || !strings.Contains(string(text), "<int>2147483647</int>") || !strings.Contains(string(text), "<i8>2147483648</i8>") {
		t.Errorf("%s, %v", text, err)
	}
	deep := any(nil)
	for range xmlrpc.MaxDepth + 1 {
		deep = []any{deep}
	}
	for _, v := range []any{math.NaN(), math.Inf(1), struct{}{}, json.Number("x"), map[string]any{"a": make(chan int)}, deep} {
		if text, err := xmlrpc.Call("m", v); err == nil {
			t.Errorf("%v was written: %s", v, text)
		}
	}
}

// FuzzAnswer reads anything. What can be read is written and read again as the same.
func FuzzAnswer(f *testing.F) {
	f.Add([]byte(answer("<value><struct><member><name>a</name><value><array><data><value><i8>1</i8></value><value><nil/></value></data></array></value></member></struct></value>")))
	f.Add([]byte(answer("<value><double>1.5</double></value>")))
	f.Add([]byte("<methodResponse><fault><value><struct><member><name>faultCode</name><value><int>1</int></value></member></struct></value></fault></methodResponse>"))
	f.Fuzz(func(t *testing.T, text []byte) {
		v, err := xmlrpc.Answer(text)
		var fault *xmlrpc.Fault
		if err != nil {
			if !errors.Is(err, xmlrpc.ErrForm) && !errors.As(err, &fault) {
				t.Fatalf("%v is neither a fault nor a wrong form", err)
			}
			return
		}
		again, err := echo(t, v)
		if diff := cmp.Diff(v, again); err != nil || diff != "" {
			t.Errorf("%v %s", err, diff)
		}
	})
}
