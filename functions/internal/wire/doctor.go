package wire

import (
	"context"
	"path"
	"time"

	"cloud.google.com/go/cloudtasks/apiv2/cloudtaskspb"
	"cloud.google.com/go/scheduler/apiv1/schedulerpb"

	"gitlab.com/eshopbox-team/return-sync/shared/doctor"
	"gitlab.com/eshopbox-team/return-sync/shared/queue/cloudtasks"
	"gitlab.com/eshopbox-team/return-sync/shared/schedule/cloudscheduler"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/destination/algolia"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/entity"
)

// Looking holds the environment's settings for doctor's checks outside the databases.
// None is required: a check without its settings is left out.
type Looking struct {
	Tasks         string        `env:"TASKS_LOCATION"`
	Installation  string        `env:"INSTALLATION_PREFIX"` // begins the names of queues and jobs
	TasksEmulator string        `env:"CLOUD_TASKS_EMULATOR_HOST"`
	TasksDeadline time.Duration `env:"TASKS_DEADLINE, default=10m"`
	// Scheduler is the location of the jobs; empty means the location of the queues.
	Scheduler         string        `env:"SCHEDULER_LOCATION"`
	SchedulerEmulator string        `env:"CLOUD_SCHEDULER_EMULATOR_HOST"`
	CronURL           string        `env:"CRON_URL"`
	AppID             string        `env:"ALGOLIA_APP_ID"`
	AlgoliaURL        string        `env:"ALGOLIA_URL"`
	WriteKey          string        `env:"ALGOLIA_WRITE_KEY"`
	SearchKey         string        `env:"ALGOLIA_SEARCH_KEY"`
	AdminKey          string        `env:"ALGOLIA_ADMIN_KEY"`
	StaleAfter        time.Duration `env:"SEARCH_STALE_AFTER, default=30m"`
	KeyTTL            time.Duration `env:"SEARCH_KEY_TTL, default=0s"`
}

// Rights returns a function that asks the index for a key's rights.
func (l Looking) Rights(key string) func(context.Context) (doctor.Rights, error) {
	return func(ctx context.Context) (doctor.Rights, error) {
		look, err := algolia.NewLooker(l.AppID, key, l.AlgoliaURL)
		if err != nil {
			return doctor.Rights{}, err
		}
		acl, indexes, err := look.Rights(ctx)
		return doctor.Rights{ACL: acl, Indexes: indexes}, err
	}
}

// Count counts the records of an index, with the search key.
func (l Looking) Count(ctx context.Context, index string) (records int, exists bool, err error) {
	look, err := algolia.NewLooker(l.AppID, l.SearchKey, l.AlgoliaURL)
	if err != nil {
		return 0, false, err
	}
	return look.Count(ctx, index)
}

// ReadsPastFilter reports whether a key that the search function could give reads, by
// id, records that it cannot find.
func (l Looking) ReadsPastFilter(ctx context.Context, index string) (bool, error) {
	look, err := algolia.NewLooker(l.AppID, l.SearchKey, l.AlgoliaURL)
	if err != nil {
		return false, err
	}
	return look.ReadsPastFilter(ctx, index)
}

// Drift returns a function that compares the settings of a definition's index.
func (e *Env) Drift(d entity.Definition) func(context.Context) ([]doctor.Drift, error) {
	return func(ctx context.Context) ([]doctor.Drift, error) {
		settings, err := e.IndexSettings(ctx)
		if err != nil {
			return nil, err
		}
		all, err := settings.Diff(ctx, d, d.Index)
		var drifted []doctor.Drift
		for _, one := range all {
			if one.Drifted() {
				drifted = append(drifted, driftOf(one))
			}
		}
		return drifted, err
	}
}

// driftOf converts a drift to doctor's form.
func driftOf(d algolia.IndexDrift) doctor.Drift {
	drift := doctor.Drift{Index: d.Index, Missing: d.Missing}
	for _, one := range d.Differences {
		if !one.LeftAlone {
			drift.Settings = append(drift.Settings, one.Setting)
		}
	}
	return drift
}

// Queue reads a queue's settings.
func (l Looking) Queue(ctx context.Context, name string) (*doctor.Queue, error) {
	client, err := cloudtasks.Open(ctx, cloudtasks.Config{Parent: l.Tasks, Emulator: l.TasksEmulator}, nil)
	if err != nil {
		return nil, err
	}
	defer func() { _ = client.Close() }()
	q, err := client.Queue(ctx, name)
	if err != nil || q == nil {
		return nil, err
	}
	rate, retry := q.GetRateLimits(), q.GetRetryConfig()
	return &doctor.Queue{
		Location: path.Base(l.Tasks),
		Running:  q.GetState() == cloudtaskspb.Queue_RUNNING, State: q.GetState().String(),
		PerSecond: rate.GetMaxDispatchesPerSecond(), Concurrent: int(rate.GetMaxConcurrentDispatches()),
		MaxAttempts: int(retry.GetMaxAttempts()), MaxBackoff: retry.GetMaxBackoff().AsDuration(),
	}, nil
}

// Job reads a scheduler job's settings.
func (l Looking) Job(ctx context.Context, name string) (*doctor.Job, error) {
	parent := l.Scheduler
	if parent == "" {
		parent = l.Tasks
	}
	client, err := cloudscheduler.Open(ctx, parent, cloudtasks.EmulatorOptions(l.SchedulerEmulator)...)
	if err != nil {
		return nil, err
	}
	defer func() { _ = client.Close() }()
	j, err := client.Job(ctx, name)
	if err != nil || j == nil {
		return nil, err
	}
	job := &doctor.Job{
		Location: path.Base(parent),
		Enabled:  j.GetState() == schedulerpb.Job_ENABLED, State: j.GetState().String(),
		Schedule: j.GetSchedule(), TimeZone: j.GetTimeZone(), URL: j.GetHttpTarget().GetUri(),
		Identified: j.GetHttpTarget().GetAuthorizationHeader() != nil,
	}
	if at := j.GetLastAttemptTime(); at.IsValid() {
		job.LastAttempt = at.AsTime()
	}
	if s := j.GetStatus(); s.GetCode() != 0 {
		job.LastFailed = s.GetMessage()
		if job.LastFailed == "" {
			job.LastFailed = "no reason was given"
		}
	}
	return job, nil
}
