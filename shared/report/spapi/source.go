package spapi

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/fault"
	"gitlab.com/eshopbox-team/return-sync/shared/report"
)

// Settings are those of a definition.
type Settings struct {
	Marketplaces []string          `yaml:"marketplaces"`
	Options      map[string]string `yaml:"options"`
	Rows         string            `yaml:"rows"`
}

// Source is one report type at Amazon. It is safe for concurrent use, and implements
// report.Source and report.Finder.
type Source struct {
	client   *Client
	settings Settings
}

// maxMarketplaces is how many marketplaces an order may name, and maxListed how many a
// search may.
const (
	maxMarketplaces = 25
	maxListed       = 10
)

// New returns the source of a definition; file names it in errors.
func New(c *Client, s Settings, file string) (*Source, error) {
	if n := len(s.Marketplaces); n < 1 || n > maxMarketplaces {
		return nil, fmt.Errorf("%s: source: marketplaces: name 1 to %d marketplaces", file, maxMarketplaces)
	}
	if s.Rows != "" && !strings.HasPrefix(s.Rows, "/") {
		return nil, errors.New(file + ": source: rows: want a JSON pointer such as /salesAndTrafficByAsin")
	}
	return &Source{client: c, settings: s}, nil
}

// order is the body of createReport.
type order struct {
	ReportType     string            `json:"reportType"`
	MarketplaceIDs []string          `json:"marketplaceIds"`
	DataStartTime  string            `json:"dataStartTime,omitempty"`
	DataEndTime    string            `json:"dataEndTime,omitempty"`
	ReportOptions  map[string]string `json:"reportOptions,omitempty"`
}

// orderOf returns the body of an order. The end of a date that is not over yet is the
// report time, because Amazon refuses times to come.
func (s *Source) orderOf(o report.Order) (order, error) {
	body := order{ReportType: o.TypeID, MarketplaceIDs: s.settings.Marketplaces, ReportOptions: s.settings.Options}
	if o.RealTime {
		return body, nil
	}
	from, to := span(o)
	if !from.Before(to) {
		return body, fault.New(fault.Misconfigured, "date-to-come", "the date %s has not begun: set an offset that is not above 0", o.Slot)
	}
	body.DataStartTime, body.DataEndTime = from.Format(time.RFC3339), to.Format(time.RFC3339)
	return body, nil
}

// span returns the range of an order, in whole seconds as Amazon has them.
func span(o report.Order) (from, to time.Time) {
	from, to = o.From.UTC(), o.To.UTC()
	if !o.Stamp.IsZero() && o.Stamp.Before(to) {
		to = o.Stamp.UTC().Truncate(time.Second)
	}
	return from, to
}

// Request implements report.Source: createReport, once.
func (s *Source) Request(ctx context.Context, o report.Order) (string, error) {
	body, err := s.orderOf(o)
	if err != nil {
		return "", err
	}
	var got struct {
		ID string `json:"reportId"`
	}
	err = s.client.send(ctx, call{operation: "createReport", typeID: o.TypeID, method: http.MethodPost, path: "/reports", body: body}, &got)
	if err == nil && got.ID == "" {
		err = fault.New(fault.Retry, "spapi-answer", "the Selling Partner API took an order without an id")
	}
	return got.ID, err
}

// listed is a report as getReport and getReports answer it.
type listed struct {
	ID         string    `json:"reportId"`
	Type       string    `json:"reportType"`
	Status     string    `json:"processingStatus"`
	From       time.Time `json:"dataStartTime"`
	To         time.Time `json:"dataEndTime"`
	Created    time.Time `json:"createdTime"`
	DocumentID string    `json:"reportDocumentId"`
}

// like reports whether a report is the answer to an order.
func (l listed) like(o report.Order, since time.Time) bool {
	if l.Type != o.TypeID || l.Created.Before(since.Truncate(time.Second)) {
		return false
	}
	if o.RealTime {
		return true
	}
	from, to := span(o)
	return l.From.Equal(from) && l.To.Equal(to)
}

// maxPages bounds a search.
const maxPages = 20

// Find implements report.Finder: getReports.
func (s *Source) Find(ctx context.Context, o report.Order, since time.Time) (string, error) {
	places := s.settings.Marketplaces
	query := url.Values{
		"reportTypes": {o.TypeID}, "pageSize": {"100"}, "createdSince": {since.UTC().Truncate(time.Second).Format(time.RFC3339)},
		"marketplaceIds": {strings.Join(places[:min(len(places), maxListed)], ",")},
	}
	for range maxPages {
		var page struct {
			Reports []listed `json:"reports"`
			Next    string   `json:"nextToken"`
		}
		if err := s.client.send(ctx, call{operation: "getReports", method: http.MethodGet, path: "/reports", query: query}, &page); err != nil {
			return "", err
		}
		for _, l := range page.Reports {
			if l.like(o, since) {
				return l.ID, nil
			}
		}
		if page.Next == "" {
			return "", nil
		}
		query = url.Values{"nextToken": {page.Next}} // alone, as Amazon wants it
	}
	return "", fault.New(fault.Retry, "spapi-search", "the search for an order has more than %d pages", maxPages)
}

// Poll implements report.Source: getReport.
func (s *Source) Poll(ctx context.Context, _ report.Order, id string) (report.Progress, error) {
	var got listed
	err := s.client.send(ctx, call{operation: "getReport", method: http.MethodGet, path: "/reports/" + url.PathEscape(id)}, &got)
	if err != nil {
		return report.Progress{}, err
	}
	switch got.Status {
	case "IN_QUEUE", "IN_PROGRESS":
		return report.Progress{}, nil
	case "DONE":
		if got.DocumentID == "" {
			return report.Progress{}, fault.New(fault.Misconfigured, "spapi-no-document", "Amazon finished the report without a document")
		}
		return report.Progress{Ready: true, Document: got.DocumentID}, nil
	case "CANCELLED":
		return report.Progress{}, fault.New(fault.Misconfigured, "spapi-cancelled",
			"Amazon cancelled the report: there were no data, or it was ordered too soon after another")
	case "FATAL":
		return report.Progress{}, s.fatal(ctx, got)
	}
	return report.Progress{}, fault.New(fault.Misconfigured, "spapi-status", "Amazon answered a state that nobody knows: %s", cut(got.Status))
}

// fatal is the error of a report that Amazon could not make, with the beginning of the
// document that explains why, if it has one.
func (s *Source) fatal(ctx context.Context, l listed) error {
	why := "without an explanation"
	if l.DocumentID != "" {
		text, err := s.explanation(ctx, l.DocumentID)
		if fault.Retryable(err) && err != nil {
			return err
		}
		if text != "" {
			why = "it says: " + text
		}
	}
	return fault.New(fault.Misconfigured, "spapi-fatal", "Amazon could not make the report, %s", why)
}
