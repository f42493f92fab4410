package base

import (
	"context"
	"fmt"
	"slices"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/report/airtable"
)

// The bounds of the log.
const (
	mostEntries = 300              // that a round writes
	settle      = 15 * time.Second // before an entry is written: see the package comment
)

// keepLogs writes new entries of the run log into the table Logs, in order.
func (b *Base) keepLogs(ctx context.Context, _ time.Time, sum *Summary) error {
	cursor, err := b.Store.Cursor(ctx, "logs")
	if err != nil {
		return err
	}
	list, err := b.Store.Entries(ctx, cursor.ID, settle, mostEntries)
	if err != nil {
		return err
	}
	for batch := range slices.Chunk(list, airtable.MaxRecords) {
		records := make([]airtable.Record, 0, len(batch))
		for _, e := range batch {
			records = append(records, airtable.Record{Fields: map[string]any{
				"No": float64(e.ID), "Time": stamp(&e.At), "Severity": string(e.Severity), "Subject": orNil(e.Subject), "Message": orNil(e.Message),
			}})
		}
		if _, err := b.Client.Upsert(ctx, LogsTable, []string{logs.Key}, true, records...); err != nil {
			return err
		}
		if err := b.Store.Move(ctx, "logs", Cursor{ID: batch[len(batch)-1].ID}); err != nil {
			return err
		}
		sum.Entries += len(batch)
	}
	return nil
}

// freshness is how old the Timestamp of Overview may get.
const freshness = 29 * time.Minute

// Beat writes Alive and Timestamp of Overview: at once when Alive changed, else every
// half hour. Only the watcher calls it, because a process that is dead cannot say so.
// It reports whether it wrote.
func (b *Base) Beat(ctx context.Context, alive bool, now time.Time) (bool, error) {
	last, err := b.Store.Cursor(ctx, "overview")
	if err != nil {
		return false, err
	}
	state := int64(1)
	if alive {
		state = 2
	}
	if last.ID == state && (now.Sub(last.At) < freshness || !alive) {
		return false, nil
	}
	fields := map[string]any{"Name": "Sync", "Alive": float64(state - 1)}
	if alive {
		fields["Timestamp"] = stamp(&now)
	}
	if _, err := b.Client.Upsert(ctx, OverviewTable, []string{overview.Key}, false, airtable.Record{Fields: fields}); err != nil {
		return false, err
	}
	return true, b.Store.Move(ctx, "overview", Cursor{At: now, ID: state})
}

// Init makes the tables and fields of the base that are missing, and returns what it
// made. It changes nothing that exists.
func (b *Base) Init(ctx context.Context) ([]string, error) {
	tables, err := b.Client.Tables(ctx)
	if err != nil {
		return nil, err
	}
	var made []string
	for _, s := range Sheets() {
		at := slices.IndexFunc(tables, func(t airtable.Table) bool { return t.Name == s.Name })
		if at < 0 {
			fields := make([]airtable.Field, 0, len(s.Columns))
			for _, c := range s.Columns {
				fields = append(fields, c.Field)
			}
			if _, err := b.Client.CreateTable(ctx, s.Name, s.Description, fields...); err != nil {
				return made, err
			}
			made = append(made, "table "+s.Name)
			continue
		}
		for _, c := range s.Columns {
			if _, have := tables[at].Field(c.Name); have {
				continue
			}
			if _, err := b.Client.CreateField(ctx, tables[at].ID, c.Field); err != nil {
				return made, err
			}
			made = append(made, "field "+c.Name+" of "+s.Name)
		}
	}
	return made, nil
}

// Check returns what is wrong with the base's tables and fields, a sentence each; none:
// the base can be kept in step.
func (b *Base) Check(ctx context.Context) ([]string, error) {
	tables, err := b.Client.Tables(ctx)
	if err != nil {
		return nil, err
	}
	var wrong []string
	for _, s := range Sheets() {
		at := slices.IndexFunc(tables, func(t airtable.Table) bool { return t.Name == s.Name })
		if at < 0 {
			wrong = append(wrong, "the base has no table "+s.Name+": returnsync reports base init makes it")
			continue
		}
		for _, c := range s.Columns {
			have, exists := tables[at].Field(c.Name)
			switch {
			case !exists:
				wrong = append(wrong, fmt.Sprintf("table %s has no field %s: returnsync reports base init makes it", s.Name, c.Name))
			case have.Type != c.Type && (!readAsText(have.Type) || !readAsText(c.Type)):
				wrong = append(wrong, fmt.Sprintf("field %s of %s has the type %s: change it to %s in Airtable", c.Name, s.Name, have.Type, c.Type))
			}
		}
	}
	return wrong, nil
}

// readAsText reports whether values of a type of field are texts that any of these types
// takes.
func readAsText(kind string) bool {
	return kind == "singleLineText" || kind == "multilineText" || kind == "singleSelect"
}
