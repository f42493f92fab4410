// Package cloudtasks puts tasks into Google Cloud Tasks.
package cloudtasks

import (
	"context"
	"fmt"
	"math/rand/v2"
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
	"gitlab.com/eshopbox-team/return-sync/shared/queue"
	"gitlab.com/eshopbox-team/return-sync/shared/trace"
)

// Config is what the environment says about the queues.
type Config struct {
	Parent string `env:"TASKS_LOCATION, required"` // projects/P/locations/L
	// Prefix begins the names of the queues, so that one location can hold the
	// queues of several installations.
	Prefix string `env:"INSTALLATION_PREFIX"`
	// Emulator is host:port of an emulator; Google's own clients read no such
	// variable, so this one is ours.
	Emulator string `env:"CLOUD_TASKS_EMULATOR_HOST"`
	// WindowURL is where queue returnSync and the jobs' turns are delivered to,
	// ProcessURL where pages are.
	WindowURL  string `env:"WINDOW_URL"`
	ProcessURL string `env:"PROCESS_URL"`
	// ServiceAccount is who the tasks are sent as; empty sends no identity.
	ServiceAccount string        `env:"TASKS_SERVICE_ACCOUNT"`
	Deadline       time.Duration `env:"TASKS_DEADLINE, default=10m"`
}

// Sender is a queue.Sender over Cloud Tasks. It is safe for concurrent use.
type Sender struct {
	client *cloudtasks.Client
	cfg    Config
}

var _ queue.Sender = (*Sender)(nil)

// Open returns a sender. In the cloud it authenticates as the service's own
// account.
func Open(ctx context.Context, cfg Config) (*Sender, error) {
	client, err := cloudtasks.NewClient(ctx, EmulatorOptions(cfg.Emulator)...)
	if err != nil {
		return nil, fmt.Errorf("cloud tasks: %w", err)
	}
	return &Sender{client: client, cfg: cfg}, nil
}

// url returns where a task is delivered.
func (s *Sender) url(t queue.Task) string {
	if t.Queue == queue.Sync || t.Turn {
		return s.cfg.WindowURL
	}
	return s.cfg.ProcessURL
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

// The client does not retry CreateTask. A name makes our repeating it safe.
const (
	attempts   = 5
	firstPause = 100 * time.Millisecond
)

// Send implements queue.Sender.
func (s *Sender) Send(ctx context.Context, t queue.Task) error {
	request, err := s.request(t, trace.Parent(ctx))
	if err != nil {
		return err
	}
	for attempt := 0; ; attempt++ {
		_, err := s.client.CreateTask(ctx, request)
		switch status.Code(err) {
		case codes.OK, codes.AlreadyExists:
			return nil
		case codes.Unavailable, codes.DeadlineExceeded, codes.ResourceExhausted, codes.Aborted, codes.Internal, codes.Unknown:
			if attempt < attempts-1 && pause(ctx, firstPause<<attempt) {
				continue
			}
		}
		return refusal(err, t)
	}
}

// refusal classifies an error of CreateTask that is final. A queue that is not
// there and a right that is missing stay so until somebody sets them right.
func refusal(err error, t queue.Task) error {
	switch status.Code(err) {
	case codes.NotFound, codes.PermissionDenied, codes.InvalidArgument, codes.FailedPrecondition:
		return fault.Wrap(err, fault.Misconfigured, "queue-refuses", "queue "+t.Queue+" does not take task "+t.Name+": check that it exists, and the right to create tasks in it")
	}
	return fault.Wrap(err, fault.Retry, "queue-refuses", "queue "+t.Queue+" did not take task "+t.Name)
}

// pause waits about d; false when the context ends first.
func pause(ctx context.Context, d time.Duration) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(d/2 + rand.N(d)):
		return true
	}
}

// request returns the API's form of a task.
func (s *Sender) request(t queue.Task, traceparent string) (*cloudtaskspb.CreateTaskRequest, error) {
	url := s.url(t)
	if url == "" {
		return nil, fault.New(fault.Misconfigured, "queue-config", "no address is configured for queue %s: set WINDOW_URL or PROCESS_URL", t.Queue)
	}
	parent := s.fullName(t.Queue)
	http := &cloudtaskspb.HttpRequest{
		Url: url, HttpMethod: cloudtaskspb.HttpMethod_POST, Body: t.Body,
		Headers: map[string]string{"Content-Type": "application/json"},
	}
	if traceparent != "" {
		http.Headers[trace.Header] = traceparent
	}
	if s.cfg.ServiceAccount != "" {
		http.AuthorizationHeader = &cloudtaskspb.HttpRequest_OidcToken{OidcToken: &cloudtaskspb.OidcToken{
			ServiceAccountEmail: s.cfg.ServiceAccount, Audience: baseOf(url),
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
