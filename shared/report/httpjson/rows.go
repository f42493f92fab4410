package httpjson

import (
	"context"
	"errors"
	"io"
	"iter"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/fault"
	"gitlab.com/eshopbox-team/return-sync/shared/httpcall"
	"gitlab.com/eshopbox-team/return-sync/shared/report"
	"gitlab.com/eshopbox-team/return-sync/shared/report/table"
)

// Request implements report.Source. Nothing happens before the rows are read.
func (s *Source) Request(ctx context.Context, o report.Order) (string, error) {
	if o.RealTime && placeForm.MatchString(s.settings.URL) {
		return "", fault.New(fault.Misconfigured, "bad-definition", "the url of %s has a date, and a real-time report has none", o.Type)
	}
	return s.AtOnce.Request(ctx, o)
}

// Rows implements report.Source.
func (s *Source) Rows(ctx context.Context, o report.Order, name string) iter.Seq2[report.Row, error] {
	return func(yield func(report.Row, error) bool) {
		if err := s.Check(name); err != nil {
			yield(report.Row{}, err)
			return
		}
		ctx, cancel := context.WithCancel(ctx) // a stream that nobody reads any more ends
		defer cancel()
		if s.settings.Format == "csv" {
			s.csv(ctx, s.address(o), yield)
			return
		}
		if err := s.pages(ctx, s.address(o), func(r report.Row) bool { return yield(r, nil) }); err != nil {
			yield(report.Row{}, err)
		}
	}
}

// csv streams a CSV document.
func (s *Source) csv(ctx context.Context, address string, yield func(report.Row, error) bool) {
	body, charset, err := s.open(ctx, address)
	if err != nil {
		yield(report.Row{}, err)
		return
	}
	defer func() { _ = body.Close() }()
	comma := ','
	if s.settings.Comma != "" {
		comma = []rune(s.settings.Comma)[0]
	}
	for row, err := range table.Rows(body, table.Format{Comma: comma, Charset: charset}) {
		if !yield(row, s.broken(err)) || err != nil {
			return
		}
	}
}

// The bounds of an answer.
const (
	maxPages = 100_000
	maxBytes = 4 << 30 // of a page or a document
)

// pages streams the rows of all pages until fn returns false.
func (s *Source) pages(ctx context.Context, first string, fn func(report.Row) bool) error {
	address, number, seen := first, int64(0), ""
	for page := range int64(maxPages) {
		if s.settings.Paging.By == "page" {
			address = withParam(first, s.settings.Paging.Param, strconv.FormatInt(s.settings.Paging.First+page, 10))
		}
		before, stopped := number, false
		next, err := s.page(ctx, address, number+1, func(r report.Row) bool {
			number = r.Number
			stopped = !fn(r)
			return !stopped
		})
		switch {
		case err != nil || stopped:
			return err
		case s.settings.Paging.By == "page" && number == before, s.settings.Paging.By != "page" && next == "":
			return nil
		case s.settings.Paging.By != "page" && next == seen:
			return fault.New(fault.Misconfigured, "paging-loop", "the page behind row %d names itself as the next one", number)
		}
		seen = next
		switch s.settings.Paging.By {
		case "cursor":
			address = withParam(first, s.settings.Paging.Param, next)
		case "link":
			if address, err = follow(first, next); err != nil {
				return err
			}
		case "":
			return nil
		}
	}
	return fault.New(fault.Misconfigured, "too-many-pages", "the answer has more than %d pages", maxPages)
}

// page streams the rows of one page and returns the cursor of the next.
func (s *Source) page(ctx context.Context, address string, first int64, fn func(report.Row) bool) (string, error) {
	body, _, err := s.open(ctx, address)
	if err != nil {
		return "", err
	}
	defer func() { _ = body.Close() }()
	next := s.settings.Paging.Next
	if s.settings.Paging.By == "page" {
		next = ""
	}
	cursor, err := table.JSON{Rows: s.settings.Rows, Next: next, First: first}.Each(body, fn)
	return cursor, s.broken(err)
}

// withParam returns an address with a query parameter set.
func withParam(address, name, value string) string {
	u, err := url.Parse(address)
	if err != nil { // the settings were checked
		return address
	}
	q := u.Query()
	q.Set(name, value)
	u.RawQuery = q.Encode()
	return u.String()
}

// follow returns the address of a link, which may be relative. Another host would get
// the headers with their secrets.
func follow(first, link string) (string, error) {
	base, err := url.Parse(first)
	if err == nil {
		var to *url.URL
		if to, err = base.Parse(link); err == nil && to.Host == base.Host && to.Scheme == base.Scheme {
			return to.String(), nil
		}
	}
	return "", fault.New(fault.Misconfigured, "paging-link", "the next page's address is no address of the same host")
}

// broken gives an error of the stream its kind.
func (s *Source) broken(err error) error {
	var f *fault.Error
	if err == nil || errors.As(err, &f) {
		return err
	}
	return fault.Wrap(httpcall.Redact(err, s.secrets...), fault.Retry, "source-broken", "the answer broke off")
}

// policy is how often an address is asked before any row was read.
var policy = httpcall.Policy{Attempts: 4, First: 500 * time.Millisecond, Most: 10 * time.Second}

// open asks an address and returns the answer's body and charset.
func (s *Source) open(ctx context.Context, address string) (body io.ReadCloser, charset string, err error) {
	err = policy.Repeat(ctx, func(ctx context.Context) (err error) {
		body, charset, err = s.once(ctx, address)
		return err
	})
	return body, charset, err
}

// once asks an address once.
func (s *Source) once(ctx context.Context, address string) (io.ReadCloser, string, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, "", fault.New(fault.Misconfigured, "bad-address", "the source's url is no address")
	}
	request.Header.Set("Accept", "application/json")
	if s.settings.Format == "csv" {
		request.Header.Set("Accept", "text/csv")
	}
	for name, value := range s.headers {
		request.Header.Set(name, value)
	}
	client := *s.client
	client.CheckRedirect = func(r *http.Request, via []*http.Request) error {
		if len(via) > 5 || r.URL.Host != via[0].URL.Host {
			return http.ErrUseLastResponse // headers with secrets stay with their host
		}
		return nil
	}
	response, err := client.Do(request)
	if err != nil {
		return nil, "", fault.Wrap(httpcall.Redact(err, s.secrets...), fault.Retry, httpcall.CodeUnanswered, "the source does not answer")
	}
	kind, params, _ := mime.ParseMediaType(response.Header.Get("Content-Type"))
	switch {
	case response.StatusCode != http.StatusOK:
		_ = response.Body.Close()
		return nil, "", refused(response)
	case kind == "text/html":
		_ = response.Body.Close()
		return nil, "", fault.New(fault.Misconfigured, "bad-document", "the source answered a page of HTML in the place of data")
	}
	return struct {
		io.Reader
		io.Closer
	}{table.Limit(response.Body, maxBytes), response.Body}, params["charset"], nil
}

// refused is the error of an answer that is no success.
func refused(r *http.Response) error {
	kind := httpcall.KindOf(r.StatusCode)
	if kind == fault.Invalid || kind == fault.NotFound || kind == fault.Superseded {
		kind = fault.Misconfigured
	}
	after := httpcall.RetryAfter(r.Header.Get("Retry-After"), time.Time{})
	return fault.New(kind, httpcall.CodeRefused, "the source answered %d", r.StatusCode).WithAfter(after)
}
