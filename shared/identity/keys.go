package identity

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/fault"
	"gitlab.com/eshopbox-team/return-sync/shared/httpcall"
)

// finder has the public keys of an issuer.
type finder interface {
	// find returns the keys that a token with a key id may be signed with, at least
	// one. now is the time of the request.
	find(ctx context.Context, id, alg string, now time.Time) (keySet, error)
	close()
}

// fixedKeys are keys that stand in the configuration.
type fixedKeys keySet

// find implements finder.
func (k fixedKeys) find(_ context.Context, id, alg string, _ time.Time) (keySet, error) {
	return orRefuse(keySet(k).find(id, alg), id)
}

// close implements finder.
func (fixedKeys) close() {}

// orRefuse refuses a token whose key is not among the issuer's.
func orRefuse(found keySet, id string) (keySet, error) {
	if len(found) == 0 {
		return nil, refuse(fmt.Errorf("the issuer has no key %.40q", id))
	}
	return found, nil
}

// keys are an issuer's public keys at an address. They are fetched by the first
// token that needs them, anew when they are old, and once more when a token names
// a key that is not among them, because that is how a rotation is first seen.
// Nothing happens between requests, when the platform may give no processor.
type keys struct {
	address string
	client  *httpcall.Client
	log     *slog.Logger
	life    context.Context // ends with close
	end     context.CancelFunc
	work    sync.WaitGroup

	mu      sync.Mutex
	set     keySet
	fetched time.Time     // when set was fetched; zero for never
	tried   time.Time     // when the last fetch began; zero for never
	under   chan struct{} // closed when the fetch under way has ended; nil without one
}

// The times of fetching.
const (
	fetchTimeout = 5 * time.Second
	renewAfter   = 15 * time.Minute // older keys are used, and fetched anew meanwhile
	expireAfter  = time.Hour        // older keys are used only if they cannot be fetched anew
	fetchGap     = 10 * time.Second // at least, between two fetches
)

// openKeys returns the keys at an address; log may be nil.
func openKeys(address string, log *slog.Logger) *keys {
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	k := &keys{address: address, log: log, client: &httpcall.Client{
		HTTP: &http.Client{Timeout: fetchTimeout, CheckRedirect: stayEncrypted}, Most: maxKeySet, Service: "the issuer",
	}}
	k.life, k.end = context.WithCancel(context.Background())
	return k
}

// stayEncrypted refuses a redirection that leaves https.
func stayEncrypted(r *http.Request, via []*http.Request) error {
	const most = 3
	if len(via) > most || via[0].URL.Scheme == "https" && r.URL.Scheme != "https" {
		return http.ErrUseLastResponse
	}
	return nil
}

// close ends a fetch that is under way.
func (k *keys) close() {
	k.end()
	k.work.Wait()
}

// find implements finder.
func (k *keys) find(ctx context.Context, id, alg string, now time.Time) (keySet, error) {
	set, fetched := k.current()
	age := now.Sub(fetched).Abs()
	found := set.find(id, alg)
	switch {
	case fetched.IsZero() || age > expireAfter || len(found) == 0:
		if under := k.fetch(now); under != nil {
			select {
			case <-under:
			case <-ctx.Done():
			}
		}
		set, fetched = k.current()
		found = set.find(id, alg)
	case age > renewAfter:
		k.fetch(now)
	}
	if fetched.IsZero() || len(set) == 0 {
		return nil, fault.New(fault.Retry, "no-keys", "tokens cannot be checked just now, because the keys of their issuer cannot be had; try again")
	}
	return orRefuse(found, id)
}

// current returns the keys that were fetched last, and when.
func (k *keys) current() (keySet, time.Time) {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.set, k.fetched
}

// fetch begins to fetch the keys unless that is under way. It returns what is
// closed at the end of it, nil if the last fetch is too short a time ago: tokens
// with made-up key ids must not become requests to the issuer.
func (k *keys) fetch(now time.Time) <-chan struct{} {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.under != nil {
		return k.under
	}
	if k.life.Err() != nil || !k.tried.IsZero() && now.Sub(k.tried).Abs() < fetchGap {
		return nil
	}
	k.tried = now
	under := make(chan struct{})
	k.under = under
	// The fetch belongs to no caller: one that goes away must not end it for others.
	k.work.Go(func() {
		set, err := k.read(k.life)
		k.mu.Lock()
		defer k.mu.Unlock()
		if err == nil {
			k.set, k.fetched = set, now
		}
		k.under = nil
		close(under)
	})
	return under
}

// reasonsShown is how many reasons stand in the log.
const reasonsShown = 5

// read reads the key set once and logs what is wrong with it. A set that cannot be
// read leaves the keys as they were; one without a usable key takes them away,
// because an issuer may withdraw what it has signed with.
func (k *keys) read(ctx context.Context) (keySet, error) {
	body, err := k.get(ctx)
	var set keySet
	var ignored []string
	if err == nil {
		set, ignored, err = parseKeys(body)
	}
	if len(ignored) > 0 {
		k.log.WarnContext(ctx, "keys of an issuer were ignored", "address", k.address, "usable", len(set), "ignored", len(ignored),
			"reasons", strings.Join(ignored[:min(len(ignored), reasonsShown)], "; "))
	}
	problem := err
	if err == nil && len(set) == 0 {
		problem = errNoUsable
	}
	if problem != nil && ctx.Err() == nil {
		k.log.ErrorContext(ctx, "the keys of an issuer cannot be had", "address", k.address, "error", problem.Error())
	}
	return set, err
}

// get returns the body at the address.
func (k *keys) get(ctx context.Context) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, k.address, nil)
	if err != nil {
		return nil, err
	}
	answer, err := k.client.Once(req)
	switch {
	case answer.Status != 0 && answer.Status != http.StatusOK:
		return nil, fmt.Errorf("the issuer answers %d", answer.Status)
	case err != nil:
		return nil, err
	}
	return answer.Body, nil
}

// checkAddress returns an error unless keys may be fetched from an address: by
// https, or without it from this machine.
func checkAddress(name, address string) error {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || u.Scheme != "https" && (u.Scheme != "http" || !Loopback(u.Hostname())) {
		return errors.New(name + " must be an https address")
	}
	return nil
}
