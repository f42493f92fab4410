package deployment_test

import (
	"math"
	"path/filepath"
	"strconv"
	"testing"
)

// TestGoKnowsItsMemory evaluates what the module makes of a function's memory, in
// each of Cloud Run's units.
func TestGoKnowsItsMemory(t *testing.T) {
	for memory, bytes := range map[string]float64{"512Mi": 512 << 20, "1Gi": 1 << 30, "2G": 2e9, "750M": 750e6, "128Mi": 128 << 20} {
		c := load(t, filepath.Join(terraform, "modules", "function"), map[string]string{
			"env": "{}", "secrets": "{}",
			"scale": `{ target = "T", instances = 1, min_instances = 0, concurrency = 1, cpu = "1", memory = "` + memory + `", timeout = 60 }`,
		})
		text := c.added()["GOMEMLIMIT"]
		limit, err := strconv.ParseInt(text, 10, 64)
		if err != nil || limit != int64(math.Floor(bytes*0.9)) {
			t.Errorf("%s: GOMEMLIMIT is %q, want nine tenths", memory, text)
		}
	}
	// What is said in scaling.tf is read by the module.
	for name, size := range load(t, terraform, required()).local("scale").AsValueMap() {
		memory := size.GetAttr("memory").AsString()
		c := load(t, filepath.Join(terraform, "modules", "function"), map[string]string{"env": "{}", "secrets": "{}",
			"scale": `{ target = "T", instances = 1, min_instances = 0, concurrency = 1, cpu = "1", memory = "` + memory + `", timeout = 60 }`})
		if limit, err := strconv.ParseInt(c.added()["GOMEMLIMIT"], 10, 64); err != nil || limit < 64<<20 {
			t.Errorf("%s: GOMEMLIMIT is %d: %v", name, limit, err)
		}
	}
}
