package exchange

import (
	"net/http"
	"strings"

	"gitlab.com/eshopbox-team/return-sync/shared/edge"
	"gitlab.com/eshopbox-team/return-sync/shared/exchange"
	"gitlab.com/eshopbox-team/return-sync/shared/exchange/rest"
	"gitlab.com/eshopbox-team/return-sync/shared/fault"
)

func (f *function) syncRoutes() []route {
	return []route{
		{"POST /sync/{partner}", roleAdmin, onSecondary, "sync-exchange", f.sync},
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
		return f.Store.Company(c.Context(), id)
	}
	return f.Store.CompanyAt(c.Context(), text)
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
	list, err := f.Store.Published(c.Context(), c.caller.Company)
	if list == nil {
		list = []exchange.Subscription{}
	}
	return list, err
}

// subscribed refuses a slice that the caller's company does not subscribe to.
func (f *function) subscribed(c *call, slice exchange.ID) error {
	_, err := f.Store.Subscribed(c.Context(), c.caller.Company, slice)
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
	for id, err := range f.Store.IDs(c.Context(), id, exchange.Whole) {
		if err != nil {
			return nil, err
		}
		list = append(list, brief{id})
	}
	return list, nil
}

func (f *function) companyRoutes() []route {
	return []route{
		{"GET /companies", roleAdmin, anywhere, "", func(c *call) (any, error) {
			list, err := f.Store.Companies(c.Context())
			if err != nil {
				return nil, err
			}
			return listed(c, list)
		}},
		{"POST /companies", roleAdmin, anywhere, "create-company", f.createCompany},
		{"GET /companies/{id}", roleAdmin, anywhere, "", withID(f.company1)},
		{"PATCH /companies/{id}", roleAdmin, anywhere, "edit-company", withID(f.editCompany)},
		{"DELETE /companies/{id}", roleAdmin, anywhere, "remove-company", withID(f.removeCompany)},
		{"GET /companies/{id}/subs", roleAdmin, anywhere, "", withID(f.companySubs)},
		{"GET /servers", roleAdmin, anywhere, "", f.servers},
		{"GET /servers/{id}", roleAdmin, anywhere, "", withID(f.company1)},
	}
}

// company1 answers with one company.
func (f *function) company1(c *call, id exchange.ID) (any, error) {
	return f.Store.Company(c.Context(), id)
}

// companyEdit is what may be written of a company. The key is of the partner's server
// and is kept sealed.
type companyEdit struct {
	ID       string  `json:"id"`
	Name     string  `json:"name"`
	SyncAddr string  `json:"sync_addr"`
	Key      *string `json:"sync_api_key"`
	Active   bool    `json:"active"`
}

// checked returns the company of an edit.
func (e companyEdit) checked() (c exchange.Company, err error) {
	c.SyncAddr, c.Active = strings.TrimSpace(e.SyncAddr), e.Active
	if c.Name, err = exchange.CleanName(e.Name); err != nil {
		return c, err
	}
	if c.SyncAddr != "" {
		_, err = rest.ParseAddress(c.SyncAddr)
	}
	return c, err
}

// idOr returns an id of a request, or a new one.
func idOr(text string) (exchange.ID, error) {
	if text == "" {
		return exchange.NewID(), nil
	}
	return exchange.ParseID(text)
}

// createCompany answers POST /companies.
func (f *function) createCompany(c *call) (any, error) {
	edit := companyEdit{Active: true}
	if err := c.body(&edit); err != nil {
		return nil, err
	}
	company, err := edit.checked()
	if err != nil {
		return nil, err
	}
	if company.ID, err = idOr(edit.ID); err != nil {
		return nil, err
	}
	if err := f.Store.CreateCompany(c.Context(), company); err != nil {
		return nil, err
	}
	if err := f.setKey(c, company.ID, edit.Key); err != nil {
		return nil, err
	}
	return created(f.Store.Company(c.Context(), company.ID))
}

// setKey keeps a partner's key, sealed for its company.
func (f *function) setKey(c *call, company exchange.ID, key *string) error {
	switch {
	case key == nil:
		return nil
	case *key == "":
		return f.Store.SetSyncKey(c.Context(), company, nil)
	case len(*key) > maxKeyLength:
		return fault.New(fault.Invalid, "bad-key", "a key has at most %d bytes", maxKeyLength)
	}
	return f.Store.SetSyncKey(c.Context(), company, f.Sealer.Seal(company, *key))
}

// maxKeyLength bounds a partner's key in bytes. A public program's has about 300.
const maxKeyLength = 900

// editCompany answers PATCH /companies/{id}. What the body does not name stays.
func (f *function) editCompany(c *call, id exchange.ID) (any, error) {
	old, err := f.Store.Company(c.Context(), id)
	if err != nil {
		return nil, err
	}
	edit := companyEdit{Name: old.Name, SyncAddr: old.SyncAddr, Active: old.Active}
	if err := c.body(&edit); err != nil {
		return nil, err
	}
	company, err := edit.checked()
	if err != nil {
		return nil, err
	}
	company.ID = id
	if err := f.Store.UpdateCompany(c.Context(), company); err != nil {
		return nil, err
	}
	if err := f.setKey(c, id, edit.Key); err != nil {
		return nil, err
	}
	return f.Store.Company(c.Context(), id)
}

// removeCompany answers DELETE /companies/{id}.
func (f *function) removeCompany(c *call, id exchange.ID) (any, error) {
	if id == f.company {
		return nil, fault.New(fault.Invalid, "own-company", "this server's own company cannot be removed")
	}
	return done(f.Store.DeleteCompany(c.Context(), id))
}

// companySubs answers GET /companies/{id}/subs.
func (f *function) companySubs(c *call, id exchange.ID) (any, error) {
	return paged(c, f.Store.Subscriptions)(&id)
}

// servers answers GET /servers: the partners that can be synced with, a bare list.
func (f *function) servers(c *call) (any, error) {
	all, err := f.Store.Companies(c.Context())
	if err != nil {
		return nil, err
	}
	name := strings.ToLower(c.URL.Query().Get("name"))
	list := []exchange.Company{}
	for _, company := range exchange.PartnersOf(f.company, all) {
		if name == "" || company.Name == name {
			list = append(list, company)
		}
	}
	return list, nil
}
