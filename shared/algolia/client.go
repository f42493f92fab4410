// Package algolia is the ground of the rooms that talk to Algolia through its Go
// client v3: the configuration of a client, the requests that go past it, and
// what its errors mean.
//
// The client is kept for its hosts, its failover and its credentials, and coded
// around where it loses something:
//
//   - It encodes and decodes every record by reflection. A call therefore carries
//     an empty body, and the Requester, which the client lets its user choose, puts
//     the real body in its place (Exchange.Body) and keeps the real answer
//     (Exchange.Most).
//   - A 429 is final inside the client, and Retry-After does not reach its caller
//     (Exchange.After).
//   - The client asks the next host after a lost answer, although the first one may
//     still apply the request (Exchange.Lost).
//   - A context that ends while an answer arrives makes it return no error and an
//     empty result. Callers check the result, or the context.
package algolia

import (
	"fmt"
	"net/http"
	"net/url"

	"github.com/algolia/algoliasearch-client-go/v3/algolia/search"
)

// Configuration returns a configuration of the v3 client that reaches Algolia's
// own hosts, or only the server at address, such as http://127.0.0.1:9200 for the
// emulator, when that is not empty.
func Configuration(appID, key, address string) (search.Configuration, error) {
	r := &requester{client: newHTTPClient()}
	conf := search.Configuration{AppID: appID, APIKey: key, Requester: r}
	if address == "" {
		return conf, nil
	}
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return conf, fmt.Errorf("ALGOLIA_URL must be like http://127.0.0.1:9200")
	}
	conf.Hosts, r.scheme = []string{u.Host}, u.Scheme
	return conf, nil
}

// newHTTPClient returns a client that keeps a connection for every sender.
func newHTTPClient() *http.Client {
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.MaxIdleConnsPerHost = 64
	// The buffers of HTTP/2 are memory that nobody counts.
	t.HTTP2 = &http.HTTP2Config{MaxReceiveBufferPerStream: 256 << 10, MaxReceiveBufferPerConnection: 16 << 20}
	return &http.Client{Transport: t}
}
