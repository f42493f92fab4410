package tasks

import (
	"errors"
	"fmt"
	"math"
	"time"

	"cloud.google.com/go/cloudtasks/apiv2/cloudtaskspb"
	"google.golang.org/protobuf/types/known/durationpb"

	"gitlab.com/eshopbox-team/return-sync/shared/emulator/internal/backoff"
)

// Cloud Tasks' defaults of a queue, and its largest values.
const (
	defaultRate        = 500
	defaultConcurrency = 1000
	maxRate            = 500
	maxConcurrency     = 5000
	defaultAttempts    = 100
	defaultDoublings   = 16
	defaultMinBackoff  = 100 * time.Millisecond
	defaultMaxBackoff  = time.Hour
)

// leastBurst is the burst of a queue with a low rate.
const leastBurst = 10

// complete fills in defaults and derives the burst size, which the service sets by
// itself: a fifth of the rate, 10 at least.
func complete(queue *cloudtaskspb.Queue) {
	if queue.RateLimits == nil {
		queue.RateLimits = &cloudtaskspb.RateLimits{}
	}
	if queue.RetryConfig == nil {
		queue.RetryConfig = &cloudtaskspb.RetryConfig{}
	}
	limits := queue.RateLimits
	if limits.MaxDispatchesPerSecond == 0 {
		limits.MaxDispatchesPerSecond = defaultRate
	}
	if limits.MaxConcurrentDispatches == 0 {
		limits.MaxConcurrentDispatches = defaultConcurrency
	}
	limits.MaxBurstSize = max(leastBurst, int32(math.Ceil(limits.MaxDispatchesPerSecond/5)))
	inherit(queue.RetryConfig, &cloudtaskspb.RetryConfig{
		MaxAttempts: defaultAttempts, MaxDoublings: defaultDoublings,
		MinBackoff: durationpb.New(defaultMinBackoff), MaxBackoff: durationpb.New(defaultMaxBackoff),
	})
}

// inherit fills the gaps of a retry configuration.
func inherit(config, from *cloudtaskspb.RetryConfig) {
	if config.MaxAttempts == 0 {
		config.MaxAttempts = from.MaxAttempts
	}
	if config.MaxDoublings == 0 {
		config.MaxDoublings = from.MaxDoublings
	}
	if config.MinBackoff == nil {
		config.MinBackoff = from.MinBackoff
	}
	if config.MaxBackoff == nil {
		config.MaxBackoff = from.MaxBackoff
	}
	if config.MaxRetryDuration == nil {
		config.MaxRetryDuration = from.MaxRetryDuration
	}
}

// checkQueue refuses settings that a complete configuration must not have.
func checkQueue(queue *cloudtaskspb.Queue) error {
	limits := queue.GetRateLimits()
	switch {
	case queue.GetAppEngineRoutingOverride() != nil:
		return errors.New("app_engine_routing_override: this emulator has no App Engine targets")
	case queue.GetHttpTarget() != nil:
		return errors.New("http_target: this emulator has no queue-level targets; set url, headers and token on the task")
	case !(limits.GetMaxDispatchesPerSecond() > 0 && limits.GetMaxDispatchesPerSecond() <= maxRate):
		return fmt.Errorf("rate_limits.max_dispatches_per_second is %v, it must be above 0 and at most %d", limits.GetMaxDispatchesPerSecond(), maxRate)
	case limits.GetMaxConcurrentDispatches() < 0 || limits.GetMaxConcurrentDispatches() > maxConcurrency:
		return fmt.Errorf("rate_limits.max_concurrent_dispatches is %d, it must be from 1 to %d", limits.GetMaxConcurrentDispatches(), maxConcurrency)
	}
	return checkRetry(queue.GetRetryConfig())
}

func checkRetry(config *cloudtaskspb.RetryConfig) error {
	low, high := config.GetMinBackoff().AsDuration(), config.GetMaxBackoff().AsDuration()
	switch {
	case config.GetMaxAttempts() < -1:
		return fmt.Errorf("retry_config.max_attempts is %d, it must be positive, or -1 for no limit", config.GetMaxAttempts())
	case config.GetMaxDoublings() < 0:
		return fmt.Errorf("retry_config.max_doublings is %d, it must not be negative", config.GetMaxDoublings())
	case low < 0 || high < 0 || config.GetMaxRetryDuration().AsDuration() < 0:
		return errors.New("retry_config: durations must not be negative")
	case low > high:
		return fmt.Errorf("retry_config.min_backoff (%v) is above max_backoff (%v)", low, high)
	}
	return nil
}

// retryOf returns the schedule and the end of a task's retries.
func retryOf(config *cloudtaskspb.RetryConfig) (backoff.Policy, backoff.Limit) {
	policy := backoff.Policy{
		Min:       config.GetMinBackoff().AsDuration(),
		Max:       config.GetMaxBackoff().AsDuration(),
		Doublings: int(config.GetMaxDoublings()),
	}
	limit := backoff.Limit{
		Attempts: int(config.GetMaxAttempts()),
		Duration: config.GetMaxRetryDuration().AsDuration(),
	}
	return policy, limit
}
