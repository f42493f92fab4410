// Package cloudscheduler keeps jobs in Google Cloud Scheduler.
package cloudscheduler

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"

	scheduler "cloud.google.com/go/scheduler/apiv1"
	"cloud.google.com/go/scheduler/apiv1/schedulerpb"
	"google.golang.org/api/iterator"
	"google.golang.org/api/option"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"gitlab.com/eshopbox-team/return-sync/shared/fault"
	"gitlab.com/eshopbox-team/return-sync/shared/schedule"
)

// Config is the environment for the jobs of schedules.
type Config struct {
	// Parent is projects/P/locations/L; empty means where the queues are.
	Parent string `env:"SCHEDULER_LOCATION"`
	// Emulator is host:port of an emulator.
	Emulator string `env:"CLOUD_SCHEDULER_EMULATOR_HOST"`
	// URL is the address of the schedules function, which the jobs call.
	URL string `env:"SCHEDULES_URL, required"`
	// ServiceAccount is the identity of the jobs' calls; empty sends none.
	ServiceAccount string `env:"SCHEDULER_SERVICE_ACCOUNT"`
	// Installation begins the names of everything of one installation in a location.
	Installation string `env:"INSTALLATION_PREFIX"`
	// Prefix follows it in the names of our jobs. Two installations in one location
	// need two names, or each would delete the other's jobs.
	Prefix string `env:"SCHEDULES_JOB_PREFIX, default=sync-schedule-"`
}

// Client keeps jobs of one location. It is safe for concurrent use.
type Client struct {
	api    *scheduler.CloudSchedulerClient
	parent string // projects/P/locations/L
}

var _ schedule.Jobs = (*Client)(nil)

// Open returns a client.
func Open(ctx context.Context, parent string, options ...option.ClientOption) (*Client, error) {
	api, err := scheduler.NewCloudSchedulerClient(ctx, options...)
	if err != nil {
		return nil, fmt.Errorf("cloud scheduler: %w", err)
	}
	return &Client{api: api, parent: parent}, nil
}

// Close closes the connection.
func (c *Client) Close() error { return c.api.Close() }

// failed classifies an error of the scheduler.
func failed(err error, what string) error {
	return fault.Wrap(err, fault.Retry, "scheduler-refuses", "cloud scheduler: "+what)
}

// fullName returns the API's name of a job.
func (c *Client) fullName(name string) string { return c.parent + "/jobs/" + name }

// List implements schedule.Jobs. A job that Cloud Scheduler marks as broken comes
// back empty but for its name, so that the Reconciler writes it anew.
func (c *Client) List(ctx context.Context, prefix string) ([]schedule.Job, error) {
	var jobs []schedule.Job
	all := c.api.ListJobs(ctx, &schedulerpb.ListJobsRequest{Parent: c.parent, PageSize: 500})
	for {
		j, err := all.Next()
		if errors.Is(err, iterator.Done) {
			return jobs, nil
		}
		if err != nil {
			return nil, failed(err, "the jobs of "+c.parent+" cannot be listed")
		}
		if name := strings.TrimPrefix(j.GetName(), c.parent+"/jobs/"); strings.HasPrefix(name, prefix) {
			jobs = append(jobs, ours(name, j))
		}
	}
}

// ours returns a job in the form of package schedule.
func ours(name string, j *schedulerpb.Job) schedule.Job {
	if s := j.GetState(); s != schedulerpb.Job_ENABLED && s != schedulerpb.Job_PAUSED {
		return schedule.Job{Name: name}
	}
	t := j.GetHttpTarget()
	return schedule.Job{
		Name: name, Description: j.GetDescription(), Cron: j.GetSchedule(), TimeZone: j.GetTimeZone(), URL: t.GetUri(),
		ServiceAccount: t.GetOidcToken().GetServiceAccountEmail(), Paused: j.GetState() == schedulerpb.Job_PAUSED,
	}
}

// Ensure implements schedule.Jobs.
func (c *Client) Ensure(ctx context.Context, j schedule.Job) error {
	job := c.theirs(j)
	got, err := c.api.CreateJob(ctx, &schedulerpb.CreateJobRequest{Parent: c.parent, Job: job})
	if status.Code(err) == codes.AlreadyExists {
		got, err = c.api.UpdateJob(ctx, &schedulerpb.UpdateJobRequest{Job: job})
	}
	if err == nil {
		err = c.pause(ctx, job.GetName(), got.GetState(), j.Paused)
	}
	return failed(err, "job "+j.Name)
}

// pause brings a job from a state to paused or enabled.
func (c *Client) pause(ctx context.Context, name string, from schedulerpb.Job_State, paused bool) (err error) {
	switch {
	case paused && from != schedulerpb.Job_PAUSED:
		_, err = c.api.PauseJob(ctx, &schedulerpb.PauseJobRequest{Name: name})
	case !paused && from == schedulerpb.Job_PAUSED:
		_, err = c.api.ResumeJob(ctx, &schedulerpb.ResumeJobRequest{Name: name})
	}
	return err
}

// theirs returns a job as the API has it.
func (c *Client) theirs(j schedule.Job) *schedulerpb.Job {
	target := &schedulerpb.HttpTarget{Uri: j.URL, HttpMethod: schedulerpb.HttpMethod_POST}
	if j.ServiceAccount != "" {
		target.AuthorizationHeader = &schedulerpb.HttpTarget_OidcToken{OidcToken: &schedulerpb.OidcToken{
			ServiceAccountEmail: j.ServiceAccount, Audience: audienceOf(j.URL),
		}}
	}
	return &schedulerpb.Job{
		Name: c.fullName(j.Name), Description: j.Description, Schedule: j.Cron, TimeZone: j.TimeZone,
		Target: &schedulerpb.Job_HttpTarget{HttpTarget: target},
	}
}

// audienceOf returns scheme and host of a URL, which is the audience that Cloud
// Run checks; left to itself Cloud Scheduler names the whole address.
func audienceOf(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return u.Scheme + "://" + u.Host
}

// Delete implements schedule.Jobs.
func (c *Client) Delete(ctx context.Context, name string) (bool, error) {
	err := c.api.DeleteJob(ctx, &schedulerpb.DeleteJobRequest{Name: c.fullName(name)})
	if status.Code(err) == codes.NotFound {
		return false, nil
	}
	return err == nil, failed(err, "job "+name+" cannot be deleted")
}
