package main

import (
	"encoding/json"
	"maps"
	"net"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	scheduler "cloud.google.com/go/scheduler/apiv1"
	"cloud.google.com/go/scheduler/apiv1/schedulerpb"
	"github.com/algolia/algoliasearch-client-go/v3/algolia/search"
	driver "github.com/go-sql-driver/mysql"

	cloud "cloud.google.com/go/cloudtasks/apiv2"
	"cloud.google.com/go/cloudtasks/apiv2/cloudtaskspb"
	"google.golang.org/protobuf/types/known/durationpb"

	"gitlab.com/eshopbox-team/return-sync/functions/cmd/returnsync/internal/setup"
	"gitlab.com/eshopbox-team/return-sync/functions/internal/wire"
	"gitlab.com/eshopbox-team/return-sync/shared/algolia"
	"gitlab.com/eshopbox-team/return-sync/shared/doctor"
	emulated "gitlab.com/eshopbox-team/return-sync/shared/emulator/algolia"
	timer "gitlab.com/eshopbox-team/return-sync/shared/emulator/scheduler"
	"gitlab.com/eshopbox-team/return-sync/shared/emulator/tasks"
	"gitlab.com/eshopbox-team/return-sync/shared/queue/cloudtasks"
)

const location = "projects/p/locations/l"

// clinic is a system in which all is right, to be made ill.
type clinic struct {
	t         *testing.T
	env       env
	queues    *cloud.Client
	scheduler *scheduler.CloudSchedulerClient
	settings  *wire.IndexSettings
}

// newClinic opens a database by an account with exactly the rights that are
// needed, an index with its settings and keys, the queues, and the job.
func newClinic(t *testing.T) *clinic {
	t.Helper()
	c := &clinic{t: t, env: env{"TASKS_LOCATION": location, "CRON_URL": "http://127.0.0.1:1/cron", "ALGOLIA_APP_ID": "APP", "ALGOLIA_ADMIN_KEY": "s3cret-admin"}}
	c.openDatabase()
	c.openIndex()
	c.openQueues()
	c.openJob()
	return c
}

// openDatabase opens the database.
func (c *clinic) openDatabase() {
	dsn, admin := database(c.t, 30)
	call(c.t, surroundings(c.t, env{"SOURCE_DSN": dsn}), "migrate").expect(c.t, exitOK, nil, nil)
	cfg, err := driver.ParseDSN(dsn)
	if err != nil {
		c.t.Fatal(err)
	}
	name := "doctor_" + cfg.DBName[len(cfg.DBName)-8:]
	exec(c.t, admin, "CREATE USER '"+name+"'@'%' IDENTIFIED BY 's3cret'")
	c.t.Cleanup(func() { _, _ = admin.Exec("DROP USER '" + name + "'@'%'") })
	exec(c.t, admin, "GRANT SELECT, INSERT, UPDATE, DELETE ON `"+cfg.DBName+"`.* TO '"+name+"'@'%'")
	cfg.User, cfg.Passwd = name, "s3cret"
	c.env["SOURCE_DSN"] = cfg.FormatDSN()
}

// openIndex opens the index, its settings and the two keys.
func (c *clinic) openIndex() {
	server := emulated.New(emulated.Options{AdminKey: "s3cret-admin", PublishDelay: time.Millisecond})
	listener := httptest.NewServer(server)
	c.t.Cleanup(func() { _ = server.Close(); listener.Close() })
	c.env["ALGOLIA_URL"] = listener.URL
	conf, err := algolia.Configuration("APP", "s3cret-admin", listener.URL)
	if err != nil {
		c.t.Fatal(err)
	}
	api := search.NewClientWithConfig(conf)
	for name, acl := range map[string][]string{"ALGOLIA_WRITE_KEY": {"addObject", "deleteObject"}, "ALGOLIA_SEARCH_KEY": {"search"}} {
		key, err := api.AddAPIKey(search.Key{ACL: acl, Indexes: []string{"es_prod*"}})
		if err != nil {
			c.t.Fatal(err)
		}
		c.env[name] = key.Key
	}
	e := &wire.Env{Lookup: surroundings(c.t, c.env).env, Log: discard()}
	if c.settings, err = e.IndexSettings(c.t.Context()); err != nil {
		c.t.Fatal(err)
	}
	entities, err := wire.Definitions{}.Load()
	if err != nil {
		c.t.Fatal(err)
	}
	if _, err := c.settings.Push(c.t.Context(), entities[0], entities[0].Index); err != nil {
		c.t.Fatal(err)
	}
}

// openQueues makes the queues.
func (c *clinic) openQueues() {
	lis, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		c.t.Fatal(err)
	}
	server := tasks.New(tasks.Options{})
	c.t.Cleanup(func() { _ = server.Close() })
	go func() { _ = server.Serve(lis) }()
	c.env["CLOUD_TASKS_EMULATOR_HOST"] = lis.Addr().String()
	if c.queues, err = cloud.NewClient(c.t.Context(), cloudtasks.EmulatorOptions(lis.Addr().String())...); err != nil {
		c.t.Fatal(err)
	}
	c.t.Cleanup(func() { _ = c.queues.Close() })
	for _, name := range wire.Queues() {
		c.attempts(name, 100)
	}
}

// attempts makes a queue, or changes how often it tries a task.
func (c *clinic) attempts(name string, n int32) {
	c.t.Helper()
	sender, err := cloudtasks.Open(c.t.Context(), cloudtasks.Config{Parent: location, Emulator: c.env["CLOUD_TASKS_EMULATOR_HOST"]}, nil)
	if err != nil {
		c.t.Fatal(err)
	}
	defer func() { _ = sender.Close() }()
	retry := &cloudtaskspb.RetryConfig{MaxAttempts: n, MinBackoff: durationpb.New(time.Second), MaxBackoff: durationpb.New(time.Minute)}
	if err := sender.EnsureQueue(c.t.Context(), name, &cloudtaskspb.RateLimits{MaxDispatchesPerSecond: 5, MaxConcurrentDispatches: 2}, retry); err != nil {
		c.t.Fatal(err)
	}
}

// openJob makes the scheduler's job.
func (c *clinic) openJob() {
	lis, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		c.t.Fatal(err)
	}
	server := timer.New(timer.Options{})
	c.t.Cleanup(func() { _ = server.Close() })
	go func() { _ = server.Serve(lis) }()
	c.env["CLOUD_SCHEDULER_EMULATOR_HOST"] = lis.Addr().String()
	if c.scheduler, err = scheduler.NewCloudSchedulerClient(c.t.Context(), cloudtasks.EmulatorOptions(lis.Addr().String())...); err != nil {
		c.t.Fatal(err)
	}
	c.t.Cleanup(func() { _ = c.scheduler.Close() })
	_, err = c.scheduler.CreateJob(c.t.Context(), &schedulerpb.CreateJobRequest{Parent: location, Job: &schedulerpb.Job{
		Name: location + "/jobs/" + setup.TickJob, Schedule: "*/15 * * * *", TimeZone: "Etc/UTC",
		Target: &schedulerpb.Job_HttpTarget{HttpTarget: &schedulerpb.HttpTarget{Uri: c.env["CRON_URL"]}},
	}})
	if err != nil {
		c.t.Fatal(err)
	}
}

// examine runs doctor with further environment.
func (c *clinic) examine(t *testing.T, more env, args ...string) result {
	t.Helper()
	e := maps.Clone(c.env)
	maps.Copy(e, more)
	return call(t, surroundings(t, e), append([]string{"doctor"}, args...)...)
}

// TestDoctorFindsWhatIsWrong makes one thing wrong after the other.
func TestDoctorFindsWhatIsWrong(t *testing.T) {
	c := newClinic(t)
	c.examine(t, nil).expect(t, exitOK, []string{"All is well", "state database", "ok    returns stamps", "ok    write key", "ok    returns settings", "ok    queue returnSync", "ok    scheduler job"}, nil)
	ctx := t.Context()
	job, aQueue := location+"/jobs/"+setup.TickJob, location+"/queues/"+wire.QueueProcessing
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	cases := []struct {
		name         string
		break_, undo func()
		more         env
		code         int
		out          []string
	}{
		{"queue paused", func() { _, err := c.queues.PauseQueue(ctx, &cloudtaskspb.PauseQueueRequest{Name: aQueue}); must(err) },
			func() { _, err := c.queues.ResumeQueue(ctx, &cloudtaskspb.ResumeQueueRequest{Name: aQueue}); must(err) },
			nil, exitAttention, []string{"FAIL  queue returnSyncProcessing", "PAUSED", "-> gcloud tasks queues resume returnSyncProcessing --location ", "DOES NOT WORK: 1 FAIL"}},
		{"queue gives up too early", func() { c.attempts(wire.QueueProcessing, 8) }, func() { c.attempts(wire.QueueProcessing, 100) }, nil, exitAttention, []string{"PAGE_ATTEMPTS (8)"}},
		{"queues elsewhere", nil, nil, env{"TASKS_LOCATION": "projects/p/locations/other", "SCHEDULER_LOCATION": location}, exitAttention, []string{"queue returnSync does not exist", "ok    scheduler job"}},
		{"job paused", func() { _, err := c.scheduler.PauseJob(ctx, &schedulerpb.PauseJobRequest{Name: job}); must(err) },
			func() { _, err := c.scheduler.ResumeJob(ctx, &schedulerpb.ResumeJobRequest{Name: job}); must(err) },
			nil, exitAttention, []string{"FAIL  scheduler job", "nothing starts syncs"}},
		{"job calls elsewhere", nil, nil, env{"CRON_URL": "http://127.0.0.1:2/cron"}, exitAttention, []string{"WARN  scheduler job", "Works, with 1 to correct"}},
		{"a search key that writes", nil, nil, env{"ALGOLIA_SEARCH_KEY": "s3cret-admin"}, exitAttention, []string{"FAIL  search key", "addObject"}},
		{"a write key that may do all", nil, nil, env{"ALGOLIA_WRITE_KEY": "s3cret-admin"}, exitAttention, []string{"WARN  write key", "deleteIndex"}},
		{"a key that is none", nil, nil, env{"ALGOLIA_WRITE_KEY": "s3cret-nonsense"}, exitAttention, []string{"ALGOLIA_WRITE_KEY is refused"}},
		{"settings changed by hand", func() { must(c.settings.Index.ApplySettings(ctx, "es_prod", []byte(`{"customRanking":["asc(x)"]}`))) },
			func() {
				must(c.settings.Index.ApplySettings(ctx, "es_prod", []byte(`{"customRanking":["desc(statusAt)"]}`)))
			},
			nil, exitAttention, []string{"WARN  returns settings", "customRanking", "settings push"}},
		{"index missing", nil, nil, env{"INDEX_PREFIX": "es_prod_other_"}, exitAttention, []string{"does not exist yet"}},
		{"source away", nil, nil, env{"SOURCE_DSN": "u:s3cret@tcp(127.0.0.1:1)/d"}, exitAttention, []string{"FAIL  source database", "127.0.0.1:1", "not examined, because of source database"}},
		{"settings missing", nil, nil, env{"ALGOLIA_WRITE_KEY": "", "TASKS_LOCATION": ""}, exitOK, []string{"info  write key", "ALGOLIA_WRITE_KEY not set", "TASKS_LOCATION not set"}},
	}
	for _, one := range cases {
		t.Run(one.name, func(t *testing.T) {
			if one.break_ != nil {
				one.break_()
				defer one.undo()
			}
			c.examine(t, one.more).expect(t, one.code, one.out, nil)
		})
	}
	c.examine(t, nil).expect(t, exitOK, []string{"All is well"}, nil)
}

func TestDoctorForPrograms(t *testing.T) {
	dsn, _ := database(t, 0)
	r := call(t, surroundings(t, env{"SOURCE_DSN": dsn}), "doctor", "--json")
	r.expect(t, exitAttention, nil, nil)
	var report doctor.Report
	if err := json.Unmarshal([]byte(r.out), &report); err != nil || report.Severity != doctor.Fail {
		t.Fatal(err, report.Severity)
	}
	var tables []doctor.Finding
	for _, f := range report.Findings {
		if f.Check == "state tables" {
			tables = append(tables, f)
		}
	}
	if len(tables) != 1 || tables[0].Severity != doctor.Fail || !strings.Contains(tables[0].Do, "returnsync migrate") {
		t.Errorf("state tables: %+v", tables)
	}
}

func TestDoctorWithoutSettings(t *testing.T) {
	d := surroundings(t, nil)
	call(t, d, "doctor").expect(t, exitError, []string{"SOURCE_DSN not set", "Nothing was examined"}, []string{"nothing was examined"})
	call(t, d, "doctor", "--entity", "nothing").expect(t, exitError, nil, []string{`no entity "nothing"`})
	call(t, d, "doctor", "--timeout", "0s").expect(t, exitError, nil, []string{"--timeout"})
	call(t, surroundings(t, env{"SOURCE_DSN": "s3cret@@@"}), "doctor").expect(t, exitError, nil, []string{"SOURCE_DSN cannot be read"})
}
