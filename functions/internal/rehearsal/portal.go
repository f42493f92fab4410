package rehearsal

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	fn "gitlab.com/eshopbox-team/return-sync/functions/search"
	"gitlab.com/eshopbox-team/return-sync/functions/search/portal"
	"gitlab.com/eshopbox-team/return-sync/shared/sample"
	"gitlab.com/eshopbox-team/return-sync/shared/search"
)

// portalEntity is the entity that the portal's page shows.
const portalEntity = "returns"

// portalTokens is how long the page's tokens hold.
const portalTokens = 24 * time.Hour

// pictures is where the invented products' pictures are.
const pictures = "pictures/"

// tenantsOnPage is how many accounts can be switched between.
const tenantsOnPage = 5

// portalPage serves the pages that search, with tokens for the accounts that have the
// most returns, or some records of another entity. The front is open before the database
// is, so it asks for them at each call, and not before the search function serves.
func (s *Stack) portalPage(f *front) http.Handler {
	name := fn.Function.Name
	mux := http.NewServeMux()
	mux.HandleFunc("GET /"+pictures+"{path...}", func(w http.ResponseWriter, r *http.Request) {
		picture, ok := sample.Picture(r.PathValue("path"))
		if !ok {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Content-Type", "image/svg+xml")
		w.Header().Set("Cache-Control", "max-age=3600")
		_, _ = w.Write(picture)
	})
	mux.Handle("/", portal.Handler(func(r *http.Request) (portal.Config, error) {
		wanted := r.PathValue("entity")
		cfg := portal.Config{Search: "/" + name, Index: cmp.Or(wanted, portalEntity), Pictures: map[string]string{sample.PictureOrigin: pictures}}
		if f.child(name) == nil {
			return cfg, fmt.Errorf("everything is still starting; try again in a moment")
		}
		searched := Searched(s)
		cfg.Others = slices.DeleteFunc(slices.Clone(searched), func(one string) bool { return one == cfg.Index })
		accounts := s.accounts
		if wanted != "" {
			if !slices.Contains(searched, wanted) {
				return cfg, fmt.Errorf("%w: no entity %s is searched", fs.ErrNotExist, wanted)
			}
			cfg.Search += "/entities/" + wanted
			accounts = func(ctx context.Context) ([]string, error) { return s.accountsOf(ctx, wanted) }
		}
		list, err := accounts(r.Context())
		if err != nil {
			return cfg, err
		}
		for _, account := range list {
			token, err := s.Identity.Sign(account, time.Now().Add(portalTokens))
			if err != nil {
				return cfg, err
			}
			cfg.Tenants = append(cfg.Tenants, portal.Tenant{Account: account, Token: token})
		}
		return cfg, nil
	}))
	return mux
}

// Searched returns the names of the entities that the search function serves, that of the
// portal first: those whose records have an account and fields to search.
func Searched(s *Stack) []string {
	names := []string{portalEntity}
	for _, d := range s.Entities {
		if d.Name != portalEntity && d.Account != "" && d.Settings != nil {
			names = append(names, d.Name)
		}
	}
	return names
}

// PageURL returns where the page of a searched entity is.
func PageURL(s *Stack, entityName string) string {
	if entityName == portalEntity {
		return s.PortalURL()
	}
	return s.PortalURL() + "entities/" + entityName
}

// errEnough ends the reading of an index.
var errEnough = errors.New("enough records were read")

// looked is how many records of an index are looked at for accounts.
const looked = 1000

// accountsOf returns the most frequent accounts of the first records in an entity's index.
func (s *Stack) accountsOf(ctx context.Context, name string) ([]string, error) {
	d, err := s.Entity(name)
	if err != nil {
		return nil, err
	}
	counts, left := map[string]int{}, looked
	err = s.browse(d.Index)(ctx, func(doc map[string]any) error {
		if account, _ := doc[d.Account].(string); account != "" {
			counts[account]++
		}
		if left--; left == 0 {
			return errEnough
		}
		return nil
	})
	if errors.Is(err, errEnough) {
		err = nil
	}
	list := slices.SortedFunc(maps.Keys(counts), func(a, b string) int { return cmp.Or(counts[b]-counts[a], cmp.Compare(a, b)) })
	return list[:min(len(list), tenantsOnPage)], err
}

// accounts returns the accounts with the most returns.
func (s *Stack) accounts(ctx context.Context) ([]string, error) {
	rows, err := s.DB.QueryContext(ctx, "SELECT account_slug FROM order_return GROUP BY account_slug ORDER BY COUNT(*) DESC, account_slug LIMIT ?", tenantsOnPage)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	var list []string
	for rows.Next() {
		var account string
		if err := rows.Scan(&account); err != nil {
			return nil, err
		}
		list = append(list, account)
	}
	return list, rows.Err()
}

// sorts are the orders that the page offers. Each needs a replica, which the
// emulator has to keep too, so they are left out where nobody opens the page:
// in measurements and under faults.
func (s *Stack) sorts() []search.Sort {
	if s.Options.Every <= 0 || s.Options.Steps {
		return nil
	}
	return []search.Sort{{Field: "updatedAt", Desc: true}, {Field: "createdAt"}, {Field: "refund.amountMinor", Desc: true}}
}

// sortNames lists the sorts as SEARCH_SORTS does.
func (s *Stack) sortNames() string {
	var names []string
	for _, o := range s.sorts() {
		names = append(names, o.Name())
	}
	return strings.Join(names, ",")
}

// searchEnv is the search function's environment for the page.
func (s *Stack) searchEnv() []string {
	return []string{"SEARCH_ENTITIES=" + strings.Join(Searched(s), ","), "SEARCH_SORTS=" + s.sortNames(), "SEARCH_KEY_TTL=15m"}
}
