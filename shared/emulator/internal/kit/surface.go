package kit

import (
	"context"
	"net"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
)

// EveryCall makes every call that the description of a gRPC service has, with an empty
// request, to the server that serve starts: all calls but those that are left out find
// their reader.
func EveryCall(t *testing.T, serve func(net.Listener) error, service protoreflect.ServiceDescriptor, leftOut []string) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go func() { _ = serve(listener) }()
	conn, err := grpc.NewClient(listener.Addr().String(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
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
