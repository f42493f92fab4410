package base

import (
	"fmt"
	"strings"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/report/airtable"
)

// Column is a field of a table of the base.
type Column struct {
	airtable.Field
	// People says that people may change it.
	People bool
}

// Sheet is a table of the base. Its first column is Airtable's primary field.
type Sheet struct {
	Name        string
	Description string
	Key         string // the column by which a row is found
	Columns     []Column
}

// View is a view that people make by hand, because Airtable's API makes none.
type View struct {
	Sheet   string
	Name    string
	Filter  string // a formula that describes it
	Sort    string // a column
	Newest  bool   // the sort is descending
	Group   string
	Columns []string // none: all
}

// String says the view in a line for people.
func (v View) String() string {
	text := fmt.Sprintf("%s -> %s", v.Sheet, v.Name)
	if v.Filter != "" {
		text += ", where " + v.Filter
	}
	if v.Group != "" {
		text += ", grouped by " + v.Group
	}
	text += ", sorted by " + v.Sort
	if v.Newest {
		text += " descending"
	}
	return text
}

// people returns a column that people may change, ours one that they may not.
func people(f airtable.Field) Column { return Column{f, true} }
func ours(f airtable.Field) Column {
	return Column{f.With(strings.TrimSpace(f.Description + " Written by Return-sync; a change is put back.")), false}
}

// The names of the tables.
const (
	OverviewTable = "Overview"
	LogsTable     = "Logs"
	ReportsTable  = "Reports"
	TypesTable    = "Report Types"
	SchedulesName = "Automations"
)

// Sheets are the tables of the base.
func Sheets() []Sheet {
	return []Sheet{overview, logs, reports, types, schedules}
}

// The tables.
var (
	overview = Sheet{
		Name: OverviewTable, Key: "Name", Description: "Whether Return-sync runs: written by watch alone.",
		Columns: []Column{
			ours(airtable.Text("Name")),
			ours(airtable.Number("Alive", 0).With("1: the application runs; 0: it does not.")),
			ours(airtable.DateTime("Timestamp").With("Refreshed every 30 minutes (GMT).")),
		},
	}
	logs = Sheet{
		Name: LogsTable, Key: "No", Description: "What happened, newest last.",
		Columns: []Column{
			ours(airtable.Number("No", 0)), ours(airtable.DateTime("Time")), ours(airtable.Select("Severity", "INFO", "WARNING", "ERROR")),
			ours(airtable.Text("Subject")), ours(airtable.LongText("Message")),
		},
	}
	reports = Sheet{
		Name: ReportsTable, Key: "Report", Description: "One row a report: a type and a date.",
		Columns: []Column{
			ours(airtable.Text("Report")), ours(airtable.Text("Type")), ours(airtable.Date("Date")), ours(airtable.Checkbox("Real-time")),
			people(airtable.Checkbox("Fail").With("Uncheck it: the report runs at the next scheduled time.")),
			people(airtable.DateTime("Last Updated").With("Clear it where the API gave no or an empty answer.")),
			ours(airtable.Text("Mongo Id")), ours(airtable.DateTime("Update Repeated")),
			ours(airtable.Text("State")), ours(airtable.Number("Rows", 0)), ours(airtable.LongText("Error")),
		},
	}
	types = Sheet{
		Name: TypesTable, Key: "Name", Description: "The properties of the report types.",
		Columns: []Column{
			ours(airtable.Text("Name")), people(airtable.Select("Status", "Active", "Inactive")), people(airtable.Checkbox("Real-time")),
			people(airtable.Number("Offset", 0)), people(airtable.Checkbox("Notify On Fail")), people(airtable.Number("Repeat after N days", 0)),
			ours(airtable.Checkbox("Add to Datapoints").With("The developer's.")), ours(airtable.Text("Report Type Id").With("The developer's.")),
		},
	}
	schedules = Sheet{
		Name: SchedulesName, Key: "No", Description: "The scheduled automations (view Schedule).",
		Columns: []Column{
			people(airtable.Text("Name")), people(airtable.Text("Kind").With("Such as report, entity or scope.")), people(airtable.Text("Target")),
			people(airtable.Text("Time").With("24-hour HH:MM; of an Interval its length.")),
			people(airtable.Number("Timezone", 2).With("Hours from GMT; empty: -7.")), people(airtable.Select("Run", "Daily", "Weekly", "Interval")),
			people(airtable.Select("Weekday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")),
			people(airtable.Checkbox("Disable")), people(airtable.LongText("Description")),
			ours(airtable.LongText("Message").With("Why the row is rejected.")), ours(airtable.Number("No", 0)),
		},
	}
)

// Views are the views that people make by hand.
func Views() []View {
	return []View{
		{Sheet: ReportsTable, Name: "Failed Reports", Filter: "AND({Fail}, NOT({Real-time}))", Sort: "Date", Newest: true, Group: "Type"},
		{Sheet: ReportsTable, Name: "By Type", Sort: "Report", Newest: true, Group: "Type"},
		{Sheet: LogsTable, Name: "Newest", Sort: "No", Newest: true},
		{Sheet: TypesTable, Name: "Report Types", Sort: "Name"},
		{Sheet: SchedulesName, Name: "Schedule", Sort: "Name", Columns: []string{"Name", "Description", "Time", "Timezone", "Run", "Weekday", "Disable", "Kind", "Target", "Message"}},
	}
}

// stamp is a point of time as Airtable writes it, nil for none.
func stamp(t *time.Time) any {
	if t == nil || t.IsZero() {
		return nil
	}
	return t.UTC().Format("2006-01-02T15:04:05.000Z")
}

// orNil returns nil for the zero value: an empty cell, an unchecked box.
func orNil[T comparable](v T) any {
	var zero T
	if v == zero {
		return nil
	}
	return v
}
