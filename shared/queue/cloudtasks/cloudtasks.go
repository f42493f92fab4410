// Package cloudtasks puts tasks into Google Cloud Tasks.
package cloudtasks

import (
	"context"
	"fmt"
	"strings"
	"time"

	cloudtasks "cloud.google.com/go/cloudtasks/apiv2"
	"cloud.google.com/go/cloudtasks/apiv2/cloudtaskspb"
	"google.golang.org/api/option"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	"gitlab.com/eshopbox-team/return-sync/shared/fault"
	"gitlab.com/eshopbox-team/return-sync/shared/httpcall"
	"gitlab.com/eshopbox-team/return-sync/shared/queue"
	"gitlab.com/eshopbox-team/return-sync/shared/trace"
)

// Config is the environment for the queues.
type Config struct {
	Parent string `env:"TASKS_LOCATION, required"` // projects/P/locations/L
	// Prefix begins the names of the queues, so that one location can hold the
	// queues of several installations.
	Prefix string `env:"INSTALLATION_PREFIX"`
	// Emulator is host:port of an emulator; Google's own clients read no such
	// variable, so this one is ours.
	Emulator string `env:"CLOUD_TASKS_EMULATOR_HOST"`
	// ServiceAccount is who the tasks are sent as; empty sends no identity.
	ServiceAccount string        `env:"TASKS_SERVICE_ACCOUNT"`
	Deadline       time.Duration `env:"TASKS_DEADLINE, default=10m"`
}

// Sender is a queue.Sender over Cloud Tasks. It is safe for concurrent use.
type Sender struct {
	client *cloudtasks.Client
	cfg    Config
	routes queue.Routes
}

var _ queue.Sender = (*Sender)(nil)

// Open returns a sender for the routes. In the cloud it authenticates as the
// service's own account.
func Open(ctx context.Context, cfg Config, routes queue.Routes) (*Sender, error) {
	client, err := cloudtasks.NewClient(ctx, EmulatorOptions(cfg.Emulator)...)
	if err != nil {
		return nil, fmt.Errorf("cloud tasks: %w", err)
	}
	return &Sender{client: client, cfg: cfg, routes: routes}, nil
}

// EmulatorOptions returns what makes a Google client dial an emulator: without
// credentials of our own it would still want TLS.
func EmulatorOptions(hostPort string) []option.ClientOption {
	if hostPort == "" {
		return nil
	}
	return []option.ClientOption{
		option.WithEndpoint(hostPort),
		option.WithoutAuthentication(),
		option.WithGRPCDialOption(grpc.WithTransportCredentials(insecure.NewCredentials())),
	}
}

// fullName returns the API's name of a queue.
func (s *Sender) fullName(queue string) string {
	return s.cfg.Parent + "/queues/" + s.cfg.Prefix + queue
}

// Close closes the connection.
func (s *Sender) Close() error { return s.client.Close() }

// policy repeats CreateTask, which the client does not. The task's name makes a
// repeat safe.
var policy = httpcall.Policy{Attempts: 5, First: 150 * time.Millisecond, Most: 2 * time.Second}

// Send implements queue.Sender.
func (s *Sender) Send(ctx context.Context, t queue.Task) error {
	request, err := s.request(t, trace.Parent(ctx))
	if err != nil {
		return err
	}
	return policy.Repeat(ctx, func(ctx context.Context) error {
		_, err := s.client.CreateTask(ctx, request)
		return refusal(err, s.routes[t.Route].Queue, t.Name)
	})
}

// refusal classifies an error of CreateTask. A missing queue and a missing right
// stay so until a person changes them.
func refusal(err error, queue, task string) error {
	switch status.Code(err) {
	case codes.OK, codes.AlreadyExists:
		return nil
	case codes.NotFound, codes.PermissionDenied, codes.InvalidArgument, codes.FailedPrecondition:
		return fault.Wrap(err, fault.Misconfigured, "queue-refuses", "queue "+queue+" does not take task "+task+": check that it exists, and the right to create tasks in it")
	}
	return fault.Wrap(err, fault.Retry, "queue-refuses", "queue "+queue+" did not take task "+task)
}

// request returns the API's form of a task.
func (s *Sender) request(t queue.Task, traceparent string) (*cloudtaskspb.CreateTaskRequest, error) {
	route, known := s.routes[t.Route]
	switch {
	case !known:
		return nil, fault.New(fault.Misconfigured, "queue-config", "task %s names route %q, which this process does not have", t.Name, t.Route)
	case route.URL == "":
		return nil, fault.New(fault.Misconfigured, "queue-config", "no address is configured for queue %s: set %s", route.Queue, route.Setting)
	}
	parent := s.fullName(route.Queue)
	http := &cloudtaskspb.HttpRequest{
		Url: route.URL, HttpMethod: cloudtaskspb.HttpMethod_POST, Body: t.Body,
		Headers: map[string]string{"Content-Type": "application/json"},
	}
	if traceparent != "" {
		http.Headers[trace.Header] = traceparent
	}
	if s.cfg.ServiceAccount != "" {
		http.AuthorizationHeader = &cloudtaskspb.HttpRequest_OidcToken{OidcToken: &cloudtaskspb.OidcToken{
			ServiceAccountEmail: s.cfg.ServiceAccount, Audience: baseOf(route.URL),
		}}
	}
	task := &cloudtaskspb.Task{
		Name: parent + "/tasks/" + t.Name, DispatchDeadline: durationpb.New(s.cfg.Deadline),
		MessageType: &cloudtaskspb.Task_HttpRequest{HttpRequest: http},
	}
	if !t.At.IsZero() {
		task.ScheduleTime = timestamppb.New(t.At)
	}
	return &cloudtaskspb.CreateTaskRequest{Parent: parent, Task: task}, nil
}

// baseOf returns scheme and host of a URL: the audience that Cloud Run checks.
func baseOf(url string) string {
	scheme, rest, _ := strings.Cut(url, "://")
	host, _, _ := strings.Cut(rest, "/")
	return scheme + "://" + host
}
