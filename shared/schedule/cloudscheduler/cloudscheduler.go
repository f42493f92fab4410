// Package cloudscheduler keeps jobs in Google Cloud Scheduler.
package cloudscheduler

import (
	"context"
	"fmt"

	scheduler "cloud.google.com/go/scheduler/apiv1"
	"cloud.google.com/go/scheduler/apiv1/schedulerpb"
	"google.golang.org/api/option"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"gitlab.com/eshopbox-team/return-sync/shared/schedule"
)

// Client keeps jobs of one location. It is safe for concurrent use.
type Client struct {
	api    *scheduler.CloudSchedulerClient
	parent string // projects/P/locations/L
}

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

// Ensure creates a job or brings an existing one to what is wanted.
func (c *Client) Ensure(ctx context.Context, j schedule.Job) error {
	target := &schedulerpb.HttpTarget{Uri: j.URL, HttpMethod: schedulerpb.HttpMethod_POST}
	if j.ServiceAccount != "" {
		target.AuthorizationHeader = &schedulerpb.HttpTarget_OidcToken{OidcToken: &schedulerpb.OidcToken{ServiceAccountEmail: j.ServiceAccount}}
	}
	job := &schedulerpb.Job{
		Name: c.parent + "/jobs/" + j.Name, Schedule: j.Cron, TimeZone: j.TimeZone,
		Target: &schedulerpb.Job_HttpTarget{HttpTarget: target},
	}
	_, err := c.api.CreateJob(ctx, &schedulerpb.CreateJobRequest{Parent: c.parent, Job: job})
	if status.Code(err) == codes.AlreadyExists {
		_, err = c.api.UpdateJob(ctx, &schedulerpb.UpdateJobRequest{Job: job})
	}
	if err != nil {
		return fmt.Errorf("scheduler job %s: %w", j.Name, err)
	}
	return nil
}
