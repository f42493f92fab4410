package algolia

import (
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strings"

	"gitlab.com/eshopbox-team/return-sync/shared/emulator/algolia/internal/params"
)

// readKey checks the body of a key call and works out what it implies.
func (c *call) readKey(value string) (*apiKey, error) {
	k := &apiKey{Indexes: []string{}, Referers: []string{}}
	if err := json.Unmarshal(c.body, k); err != nil {
		return nil, badRequest(err)
	}
	for _, acl := range k.ACL {
		if !slices.Contains(everything, acl) {
			return nil, refuse(http.StatusBadRequest, "Invalid ACL %q", acl)
		}
	}
	if len(k.ACL) == 0 {
		return nil, refuse(http.StatusBadRequest, "acl is missing")
	}
	forced, err := params.FromEncoded(k.QueryParameters)
	if err != nil {
		return nil, badRequest(err)
	}
	k.restrictSources, _ = forced["restrictSources"].(string) // a URL has texts
	k.Value, k.forced = value, []params.Values{forced.Without(limits...)}
	k.CreatedAt = c.server.options.Now().Unix()
	k.expires = k.CreatedAt + k.Validity
	return k, nil
}

// listKeys answers every key of the application, by value.
func listKeys(c *call) (*answer, error) {
	r := c.app.keys
	r.mu.RLock()
	defer r.mu.RUnlock()
	list := []*apiKey{}
	for _, value := range slices.Sorted(maps.Keys(r.keys)) {
		list = append(list, r.keys[value])
	}
	return ok(object{"keys": list})
}

// addKey makes a key.
func addKey(c *call) (*answer, error) {
	k, err := c.readKey(randomID(16))
	if err != nil {
		return nil, err
	}
	r := c.app.keys
	r.mu.Lock()
	defer r.mu.Unlock()
	r.keys[k.Value] = k
	return &answer{http.StatusCreated, object{"key": k.Value, "createdAt": c.server.stamp()}}, nil
}

// getKey answers a key; every key may ask about itself.
func getKey(c *call) (*answer, error) {
	value := c.vars["key"]
	if !c.key.admin && c.key.Value != value {
		return nil, refuse(http.StatusForbidden, methodNotAllowed)
	}
	r := c.app.keys
	r.mu.RLock()
	defer r.mu.RUnlock()
	if k := r.keys[value]; k != nil {
		return ok(k)
	}
	return nil, refuse(http.StatusNotFound, "Key does not exist")
}

// putKey replaces what a key may do.
func putKey(c *call) (*answer, error) {
	k, err := c.readKey(c.vars["key"])
	if err != nil {
		return nil, err
	}
	return c.changeKey("updatedAt", func(r *keyring, old *apiKey) *apiKey {
		k.CreatedAt, k.expires = old.CreatedAt, old.CreatedAt+k.Validity
		return k
	})
}

// deleteKey revokes a key, and with it every secured key made from it.
func deleteKey(c *call) (*answer, error) {
	return c.changeKey("deletedAt", func(r *keyring, old *apiKey) *apiKey {
		r.deleted[old.Value] = old
		return nil
	})
}

// changeKey puts the outcome of change in place of a key that is not one of the
// two given in Options; nil removes it.
func (c *call) changeKey(stamp string, change func(r *keyring, old *apiKey) *apiKey) (*answer, error) {
	r, value := c.app.keys, c.vars["key"]
	r.mu.Lock()
	defer r.mu.Unlock()
	old := r.keys[value]
	switch {
	case old == nil:
		return nil, refuse(http.StatusNotFound, "Key does not exist")
	case old.admin || strings.EqualFold(value, c.server.options.SearchKey):
		return nil, refuse(http.StatusForbidden, "This key cannot be changed")
	}
	delete(r.keys, value)
	if k := change(r, old); k != nil {
		r.keys[value] = k
	}
	return ok(object{"key": value, stamp: c.server.stamp()})
}

// restoreKey brings a deleted key back.
func restoreKey(c *call) (*answer, error) {
	r, value := c.app.keys, c.vars["key"]
	r.mu.Lock()
	defer r.mu.Unlock()
	k := r.deleted[value]
	if k == nil {
		return nil, refuse(http.StatusNotFound, "Key does not exist")
	}
	delete(r.deleted, value)
	r.keys[value] = k
	return ok(object{"key": value, "createdAt": c.server.stamp()})
}
