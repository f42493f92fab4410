package wire_test

import (
	"log/slog"
	"strings"
	"testing"

	"github.com/sethvargo/go-envconfig"

	"gitlab.com/eshopbox-team/return-sync/functions/internal/wire"
)

// openWatch opens the watch function's parts over variables.
func openWatch(t *testing.T, vars map[string]string) (channels int, log string, err error) {
	t.Helper()
	var text strings.Builder
	e := &wire.Env{Lookup: envconfig.MapLookuper(vars), Log: slog.New(slog.NewTextHandler(&text, nil))}
	defer func() { _ = e.Close() }()
	w, err := e.Watch(t.Context())
	if err != nil {
		return 0, text.String(), err
	}
	return len(w.Channels), text.String(), nil
}

// TestWatchListsAllProblems names each wrong setting and shows no address.
func TestWatchListsAllProblems(t *testing.T) {
	_, log, err := openWatch(t, map[string]string{
		"STATE_DSN": "u@tcp(127.0.0.1:1)/d", "SLACK_WEBHOOK_URL": "hooks/s3cret", "ALERT_WEBHOOK_URL": "ftp://s3cret",
		"TEAMS_WEBHOOK_URL":     "s3cret",
		"PAGERDUTY_ROUTING_KEY": "s3cret", "PAGERDUTY_URL": "ftp://s3cret", "ALERT_EMAIL_TO": "s3cret", "ALERT_SMTP_PASSWORD": "s3cret", "WATCH_FAILED_RUNS": "0", "WATCH_PERIOD": "-1s", "LOG_KEEP_DAYS": "0",
	})
	if err == nil {
		t.Fatal("no error")
	}
	for _, name := range []string{"SLACK_WEBHOOK_URL", "ALERT_WEBHOOK_URL", "TEAMS_WEBHOOK_URL", "PAGERDUTY_URL", "ALERT_EMAIL_TO", "ALERT_EMAIL_FROM", "ALERT_SMTP_SERVER", "ALERT_SMTP_USER", "WATCH_FAILED_RUNS", "WATCH_PERIOD", "LOG_KEEP_DAYS"} {
		if !strings.Contains(err.Error(), name) {
			t.Errorf("%s is not named in:\n%v", name, err)
		}
	}
	if strings.Contains(err.Error()+log, "s3cret") {
		t.Errorf("an address is shown:\n%v\n%s", err, log)
	}
	if _, _, err := openWatch(t, nil); err == nil || !strings.Contains(err.Error(), "STATE_DSN is missing") {
		t.Errorf("error %v", err)
	}
}

// TestWatchWarnsOfItself expects warnings that alerts go nowhere and that healthy syncs
// would look offline.
func TestWatchWarnsOfItself(t *testing.T) {
	vars := map[string]string{"STATE_DSN": "u@tcp(127.0.0.1:1)/d"}
	if n, log, err := openWatch(t, vars); err != nil || n != 0 || !strings.Contains(log, "not sent") {
		t.Errorf("%d channels, %v:\n%s", n, err, log)
	}
	vars["SLACK_WEBHOOK_URL"], vars["ALERT_WEBHOOK_URL"], vars["WATCH_OFFLINE_AFTER"] = "https://hooks.test/s3cret", "https://other.test/s3cret", "10m"
	vars["TEAMS_WEBHOOK_URL"], vars["PAGERDUTY_ROUTING_KEY"] = "https://workflow.test/s3cret", "s3cret"
	vars["ALERT_EMAIL_TO"], vars["ALERT_EMAIL_FROM"], vars["ALERT_SMTP_SERVER"] = "ops@shop.test,night@shop.test", "sync@shop.test", "mail.test"
	n, log, err := openWatch(t, vars)
	if err != nil || n != 5 || !strings.Contains(log, "WATCH_OFFLINE_AFTER") || strings.Contains(log, "not sent") || strings.Contains(log, "s3cret") {
		t.Errorf("%d channels, %v:\n%s", n, err, log)
	}
}
