package reports

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	wing "gitlab.com/eshopbox-team/return-sync/functions/internal/wings/reports"
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
			select { // the tick has it
			case <-ctx.Done():
				return ctx.Err()
			case <-time.After(lookEvery):
			}
		}
	})
}

// compareBase compares the base's rows of reports with our own, without the wing's code,
// and returns how many it compared and how many differ.
func (p *play) compareBase(ctx context.Context, list []report.Report) (compared, different int, err error) {
	have := map[string]string{}
	for offset := ""; ; {
		query := url.Values{"pageSize": {"100"}}
		if offset != "" {
			query.Set("offset", offset)
		}
		// The page's requests count as everybody's, so the check takes its time.
		var page struct {
			Records []struct {
				Fields map[string]any `json:"fields"`
			} `json:"records"`
			Offset string `json:"offset"`
		}
		body, err := p.get(ctx, p.vendors.addresses["airtable"]+"/v0/"+airtableBase+"/Reports?"+query.Encode(), airtableToken)
		if err != nil {
			return 0, 0, err
		}
		if err := json.Unmarshal(body, &page); err != nil {
			return 0, 0, err
		}
		for _, r := range page.Records {
			have[fmt.Sprint(r.Fields["Report"])] = strings.Join([]string{
				fmt.Sprint(r.Fields["State"]), fmt.Sprint(r.Fields["Rows"] == nil), fmt.Sprint(r.Fields["Fail"] == true),
			}, " ")
		}
		if offset = page.Offset; offset == "" {
			break
		}
	}
	for _, r := range list {
		compared++
		if want := strings.Join([]string{string(r.State), fmt.Sprint(r.Rows == 0), fmt.Sprint(r.Fail)}, " "); have[r.String()] != want {
			different++
		}
	}
	return compared, different, nil
}
