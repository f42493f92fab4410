package mongodb_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"gitlab.com/eshopbox-team/return-sync/shared/fault"
	"gitlab.com/eshopbox-team/return-sync/shared/report"
	"gitlab.com/eshopbox-team/return-sync/shared/report/mongodb"
	"gitlab.com/eshopbox-team/return-sync/shared/report/reporttest"
)

// address is the server of all tests.
var address string

// TestMain builds and starts the embedded FerretDB, a module of its own.
func TestMain(m *testing.M) { os.Exit(run(m)) }

// run runs the tests beside the server.
func run(m *testing.M) int {
	dir, err := os.MkdirTemp("", "ferretdb")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer func() { _ = os.RemoveAll(dir) }()
	program := filepath.Join(dir, "ferretdb")
	build := exec.Command("go", "build", "-C", "../../../testdata/ferretdb", "-o", program, ".")
	build.Env = append(os.Environ(), "GOFLAGS=-trimpath", "GOWORK=off")
	if out, err := build.CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "FerretDB cannot be built; its modules come from the Go proxy: go -C testdata/ferretdb mod download\n%v\n%s", err, out)
		return 1
	}
	server := exec.Command(program)
	server.Stderr = nil
	stdin, err := server.StdinPipe()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	stdout, err := server.StdoutPipe()
	if err != nil || server.Start() != nil {
		fmt.Fprintln(os.Stderr, "FerretDB cannot be started", err)
		return 1
	}
	defer func() { _ = errors.Join(stdin.Close(), server.Wait()) }()
	lines := bufio.NewScanner(stdout)
	for address == "" && lines.Scan() {
		if at := strings.Index(lines.Text(), "mongodb://"); at >= 0 {
			address = strings.TrimSpace(lines.Text()[at:])
		}
	}
	return m.Run()
}

// open returns an empty collection.
func open(t *testing.T, uri string, o *options.ClientOptions) *mongo.Collection {
	t.Helper()
	if o == nil {
		o = options.Client()
	}
	client, err := mongo.Connect(o.ApplyURI(uri).SetServerSelectionTimeout(5 * time.Second))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Disconnect(context.WithoutCancel(t.Context())) })
	return client.Database("reports").Collection("c" + bson.NewObjectID().Hex())
}

// TestACollectionPassesTheSuite runs the suite of destinations over a real server.
func TestACollectionPassesTheSuite(t *testing.T) {
	reporttest.RunSink(t, func(t *testing.T) reporttest.Sinked {
		c := open(t, address, nil)
		s := &mongodb.Sink{Collection: c}
		if err := s.EnsureIndex(t.Context()); err != nil {
			t.Fatal(err)
		}
		return reporttest.Sinked{
			Sink: s, Most: 250, // FerretDB reads the whole collection for each update
			Bad: func(n int64) report.Row {
				return report.Row{Number: n, Key: "bad", Fields: map[string]any{"name": strings.Repeat("x", 17<<20)}}
			},
			Read: func(t *testing.T, document string) map[string]map[string]string {
				cursor, err := c.Find(t.Context(), bson.D{{Key: "report", Value: document}})
				if err != nil {
					t.Fatal(err)
				}
				var list []struct {
					ID, Key string
					Data    map[string]any
				}
				if err := cursor.All(t.Context(), &list); err != nil {
					t.Fatal(err)
				}
				out := map[string]map[string]string{}
				for _, d := range list {
					out[d.Key] = map[string]string{}
					for name, v := range d.Data {
						out[d.Key][name] = fmt.Sprint(v)
					}
				}
				return out
			},
		}
	})
}

// TestWritersInAnyOrderEndOnTheNewest writes one document by report times out of order.
// FerretDB's updates are not atomic, so writers at once cannot be shown here.
func TestWritersInAnyOrderEndOnTheNewest(t *testing.T) {
	c := open(t, address, nil)
	s := &mongodb.Sink{Collection: c}
	for _, n := range []int{3, 7, 1, 5} {
		o := reporttest.DatedOrder("sales", "2026-11-20", n)
		if _, err := s.Write(t.Context(), o, report.Stream([]report.Row{reporttest.Line(1, "a", fmt.Sprint(n), int64(n))})); err != nil {
			t.Fatal(err)
		}
	}
	var got struct{ Data struct{ Amount int64 } }
	if err := c.FindOne(t.Context(), bson.D{{Key: "_id", Value: "sales|2026-11-20|a"}}).Decode(&got); err != nil || got.Data.Amount != 7 {
		t.Errorf("%+v, %v", got, err)
	}
}

// TestTheRemovalHasItsIndex finds the index that nobody made by hand.
func TestTheRemovalHasItsIndex(t *testing.T) {
	c := open(t, address, nil)
	s := &mongodb.Sink{Collection: c}
	o := reporttest.DatedOrder("sales", "2026-11-20", 0)
	if _, err := s.Write(t.Context(), o, report.Stream([]report.Row{reporttest.Line(1, "a", "x", 1)})); err != nil {
		t.Fatal(err)
	}
	if err := s.Finish(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	list, err := c.Indexes().ListSpecifications(t.Context())
	if err != nil || !slices.ContainsFunc(list, func(i mongo.IndexSpecification) bool { return i.Name == "report_stamp" }) {
		t.Errorf("indexes %+v, %v", list, err)
	}
}

// TestAServerThatIsAwayIsRetried gives outages a kind that a queue repeats.
func TestAServerThatIsAwayIsRetried(t *testing.T) {
	c := open(t, "mongodb://127.0.0.1:1/?serverSelectionTimeoutMS=200", nil)
	s := &mongodb.Sink{Collection: c}
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	_, err := s.Write(ctx, reporttest.DatedOrder("sales", "2026-11-20", 0), report.Stream([]report.Row{reporttest.Line(1, "a", "x", 1)}))
	if fault.KindOf(err) != fault.Retry {
		t.Errorf("%v", err)
	}
}
