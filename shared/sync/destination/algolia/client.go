// Package algolia writes records to Algolia through its Go client v3.
//
// A batch goes past the client as bytes that are ready (see package
// shared/algolia), and an answer without a task is an error.
package algolia

import (
	"fmt"
	"time"

	"github.com/algolia/algoliasearch-client-go/v3/algolia/search"

	"gitlab.com/eshopbox-team/return-sync/shared/algolia"
	"gitlab.com/eshopbox-team/return-sync/shared/httpcall"
)

// Config is what the environment says about the index. Secrets never print:
// nothing in this room formats a Config.
type Config struct {
	AppID    string `env:"ALGOLIA_APP_ID, required"`
	WriteKey string `env:"ALGOLIA_WRITE_KEY, required"`
	// URL sends everything to one server instead of Algolia's hosts, such as
	// http://127.0.0.1:9200 for the emulator.
	URL string `env:"ALGOLIA_URL"`

	BatchRecords int           `env:"ALGOLIA_BATCH_RECORDS, default=1000"`
	BatchBytes   int           `env:"ALGOLIA_BATCH_BYTES, default=8000000"`
	Senders      int           `env:"ALGOLIA_SENDERS, default=4"`
	Attempts     int           `env:"ALGOLIA_ATTEMPTS, default=6"`
	WriteTimeout time.Duration `env:"ALGOLIA_WRITE_TIMEOUT, default=20s"`
	// MaxRefused is how many records of one push the index may refuse before the
	// push itself fails: a mistake in the settings must not park a whole table.
	MaxRefused int `env:"ALGOLIA_MAX_REFUSED, default=100"`
}

// Client is a destination.Index. It is safe for concurrent use.
type Client struct {
	api    *search.Client
	cfg    Config
	repeat httpcall.Policy
}

// New returns a client. It does not connect.
func New(cfg Config) (*Client, error) {
	conf, err := algolia.Configuration(cfg.AppID, cfg.WriteKey, cfg.URL)
	if err != nil {
		return nil, err
	}
	conf.WriteTimeout = cfg.WriteTimeout
	if cfg.BatchRecords < 1 || cfg.BatchBytes < 1 || cfg.Senders < 1 || cfg.Attempts < 1 {
		return nil, fmt.Errorf("ALGOLIA_BATCH_RECORDS, ALGOLIA_BATCH_BYTES, ALGOLIA_SENDERS and ALGOLIA_ATTEMPTS must be at least 1")
	}
	return &Client{api: search.NewClientWithConfig(conf), cfg: cfg, repeat: repeating(cfg.Attempts)}, nil
}
