package algolia

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"net/netip"
	"path"
	"slices"
	"strings"
)

// The refusals of credentials, in the service's words.
const (
	badCredentials   = "Invalid Application-ID or API key"
	indexNotAllowed  = "Index not allowed with this API key"
	methodNotAllowed = "Method not allowed with this API key"
)

// credential reads a header or, as browsers send it, the query parameter of the
// same name in lower case.
func (c *call) credential(header string) string {
	if value := c.http.Header.Get(header); value != "" {
		return value
	}
	return c.query.Get(strings.ToLower(header))
}

// authorise finds the application and the key and checks the right and the index
// that the route needs.
func (c *call) authorise(acl string) error {
	if acl == adminOnly && c.credential("X-Algolia-API-Key") == c.server.options.AdminKey {
		return nil // these calls belong to no application
	}
	id, secret := c.credential("X-Algolia-Application-Id"), c.credential("X-Algolia-API-Key")
	if id == "" || secret == "" {
		return refuse(http.StatusForbidden, badCredentials)
	}
	c.app = c.server.app(id)
	key, err := c.app.keys.resolve(secret, c.server.options.Now().Unix())
	if err != nil {
		return err
	}
	c.key = key
	if !key.mayComeFrom(c.http.RemoteAddr) {
		return refuse(http.StatusForbidden, badCredentials)
	}
	if err := key.mayDo(acl); err != nil {
		return err
	}
	if index := c.vars["index"]; index != "" {
		return key.mayUse(index)
	}
	return nil
}

// mayDo checks a right.
func (k *apiKey) mayDo(acl string) error {
	if k.admin || acl == "" || slices.Contains(k.ACL, acl) {
		return nil
	}
	return refuse(http.StatusForbidden, methodNotAllowed)
}

// mayUse checks an index against every restriction of the key, which may hold
// "*" as a wild card.
func (k *apiKey) mayUse(index string) error {
	for _, list := range [][]string{k.Indexes, k.restrictIndices} {
		allowed := len(list) == 0 || slices.ContainsFunc(list, func(pattern string) bool {
			match, err := path.Match(pattern, index)
			return err == nil && match
		})
		if !allowed {
			return refuse(http.StatusForbidden, indexNotAllowed)
		}
	}
	return nil
}

// mayComeFrom checks restrictSources, one network such as 10.0.0.0/8.
func (k *apiKey) mayComeFrom(address string) bool {
	if k.restrictSources == "" {
		return true
	}
	network, err := netip.ParsePrefix(k.restrictSources)
	if err != nil {
		single, err := netip.ParseAddr(k.restrictSources)
		if err != nil {
			return false
		}
		network = netip.PrefixFrom(single, single.BitLen())
	}
	from, err := netip.ParseAddrPort(address)
	return err == nil && network.Contains(from.Addr().Unmap())
}

// seesAll reports whether unretrievableAttributes are shown to the key.
func (k *apiKey) seesAll() bool {
	return k.admin || slices.Contains(k.ACL, "seeUnretrievableAttributes")
}

// resolve finds the key of a secret, which may be a secured key made from one.
func (r *keyring) resolve(secret string, now int64) (*apiKey, error) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	if key := r.keys[secret]; key != nil {
		if key.Validity > 0 && now >= key.expires {
			return nil, refuse(http.StatusForbidden, badCredentials)
		}
		return key, nil
	}
	decoded, err := base64.StdEncoding.DecodeString(secret)
	if err != nil || len(decoded) < 2*sha256.Size {
		return nil, refuse(http.StatusForbidden, badCredentials)
	}
	signature, restrictions := decoded[:2*sha256.Size], string(decoded[2*sha256.Size:])
	for value, parent := range r.keys {
		if hmac.Equal(signature, sign(value, restrictions)) {
			return parent.secured(restrictions, now)
		}
	}
	return nil, refuse(http.StatusForbidden, badCredentials)
}
