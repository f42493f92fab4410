package algolia

import (
	"slices"
	"sync"

	"gitlab.com/eshopbox-team/return-sync/shared/emulator/algolia/internal/params"
)

// apiKey is a key and what it may do.
type apiKey struct {
	Value           string   `json:"value"`
	ACL             []string `json:"acl"`
	Description     string   `json:"description"`
	Indexes         []string `json:"indexes,omitempty"`
	MaxHitsPerQuery int      `json:"maxHitsPerQuery"`
	MaxQueries      int      `json:"maxQueriesPerIPPerHour"`
	QueryParameters string   `json:"queryParameters,omitempty"`
	Referers        []string `json:"referers,omitempty"`
	CreatedAt       int64    `json:"createdAt"`
	Validity        int64    `json:"validity"` // seconds, 0 for ever

	admin           bool
	expires         int64
	forced          []params.Values // search parameters of the key and of its parent
	restrictIndices []string
	restrictSources string
}

// keyring holds the keys of an application by value.
type keyring struct {
	mu      sync.RWMutex
	keys    map[string]*apiKey
	deleted map[string]*apiKey
}

// everything lists the rights of the admin key.
var everything = []string{"search", "browse", "addObject", "deleteObject", "deleteIndex", "listIndexes",
	"settings", "editSettings", "analytics", "recommendation", "usage", "logs", "seeUnretrievableAttributes"}

func newKeyring(o Options) *keyring {
	return &keyring{deleted: map[string]*apiKey{}, keys: map[string]*apiKey{
		o.SearchKey: {Value: o.SearchKey, ACL: []string{"search"}, Description: "Search-only API Key"},
		o.AdminKey:  {Value: o.AdminKey, ACL: slices.Clone(everything), Description: "Admin API Key", admin: true},
	}}
}
