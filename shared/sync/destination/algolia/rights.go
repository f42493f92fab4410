package algolia

import (
	"context"
	"errors"
	"time"

	"github.com/algolia/algoliasearch-client-go/v3/algolia/opt"
	"github.com/algolia/algoliasearch-client-go/v3/algolia/search"

	"gitlab.com/eshopbox-team/return-sync/shared/algolia"
)

// Looker reads an application with one key, within the rights of that key.
type Looker struct {
	api  *search.Client
	key  string
	conf search.Configuration
}

// NewLooker returns a looker; address as in algolia.Configuration.
func NewLooker(appID, key, address string) (*Looker, error) {
	conf, err := algolia.Configuration(appID, key, address)
	if err != nil {
		return nil, err
	}
	conf.ReadTimeout = lookTimeout
	return &Looker{api: search.NewClientWithConfig(conf), key: key, conf: conf}, nil
}

// lookTimeout bounds one request of a looker.
const lookTimeout = 5 * time.Second

// Rights returns what the looker's own key may do and in which indices, none
// meaning all. Every key may ask that about itself. Errors do not show the key.
func (l *Looker) Rights(ctx context.Context) (acl, indexes []string, err error) {
	k, err := l.api.GetAPIKey(l.key, ctx)
	if err != nil {
		return nil, nil, keyless(err)
	}
	return k.ACL, k.Indexes, nil
}

// Count returns how many records an index has and whether it exists, by searching it.
func (l *Looker) Count(ctx context.Context, index string) (records int, exists bool, err error) {
	res, err := l.api.InitIndex(index).Search("", opt.HitsPerPage(0), opt.Distinct(false), ctx)
	if algolia.Missing(err) {
		return 0, false, nil
	}
	if err != nil {
		return 0, false, keyless(err)
	}
	return res.NbHits, true, nil
}

// ReadsPastFilter reports whether a key made of the looker's own, with a filter that
// no record meets, reads a record of the index by its id all the same. An index
// without records is an error. The key never leaves this process.
func (l *Looker) ReadsPastFilter(ctx context.Context, index string) (bool, error) {
	res, err := l.api.InitIndex(index).Search("", opt.HitsPerPage(1), opt.AttributesToRetrieve("objectID"), ctx)
	if err != nil {
		return false, keyless(err)
	}
	if len(res.Hits) == 0 {
		return false, errors.New("the index has no record to try it with")
	}
	id, _ := res.Hits[0]["objectID"].(string)
	key, err := search.GenerateSecuredAPIKey(l.key, opt.Filters("objectID:none AND NOT objectID:none"), opt.RestrictIndices(index))
	if err != nil {
		return false, errors.New("no key can be made of the search key")
	}
	conf := l.conf
	conf.APIKey = key
	var record struct{}
	err = search.NewClientWithConfig(conf).InitIndex(index).GetObject(id, &record, ctx)
	if status, _ := algolia.Refused(err); status != 0 {
		return false, nil
	}
	if err != nil {
		return false, keyless(err)
	}
	return true, nil
}

// keyless returns an error without the address of the request, which may hold
// the key.
func keyless(err error) error {
	if status, message := algolia.Refused(err); status != 0 {
		return errors.New(message)
	}
	return errors.New("the index does not answer")
}
