package deployment_test

import (
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// inLoop are the names of a loop of the shell.
var inLoop = regexp.MustCompile(`(?m)^for (job|queue) in ([\w ]+); do$`)

// TestARestartStopsEveryCaller compares the page's loops with the jobs and queues that
// Terraform makes: one that is left out would go on calling.
func TestARestartStopsEveryCaller(t *testing.T) {
	text, err := os.ReadFile(terraform + "/OPERATING.md")
	if err != nil {
		t.Fatal(err)
	}
	want := map[string][]string{}
	for one := range names(t, "return-sync") {
		kind, name, _ := strings.Cut(one, " ")
		switch kind {
		case "google_cloud_scheduler_job":
			want["job"] = append(want["job"], name)
		case "google_cloud_tasks_queue":
			want["queue"] = append(want["queue"], name)
		}
	}
	loops := inLoop.FindAllStringSubmatch(string(text), -1)
	if len(loops) != 4 {
		t.Fatalf("%d loops, want one each to stop and to start jobs and queues", len(loops))
	}
	for _, m := range loops {
		if got := slices.Sorted(slices.Values(strings.Fields(m[2]))); !slices.Equal(got, slices.Sorted(slices.Values(want[m[1]]))) {
			t.Errorf("the page has the %ss %q, Terraform %q", m[1], got, want[m[1]])
		}
	}
}

// TestTheUnitIsLikeTheTransfersUnit holds the server's unit to the confinement of the
// unit that a test starts as systemd does.
func TestTheUnitIsLikeTheTransfersUnit(t *testing.T) {
	directives := func(path string) map[string]string {
		text, err := os.ReadFile(root + "/" + path)
		if err != nil {
			t.Fatal(err)
		}
		found := map[string]string{}
		for line := range strings.Lines(string(text)) {
			if name, value, ok := strings.Cut(strings.TrimSpace(line), "="); ok && !strings.HasPrefix(line, "#") {
				found[name] = value
			}
		}
		return found
	}
	ours, other := directives("functions/cmd/server/return-sync.service"), directives("functions/internal/wings/transfer/testdata/sosync@.service")
	for _, name := range []string{"Type", "TimeoutStopSec", "KillSignal", "UMask", "NoNewPrivileges", "ProtectSystem", "ProtectHome", "PrivateTmp", "PrivateDevices", "RestrictAddressFamilies", "WantedBy"} {
		if ours[name] == "" || ours[name] != other[name] {
			t.Errorf("%s is %q, that of the transfer service %q", name, ours[name], other[name])
		}
	}
	for _, name := range slices.Sorted(maps.Keys(ours)) {
		if _, known := other[name]; !known && !slices.Contains([]string{"DynamicUser", "EnvironmentFile", "Environment"}, name) {
			t.Errorf("%s is not known to be a directive", name)
		}
	}
}
