// Package httpjson is the source that is any API which answers JSON or CSV over HTTP.
// In a definition:
//
//	source:
//	  kind: httpjson
//	  url: https://api.example.com/v1/returns?day={date}
//	  headers: {Authorization: "Bearer ${WAREHOUSE_TOKEN}"}
//	  rows: /data/items        # JSON pointer to the list; empty: the document is the list
//	  paging: {by: cursor, param: after, next: /meta/next}
//
// {date}, {from} and {to} are the report's date and its range in UTC (RFC 3339); a
// real-time report has none. ${NAME} is a secret that the installation gives; it stands
// in headers only. paging.by is cursor (the value at next becomes the parameter), page
// (the parameter counts from first until a page is empty) or link (the value at next is
// the next page's address, of the same host). format is json or csv, of which comma is
// the separator; CSV has no pages.
//
// A page of HTML, an answer that is no success, and a list of rows that is not there
// are errors, never an empty report.
package httpjson

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/fault"
	"gitlab.com/eshopbox-team/return-sync/shared/report"
)

// Kind is the source's name in definitions.
const Kind = "httpjson"

// Settings are those of a definition.
type Settings struct {
	URL     string            `yaml:"url"`
	Headers map[string]string `yaml:"headers"`
	Format  string            `yaml:"format"` // json (default) or csv
	Comma   string            `yaml:"comma"`  // of CSV; default ","
	Rows    string            `yaml:"rows"`
	Paging  Paging            `yaml:"paging"`
}

// Paging is how the pages of an answer are reached.
type Paging struct {
	By    string `yaml:"by"`    // cursor, page, link; empty: one page
	Param string `yaml:"param"` // of cursor and page
	Next  string `yaml:"next"`  // JSON pointer of cursor and link
	First int64  `yaml:"first"` // number of the first page
}

// Source is an API. It is safe for concurrent use, and implements report.Source.
type Source struct {
	report.AtOnce
	settings Settings
	headers  map[string]string
	secrets  []string
	client   *http.Client
}

// document is the API's answer.
const document = report.AtOnce("answer")

// Options are what the installation gives.
type Options struct {
	File   string // the definition, for errors
	Client *http.Client
	// Secret returns a secret by its name; false for one that nobody gave.
	Secret func(name string) (string, bool)
}

// The forms of what stands in settings.
var (
	secretForm = regexp.MustCompile(`\$\{([A-Z][A-Z0-9_]*)\}`)
	placeForm  = regexp.MustCompile(`\{[^}]*\}`)
	places     = []string{"{date}", "{from}", "{to}"}
)

// New returns the source of a definition.
func New(s Settings, o Options) (*Source, error) {
	if err := s.check(); err != nil {
		return nil, fmt.Errorf("%s: source: %w", o.File, err)
	}
	if s.Paging.First == 0 {
		s.Paging.First = 1
	}
	src := &Source{AtOnce: document, settings: s, headers: map[string]string{}, client: o.Client}
	if src.client == nil {
		src.client = http.DefaultClient
	}
	for name, text := range s.Headers {
		var missing string
		src.headers[name] = secretForm.ReplaceAllStringFunc(text, func(match string) string {
			secret, ok := o.Secret(match[2 : len(match)-1])
			if !ok || secret == "" {
				missing = match
			}
			src.secrets = append(src.secrets, secret)
			return secret
		})
		if missing != "" {
			return nil, fault.New(fault.Misconfigured, "secret-missing", "%s: header %s: the installation has no secret %s", o.File, name, missing)
		}
	}
	return src, nil
}

// check refuses settings that cannot be meant.
func (s Settings) check() error {
	if strings.Contains(s.URL, "${") {
		return errors.New("url: a secret belongs into headers: addresses stand in logs")
	}
	for _, place := range placeForm.FindAllString(s.URL, -1) {
		if !slices.Contains(places, place) {
			return fmt.Errorf("url: %s is not known: want {date}, {from} or {to}", place)
		}
	}
	u, err := url.Parse(placeForm.ReplaceAllString(s.URL, "x"))
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
		return errors.New("url: want an address that begins with https://")
	}
	switch p := s.Paging; {
	case s.Format != "" && s.Format != "json" && s.Format != "csv":
		return fmt.Errorf("format %q: want json or csv", s.Format)
	case s.Format == "csv" && (p.By != "" || s.Rows != ""):
		return errors.New("CSV has neither pages nor a pointer to its rows")
	case len([]rune(s.Comma)) > 1:
		return fmt.Errorf("comma %q: want one character", s.Comma)
	case !slices.Contains([]string{"", "cursor", "page", "link"}, p.By):
		return fmt.Errorf("paging.by %q: want cursor, page or link", p.By)
	case (p.By == "cursor" || p.By == "page") && p.Param == "":
		return errors.New("paging.param is missing: the parameter with the cursor or the page's number")
	case (p.By == "cursor" || p.By == "link") && !strings.HasPrefix(p.Next, "/"):
		return errors.New("paging.next: want a JSON pointer such as /meta/next")
	case s.Rows != "" && !strings.HasPrefix(s.Rows, "/"):
		return errors.New("rows: want a JSON pointer such as /data/items")
	}
	return nil
}

// address returns the address of an order's first page.
func (s *Source) address(o report.Order) string {
	return strings.NewReplacer(
		"{date}", url.QueryEscape(o.Slot), "{from}", url.QueryEscape(o.From.UTC().Format(time.RFC3339)), "{to}", url.QueryEscape(o.To.UTC().Format(time.RFC3339)),
	).Replace(s.settings.URL)
}
