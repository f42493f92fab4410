package scheduler

import (
	"errors"
	"fmt"
	"regexp"
	"time"
	"unicode/utf8"

	"cloud.google.com/go/scheduler/apiv1/schedulerpb"
	"google.golang.org/protobuf/types/known/durationpb"

	"gitlab.com/eshopbox-team/return-sync/shared/emulator/internal/backoff"
	"gitlab.com/eshopbox-team/return-sync/shared/emulator/internal/push"
	"gitlab.com/eshopbox-team/return-sync/shared/emulator/internal/resource"
)

// Cloud Scheduler's defaults of a job, and its largest values.
const (
	defaultDeadline   = 3 * time.Minute
	defaultMinBackoff = 5 * time.Second
	defaultMaxBackoff = time.Hour
	defaultDoublings  = 5
	maxRetries        = 5
	maxDescription    = 500
)

var jobKind = resource.Kind{
	Collection: "jobs",
	ID:         regexp.MustCompile(`^[A-Za-z0-9_-]{1,500}$`),
	IDRule:     "1 to 500 letters, digits, hyphens, underscores",
}

// writableJobFields are the fields of a job that an update may change.
var writableJobFields = []string{"description", "http_target", "pubsub_target", "app_engine_http_target", "schedule", "time_zone", "retry_config", "attempt_deadline"}

// complete fills in defaults.
func complete(job *schedulerpb.Job) {
	if job.TimeZone == "" {
		job.TimeZone = "Etc/UTC"
	}
	if job.AttemptDeadline == nil {
		job.AttemptDeadline = durationpb.New(defaultDeadline)
	}
	if target := job.GetHttpTarget(); target != nil && target.HttpMethod == schedulerpb.HttpMethod_HTTP_METHOD_UNSPECIFIED {
		target.HttpMethod = schedulerpb.HttpMethod_POST
	}
	if job.RetryConfig == nil {
		job.RetryConfig = &schedulerpb.RetryConfig{}
	}
	retry := job.RetryConfig
	if retry.MinBackoffDuration == nil {
		retry.MinBackoffDuration = durationpb.New(defaultMinBackoff)
	}
	if retry.MaxBackoffDuration == nil {
		retry.MaxBackoffDuration = durationpb.New(defaultMaxBackoff)
	}
	if retry.MaxDoublings == 0 {
		retry.MaxDoublings = defaultDoublings
	}
}

// checkJob refuses settings that Cloud Scheduler would refuse in a complete job, and
// targets that this emulator does not have. The schedule is parsed elsewhere.
func checkJob(job *schedulerpb.Job) error {
	if n := utf8.RuneCountInString(job.GetDescription()); n > maxDescription {
		return fmt.Errorf("job.description has %d characters, at most %d are allowed", n, maxDescription)
	}
	if err := push.CheckDeadline("job.attempt_deadline", job.GetAttemptDeadline().AsDuration()); err != nil {
		return err
	}
	if err := checkTarget(job.GetHttpTarget()); err != nil {
		return err
	}
	return checkRetry(job.GetRetryConfig())
}

func checkTarget(target *schedulerpb.HttpTarget) error {
	if target == nil {
		return errors.New("job.http_target is required: this emulator has HTTP targets only")
	}
	if err := push.CheckURL("job.http_target.uri", target.GetUri()); err != nil {
		return err
	}
	if err := push.CheckHeaders(target.GetHeaders()); err != nil {
		return fmt.Errorf("job.http_target.headers: %w", err)
	}
	if err := push.CheckBody(target.GetHttpMethod().String(), target.GetBody()); err != nil {
		return fmt.Errorf("job.http_target.body: %w", err)
	}
	if target.GetOauthToken() != nil {
		return errors.New("job.http_target.oauth_token: this emulator signs OIDC tokens only")
	}
	if token := target.GetOidcToken(); token != nil && token.GetServiceAccountEmail() == "" {
		return errors.New("job.http_target.oidc_token.service_account_email is required")
	}
	return nil
}

func checkRetry(retry *schedulerpb.RetryConfig) error {
	low, high := retry.GetMinBackoffDuration().AsDuration(), retry.GetMaxBackoffDuration().AsDuration()
	switch {
	case retry.GetRetryCount() < 0 || retry.GetRetryCount() > maxRetries:
		return fmt.Errorf("job.retry_config.retry_count is %d, it must be from 0 to %d", retry.GetRetryCount(), maxRetries)
	case retry.GetMaxDoublings() < 0:
		return fmt.Errorf("job.retry_config.max_doublings is %d, it must not be negative", retry.GetMaxDoublings())
	case low < 0 || high < 0 || retry.GetMaxRetryDuration().AsDuration() < 0:
		return errors.New("job.retry_config: durations must not be negative")
	case low > high:
		return fmt.Errorf("job.retry_config.min_backoff_duration (%v) is above max_backoff_duration (%v)", low, high)
	}
	return nil
}

// retryOf returns the schedule and the end of a job's retries; a retry count
// of zero ends them at once, whatever the duration.
func retryOf(retry *schedulerpb.RetryConfig) (backoff.Policy, backoff.Limit) {
	policy := backoff.Policy{
		Min:       retry.GetMinBackoffDuration().AsDuration(),
		Max:       retry.GetMaxBackoffDuration().AsDuration(),
		Doublings: int(retry.GetMaxDoublings()),
	}
	limit := backoff.Limit{Attempts: int(retry.GetRetryCount()) + 1}
	if retry.GetRetryCount() > 0 {
		limit.Duration = retry.GetMaxRetryDuration().AsDuration()
	}
	return policy, limit
}
