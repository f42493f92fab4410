package spapi

import (
	"io"
	"time"
)

// Order is a report as it was ordered.
type Order struct {
	ReportType     string            `json:"reportType"`
	MarketplaceIDs []string          `json:"marketplaceIds"`
	DataStartTime  time.Time         `json:"dataStartTime"` // zero: not given
	DataEndTime    time.Time         `json:"dataEndTime"`
	ReportOptions  map[string]string `json:"reportOptions"`
}

// Limit is a token bucket: Rate tokens a second, Burst at most.
type Limit struct {
	Rate  float64
	Burst float64
}

// Options set up a Server. The zero value works.
type Options struct {
	ClientID     string // default "local-client"
	ClientSecret string // default "local-secret"
	RefreshToken string // default "local-refresh"

	TokenLife    time.Duration // default one hour
	DocumentLife time.Duration // of a document's address; default five minutes

	Queue time.Duration // how long a report is IN_QUEUE; default 200 ms, negative: not at all
	Work  time.Duration // how long it is IN_PROGRESS; default 300 ms, negative: not at all

	// Limits replaces buckets, by operation (createReport, getReport, getReports,
	// getReportDocument, cancelReport) or report type. Unlimited removes them all.
	Limits    map[string]Limit
	Unlimited bool

	// ReportTypes are those that may be ordered; none: all whose name begins with GET_.
	ReportTypes []string
	// Content writes the text of a report's document, in UTF-8; nil writes Rows
	// invented orders, default 200. It must write the same text for the same order.
	Content func(w io.Writer, order Order) error
	Rows    int

	Now  func() time.Time // default time.Now
	Seed int64            // of the faults
}

// withDefaults fills what was left out.
func (o Options) withDefaults() Options {
	for _, d := range []struct {
		text  *string
		value string
	}{{&o.ClientID, "local-client"}, {&o.ClientSecret, "local-secret"}, {&o.RefreshToken, "local-refresh"}} {
		if *d.text == "" {
			*d.text = d.value
		}
	}
	for _, d := range []struct {
		time  *time.Duration
		value time.Duration
	}{
		{&o.TokenLife, time.Hour}, {&o.DocumentLife, 5 * time.Minute},
		{&o.Queue, 200 * time.Millisecond}, {&o.Work, 300 * time.Millisecond},
	} {
		if *d.time == 0 {
			*d.time = d.value
		}
		*d.time = max(*d.time, 0)
	}
	if o.Rows == 0 {
		o.Rows = 200
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return o
}
