package cloudtasks_test

import (
	"net"
	"strings"
	"testing"
	"time"

	api "cloud.google.com/go/cloudtasks/apiv2"
	"cloud.google.com/go/cloudtasks/apiv2/cloudtaskspb"

	"gitlab.com/eshopbox-team/return-sync/shared/emulator/tasks"
	"gitlab.com/eshopbox-team/return-sync/shared/queue"
	"gitlab.com/eshopbox-team/return-sync/shared/queue/cloudtasks"
	"gitlab.com/eshopbox-team/return-sync/shared/queue/queuetest"
)

// TestConformance runs the suite of all senders before an emulator whose queues
// are paused.
func TestConformance(t *testing.T) {
	queuetest.Run(t, func(t *testing.T) queuetest.Queues {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		server := tasks.New(tasks.Options{})
		go func() { _ = server.Serve(listener) }()
		address := listener.Addr().String()
		client, err := api.NewClient(t.Context(), cloudtasks.EmulatorOptions(address)...)
		if err != nil {
			t.Fatal(err)
		}
		q := emulated{t, client}
		sender, err := cloudtasks.Open(t.Context(), cloudtasks.Config{Parent: location, Emulator: address, Prefix: "acme-", Deadline: time.Minute}, routes)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _, _, _ = sender.Close(), client.Close(), server.Close() })
		for _, route := range routes {
			if err := sender.EnsureQueue(t.Context(), route.Queue, nil, nil); err != nil {
				t.Fatal(err)
			}
			if _, err := client.PauseQueue(t.Context(), &cloudtaskspb.PauseQueueRequest{Name: q.name(route.Queue)}); err != nil {
				t.Fatal(err)
			}
		}
		return queuetest.Queues{Sender: sender, Routes: []string{"window", "page"}, Tasks: q.tasks}
	})
}

const location = "projects/p/locations/l"

// routes are two queues and where they deliver to.
var routes = queue.Routes{
	"window": {Queue: "returnSync", URL: "https://window.example.com/a/b", Setting: "WINDOW_URL"},
	"page":   {Queue: "returnSyncProcessing", URL: "https://process.example.com", Setting: "PROCESS_URL"},
}

// emulated is the queues of an emulator.
type emulated struct {
	t      *testing.T
	client *api.Client
}

// name returns a queue's full name.
func (emulated) name(queue string) string { return location + "/queues/acme-" + queue }

// tasks lists the tasks of all queues.
func (e emulated) tasks() (list []queue.Task) {
	for name, route := range routes {
		for task, err := range e.client.ListTasks(e.t.Context(), &cloudtaskspb.ListTasksRequest{Parent: e.name(route.Queue), ResponseView: cloudtaskspb.Task_FULL}).All() {
			if err != nil {
				e.t.Fatal(err)
			}
			request := task.GetHttpRequest()
			if request.GetUrl() != route.URL {
				e.t.Errorf("a task of route %s goes to %s", name, request.GetUrl())
			}
			list = append(list, queue.Task{
				Route: name, Name: strings.TrimPrefix(task.GetName(), e.name(route.Queue)+"/tasks/"),
				Body: request.GetBody(), At: task.GetScheduleTime().AsTime(),
			})
		}
	}
	return list
}
