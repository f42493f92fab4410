package algolia

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/algolia/algoliasearch-client-go/v3/algolia/call"
	"github.com/algolia/algoliasearch-client-go/v3/algolia/opt"
	"github.com/algolia/algoliasearch-client-go/v3/algolia/search"

	"gitlab.com/eshopbox-team/return-sync/shared/algolia"
	"gitlab.com/eshopbox-team/return-sync/shared/fault"
	"gitlab.com/eshopbox-team/return-sync/shared/httpcall"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/destination"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/source"
)

// BrowseConfig is the environment for reading an index as a whole.
type BrowseConfig struct {
	AppID string `env:"ALGOLIA_APP_ID, required"`
	// Key needs the rights browse, search and seeUnretrievableAttributes.
	Key string `env:"ALGOLIA_BROWSE_KEY"`
	// AdminKey is used where there is no Key.
	AdminKey string        `env:"ALGOLIA_ADMIN_KEY"`
	URL      string        `env:"ALGOLIA_URL"`
	Attempts int           `env:"ALGOLIA_ATTEMPTS, default=6"`
	Timeout  time.Duration `env:"ALGOLIA_BROWSE_TIMEOUT, default=20s"`
}

// Browser reads records as they are stored. It is safe for concurrent use.
type Browser struct {
	api    *search.Client
	repeat httpcall.Policy
}

// NewBrowser returns a browser. It does not connect.
func NewBrowser(cfg BrowseConfig) (*Browser, error) {
	key := cfg.Key
	if key == "" {
		key = cfg.AdminKey
	}
	if key == "" {
		return nil, errors.New("the configuration is not complete:\n  ALGOLIA_BROWSE_KEY is missing: a key with the rights browse, search and seeUnretrievableAttributes (ALGOLIA_ADMIN_KEY has them too)")
	}
	conf, err := algolia.Configuration(cfg.AppID, key, cfg.URL)
	if err != nil {
		return nil, err
	}
	if cfg.Attempts < 1 {
		return nil, fmt.Errorf("ALGOLIA_ATTEMPTS must be at least 1")
	}
	conf.ReadTimeout = cfg.Timeout
	return &Browser{api: search.NewClientWithConfig(conf), repeat: repeating(cfg.Attempts)}, nil
}

// browsePage is how many records one request asks for, the most there are.
const browsePage = 1000

// browsed is a page of a browse.
type browsed struct {
	Cursor string            `json:"cursor"`
	Hits   []json.RawMessage `json:"hits"`
}

// Browse calls each with every record of a part of an index, as JSON, in no
// particular order. A missing index is empty. A record that is written meanwhile
// may be left out.
func (b *Browser) Browse(ctx context.Context, index string, p destination.Part, each func([]byte) error) error {
	params := url.Values{"hitsPerPage": {strconv.Itoa(browsePage)}}
	if filters := filtersOf(p); filters != "" {
		params.Set("filters", filters)
	}
	cursor := ""
	for {
		var page browsed
		body := map[string]string{"params": params.Encode()}
		if cursor != "" {
			body = map[string]string{"cursor": cursor}
		}
		exists, err := b.ask(ctx, &page, "/1/indexes/"+url.PathEscape(index)+"/browse", body)
		if err != nil || !exists {
			return err
		}
		for _, hit := range page.Hits {
			if err := each(hit); err != nil {
				return err
			}
		}
		if cursor = page.Cursor; cursor == "" {
			return nil
		}
	}
}

// wanted names one record.
type wanted struct {
	Index string `json:"indexName"`
	ID    string `json:"objectID"`
}

// Objects returns the records with these ids as JSON, by id; missing
// records are absent.
func (b *Browser) Objects(ctx context.Context, index string, ids []string) (map[string][]byte, error) {
	found := make(map[string][]byte, len(ids))
	for start := 0; start < len(ids); start += browsePage {
		chunk := ids[start:min(start+browsePage, len(ids))]
		requests := make([]wanted, len(chunk))
		for i, id := range chunk {
			requests[i] = wanted{index, id}
		}
		var answer struct {
			Results []json.RawMessage `json:"results"`
		}
		exists, err := b.ask(ctx, &answer, "/1/indexes/*/objects", map[string]any{"requests": requests})
		if err != nil {
			return nil, err
		}
		if !exists {
			continue
		}
		if len(answer.Results) != len(chunk) {
			return nil, fault.New(fault.Retry, "index-answer", "index %s answered %d records where %d were asked for", index, len(answer.Results), len(chunk))
		}
		for i, raw := range answer.Results {
			if len(raw) > 0 && string(raw) != "null" {
				found[chunk[i]] = raw
			}
		}
	}
	return found, nil
}

// ask posts a question and repeats it while that may help. False means that
// there is no such index.
func (b *Browser) ask(ctx context.Context, into any, path string, body any) (exists bool, err error) {
	err = b.repeat.Repeat(ctx, func(ctx context.Context) error {
		x := &algolia.Exchange{}
		err := b.api.CustomRequest(into, http.MethodPost, path, body, call.Read, x.With(ctx), opt.ExposeIntermediateNetworkErrors(true))
		if err == nil {
			exists = true
			return ctx.Err() // the client returns no error when its context ends while the answer arrives
		}
		if algolia.Missing(err) && strings.Contains(algolia.Words(err), "does not exist") {
			return nil
		}
		err = classify(err, x)
		if r, refused := refusalOf(err); refused {
			return fault.New(fault.Misconfigured, codeRefusesUs, "the index refuses to be read: %s", r.message)
		}
		return err
	})
	return exists, err
}

// filtersOf returns a part as a filter, empty for the whole index.
func filtersOf(p destination.Part) string {
	var all []string
	if p.Account != "" {
		all = append(all, fieldOf(p.AccountField)+":"+quoted(p.Account))
	}
	if p.RootField != "" && p.Roots.After > 0 {
		all = append(all, fmt.Sprintf("%s > %d", fieldOf(p.RootField), p.Roots.After))
	}
	if p.RootField != "" && p.Roots.Upto < source.MaxRoot {
		all = append(all, fmt.Sprintf("%s <= %d", fieldOf(p.RootField), p.Roots.Upto))
	}
	return strings.Join(all, " AND ")
}

// plainField is a field's name that a filter takes as it is.
var plainField = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_.]*$`)

// fieldOf returns a field's name as a filter takes it.
func fieldOf(name string) string {
	if plainField.MatchString(name) {
		return name
	}
	return quoted(name)
}

// quoted returns a word as a filter takes it.
func quoted(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s) + `"`
}
