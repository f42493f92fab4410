package cloudtasks_test

import (
	"context"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"cloud.google.com/go/cloudtasks/apiv2/cloudtaskspb"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"gitlab.com/eshopbox-team/return-sync/shared/fault"
	"gitlab.com/eshopbox-team/return-sync/shared/queue"
	"gitlab.com/eshopbox-team/return-sync/shared/queue/cloudtasks"
	"gitlab.com/eshopbox-team/return-sync/shared/trace"
)

// service answers CreateTask with codes in turn, the last one for ever.
type service struct {
	cloudtaskspb.UnimplementedCloudTasksServer
	mu    sync.Mutex
	codes []codes.Code
	got   []*cloudtaskspb.CreateTaskRequest
}

// CreateTask keeps the request and answers.
func (s *service) CreateTask(_ context.Context, r *cloudtaskspb.CreateTaskRequest) (*cloudtaskspb.Task, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	code := s.codes[min(len(s.got), len(s.codes)-1)]
	s.got = append(s.got, r)
	if code == codes.OK {
		return r.GetTask(), nil
	}
	return nil, status.Error(code, "as asked")
}

// open serves the service and returns a sender to it.
func open(t *testing.T, s *service, change func(*cloudtasks.Config)) *cloudtasks.Sender {
	t.Helper()
	return openTo(t, s, routes, change)
}

// openTo is open for other routes.
func openTo(t *testing.T, s *service, to queue.Routes, change func(*cloudtasks.Config)) *cloudtasks.Sender {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := grpc.NewServer()
	cloudtaskspb.RegisterCloudTasksServer(server, s)
	go func() { _ = server.Serve(listener) }()
	cfg := cloudtasks.Config{
		Parent: location, Emulator: listener.Addr().String(), ServiceAccount: "tasks@example.com", Deadline: time.Minute,
	}
	if change != nil {
		change(&cfg)
	}
	sender, err := cloudtasks.Open(t.Context(), cfg, to)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = sender.Close()
		server.Stop()
	})
	return sender
}

var task = queue.Task{Route: "window", Name: queue.Name("key", "label"), Body: []byte(`{"id":1}`)}

func TestSendRepeatsWhatIsWorthIt(t *testing.T) {
	cases := map[string]struct {
		codes []codes.Code
		calls int
		ok    bool
	}{
		"taken":             {[]codes.Code{codes.OK}, 1, true},
		"there already":     {[]codes.Code{codes.AlreadyExists}, 1, true},
		"away for a moment": {[]codes.Code{codes.Unavailable, codes.Internal, codes.OK}, 3, true},
		"too fast":          {[]codes.Code{codes.ResourceExhausted, codes.OK}, 2, true},
		// The first call was taken although its answer was lost.
		"lost answer":   {[]codes.Code{codes.Unavailable, codes.AlreadyExists}, 2, true},
		"away for good": {[]codes.Code{codes.Unavailable}, 5, false},
		"no such queue": {[]codes.Code{codes.NotFound}, 1, false},
		"no right":      {[]codes.Code{codes.PermissionDenied}, 1, false},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := &service{codes: c.codes}
			err := open(t, s, nil).Send(t.Context(), task)
			if (err == nil) != c.ok || len(s.got) != c.calls {
				t.Errorf("%d calls, %v; want %d", len(s.got), err, c.calls)
			}
			want := fault.Misconfigured
			if c.calls > 1 {
				want = fault.Retry
			}
			if err != nil && (fault.KindOf(err) != want || !strings.Contains(err.Error(), task.Name)) {
				t.Errorf("error %v", err)
			}
			for _, r := range s.got[1:] {
				if r.GetTask().GetName() != s.got[0].GetTask().GetName() {
					t.Error("a repeated call has another name")
				}
			}
		})
	}
}

func TestRequestHoldsAllThatTheHandlerNeeds(t *testing.T) {
	s := &service{codes: []codes.Code{codes.OK}}
	const parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
	if err := open(t, s, nil).Send(trace.With(t.Context(), parent), task); err != nil {
		t.Fatal(err)
	}
	got := s.got[0]
	http := got.GetTask().GetHttpRequest()
	want := "projects/p/locations/l/queues/returnSync"
	if got.GetParent() != want || got.GetTask().GetName() != want+"/tasks/"+task.Name {
		t.Errorf("parent %q, name %q", got.GetParent(), got.GetTask().GetName())
	}
	if http.GetUrl() != "https://window.example.com/a/b" || string(http.GetBody()) != `{"id":1}` || http.GetHttpMethod() != cloudtaskspb.HttpMethod_POST {
		t.Errorf("request %v", http)
	}
	if http.GetHeaders()["traceparent"] != parent || http.GetHeaders()["Content-Type"] != "application/json" {
		t.Errorf("headers %v", http.GetHeaders())
	}
	if oidc := http.GetOidcToken(); oidc.GetServiceAccountEmail() != "tasks@example.com" || oidc.GetAudience() != "https://window.example.com" {
		t.Errorf("identity %v", oidc)
	}
	if got.GetTask().GetDispatchDeadline().AsDuration() != time.Minute {
		t.Errorf("deadline %v", got.GetTask().GetDispatchDeadline())
	}
}

func TestQueueWithoutAnAddress(t *testing.T) {
	s := &service{codes: []codes.Code{codes.OK}}
	for says, to := range map[string]queue.Routes{"set WINDOW_URL": {"window": {Queue: "returnSync", Setting: "WINDOW_URL"}}, `route "window"`: nil} {
		err := openTo(t, s, to, nil).Send(t.Context(), task)
		if fault.KindOf(err) != fault.Misconfigured || !strings.Contains(err.Error(), says) || len(s.got) != 0 {
			t.Errorf("%d calls, %v", len(s.got), err)
		}
	}
}

func TestEndedContextEndsTheRepeating(t *testing.T) {
	s := &service{codes: []codes.Code{codes.Unavailable}}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := open(t, s, nil).Send(ctx, task); err == nil || fault.KindOf(err) != fault.Retry || len(s.got) > 1 {
		t.Errorf("%d calls, %v", len(s.got), err)
	}
}

// TestInstallationsHaveQueuesOfTheirOwn sends to the queue of an installation.
func TestInstallationsHaveQueuesOfTheirOwn(t *testing.T) {
	s := &service{codes: []codes.Code{codes.OK}}
	if err := open(t, s, func(c *cloudtasks.Config) { c.Prefix = "acme-" }).Send(t.Context(), task); err != nil {
		t.Fatal(err)
	}
	const want = "projects/p/locations/l/queues/acme-returnSync"
	if r := s.got[0]; r.GetParent() != want || !strings.HasPrefix(r.GetTask().GetName(), want+"/tasks/") {
		t.Errorf("sent to %s as %s, want %s", r.GetParent(), r.GetTask().GetName(), want)
	}
}
