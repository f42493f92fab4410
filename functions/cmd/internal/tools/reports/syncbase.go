package reports

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"

	wing "gitlab.com/eshopbox-team/return-sync/functions/internal/wings/reports"
	"gitlab.com/eshopbox-team/return-sync/shared/clock"
	"gitlab.com/eshopbox-team/return-sync/shared/emulator/airtable"
	"gitlab.com/eshopbox-team/return-sync/shared/report"
	"gitlab.com/eshopbox-team/return-sync/shared/report/airtable/base"
)

// withBase opens the SYNC base for a moment.
func (p *play) withBase(ctx context.Context, do func(*base.Base) error) (err error) {
	o := p.opening()
	defer func() { err = errors.Join(err, o.Close()) }()
	b, err := wing.SyncBase(ctx, o)
	if err != nil {
		return err
	}
	if b == nil {
		return errors.New("the stack has no SYNC base")
	}
	return do(b)
}

// beginBase makes the base's tables, and the views that people make by hand at Airtable.
func (p *play) beginBase(ctx context.Context) error {
	return p.withBase(ctx, func(b *base.Base) error {
		if _, err := b.Init(ctx); err != nil {
			return err
		}
		views := map[string][]airtable.View{}
		for _, v := range base.Views() {
			order := airtable.Sort{Field: v.Sort}
			if v.Newest {
				order.Direction = "desc"
			}
			views[v.Sheet] = append(views[v.Sheet], airtable.View{
				Name: v.Name, FilterByFormula: v.Filter, Group: v.Group, Fields: v.Columns, Sort: []airtable.Sort{order},
			})
		}
		for table, list := range views {
			if err := p.vendors.airtable.SetViews(airtable.Views{Base: airtableBase, Table: table, Views: list}); err != nil {
				return err
			}
		}
		return nil
	})
}

// roundBase brings the base in step, as its tick does each minute.
func (p *play) roundBase(ctx context.Context) error {
	return p.withBase(ctx, func(b *base.Base) error {
		for {
			sum, err := b.Round(ctx, time.Now().UTC())
			if err != nil || !sum.Busy {
				return err
			}
			if err := clock.Sleep(ctx, lookEvery); err != nil { // the tick has it
				return err
			}
		}
	})
}

// compareBase compares the base's rows of reports and types with our own, without the
// wing's code, and returns how many it compared and how many differ.
func (p *play) compareBase(ctx context.Context, list []report.Report) (compared, different int, err error) {
	records, err := p.airtableRecords(ctx, base.ReportsTable, "")
	if err != nil {
		return 0, 0, err
	}
	have, want := map[string]string{}, map[string]string{}
	for _, r := range records {
		have[fmt.Sprint(r.Fields["Report"])] = fmt.Sprint(r.Fields["State"], r.Fields["Rows"] == nil, r.Fields["Fail"] == true)
	}
	for _, r := range list {
		want[r.String()] = fmt.Sprint(string(r.State), r.Rows == 0, r.Fail)
	}
	types, err := p.tables.Types.List(ctx)
	if err != nil {
		return 0, 0, err
	}
	if records, err = p.airtableRecords(ctx, base.TypesTable, ""); err != nil {
		return 0, 0, err
	}
	for _, r := range records {
		days, _ := r.Fields[repeatField].(json.Number) // an empty field is left out
		have["type "+fmt.Sprint(r.Fields["Name"])] = fmt.Sprint(r.Fields["Status"], cmp.Or(days.String(), "0"))
	}
	for _, t := range types {
		want["type "+t.Name] = fmt.Sprint(map[bool]string{true: "Active", false: "Inactive"}[t.Active], strconv.Itoa(t.RepeatAfter))
	}
	for key, one := range want {
		if compared++; have[key] != one {
			different++
		}
	}
	return compared, different, nil
}

// repeatField is a field of the table Report Types that people edit.
const repeatField = "Repeat after N days"
