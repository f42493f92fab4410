package rehearsal

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"

	fn "gitlab.com/eshopbox-team/return-sync/functions/search"
	"gitlab.com/eshopbox-team/return-sync/functions/search/portal"
	"gitlab.com/eshopbox-team/return-sync/shared/search"
)

// portalEntity is the entity that the portal's page shows.
const portalEntity = "returns"

// portalTokens is how long the page's tokens hold.
const portalTokens = 24 * time.Hour

// tenantsOnPage is how many accounts can be switched between.
const tenantsOnPage = 5

// portalPage serves the page that searches, with tokens for the accounts that
// have the most returns. The front is open before the database is, so it asks
// for them at each call, and not before the search function serves.
func (s *Stack) portalPage(f *front) http.Handler {
	name := fn.Function.Name
	return portal.Handler(func(r *http.Request) (portal.Config, error) {
		cfg := portal.Config{Search: "/" + name, Index: portalEntity}
		if f.child(name) == nil {
			return cfg, fmt.Errorf("everything is still starting; try again in a moment")
		}
		accounts, err := s.accounts(r.Context())
		if err != nil {
			return cfg, err
		}
		for _, account := range accounts {
			token, err := s.Identity.Sign(account, time.Now().Add(portalTokens))
			if err != nil {
				return cfg, err
			}
			cfg.Tenants = append(cfg.Tenants, portal.Tenant{Account: account, Token: token})
		}
		return cfg, nil
	})
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
	return []string{"SEARCH_SORTS=" + s.sortNames(), "SEARCH_KEY_TTL=15m"}
}
