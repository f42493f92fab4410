package algolia

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"

	"github.com/algolia/algoliasearch-client-go/v3/algolia/search"

	"gitlab.com/eshopbox-team/return-sync/shared/fault"
)

// ApplySettings gives an index the settings of a definition's settings.json and
// waits until they are in force. A setting that the client does not know is an
// error: it would be lost without a word.
func (c *Client) ApplySettings(ctx context.Context, index string, settings []byte) error {
	var s search.Settings
	dec := json.NewDecoder(bytes.NewReader(settings))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&s); err != nil {
		return fmt.Errorf("the settings of index %s cannot be read: %w", index, err)
	}
	res, err := c.api.InitIndex(index).SetSettings(s, ctx)
	if err == nil && res.TaskID == 0 {
		err = errNoTask
	}
	if err != nil {
		return fault.Wrap(classify(err, &exchange{}), fault.Retry, "index-settings", "index "+index+" did not take its settings")
	}
	return c.Wait(ctx, index, res.TaskID)
}
