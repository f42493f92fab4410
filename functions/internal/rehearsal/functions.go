package rehearsal

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"cloud.google.com/go/cloudtasks/apiv2/cloudtaskspb"
	"github.com/go-sql-driver/mysql"
	"google.golang.org/protobuf/types/known/durationpb"

	"gitlab.com/eshopbox-team/return-sync/functions/cron"
	"gitlab.com/eshopbox-team/return-sync/functions/process"
	"gitlab.com/eshopbox-team/return-sync/functions/schedules"
	"gitlab.com/eshopbox-team/return-sync/functions/watch"
	"gitlab.com/eshopbox-team/return-sync/functions/window"
	"gitlab.com/eshopbox-team/return-sync/shared/queue/cloudtasks"
	"gitlab.com/eshopbox-team/return-sync/shared/schedule"
	"gitlab.com/eshopbox-team/return-sync/shared/schedule/cloudscheduler"
)

// env returns the functions' environment.
func (s *Stack) env() []string {
	dsn := s.DSN()
	env := []string{
		"LOG_LEVEL=WARN",
		"SOURCE_DSN=" + dsn, "STATE_DSN=" + dsn,
		"TASKS_LOCATION=" + Location, "CLOUD_TASKS_EMULATOR_HOST=" + s.tasksAddr,
		"WINDOW_URL=" + s.front.url(window.Function.Name), "PROCESS_URL=" + s.front.url(process.Function.Name),
		"TASKS_SERVICE_ACCOUNT=" + tasksAccount,
		"SCHEDULER_LOCATION=" + Location, "CLOUD_SCHEDULER_EMULATOR_HOST=" + s.schedAddr,
		"SCHEDULES_URL=" + s.front.url(schedules.Function.Name), "SCHEDULER_SERVICE_ACCOUNT=" + schedulerAccount,
		"ALGOLIA_APP_ID=" + AppID, "ALGOLIA_URL=" + s.algoliaURL,
		"ALGOLIA_WRITE_KEY=" + AdminKey, "ALGOLIA_SEARCH_KEY=" + SearchKey, "ALGOLIA_BROWSE_KEY=" + AdminKey, "ALGOLIA_CHECK_KEY=" + AdminKey, "ALGOLIA_SETTINGS_KEY=" + AdminKey,
		"SEARCH_JWT_SECRET=" + JWTSecret,
		"SLACK_WEBHOOK_URL=" + s.Options.Slack, "ALERT_WEBHOOK_URL=" + s.Options.Webhook,
	}
	return slices.Concat(env, s.callersEnv(), s.searchEnv(), s.wingsEnv(), s.Options.Env)
}

// lookup returns a value of the functions' further environment.
func (s *Stack) lookup(name string) string {
	for i := len(s.Options.Env) - 1; i >= 0; i-- {
		if value, ok := strings.CutPrefix(s.Options.Env[i], name+"="); ok {
			return value
		}
	}
	return ""
}

// startFunction starts a function's process.
func (s *Stack) startFunction(ctx context.Context, name string) error {
	env, target := s.env(), name
	if s.Options.Steps {
		env = append(env, stepsEnv+"=http://"+s.front.address+stepsPath+"?function="+url.QueryEscape(name))
	}
	if s.Options.Accounts != nil {
		dsn, err := s.DSNAs(s.Options.Accounts(name))
		if err != nil {
			return err
		}
		env = append(env, "SOURCE_DSN="+dsn, "STATE_DSN="+dsn)
	}
	if more, ok := s.front.process(name); ok {
		target, env = more.function, append(env, more.env...)
	}
	c, err := startChild(ctx, target, env, s.Options.ChildLog)
	if err == nil {
		s.front.set(name, c)
	}
	return err
}

// Kill ends a function's process at once, without a chance to clean up.
func (s *Stack) Kill(name string) error {
	c := s.front.set(name, nil)
	if c == nil {
		return fmt.Errorf("%s has no process", name)
	}
	c.kill()
	return nil
}

// Revive starts a function's process again after Kill.
func (s *Stack) Revive(ctx context.Context, name string) error {
	return s.startFunction(ctx, name)
}

// strikeDown kills a function's process and, like its platform, starts another.
func (s *Stack) strikeDown(name string) {
	if err := s.Kill(name); err != nil {
		return
	}
	s.revivals.Go(func() {
		if err := s.Revive(s.life, name); err != nil && s.life.Err() == nil {
			_, _ = fmt.Fprintf(s.Options.Log, "%s could not be started again: %v\n", name, err)
		}
	})
}

// stopFunctions asks all functions' processes to end and waits for them.
func (s *Stack) stopFunctions() error {
	var all sync.WaitGroup
	for _, name := range s.front.names() {
		if c := s.front.set(name, nil); c != nil {
			all.Go(c.stop)
		}
	}
	all.Wait()
	return nil
}

// URL returns where a function is called, by its name.
func (s *Stack) URL(name string) string { return s.front.url(name) }

// PortalURL returns where the returns page is.
func (s *Stack) PortalURL() string { return "http://" + s.front.address + "/" }

// AlgoliaURL returns where the index is.
func (s *Stack) AlgoliaURL() string { return s.algoliaURL }

// TasksAddress returns where the tasks emulator's gRPC is.
func (s *Stack) TasksAddress() string { return s.tasksAddr }

// SchedulerAddress returns where the scheduler emulator's gRPC is.
func (s *Stack) SchedulerAddress() string { return s.schedAddr }

// DSN returns the DSN of the database.
func (s *Stack) DSN() string { return s.database.DSN(s.Options.Database) }

// DSNAs returns the DSN of the database for another user of it.
func (s *Stack) DSNAs(user, password string) (string, error) {
	cfg, err := mysql.ParseDSN(s.DSN())
	if err != nil {
		return "", err
	}
	cfg.User, cfg.Passwd = user, password
	return cfg.FormatDSN(), nil
}

// openQueues creates the queues through the real client, with retries as
// short as a rehearsal wants them.
func (s *Stack) openQueues(ctx context.Context) error {
	sender, err := cloudtasks.Open(ctx, cloudtasks.Config{Parent: Location, Emulator: s.tasksAddr}, nil)
	if err != nil {
		return err
	}
	s.closing(sender.Close)
	retry := &cloudtaskspb.RetryConfig{
		MaxAttempts: 100, MinBackoff: durationpb.New(100 * time.Millisecond), MaxBackoff: durationpb.New(5 * time.Second), MaxDoublings: 5,
	}
	for name, concurrent := range s.queues() {
		rate := &cloudtaskspb.RateLimits{MaxDispatchesPerSecond: 500, MaxConcurrentDispatches: int32(concurrent)}
		if err := sender.EnsureQueue(ctx, name, rate, retry); err != nil {
			return err
		}
	}
	return nil
}

// JobName is the scheduler job's name; SchedulesJobName is that of the job that
// keeps the table of schedules, WatchJobName that of the job that watches the
// syncs.
const (
	JobName          = "returnsUpdateCron"
	SchedulesJobName = "returnsSchedules"
	WatchJobName     = "returnsWatch"
)

// openJob lets the scheduler tick, unless the data has to come first.
func (s *Stack) openJob(ctx context.Context) error {
	if s.Options.HoldTicks {
		return nil
	}
	return s.BeginTicks(ctx)
}

// BeginTicks registers the scheduler's jobs, if ticks are wanted.
func (s *Stack) BeginTicks(ctx context.Context) error {
	if s.Options.Every <= 0 {
		return nil
	}
	client, err := cloudscheduler.Open(ctx, Location, cloudtasks.EmulatorOptions(s.schedAddr)...)
	if err != nil {
		return err
	}
	s.closing(client.Close)
	for _, j := range []schedule.Job{
		{Name: JobName, Cron: "*/15 * * * *", URL: s.front.url(cron.Function.Name)},
		{Name: SchedulesJobName, Cron: "* * * * *", URL: s.front.url(schedules.Function.Name)},
		{Name: WatchJobName, Cron: "* * * * *", URL: s.front.url(watch.Function.Name)},
	} {
		j.TimeZone, j.ServiceAccount = "Etc/UTC", schedulerAccount
		if err := client.Ensure(ctx, j); err != nil {
			return err
		}
	}
	return s.beginWingTicks(ctx, client)
}
