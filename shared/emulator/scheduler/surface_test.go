package scheduler

import (
	"context"
	"net"
	"slices"
	"testing"

	"cloud.google.com/go/scheduler/apiv1/schedulerpb"
	"github.com/google/go-cmp/cmp"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/reflect/protoregistry"
)

// leftOut are the calls of the API that the emulator does not have.
var leftOut []string

// TestEveryCall makes every call that the API's description has, with an empty request:
// all but those that are left out find their reader.
func TestEveryCall(t *testing.T) {
	server, _ := start(t, Options{})
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go func() { _ = server.Serve(listener) }()
	conn, err := grpc.NewClient(listener.Addr().String(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	service := schedulerpb.File_google_cloud_scheduler_v1_cloudscheduler_proto.Services().ByName("CloudScheduler")
	var missing []string
	for i := range service.Methods().Len() {
		method := service.Methods().Get(i)
		in, err := protoregistry.GlobalTypes.FindMessageByName(method.Input().FullName())
		if err != nil {
			t.Fatal(err)
		}
		out, err := protoregistry.GlobalTypes.FindMessageByName(method.Output().FullName())
		if err != nil {
			t.Fatal(err)
		}
		err = conn.Invoke(context.WithoutCancel(t.Context()), "/"+string(service.FullName())+"/"+string(method.Name()), in.New().Interface(), out.New().Interface())
		switch status.Code(err) {
		case codes.Unimplemented:
			missing = append(missing, string(method.Name()))
		case codes.InvalidArgument:
		default:
			t.Errorf("%s of nothing: %v", method.Name(), err)
		}
	}
	slices.Sort(missing)
	if diff := cmp.Diff(leftOut, missing); diff != "" {
		t.Errorf("(-left out +unimplemented):\n%s", diff)
	}
	t.Logf("%d of %d calls", service.Methods().Len()-len(missing), service.Methods().Len())
}
