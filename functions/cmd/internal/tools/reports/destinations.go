package reports

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"gitlab.com/eshopbox-team/return-sync/shared/report"
	"gitlab.com/eshopbox-team/return-sync/shared/report/airtable"
	"gitlab.com/eshopbox-team/return-sync/shared/report/airtable/gatestore"
)

// airtableTables are the tables of the types that go to Airtable.
var airtableTables = map[string]string{"returns_by_status": "Returns by status", "sales_report": "Sales"}

// mongoTypes are the types that go to MongoDB, with the numbers that are compared: small
// ones, because FerretDB finds a document by reading its collection.
var mongoTypes = map[string][]string{"sales_report": {"quantity", "item-price"}}

// destinations returns what reads a report's values from its destinations other than
// datapoints.
func (p *play) destinations(r report.Report) []func(context.Context, report.Report) (values, error) {
	var list []func(context.Context, report.Report) (values, error)
	if airtableTables[r.Type] != "" {
		list = append(list, p.airtableValues)
	}
	if mongoTypes[r.Type] != nil && p.vendors.mongo != nil {
		list = append(list, p.mongoValues)
	}
	return list
}

// record is one of Airtable's.
type record struct {
	ID     string         `json:"id"`
	Fields map[string]any `json:"fields"`
}

// airtableValues reads the records of a report from Airtable.
func (p *play) airtableValues(ctx context.Context, r report.Report) (values, error) {
	fields := map[string][]string{"returns_by_status": {"returns", "oldest"}, "sales_report": {"quantity", "item-price"}}[r.Type]
	records, err := p.airtableRecords(ctx, airtableTables[r.Type], "{Document}='"+r.Type+"|"+r.Slot+"'")
	v := values{}
	for _, one := range records {
		for _, field := range fields {
			v.put(fmt.Sprint(one.Fields["Row Key"]), field, fmt.Sprint(one.Fields[field]))
		}
	}
	if len(v) != len(records)*len(fields) {
		v["\x00records that are there twice"] = fmt.Sprint(len(records))
	}
	return v, err
}

// airtableRecords reads the records of a table for which a formula holds, without the
// wing's code; an empty one holds for all.
func (p *play) airtableRecords(ctx context.Context, table, formula string) ([]record, error) {
	query := url.Values{"pageSize": {"100"}}
	if formula != "" {
		query.Set("filterByFormula", formula)
	}
	var list []record
	for {
		body, err := p.airtablePage(ctx, table, query)
		if err != nil {
			return nil, err
		}
		var page struct {
			Records []record `json:"records"`
			Offset  string   `json:"offset"`
		}
		d := json.NewDecoder(strings.NewReader(string(body)))
		d.UseNumber()
		if err := d.Decode(&page); err != nil {
			return nil, err
		}
		list = append(list, page.Records...)
		if page.Offset == "" {
			return list, nil
		}
		query.Set("offset", page.Offset)
	}
}

// airtablePage reads a page of a table. The base counts the request as everybody's, so it
// passes the product's gate. A 429 may be meant for a process that was killed before it
// could close the gate.
func (p *play) airtablePage(ctx context.Context, table string, query url.Values) ([]byte, error) {
	gate := &gatestore.Store{DB: p.stack.Store.Pool(), Most: 2 * airtable.Penalty}
	for {
		slot, err := gate.Enter(ctx, airtableBase)
		if err != nil {
			return nil, err
		}
		body, err := p.get(ctx, p.vendors.addresses["airtable"]+"/v0/"+airtableBase+"/"+url.PathEscape(table)+"?"+query.Encode(), airtableToken)
		limited := errors.Is(err, errLimited)
		if limited {
			err = gate.Block(ctx, airtableBase, airtable.Penalty)
		}
		if err = errors.Join(err, gate.Leave(ctx, airtableBase, slot, 0)); err != nil || !limited {
			return body, err
		}
	}
}

// mongoValues reads the documents of a report from MongoDB, without the wing's code.
func (p *play) mongoValues(ctx context.Context, r report.Report) (_ values, err error) {
	client, err := mongo.Connect(options.Client().ApplyURI(p.vendors.mongoURI()))
	if err != nil {
		return nil, err
	}
	defer func() { _ = client.Disconnect(context.WithoutCancel(ctx)) }()
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	cursor, err := client.Database("reports").Collection(r.Type).Find(ctx, bson.D{{Key: "report", Value: r.Type + "|" + r.Slot}})
	if err != nil {
		return nil, err
	}
	var list []struct {
		Key  string         `bson:"key"`
		Data map[string]any `bson:"data"`
	}
	if err := cursor.All(ctx, &list); err != nil {
		return nil, err
	}
	v := values{}
	for _, one := range list {
		for _, field := range mongoTypes[r.Type] {
			v.put(one.Key, field, fmt.Sprint(one.Data[field]))
		}
	}
	return v, nil
}
