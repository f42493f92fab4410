package identity

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/lestrrat-go/httprc/v3"
	"github.com/lestrrat-go/jwx/v3/jwa"
	"github.com/lestrrat-go/jwx/v3/jwk"
	"github.com/lestrrat-go/jwx/v3/jwt"

	"gitlab.com/eshopbox-team/return-sync/shared/fault"
)

// keys are an issuer's public keys: kept, fetched anew in the background, and
// once more when a token names a key that is not among them, because that is
// how an issuer's rotation is first seen.
type keys struct {
	cache   *jwk.Cache
	address string
	end     context.CancelFunc

	mu    sync.Mutex
	tried time.Time // the last fetch for an unknown key
}

// The bounds of fetching.
const (
	maxKeySet     = 256 << 10 // bytes of a key set
	maxKeys       = 100
	fetchTimeout  = 5 * time.Second
	minKeysAge    = 5 * time.Minute  // fetched at most this often, whatever the issuer says
	maxKeysAge    = time.Hour        // and at least this often
	unknownKeyGap = 10 * time.Second // between fetches for unknown keys
)

// openKeys begins to fetch keys.
func openKeys(address string) (*keys, error) {
	ctx, end := context.WithCancel(context.Background())
	k := &keys{address: address, end: end}
	client := httprc.NewClient(httprc.WithWorkers(1), httprc.WithWhitelist(httprc.NewMapWhitelist().Add(address)))
	var err error
	if k.cache, err = jwk.NewCache(ctx, client); err == nil {
		err = k.cache.Register(ctx, address, jwk.WithWaitReady(false), jwk.WithMaxFetchBodySize(maxKeySet),
			jwk.WithHTTPClient(&http.Client{Timeout: fetchTimeout}), jwk.WithMinInterval(minKeysAge), jwk.WithMaxInterval(maxKeysAge))
	}
	if err != nil {
		end()
		return nil, fmt.Errorf("the keys at %s cannot be fetched: %w", address, err)
	}
	return k, nil
}

// close ends the fetching.
func (k *keys) close() { k.end() }

// errNoKeys is an issuer that has not answered yet.
var errNoKeys = errors.New("the issuer's keys have not been fetched yet")

// find returns the key of an id, for the algorithm that the key is for.
func (k *keys) find(ctx context.Context, id, alg string, now time.Time) (jwt.ParseOption, error) {
	set, err := k.cache.Lookup(ctx, k.address)
	key, ok := pick(set, id)
	if !ok && k.mayTry(now) {
		ctx, cancel := context.WithTimeout(ctx, fetchTimeout)
		defer cancel()
		if fetched, problem := k.cache.Refresh(ctx, k.address); problem == nil {
			set, err = fetched, nil
			key, ok = pick(set, id)
		}
	}
	if set == nil {
		return nil, fault.Wrap(errors.Join(errNoKeys, err), fault.Retry, "no-keys", "tokens cannot be checked just now; try again")
	}
	if !ok {
		return nil, refuse(fmt.Errorf("the issuer has no key %.40q", id))
	}
	return verifying(key, alg)
}

// mayTry reports whether an unknown key is worth a fetch now: whoever sends
// made-up key ids must not make us hammer the issuer.
func (k *keys) mayTry(now time.Time) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	if now.Sub(k.tried).Abs() < unknownKeyGap {
		return false
	}
	k.tried = now
	return true
}

// pick finds the key of an id; without an id, the only key there is.
func pick(set jwk.Set, id string) (jwk.Key, bool) {
	if set == nil || set.Len() > maxKeys {
		return nil, false
	}
	if id == "" {
		if set.Len() != 1 {
			return nil, false
		}
		return set.Key(0)
	}
	return set.LookupKeyID(id)
}

// verifying returns a key as the one that must have signed, if it is a key for
// signatures of the algorithm.
func verifying(key jwk.Key, alg string) (jwt.ParseOption, error) {
	algorithm, kind := jwa.RS256(), jwa.RSA()
	if alg == "ES256" {
		algorithm, kind = jwa.ES256(), jwa.EC()
	}
	use, _ := key.KeyUsage()
	named, hasAlg := key.Algorithm()
	switch {
	case key.KeyType() != kind, hasAlg && named.String() != alg, use != "" && use != "sig":
		return nil, refuse(fmt.Errorf("the key is not one for signatures with %s", alg))
	}
	return jwt.WithKey(algorithm, key), nil
}
