package push

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// The limits that the protos document for HTTP targets.
const (
	MinDeadline    = 15 * time.Second
	MaxDeadline    = 30 * time.Minute
	maxURLBytes    = 2083
	maxHeaderBytes = 80 << 10
)

// reserved reports headers that only the platform may set.
func reserved(lower string) bool {
	return strings.HasPrefix(lower, "x-cloudtasks-") || strings.HasPrefix(lower, "x-cloudscheduler")
}

// ignored reports headers that a caller may name and that are not sent: those that the
// platform computes, and those for Google's use alone.
func ignored(lower string) bool {
	switch lower {
	case "host", "content-length", "user-agent":
		return true
	}
	return strings.HasPrefix(lower, "x-google-") || strings.HasPrefix(lower, "x-appengine-")
}

// CheckURL refuses addresses that the platform would not call.
func CheckURL(field, text string) error {
	parsed, err := url.Parse(text)
	switch {
	case text == "":
		return fmt.Errorf("%s is required", field)
	case err != nil:
		return fmt.Errorf("%s: %w", field, err)
	case parsed.Scheme != "http" && parsed.Scheme != "https":
		return fmt.Errorf(`%s %q must begin with "http://" or "https://"`, field, text)
	case parsed.Hostname() == "":
		return fmt.Errorf("%s %q names no host", field, text)
	case len(parsed.String()) > maxURLBytes:
		return fmt.Errorf("%s is %d bytes long, at most %d are allowed", field, len(parsed.String()), maxURLBytes)
	}
	return nil
}

// CheckBody refuses a body on a method that carries none.
func CheckBody(method string, body []byte) error {
	switch method {
	case http.MethodPost, http.MethodPut, http.MethodPatch:
		return nil
	}
	if len(body) > 0 {
		return fmt.Errorf("a body is allowed with POST, PUT and PATCH only, the method is %s", method)
	}
	return nil
}

// CheckDeadline refuses a deadline outside [MinDeadline, MaxDeadline].
func CheckDeadline(field string, d time.Duration) error {
	if d < MinDeadline || d > MaxDeadline {
		return fmt.Errorf("%s is %v, it must be between %v and %v", field, d, MinDeadline, MaxDeadline)
	}
	return nil
}

// CheckHeaders refuses headers that belong to the platform, that cannot be
// sent, or that are too large together.
func CheckHeaders(headers map[string]string) error {
	size := 0
	for name, value := range headers {
		size += len(name) + len(value)
		switch {
		case !isToken(name):
			return fmt.Errorf("header name %q has characters that HTTP does not allow", name)
		case reserved(strings.ToLower(name)):
			return fmt.Errorf("header %q is set by the platform alone", name)
		case strings.ContainsFunc(value, control):
			return fmt.Errorf("header %q has a line break or another control character in its value", name)
		}
	}
	if size >= maxHeaderBytes {
		return fmt.Errorf("the headers are %d bytes together, less than %d are allowed", size, maxHeaderBytes)
	}
	return nil
}

// control reports the characters that a header's value must not hold.
func control(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f }

// isToken is RFC 9110's token.
func isToken(name string) bool {
	for _, r := range name {
		if r <= ' ' || r >= 0x7f || strings.ContainsRune(`"(),/:;<=>?@[\]{}`, r) {
			return false
		}
	}
	return name != ""
}

// Header returns the user's headers without those that are ignored, and with the
// platform's agent.
func Header(user map[string]string, agent string) http.Header {
	header := make(http.Header, len(user)+8)
	for name, value := range user {
		if !ignored(strings.ToLower(name)) {
			header.Set(name, value)
		}
	}
	header.Set("User-Agent", agent)
	return header
}
