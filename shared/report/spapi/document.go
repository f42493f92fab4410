package spapi

import (
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"mime"
	"net/http"
	"net/url"
	"strings"

	"gitlab.com/eshopbox-team/return-sync/shared/fault"
	"gitlab.com/eshopbox-team/return-sync/shared/httpcall"
	"gitlab.com/eshopbox-team/return-sync/shared/report"
	"gitlab.com/eshopbox-team/return-sync/shared/report/table"
)

// maxDocument bounds an unpacked document in bytes.
const maxDocument = 4 << 30

// located is where a document is.
type located struct {
	URL         string `json:"url"`
	Compression string `json:"compressionAlgorithm"`
}

// Rows implements report.Source: getReportDocument and its address.
func (s *Source) Rows(ctx context.Context, _ report.Order, document string) iter.Seq2[report.Row, error] {
	return func(yield func(report.Row, error) bool) {
		body, charset, err := s.open(ctx, document)
		if err != nil {
			yield(report.Row{}, err)
			return
		}
		defer func() { _ = body.Close() }()
		if s.settings.Rows != "" {
			_, err := table.JSON{Rows: s.settings.Rows}.Each(body, func(r report.Row) bool { return yield(r, nil) })
			if err != nil {
				yield(report.Row{}, s.broken(err))
			}
			return
		}
		for row, err := range table.Rows(body, table.Format{Comma: '\t', Charset: charset}) {
			if !yield(row, s.broken(err)) || err != nil {
				return
			}
		}
	}
}

// broken gives an error of the stream its kind: it broke off and is read again.
func (s *Source) broken(err error) error {
	var f *fault.Error
	if err == nil || errors.As(err, &f) {
		return err
	}
	return fault.Wrap(httpcall.Redact(err), fault.Retry, "spapi-broken", "the document broke off")
}

// open opens a document. An address that has expired is asked for once more.
func (s *Source) open(ctx context.Context, document string) (io.ReadCloser, string, error) {
	if document == "" {
		return nil, "", fault.New(fault.NotFound, "unknown-document", "the report has no document")
	}
	for attempt := 1; ; attempt++ {
		var at located
		err := s.client.send(ctx, call{operation: "getReportDocument", method: http.MethodGet, path: "/documents/" + url.PathEscape(document)}, &at)
		if err != nil {
			return nil, "", err
		}
		body, charset, err := s.get(ctx, at)
		if !errors.Is(err, errExpired) || attempt == 2 {
			return body, charset, err
		}
	}
}

// errExpired says that a document's address is not valid any more.
var errExpired = fault.New(fault.Retry, "spapi-expired", "the document's address has expired")

// get reads a document from its address, without the token: the address has a
// signature of its own.
func (s *Source) get(ctx context.Context, at located) (io.ReadCloser, string, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, at.URL, nil)
	if err != nil {
		return nil, "", fault.New(fault.Retry, "spapi-answer", "the document's address cannot be read")
	}
	client := s.client.HTTP
	if client == nil {
		client = http.DefaultClient
	}
	response, err := client.Do(request)
	if err != nil {
		return nil, "", fault.Wrap(httpcall.Redact(err), fault.Retry, httpcall.CodeUnanswered, "the store of documents does not answer")
	}
	if response.StatusCode == http.StatusForbidden {
		_ = response.Body.Close()
		return nil, "", errExpired
	}
	if response.StatusCode != http.StatusOK {
		_ = response.Body.Close()
		return nil, "", fault.New(httpcall.KindOf(response.StatusCode), "spapi-document", "the store of documents answered %d", response.StatusCode)
	}
	kind, params, err := mime.ParseMediaType(response.Header.Get("Content-Type"))
	if err == nil && kind == "text/html" {
		_ = response.Body.Close()
		return nil, "", fault.New(fault.Misconfigured, "bad-document", "the document is a page of HTML, not a report")
	}
	return s.unpack(response.Body, at, params["charset"])
}

// unpack unpacks a document if Amazon says that it is packed.
func (s *Source) unpack(body io.ReadCloser, at located, charset string) (io.ReadCloser, string, error) {
	var plain io.Reader = body
	switch at.Compression {
	case "":
	case "GZIP":
		unpacked, err := gzip.NewReader(body)
		if err != nil {
			_ = body.Close()
			if errors.Is(err, gzip.ErrHeader) {
				err = fault.New(fault.Misconfigured, "bad-document", "the document is not packed by gzip, although Amazon says so")
			}
			return nil, "", s.broken(err)
		}
		plain = unpacked
	default:
		_ = body.Close()
		return nil, "", fault.New(fault.Misconfigured, "bad-document", "the document is packed by %q, which nobody knows", cut(at.Compression))
	}
	return opened{table.Limit(plain, maxDocument), body}, charset, nil
}

// opened is an unpacked document.
type opened struct {
	io.Reader
	io.Closer
}

// explanation returns the beginning of the document of a FATAL report.
func (s *Source) explanation(ctx context.Context, document string) (string, error) {
	body, _, err := s.open(ctx, document)
	if err != nil {
		return "", err
	}
	defer func() { _ = body.Close() }()
	text, err := io.ReadAll(io.LimitReader(body, 4<<10))
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) {
		return "", fmt.Errorf("the explanation broke off: %w", err)
	}
	return cut(strings.TrimSpace(string(text))), nil
}
