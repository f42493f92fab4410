// Package algolia writes records to Algolia through its Go client v3.
//
// The client is kept for what it knows (hosts, failover, credentials) and coded
// around where it would lose something. A 429 is final inside it, so waiting is
// done here. Its batch call walks every record with reflection, so a batch goes
// through it as bytes that are ready: the call carries an empty list, and the
// Requester, which the client lets us choose, puts the real body in its place.
// And a context that ends while an answer arrives makes it return no error and
// no task, so an answer without a task is an error here.
package algolia

import (
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/algolia/algoliasearch-client-go/v3/algolia/search"
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
	// MaxRefused is how many records of one push may be refused before the push
	// is: a mistake in the settings must not park a whole table.
	MaxRefused int `env:"ALGOLIA_MAX_REFUSED, default=100"`
}

// Client is a destination.Index. It is safe for concurrent use.
type Client struct {
	api *search.Client
	cfg Config
}

// New returns a client. It does not connect.
func New(cfg Config) (*Client, error) {
	conf, err := Configuration(cfg.AppID, cfg.WriteKey, cfg.URL)
	if err != nil {
		return nil, err
	}
	conf.WriteTimeout = cfg.WriteTimeout
	if cfg.BatchRecords < 1 || cfg.BatchBytes < 1 || cfg.Senders < 1 || cfg.Attempts < 1 {
		return nil, fmt.Errorf("ALGOLIA_BATCH_RECORDS, ALGOLIA_BATCH_BYTES, ALGOLIA_SENDERS and ALGOLIA_ATTEMPTS must be at least 1")
	}
	return &Client{api: search.NewClientWithConfig(conf), cfg: cfg}, nil
}

// Configuration returns a configuration of the v3 client that reaches Algolia's
// own hosts, or only the server at address when that is not empty.
func Configuration(appID, key, address string) (search.Configuration, error) {
	conf := search.Configuration{AppID: appID, APIKey: key, Requester: &requester{client: newHTTPClient()}}
	if address == "" {
		return conf, nil
	}
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return conf, fmt.Errorf("ALGOLIA_URL must be like http://127.0.0.1:9200")
	}
	conf.Hosts = []string{u.Host}
	conf.Requester = &requester{client: newHTTPClient(), scheme: u.Scheme}
	return conf, nil
}

// newHTTPClient returns a client that keeps a connection for every sender.
func newHTTPClient() *http.Client {
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.MaxIdleConnsPerHost = 64
	// What has come and is not read yet would be memory that nobody counts.
	t.HTTP2 = &http.HTTP2Config{MaxReceiveBufferPerStream: 256 << 10, MaxReceiveBufferPerConnection: 16 << 20}
	return &http.Client{Transport: t}
}
