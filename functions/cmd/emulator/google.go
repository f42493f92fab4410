package main

import (
	"io"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/spf13/cobra"

	"gitlab.com/eshopbox-team/return-sync/shared/emulator/scheduler"
	"gitlab.com/eshopbox-team/return-sync/shared/emulator/tasks"
)

const clientOptions = `      option.WithoutAuthentication(),
      option.WithGRPCDialOption(grpc.WithTransportCredentials(insecure.NewCredentials())))

Side door (plain HTTP, --control-port): GET and PUT /faults, GET /stats, GET /tokens/jwks`

const tasksExample = `  go run ./functions/cmd/emulator tasks --port 8123

This product's programs: CLOUD_TASKS_EMULATOR_HOST=127.0.0.1:8123

The Go client (cloud.google.com/go/cloudtasks/apiv2):

  client, err := cloudtasks.NewClient(ctx,
      option.WithEndpoint("127.0.0.1:8123"),
` + clientOptions + `

  curl -X PUT -d '{"late":0.2,"late_min":"1s","late_max":"5s","drop":0.01}' http://127.0.0.1:9123/faults`

const schedulerExample = `  go run ./functions/cmd/emulator scheduler --port 8124 --every 10s

This product's programs: CLOUD_SCHEDULER_EMULATOR_HOST=127.0.0.1:8124

The Go client (cloud.google.com/go/scheduler/apiv1):

  client, err := scheduler.NewCloudSchedulerClient(ctx,
      option.WithEndpoint("127.0.0.1:8124"),
` + clientOptions + `
and POST /tick?job=NAME, which fires one tick now

  curl -X PUT -d '{"twice":0.5,"late":0.2,"late_max":"5s"}' http://127.0.0.1:9124/faults`

// googleFlags are the flags that both gRPC emulators have.
type googleFlags struct {
	port, controlPort int
	seed              int64
	faults            string
}

func (f *googleFlags) add(command *cobra.Command, port, controlPort int) {
	flags := command.Flags()
	flags.IntVar(&f.port, "port", port, "gRPC port on 127.0.0.1; 0 takes a free one")
	flags.IntVar(&f.controlPort, "control-port", controlPort, "port of the side door on 127.0.0.1; 0 takes a free one")
	flags.Int64Var(&f.seed, "seed", 0, "decides which deliveries faults strike")
	flags.StringVar(&f.faults, "faults", "", "file or JSON of faults to play")
}

// emulator is what both gRPC emulators are.
type emulator interface {
	Serve(net.Listener) error
	Control() http.Handler
	Close() error
}

// run serves an emulator and its side door until the command's context ends.
func (f *googleFlags) run(c *cobra.Command, name string, server emulator) error {
	defer server.Close()
	control := server.Control()
	if err := (faultDoor{handler: control, path: "/faults"}).apply(f.faults); err != nil {
		return err
	}
	web := &http.Server{Handler: control, ReadHeaderTimeout: 10 * time.Second}
	return serveAll(c,
		endpoint{name: name, flag: "--port", port: f.port, serve: server.Serve, stop: server.Close},
		endpoint{
			name: name + " control", scheme: "http://", flag: "--control-port", port: f.controlPort,
			serve: func(l net.Listener) error { return web.Serve(l) }, stop: web.Close,
		})
}

func logger(w io.Writer) *slog.Logger { return slog.New(slog.NewTextHandler(w, nil)) }

func tasksCommand() *cobra.Command {
	var flags googleFlags
	command := &cobra.Command{
		Use:     "tasks",
		Short:   "Emulate Cloud Tasks (google.cloud.tasks.v2, gRPC)",
		Example: tasksExample,
		Args:    cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			server := tasks.New(tasks.Options{Seed: flags.seed, Logger: logger(c.ErrOrStderr())})
			return flags.run(c, "Cloud Tasks", server)
		},
	}
	flags.add(command, tasksPort, tasksControlPort)
	return command
}

func schedulerCommand() *cobra.Command {
	var flags googleFlags
	var every time.Duration
	command := &cobra.Command{
		Use:     "scheduler",
		Short:   "Emulate Cloud Scheduler (google.cloud.scheduler.v1, gRPC)",
		Example: schedulerExample,
		Args:    cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			server := scheduler.New(scheduler.Options{Seed: flags.seed, Every: every, Logger: logger(c.ErrOrStderr())})
			return flags.run(c, "Cloud Scheduler", server)
		},
	}
	flags.add(command, schedulerPort, schedulerControlPort)
	command.Flags().DurationVar(&every, "every", 0, "tick every job this often instead of by its schedule, such as 10s")
	return command
}
