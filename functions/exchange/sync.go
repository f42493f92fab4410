package exchange

import (
	"net/http"
	"strings"

	"gitlab.com/eshopbox-team/return-sync/shared/edge"
	"gitlab.com/eshopbox-team/return-sync/shared/exchange"
)

func (f *function) syncRoutes() []route {
	return []route{
		{"POST /sync/{partner}", roleAdmin, onSecondary, actSync, f.sync},
		{"GET /sync", roleSync, onPrimary, "", f.session},
		{"GET /sync/subs", roleSync, onPrimary, "", f.published},
		{"GET /sync/slice/{id}", roleSync, onPrimary, "", withID(f.publishedSlice)},
	}
}

// partner returns the company that a path names: by its id, or by its sync address,
// path-escaped.
func (f *function) partner(c *call) (exchange.Company, error) {
	text := c.PathValue("partner")
	if id, err := exchange.ParseID(text); err == nil {
		return f.Store.Companies.Company(c.Context(), id)
	}
	return f.Store.Companies.CompanyAt(c.Context(), text)
}

// sync answers POST /sync/{url or company}: nothing is dialled but the address of a
// company that is known.
func (f *function) sync(c *call) (any, error) {
	partner, err := f.partner(c)
	if err != nil {
		return nil, err
	}
	var sub exchange.ID
	if text := c.URL.Query().Get("sub"); text != "" {
		if sub, err = exchange.ParseID(text); err != nil {
			return nil, err
		}
	}
	report, err := f.Syncer.Sync(c.Context(), partner, sub, c.yes("noupdate"))
	if err != nil {
		return nil, err
	}
	if !report.OK() {
		return edge.Result{Status: http.StatusBadGateway, Value: report}, nil
	}
	return report, nil
}

// session answers GET /sync: the connection is upgraded, and the primary begins.
func (f *function) session(c *call) (any, error) {
	if !strings.EqualFold(c.Header.Get("Upgrade"), "websocket") {
		return edge.Result{Status: http.StatusUpgradeRequired, Value: map[string]any{"error": map[string]string{
			"code": "upgrade", "message": "open this address as a websocket; session.json describes its frames",
		}}}, nil
	}
	company := c.caller.Company
	return edge.Stream(func(w http.ResponseWriter, r *http.Request) { f.Session.Serve(w, r, company) }), nil
}

// published answers GET /sync/subs: a bare list, as public programs read it.
func (f *function) published(c *call) (any, error) {
	list, err := f.Store.Subscriptions.Published(c.Context(), c.caller.Company)
	if list == nil {
		list = []exchange.Subscription{}
	}
	return list, err
}

// subscribed refuses a slice that the caller's company does not subscribe to.
func (f *function) subscribed(c *call, slice exchange.ID) error {
	_, err := f.Store.Subscriptions.Subscribed(c.Context(), c.caller.Company, slice)
	return err
}

// publishedSlice answers GET /sync/slice/{id}: the ids of its grains.
func (f *function) publishedSlice(c *call, id exchange.ID) (any, error) {
	if err := f.subscribed(c, id); err != nil {
		return nil, err
	}
	type brief struct {
		ID exchange.ID `json:"id"`
	}
	list := []brief{}
	for id, err := range f.Store.Grains.IDs(c.Context(), id, exchange.Whole) {
		if err != nil {
			return nil, err
		}
		list = append(list, brief{id})
	}
	return list, nil
}
