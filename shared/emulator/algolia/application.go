package algolia

import (
	"cmp"
	"net/http"
	"slices"
	"sync"

	"gitlab.com/eshopbox-team/return-sync/shared/emulator/algolia/internal/engine"
)

// application is what one application id owns.
type application struct {
	server *Server
	keys   *keyring
	logs   logbook

	mu      sync.RWMutex
	indices map[string]*index

	tasks publisher
}

// index is a named index with what stands beside its records. Its fields are
// replaced under the application's lock, by the publisher only.
type index struct {
	name             string
	engine           *engine.Index
	rules, synonyms  *documents
	created, updated string
}

func newApplication(s *Server) *application {
	a := &application{server: s, keys: newKeyring(s.options), indices: map[string]*index{}}
	a.tasks.start(s)
	return a
}

// find returns an index or the 404 that a read of a missing one gets.
func (a *application) find(name string) (index, error) {
	a.mu.RLock()
	defer a.mu.RUnlock()
	if i := a.indices[name]; i != nil {
		return *i, nil
	}
	return index{}, refuse(http.StatusNotFound, "Index %s does not exist", name)
}

// open returns a copy of an index, a new one when it is missing: writes create.
func (a *application) open(name string) index {
	i, err := a.find(name)
	if err == nil {
		return i
	}
	settings, _ := engine.NewSettings(nil, []byte("{}")) // an empty object is always valid
	return index{
		name: name, engine: engine.New(settings), created: a.server.stamp(),
		rules: newDocuments(), synonyms: newDocuments(),
	}
}

// put makes an index visible under its name.
func (a *application) put(i index) {
	i.updated = a.server.stamp()
	a.mu.Lock()
	defer a.mu.Unlock()
	a.indices[i.name] = &i
}

func (a *application) drop(name string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.indices, name)
}

// list returns all indices by name.
func (a *application) list() []index {
	a.mu.RLock()
	defer a.mu.RUnlock()
	out := make([]index, 0, len(a.indices))
	for _, i := range a.indices {
		out = append(out, *i)
	}
	slices.SortFunc(out, func(x, y index) int { return cmp.Compare(x.name, y.name) })
	return out
}
