package mongodb_test

import (
	"encoding/binary"
	"io"
	"net"
	"strings"
	"sync/atomic"
	"testing"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"gitlab.com/eshopbox-team/return-sync/shared/fault"
	"gitlab.com/eshopbox-team/return-sync/shared/report"
	"gitlab.com/eshopbox-team/return-sync/shared/report/mongodb"
	"gitlab.com/eshopbox-team/return-sync/shared/report/reporttest"
)

// double speaks so much of MongoDB's protocol (OP_MSG) that the driver takes it for a
// server, and answers updates as a test says; nil cuts the connection.
func double(t *testing.T, update func() bson.D) (uri string, updates *atomic.Int64) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	updates = &atomic.Int64{}
	answer := func(command string) bson.D {
		switch command {
		case "find":
			return bson.D{{Key: "ok", Value: 1}, {Key: "cursor", Value: bson.D{{Key: "id", Value: int64(0)}, {Key: "ns", Value: "reports.c"}, {Key: "firstBatch", Value: bson.A{}}}}}
		case "update":
			updates.Add(1)
			return update()
		}
		return bson.D{{Key: "ok", Value: 1}, {Key: "isWritablePrimary", Value: true}, {Key: "helloOk", Value: true}, {Key: "ismaster", Value: true}, {Key: "maxWireVersion", Value: 21}, {Key: "minWireVersion", Value: 0}, {Key: "maxBsonObjectSize", Value: 16777216}, {Key: "maxMessageSizeBytes", Value: 48000000}, {Key: "maxWriteBatchSize", Value: 100000}}
	}
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go speak(c, answer)
		}
	}()
	return "mongodb://" + l.Addr().String() + "/?directConnection=true", updates
}

// The headers of a message, and its kinds: a message, and the first of a connection.
const (
	header  = 16
	opMsg   = 2013
	opQuery = 2004
	opReply = 1
)

// speak answers a connection's messages.
func speak(c net.Conn, answer func(string) bson.D) {
	defer func() { _ = c.Close() }()
	for {
		head := make([]byte, header)
		if _, err := io.ReadFull(c, head); err != nil {
			return
		}
		body := make([]byte, binary.LittleEndian.Uint32(head)-header)
		if _, err := io.ReadFull(c, body); err != nil {
			return
		}
		kind := binary.LittleEndian.Uint32(head[12:])
		command := "hello"
		if kind == opMsg { // flags, then a section of kind 0 with one document
			elements, err := bson.Raw(body[5 : 5+binary.LittleEndian.Uint32(body[5:])]).Elements()
			if err != nil || len(elements) == 0 {
				return
			}
			command = elements[0].Key()
		}
		d := answer(command)
		if d == nil {
			return
		}
		text, err := bson.Marshal(d)
		if err != nil {
			return
		}
		out := make([]byte, header)
		copy(out[8:], head[4:8]) // in answer to
		if kind == opQuery {
			binary.LittleEndian.PutUint32(out[12:], opReply)
			out = append(out, make([]byte, 16)...) // flags, cursor, start
			out = append(out, 1, 0, 0, 0)
		} else {
			binary.LittleEndian.PutUint32(out[12:], opMsg)
			out = append(out, 0, 0, 0, 0, 0)
		}
		out = append(out, text...)
		binary.LittleEndian.PutUint32(out, uint32(len(out)))
		if _, err := c.Write(out); err != nil {
			return
		}
	}
}

// TestAFailingServerIsNoSuccess: what a replica set answers while it changes its primary,
// and a write that too few members have, is tried again; nothing counts as written.
func TestAFailingServerIsNoSuccess(t *testing.T) {
	fine := bson.D{{Key: "ok", Value: 1}, {Key: "n", Value: 1}, {Key: "nModified", Value: 0}, {Key: "upserted", Value: bson.A{bson.D{{Key: "index", Value: 0}, {Key: "_id", Value: "sales|2026-11-20|a"}}}}}
	for name, c := range map[string]struct {
		answer bson.D
		kind   fault.Kind // of the error; empty: none
		says   string
	}{
		"a server that works": {answer: fine},
		"not the primary":     {bson.D{{Key: "ok", Value: 0}, {Key: "code", Value: 10107}, {Key: "codeName", Value: "NotWritablePrimary"}, {Key: "errmsg", Value: "not primary, x-secret"}}, fault.Retry, "10107"},
		"write concern":       {append(fine[:len(fine):len(fine)], bson.E{Key: "writeConcernError", Value: bson.D{{Key: "code", Value: 64}, {Key: "errmsg", Value: "x-secret"}}}), fault.Retry, "64"},
		"no right":            {bson.D{{Key: "ok", Value: 0}, {Key: "code", Value: 13}, {Key: "errmsg", Value: "not authorized on x-secret"}}, fault.Misconfigured, "lacks the right"},
		"a cut connection":    {nil, fault.Retry, "does not answer"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			uri, updates := double(t, func() bson.D { return c.answer })
			s := &mongodb.Sink{Collection: open(t, uri, options.Client())}
			rows := []report.Row{{Number: 1, Key: "a", Fields: map[string]any{"name": "x"}}}
			out, err := s.Write(t.Context(), reporttest.DatedOrder("sales", "2026-11-20", 0), report.Stream(rows))
			if c.kind == fault.Kind(0) {
				if err != nil || out.Written != 1 {
					t.Errorf("%+v, %v", out, err)
				}
				return
			}
			if fault.KindOf(err) != c.kind || !strings.Contains(err.Error(), c.says) || strings.Contains(err.Error(), "x-secret") || out.Counts().Sum() != 0 {
				t.Errorf("%+v, %v; want %v with %s", out, err, c.kind, c.says)
			}
			if updates.Load() == 0 {
				t.Error("no update was sent")
			}
		})
	}
}
