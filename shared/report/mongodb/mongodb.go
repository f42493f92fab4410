// Package mongodb is the destination that is a collection of MongoDB. Each row of a
// report is a document:
//
//	_id       "type|date|key" ("type|current|key" of a real-time type)
//	report    "type|date"
//	type, date, key
//	stamp     the report time, as a date
//	data      the row's fields
//
// Writes are upserts by _id in bulks of 90 operations, without transactions. A
// document with a later stamp stays: the filter demands an older one, so the upsert of
// an older payload meets the unique _id (E11000) and counts as unchanged. That error is
// retried once, because two writers of a new document may meet too. Decimal numbers are
// stored as int64 or double. A document's size is checked here, before it is sent.
package mongodb

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"math"
	"slices"
	"sort"
	"strings"
	"sync/atomic"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"gitlab.com/eshopbox-team/return-sync/shared/fault"
	"gitlab.com/eshopbox-team/return-sync/shared/report"
)

// Kind is the destination's name in definitions.
const Kind = "mongodb"

// The bounds of MongoDB.
const (
	bulk    = 90               // operations of a bulk write: FerretDB hangs at 100 that match
	maxSize = 16_777_216 - 256 // bytes of a document, with room for the update around it
)

// Sink is a collection. It is safe for concurrent use, and implements report.Sink.
type Sink struct {
	Collection *mongo.Collection

	indexed atomic.Bool // this process has seen the index
}

// indexName is the name of the index by which Finish finds a report's documents.
const indexName = "report_stamp"

// EnsureIndex makes that index.
func (s *Sink) EnsureIndex(ctx context.Context) error {
	_, err := s.Collection.Indexes().CreateOne(ctx, mongo.IndexModel{
		Keys: bson.D{{Key: "report", Value: 1}, {Key: "stamp", Value: 1}}, Options: options.Index().SetName(indexName),
	})
	return classify(err, "make the index of the collection")
}

// Examine demands that the collection can be read, and warns where it has documents and
// not the index. It changes nothing.
func (s *Sink) Examine(ctx context.Context) (warning string, err error) {
	list, err := s.Collection.Indexes().ListSpecifications(ctx)
	if err != nil {
		return "", classify(err, "list the indexes of "+s.Collection.Name())
	}
	for _, one := range list {
		if one.Name == indexName {
			return "", nil
		}
	}
	if len(list) == 0 {
		return "", nil // the first report makes the collection, and its index
	}
	return "collection " + s.Collection.Name() + " has no index " + indexName + " on report and stamp: removing old documents reads the whole collection; give the user the right createIndex", nil
}

// document is a row as it is stored.
type document struct {
	id   string
	data bson.D
	text string // of data, to compare with what is there
}

// stampOf returns an order's report time in MongoDB's milliseconds.
func stampOf(o report.Order) time.Time { return o.Stamp.UTC().Truncate(time.Millisecond) }

// Write implements report.Sink.
func (s *Sink) Write(ctx context.Context, o report.Order, rows iter.Seq2[report.Row, error]) (report.Outcome, error) {
	var out report.Outcome
	batch := make([]document, 0, bulk)
	keys := make([]string, 0, bulk)
	for row, err := range rows {
		if err != nil {
			return out, err
		}
		d, reason := documentOf(o, row)
		if reason != "" {
			out.Parked = append(out.Parked, report.Parked{Row: row.Number, Key: row.Key, Reason: reason})
			continue
		}
		batch, keys = append(batch, d), append(keys, row.Key)
		if len(batch) == bulk {
			if err := s.batch(ctx, o, batch, keys, &out); err != nil {
				return out, err
			}
			batch, keys = batch[:0], keys[:0]
		}
	}
	return out, s.batch(ctx, o, batch, keys, &out)
}

// documentOf returns a row's document, or why it cannot be one.
func documentOf(o report.Order, row report.Row) (document, string) {
	d := document{id: o.Document() + "|" + row.Key}
	data, reason := object(row.Fields, 0)
	if reason != "" {
		return d, reason
	}
	body, err := bson.Marshal(bson.D{{Key: "_id", Value: d.id}, {Key: "data", Value: data}, {Key: "report", Value: o.Document()}, {Key: "key", Value: row.Key}})
	if err != nil {
		return d, "it cannot be written as BSON"
	}
	if len(body) > maxSize {
		return d, fmt.Sprintf("it has %d bytes: MongoDB takes documents of 16 MB", len(body))
	}
	d.data, d.text = data, canonical(data)
	return d, ""
}

// canonical is the text of fields, by which documents are compared.
func canonical(data bson.D) string {
	text, err := bson.MarshalExtJSON(data, true, false)
	if err != nil {
		return ""
	}
	return string(text)
}

// maxDepth is the deepest nesting of MongoDB's documents, less our own.
const maxDepth = 90

// object returns fields as BSON, in the order of their names.
func object(fields map[string]any, depth int) (bson.D, string) {
	if depth > maxDepth {
		return nil, "it is nested too deeply"
	}
	names := make([]string, 0, len(fields))
	for name := range fields {
		if strings.ContainsRune(name, 0) {
			return nil, "the name of a field holds a zero byte"
		}
		names = append(names, name)
	}
	sort.Strings(names)
	out := make(bson.D, 0, len(names))
	for _, name := range names {
		v, reason := value(fields[name], depth)
		if reason != "" {
			return nil, reason
		}
		out = append(out, bson.E{Key: name, Value: v})
	}
	return out, ""
}

// value returns a field's value as BSON.
func value(v any, depth int) (any, string) {
	switch v := v.(type) {
	case json.Number:
		if n, err := v.Int64(); err == nil {
			return n, ""
		}
		f, err := v.Float64()
		if err != nil || math.IsInf(f, 0) {
			return nil, "a number is out of range"
		}
		return f, ""
	case map[string]any:
		return object(v, depth+1)
	case []any:
		out := make(bson.A, 0, len(v))
		for _, one := range v {
			item, reason := value(one, depth+1)
			if reason != "" {
				return nil, reason
			}
			out = append(out, item)
		}
		return out, ""
	}
	return v, ""
}

// kept is a document as the collection holds it.
type kept struct {
	ID    string    `bson:"_id"`
	Stamp time.Time `bson:"stamp"`
	Data  bson.D    `bson:"data"`
}

// batch upserts one bulk.
func (s *Sink) batch(ctx context.Context, o report.Order, batch []document, keys []string, out *report.Outcome) error {
	if len(batch) == 0 {
		return ctx.Err()
	}
	have, err := s.have(ctx, batch)
	if err != nil {
		return err
	}
	var models []mongo.WriteModel
	fresh := int64(0)
	for i, d := range batch {
		old, known := have[d.id]
		switch {
		case known && old.Stamp.After(stampOf(o)):
			out.Unchanged++
			continue
		case known && canonical(old.Data) == d.text:
			out.Unchanged++
		default:
			fresh++
		}
		models = append(models, mongo.NewUpdateOneModel().SetUpsert(true).
			SetFilter(bson.D{{Key: "_id", Value: d.id}, {Key: "stamp", Value: bson.D{{Key: "$lte", Value: stampOf(o)}}}}).
			SetUpdate(bson.D{{Key: "$set", Value: bson.D{
				{Key: "report", Value: o.Document()}, {Key: "type", Value: o.Type}, {Key: "date", Value: o.Day()}, {Key: "key", Value: keys[i]},
				{Key: "stamp", Value: stampOf(o)}, {Key: "data", Value: d.data},
			}}}))
	}
	lost, err := s.send(ctx, models)
	if err != nil {
		return err
	}
	out.Written, out.Unchanged = out.Written+max(fresh-lost, 0), out.Unchanged+min(lost, fresh)
	return nil
}

// have returns the documents of a bulk that the collection holds.
func (s *Sink) have(ctx context.Context, batch []document) (map[string]kept, error) {
	ids := make(bson.A, len(batch))
	for i, d := range batch {
		ids[i] = d.id
	}
	cursor, err := s.Collection.Find(ctx, bson.D{{Key: "_id", Value: bson.D{{Key: "$in", Value: ids}}}})
	if err != nil {
		return nil, classify(err, "read the documents")
	}
	var list []kept
	if err := cursor.All(ctx, &list); err != nil {
		return nil, classify(err, "read the documents")
	}
	have := make(map[string]kept, len(list))
	for _, k := range list {
		have[k.ID] = k
	}
	return have, nil
}

// duplicateKey is MongoDB's code of a unique index that refuses a document.
const duplicateKey = 11000

// send sends a bulk, and those that met a unique _id once more. It returns how many met
// it again: a later payload has their documents.
func (s *Sink) send(ctx context.Context, models []mongo.WriteModel) (lost int64, err error) {
	for attempt := 1; len(models) > 0; attempt++ {
		_, err := s.Collection.BulkWrite(ctx, models, options.BulkWrite().SetOrdered(false))
		var refused mongo.BulkWriteException
		if err == nil || !errors.As(err, &refused) || refused.WriteConcernError != nil {
			return 0, classify(err, "write the documents")
		}
		var again []mongo.WriteModel
		for _, e := range refused.WriteErrors {
			if e.Code != duplicateKey || e.Index < 0 || e.Index >= len(models) {
				return 0, classify(err, "write the documents")
			}
			again = append(again, models[e.Index])
		}
		if attempt == 2 {
			return int64(len(again)), nil
		}
		models = again
	}
	return 0, nil
}

// Finish implements report.Sink.
func (s *Sink) Finish(ctx context.Context, o report.Order) error {
	// A user may lack the right to make an index: then the removal is only slower.
	if !s.indexed.Load() && s.EnsureIndex(ctx) == nil {
		s.indexed.Store(true)
	}
	_, err := s.Collection.DeleteMany(ctx, bson.D{{Key: "report", Value: o.Document()}, {Key: "stamp", Value: bson.D{{Key: "$lt", Value: stampOf(o)}}}})
	return classify(err, "remove old documents")
}

// The codes of MongoDB that a person has to correct.
var misconfigured = []int{13, 18, 8000} // unauthorized, authentication failed, Atlas's refusals

// classify gives an error its kind; the server's own text stays out of it, because it
// quotes documents.
func classify(err error, what string) error {
	if err == nil {
		return nil
	}
	var server mongo.ServerError
	if errors.As(err, &server) && !mongo.IsNetworkError(err) && !slices.Contains(server.ErrorCodes(), 0) {
		for _, code := range misconfigured {
			if server.HasErrorCode(code) {
				return fault.New(fault.Misconfigured, "mongodb-rights", "MongoDB refuses to %s: the user lacks the right (code %d)", what, code)
			}
		}
		codes := server.ErrorCodes()
		return fault.New(fault.Retry, "mongodb-refused", "MongoDB failed to %s (codes %v)", what, codes)
	}
	return fault.New(fault.Retry, "mongodb-unanswered", "MongoDB does not answer: it could not %s", what)
}
