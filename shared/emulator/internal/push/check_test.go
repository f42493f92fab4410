package push

import (
	"strings"
	"testing"
	"time"
)

func TestChecks(t *testing.T) {
	header := func(name, value string) error { return CheckHeaders(map[string]string{name: value}) }
	tests := []struct {
		name string
		err  error
		want string // empty for accepted
	}{
		{"url", CheckURL("url", "https://run.test:8080/a?b"), ""},
		{"url empty", CheckURL("url", ""), "url is required"},
		{"url broken", CheckURL("url", "http://[::1"), "url: "},
		{"url scheme", CheckURL("url", "file:///etc"), `must begin with "http://" or "https://"`},
		{"url without host", CheckURL("url", "http://:80/"), "names no host"},
		{"url long", CheckURL("url", "http://a/"+strings.Repeat("é", 400)), "is 2409 bytes long"},
		{"body with POST", CheckBody("POST", []byte("x")), ""},
		{"no body with GET", CheckBody("GET", nil), ""},
		{"body with DELETE", CheckBody("DELETE", []byte("x")), "the method is DELETE"},
		{"deadline", CheckDeadline("d", time.Minute), ""},
		{"deadline negative", CheckDeadline("d", -1), "between 15s and 30m0s"},
		{"header", header("Content-Type", "a/b\tc"), ""},
		{"header empty name", header("", "x"), "HTTP does not allow"},
		{"header colon", header("a:b", "x"), "HTTP does not allow"},
		{"header control character", header("a", "x\x01"), "control character"},
		{"header of the scheduler", header("x-CLOUDscheduler", "x"), "platform alone"},
		{"header of App Engine", header("X-AppEngine-QueueName", "x"), ""},
		{"header of Google", header("x-GOOGLE-anything", "x"), ""},
	}
	for _, test := range tests {
		if (test.err == nil) != (test.want == "") || test.err != nil && !strings.Contains(test.err.Error(), test.want) {
			t.Errorf("%s: %v, want %q", test.name, test.err, test.want)
		}
	}
}

// TestIgnoredHeaders sends headers that a caller may name in vain, in any case.
func TestIgnoredHeaders(t *testing.T) {
	named := map[string]string{"X-Google-A": "1", "x-appengine-b": "1", "X-APPENGINE-C": "1", "x-gOOgle-": "1", "Host": "h", "content-length": "9", "USER-AGENT": "u", "X-Googler": "kept", "X-Mine": "kept"}
	if err := CheckHeaders(named); err != nil {
		t.Fatal(err)
	}
	got := Header(named, "agent")
	if len(got) != 3 || got.Get("X-Googler") != "kept" || got.Get("X-Mine") != "kept" || got.Get("User-Agent") != "agent" {
		t.Errorf("%v", got)
	}
}
