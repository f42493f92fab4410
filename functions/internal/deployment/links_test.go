package deployment_test

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"gitlab.com/eshopbox-team/return-sync/functions/internal/wings"
	"gitlab.com/eshopbox-team/return-sync/shared/alert"
)

// heading is a heading of a document.
var heading = regexp.MustCompile(`(?m)^#+ (.+)$`)

// anchorOf returns the anchor that GitLab makes of a heading: small letters, hyphens for
// spaces, and no other signs.
func anchorOf(heading string) string {
	anchor := regexp.MustCompile(`[^\p{L}\p{N}_ -]`).ReplaceAllString(strings.ToLower(heading), "")
	return regexp.MustCompile(`[ -]+`).ReplaceAllString(anchor, "-")
}

// anchors returns the anchors of the headings of terraform/README.md.
func anchors(t *testing.T) map[string]bool {
	t.Helper()
	text, err := os.ReadFile(terraform + "/README.md")
	if err != nil {
		t.Fatal(err)
	}
	return anchorsOf(string(text))
}

// TestEveryAlertHasItsParagraph looks where alerts link to: those of Monitoring
// and those of the watch function.
func TestEveryAlertHasItsParagraph(t *testing.T) {
	there := anchors(t)
	linked := map[string]bool{}
	c := load(t, terraform, required())
	for key := range c.local("log_events").AsValueMap() {
		linked["alert-"+strings.ReplaceAll(key, "_", "-")] = true
	}
	for _, url := range texts(c.local("runbook")) {
		_, anchor, _ := strings.Cut(url, "#")
		linked[anchor] = true
	}
	for _, cause := range alert.Causes() {
		linked[cause.Anchor()] = true
	}
	for _, w := range wings.All() {
		for _, kind := range w.Alerts {
			linked[alert.Cause(w.Name+"/"+string(kind)).Anchor()] = true
		}
	}
	for anchor := range linked {
		if !there[anchor] {
			t.Errorf("an alert links to README.md#%s, and there is no such heading", anchor)
		}
	}
	for anchor := range there {
		if strings.HasPrefix(anchor, "alert-") && !linked[anchor] {
			t.Errorf("README.md#%s: no alert links to it", anchor)
		}
	}
}

// TestAlertPolicies checks that every policy notifies somebody and links somewhere.
func TestAlertPolicies(t *testing.T) {
	c := load(t, terraform, required())
	policies := 0
	for key, b := range c.blocks {
		if b.Type != "resource" || b.Labels[0] != "google_monitoring_alert_policy" {
			continue
		}
		policies++
		for _, name := range []string{"notification_channels", "severity"} {
			if b.Body.Attributes[name] == nil {
				t.Errorf("%s has no %s", key, name)
			}
		}
		documented := false
		for _, inner := range b.Body.Blocks {
			documented = documented || inner.Type == "documentation" && inner.Body.Attributes["content"] != nil && len(inner.Body.Blocks) == 1
		}
		if !documented {
			t.Errorf("%s links to no paragraph", key)
		}
	}
	if policies < 6 {
		t.Errorf("%d alert policies", policies)
	}
}
