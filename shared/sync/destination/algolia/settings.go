package algolia

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/algolia/algoliasearch-client-go/v3/algolia/call"

	"gitlab.com/eshopbox-team/return-sync/shared/fault"
)

// AdminConfig is the environment for changes of an index's settings. No function has
// its key: the pipeline needs none of these rights.
type AdminConfig struct {
	AppID string `env:"ALGOLIA_APP_ID, required"`
	// Key needs the rights (ACL) settings to compare, editSettings and addObject
	// to push (a task's state is read with addObject), deleteIndex to delete.
	Key string `env:"ALGOLIA_ADMIN_KEY, required"`
	URL string `env:"ALGOLIA_URL"`
}

// NewAdmin returns a client for changing settings. It does not connect.
func NewAdmin(cfg AdminConfig) (*Client, error) {
	return New(Config{
		AppID: cfg.AppID, WriteKey: cfg.Key, URL: cfg.URL, WriteTimeout: 20 * time.Second,
		BatchRecords: 1000, BatchBytes: 8_000_000, Senders: 4, Attempts: 6, MaxRefused: 100,
	})
}

// Settings returns the settings that an index has, as the index reports them. An index
// that does not exist is a fault.NotFound.
func (c *Client) Settings(ctx context.Context, index string) ([]byte, error) {
	var raw json.RawMessage
	err := c.manage(ctx, order{http.MethodGet, call.Read, index, "/settings", nil, "settings"}, &raw)
	return raw, err
}

// ApplySettings changes the settings of an index that a JSON object names, null
// resetting one, and waits until they are in force. The others stay as they are;
// an index that does not exist is made. The text goes to the index as it is, so
// that no setting is lost which the client does not know.
func (c *Client) ApplySettings(ctx context.Context, index string, settings []byte) error {
	var object map[string]json.RawMessage
	if err := json.Unmarshal(settings, &object); err != nil {
		return fault.Wrap(err, fault.Invalid, codeBadSettings, "the settings of index "+index+" are no JSON object")
	}
	return c.change(ctx, order{http.MethodPut, call.Write, index, "/settings", json.RawMessage(settings), "editSettings"})
}

// DeleteIndex deletes an index with its replicas, whatever they are named, and
// waits until all are gone; one that does not exist is no error. Replicas go one
// by one, each unlinked and then deleted, so that a call that is cut short and
// made again leaves at most one of them behind.
func (c *Client) DeleteIndex(ctx context.Context, index string) error {
	raw, err := c.Settings(ctx, index)
	if fault.KindOf(err) == fault.NotFound {
		return nil
	}
	if err != nil {
		return err
	}
	var links struct {
		Primary  string   `json:"primary"`
		Replicas []string `json:"replicas"`
	}
	if err := json.Unmarshal(raw, &links); err != nil {
		return fault.Wrap(err, fault.Retry, codeBadSettings, "index "+index+" answers settings that cannot be read")
	}
	if links.Primary != "" {
		return fault.New(fault.Invalid, "index-is-replica", "index %s is a replica of %s and cannot be deleted by itself: take it out of that one's replicas first", index, links.Primary)
	}
	for len(links.Replicas) > 0 {
		gone := replicaName(links.Replicas[0])
		links.Replicas = slices.Clone(links.Replicas[1:])
		rest, _ := json.Marshal(map[string][]string{"replicas": links.Replicas}) // texts always encode
		if err := c.ApplySettings(ctx, index, rest); err != nil {
			return err
		}
		if err := c.drop(ctx, gone); err != nil {
			return err
		}
	}
	return c.drop(ctx, index)
}

// drop deletes one index.
func (c *Client) drop(ctx context.Context, index string) error {
	err := c.change(ctx, order{http.MethodDelete, call.Write, index, "", nil, "deleteIndex"})
	if fault.KindOf(err) == fault.NotFound {
		return nil
	}
	return err
}

// order is one call about an index, with the right that it needs.
type order struct {
	method string
	kind   call.Kind
	index  string
	path   string // behind the index's
	body   any
	right  string // the key's ACL
}

// url returns the order's path.
func (o order) url() string { return "/1/indexes/" + url.PathEscape(o.index) + o.path }
