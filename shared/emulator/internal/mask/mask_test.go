package mask

import (
	"testing"

	"cloud.google.com/go/cloudtasks/apiv2/cloudtaskspb"
	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/testing/protocmp"
)

func TestApply(t *testing.T) {
	writable := []string{"rate_limits", "retry_config"}
	limits := func(rate float64, concurrent int32) *cloudtaskspb.RateLimits {
		return &cloudtaskspb.RateLimits{MaxDispatchesPerSecond: rate, MaxConcurrentDispatches: concurrent}
	}
	source := &cloudtaskspb.Queue{Name: "new", RateLimits: limits(5, 6)}
	before := func() *cloudtaskspb.Queue {
		return &cloudtaskspb.Queue{Name: "old", RateLimits: limits(1, 2), RetryConfig: &cloudtaskspb.RetryConfig{MaxAttempts: 3}}
	}
	tests := []struct {
		name  string
		paths []string
		want  *cloudtaskspb.Queue // nil for an error
	}{
		{"no mask: all that is writable", nil, &cloudtaskspb.Queue{Name: "old", RateLimits: limits(5, 6)}},
		{"one field of a message", []string{"rate_limits.max_concurrent_dispatches"}, &cloudtaskspb.Queue{Name: "old", RateLimits: limits(1, 6), RetryConfig: before().RetryConfig}},
		{"cleared", []string{"retry_config"}, &cloudtaskspb.Queue{Name: "old", RateLimits: limits(1, 2)}},
		{"not writable", []string{"name", "state", "purge_time.seconds"}, before()},
		{"unknown", []string{"speed"}, nil},
		{"unknown below", []string{"rate_limits.speed"}, nil},
		{"below a scalar", []string{"name.first"}, nil},
		{"empty", []string{""}, nil},
	}
	for _, test := range tests {
		got := before()
		err := Apply(got, source, test.paths, writable)
		if test.want == nil {
			if err == nil {
				t.Errorf("%s: accepted", test.name)
			}
			continue
		}
		if diff := cmp.Diff(test.want, got, protocmp.Transform()); diff != "" || err != nil {
			t.Errorf("%s: %v (-want +got):\n%s", test.name, err, diff)
		}
	}
}

func FuzzApply(f *testing.F) {
	f.Add("rate_limits.max_burst_size")
	f.Add("retry_config.")
	f.Fuzz(func(t *testing.T, path string) {
		queue := &cloudtaskspb.Queue{Name: "old"}
		if err := Apply(queue, &cloudtaskspb.Queue{Name: "new"}, []string{path}, []string{"rate_limits", "retry_config"}); err == nil && queue.GetName() != "old" {
			t.Errorf("path %q changed a field that is not writable", path)
		}
	})
}
