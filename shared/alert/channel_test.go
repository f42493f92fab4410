package alert

import (
	"strings"
	"testing"
	"time"
)

func TestAddress(t *testing.T) {
	for address, ok := range map[string]bool{
		"https://hooks.test/services/s3cret": true, "http://127.0.0.1:80/x": true,
		"": false, "hooks.test/s3cret": false, "ftp://hooks.test/s3cret": false, "https:///s3cret": false, "https://h/%zzs3cret": false,
	} {
		err := Address("SLACK_WEBHOOK_URL", address)
		if (err == nil) != ok || err != nil && (strings.Contains(err.Error(), "s3cret") || !strings.Contains(err.Error(), "SLACK_WEBHOOK_URL")) {
			t.Errorf("%s: %v", address, err)
		}
	}
}

func TestSpan(t *testing.T) {
	for d, want := range map[time.Duration]string{
		-time.Second: "0 seconds", 59 * time.Second: "59 seconds", 45 * time.Minute: "45 minutes", 119 * time.Minute: "119 minutes",
		24 * time.Hour: "24 hours", 25*time.Hour + 3*time.Minute: "25 hours 3 minutes", 10 * 24 * time.Hour: "10 days",
	} {
		if got := span(d); got != want {
			t.Errorf("%v: %q, want %q", d, got, want)
		}
	}
}
