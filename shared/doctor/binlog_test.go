package doctor

import (
	"maps"
	"strings"
	"testing"
)

func TestBinlogVariables(t *testing.T) {
	good := map[string]string{"version": "9.7.0", "log_bin": "ON", "binlog_format": "ROW", "binlog_row_image": "FULL", "gtid_mode": "ON", "binlog_expire_logs_seconds": "2592000"}
	for name, c := range map[string]struct {
		change map[string]string
		want   Severity
		words  string
	}{
		"good":            {nil, OK, ""},
		"statements":      {map[string]string{"binlog_format": "STATEMENT"}, Fail, "without their rows"},
		"mixed":           {map[string]string{"binlog_format": "MIXED"}, Fail, "without their rows"},
		"minimal rows":    {map[string]string{"binlog_row_image": "MINIMAL"}, Fail, "binlog_row_image"},
		"no ids":          {map[string]string{"gtid_mode": "OFF"}, Warn, "gtid_mode"},
		"MariaDB":         {map[string]string{"version": "10.11.6-MariaDB", "gtid_mode": ""}, OK, ""},
		"an hour":         {map[string]string{"binlog_expire_logs_seconds": "3600"}, Warn, "1h0m0s"},
		"a day of old":    {map[string]string{"binlog_expire_logs_seconds": "", "expire_logs_days": "1"}, Warn, "24h0m0s"},
		"for ever":        {map[string]string{"binlog_expire_logs_seconds": "0"}, OK, ""},
		"a quiet replica": {map[string]string{"log_replica_updates": "OFF"}, Info, "replica"},
	} {
		set := maps.Clone(good)
		maps.Copy(set, c.change)
		worst, text := OK, ""
		for _, f := range judgeBinlog(set) {
			worst, text = worse(worst, f.Severity), text+f.Message
		}
		if worst != c.want || !strings.Contains(text, c.words) {
			t.Errorf("%s: %s %q, want %s %q", name, worst, text, c.want, c.words)
		}
	}
}
