package base

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/fault"
	"gitlab.com/eshopbox-team/return-sync/shared/report"
	"gitlab.com/eshopbox-team/return-sync/shared/report/airtable"
	"gitlab.com/eshopbox-team/return-sync/shared/schedule"
)

// all lists a table as a whole.
func (b *Base) all(ctx context.Context, s Sheet, q airtable.Query) ([]airtable.Record, error) {
	var list []airtable.Record
	for r, err := range b.Client.List(ctx, s.Name, q) {
		if err != nil {
			return nil, err
		}
		list = append(list, r)
	}
	return list, nil
}

// keep brings a table in step that is compared as a whole.
func (b *Base) keep(ctx context.Context, s side, sum *Summary) error {
	shadows, err := b.Store.Shadows(ctx, s.sheet.Name, nil)
	if err != nil {
		return err
	}
	theirs, err := b.all(ctx, s.sheet, airtable.Query{})
	if err != nil {
		return err
	}
	return b.step(ctx, s, theirs, shadows, sum)
}

// keepTypes keeps the table Report Types.
func (b *Base) keepTypes(ctx context.Context, _ time.Time, sum *Summary) error {
	return b.keep(ctx, side{sheet: types, whole: true,
		rows: func(ctx context.Context) ([]Row, error) {
			list, err := b.Types.List(ctx)
			rows := make([]Row, 0, len(list))
			for _, t := range list {
				rows = append(rows, typeRow(t))
			}
			return rows, err
		},
		edit: func(ctx context.Context, c change) error {
			var wrong error
			_, err := b.Types.Edit(ctx, c.key, func(e *report.Edit) { wrong = editType(e, c.values) })
			if wrong != nil {
				return wrong
			}
			return err
		},
	}, sum)
}

// typeRow is a type as the base shows it.
func typeRow(t report.Type) Row {
	status := "Inactive"
	if t.Active {
		status = "Active"
	}
	return Row{t.Name, map[string]any{
		"Name": t.Name, "Status": status, "Real-time": orNil(t.RealTime), "Offset": orNil(float64(t.Offset)),
		"Notify On Fail": orNil(t.NotifyOnFail), "Repeat after N days": orNil(float64(t.RepeatAfter)),
		"Add to Datapoints": orNil(t.Datapoints), "Report Type Id": orNil(t.TypeID),
	}}
}

// editType makes a person's changes. A value that cannot be read leaves the type as it
// is.
func editType(e *report.Edit, values map[string]any) error {
	after := *e
	for column, value := range values {
		checked, _ := value.(bool)
		days, whole := wholeNumber(value)
		switch column {
		case "Status":
			after.Active = value == "Active"
			if !after.Active && value != "Inactive" {
				return fault.New(fault.Invalid, "bad-status", "Status is %s: choose Active or Inactive", said(value))
			}
			continue
		case "Real-time":
			after.RealTime = checked
			continue
		case "Notify On Fail":
			after.NotifyOnFail = checked
			continue
		case "Offset":
			after.Offset = days
		case "Repeat after N days":
			after.RepeatAfter = days
		}
		if !whole {
			return fault.New(fault.Invalid, "bad-days", "%s is %s: write a whole number of days", column, said(value))
		}
	}
	*e = after
	return nil
}

// wholeNumber reads a whole number; an empty cell is 0.
func wholeNumber(value any) (int, bool) {
	n, ok := value.(float64)
	return int(n), value == nil || ok && n == float64(int(n))
}

// keepSchedules keeps the table Automations.
func (b *Base) keepSchedules(ctx context.Context, _ time.Time, sum *Summary) error {
	return b.keep(ctx, side{sheet: schedules, whole: true,
		rows: func(ctx context.Context) ([]Row, error) {
			poll, err := b.Schedules.Schedules(ctx)
			rows := make([]Row, 0, len(poll.Rows))
			for _, r := range poll.Rows {
				rows = append(rows, scheduleRow(r))
			}
			return rows, err
		},
		edit: func(ctx context.Context, c change) error {
			id, err := strconv.ParseInt(c.key, 10, 64)
			if err != nil {
				return fault.New(fault.Internal, "bad-shadow", "row %q of Automations has no number", c.key)
			}
			_, err = b.Schedules.EditSchedule(ctx, id, "", func(e *schedule.Edit) { editSchedule(e, c.values) })
			return err
		},
		add: func(ctx context.Context, values map[string]any) (string, error) {
			var e schedule.Edit
			editSchedule(&e, values)
			if e.Name == "" || e.Target == "" || e.Time == "" {
				return "", nil // a person is still writing
			}
			if e.TargetKind == "" {
				e.TargetKind = "report"
			}
			if e.Run == "" {
				e.Run = string(schedule.Daily)
			}
			id, err := b.Schedules.AddSchedule(ctx, e)
			return strconv.FormatInt(id, 10), err
		},
		drop: func(ctx context.Context, key string) error {
			id, err := strconv.ParseInt(key, 10, 64)
			if err != nil {
				return nil
			}
			_, err = b.Schedules.DeleteSchedule(ctx, id, "")
			return err
		},
	}, sum)
}

// scheduleRow is a schedule as the base shows it.
func scheduleRow(r schedule.Row) Row {
	var zone any
	if r.Timezone != nil {
		zone = *r.Timezone
	}
	return Row{strconv.FormatInt(r.ID, 10), map[string]any{
		"Name": orNil(r.Name), "Kind": orNil(r.TargetKind), "Target": orNil(r.Target), "Time": orNil(r.Time), "Timezone": zone,
		"Run": orNil(r.Run), "Weekday": orNil(r.Weekday), "Disable": orNil(r.Disabled), "Description": orNil(r.Description),
		"Message": orNil(r.Message), "No": float64(r.ID),
	}}
}

// editSchedule makes a person's changes. Nonsense is taken as it is: the row then says
// in Message what is wrong with it.
func editSchedule(e *schedule.Edit, values map[string]any) {
	texts := map[string]*string{
		"Name": &e.Name, "Kind": &e.TargetKind, "Target": &e.Target, "Time": &e.Time,
		"Run": &e.Run, "Weekday": &e.Weekday, "Description": &e.Description,
	}
	for column, value := range values {
		switch column {
		case "Disable":
			e.Disabled, _ = value.(bool)
		case "Timezone":
			e.Timezone = nil
			if hours, ok := value.(float64); ok {
				e.Timezone = &hours
			}
		default:
			if field := texts[column]; field != nil {
				text, _ := value.(string)
				*field = strings.TrimSpace(text)
			}
		}
	}
}

// The bounds of a round's reports.
const (
	mostReports = 500             // reports of ours that a round writes
	pullOverlap = 5 * time.Minute // how far a round reads back people's edits: clocks differ
)

// keepReports keeps the table Reports. It reads the rows that changed lately in the
// base, and our reports behind the cursor.
func (b *Base) keepReports(ctx context.Context, now time.Time, sum *Summary) error {
	pulled, err := b.Store.Cursor(ctx, "reports-pulled")
	if err != nil {
		return err
	}
	query := airtable.Query{}
	if !pulled.At.IsZero() {
		since := pulled.At.Add(-pullOverlap).UTC().Format(time.RFC3339)
		query.Filter = fmt.Sprintf("IS_AFTER(LAST_MODIFIED_TIME(), DATETIME_PARSE(%s))", airtable.Quote(since))
	}
	theirs, err := b.all(ctx, reports, query)
	if err != nil {
		return err
	}
	cursor, err := b.Store.Cursor(ctx, "reports")
	if err != nil {
		return err
	}
	changed, err := b.Reports.Changed(ctx, cursor.At, cursor.ID, mostReports)
	if err != nil {
		return err
	}
	some := &Some{}
	for _, r := range theirs {
		some.Records = append(some.Records, r.ID)
	}
	for _, r := range changed {
		some.Keys = append(some.Keys, r.String())
	}
	shadows, err := b.Store.Shadows(ctx, ReportsTable, some)
	if err != nil {
		return err
	}
	s := side{sheet: reports, edit: b.editReport, rows: func(ctx context.Context) ([]Row, error) {
		return b.reportRows(ctx, theirs, shadows, changed)
	}}
	if err := b.step(ctx, s, theirs, shadows, sum); err != nil {
		return err
	}
	if n := len(changed); n > 0 {
		if err := b.Store.Move(ctx, "reports", Cursor{changed[n-1].UpdatedAt, changed[n-1].ID}); err != nil {
			return err
		}
	}
	return b.Store.Move(ctx, "reports-pulled", Cursor{At: now})
}

// reportRows returns the reports of a round, as they are now.
func (b *Base) reportRows(ctx context.Context, theirs []airtable.Record, shadows []Shadow, changed []report.Report) ([]Row, error) {
	wanted := map[string]bool{}
	for _, r := range theirs {
		wanted[reports.keyOf(r)] = true
	}
	for _, s := range shadows {
		wanted[s.Key] = true
	}
	for _, r := range changed {
		wanted[r.String()] = true
	}
	var rows []Row
	for key := range wanted {
		k, ok := parseKey(key)
		if !ok {
			continue
		}
		r, err := b.Reports.Report(ctx, k)
		if fault.KindOf(err) == fault.NotFound && err != nil {
			continue
		}
		if err != nil {
			return nil, err
		}
		rows = append(rows, reportRow(r))
	}
	return rows, nil
}

// parseKey reads the name of a report, as Key.String writes it.
func parseKey(text string) (report.Key, bool) {
	typ, slot, ok := strings.Cut(text, " ")
	return report.Key{Type: typ, Slot: slot}, ok && typ != "" && slot != ""
}

// reportRow is a report as the base shows it.
func reportRow(r report.Report) Row {
	date, dated := r.Date()
	var day any
	if dated {
		day = date.String()
	}
	return Row{r.String(), map[string]any{
		"Report": r.String(), "Type": r.Type, "Date": day, "Real-time": orNil(!dated), "Fail": orNil(r.Fail),
		"Last Updated": stamp(r.LastUpdated), "Mongo Id": orNil(r.DocumentID), "Update Repeated": stamp(r.UpdateRepeated),
		"State": string(r.State), "Rows": orNil(float64(r.Rows)), "Error": orNil(r.Error),
	}}
}

// editReport makes a person's act on a report.
func (b *Base) editReport(ctx context.Context, c change) error {
	k, ok := parseKey(c.key)
	if !ok {
		return fault.New(fault.Invalid, "bad-report", "%q is no report", c.key)
	}
	var act report.Act
	for column, value := range c.values {
		switch {
		case column == "Fail" && value == nil:
			act.UncheckFail = true
		case column == "Last Updated" && value == nil:
			act.ClearLastUpdated = true
		default:
			return fault.New(fault.Invalid, "bad-act", "%s of report %s can be cleared, not set", column, k)
		}
	}
	_, _, err := b.Reports.Operate(ctx, k, act)
	return err
}
