package exchange

import (
	"strings"

	"gitlab.com/eshopbox-team/return-sync/shared/exchange"
	"gitlab.com/eshopbox-team/return-sync/shared/exchange/rest"
	"gitlab.com/eshopbox-team/return-sync/shared/fault"
)

func (f *function) companyRoutes() []route {
	return []route{
		{"GET /companies", roleAdmin, anywhere, "", func(c *call) (any, error) {
			list, err := f.Store.Companies.List(c.Context())
			if err != nil {
				return nil, err
			}
			return listed(c, list)
		}},
		{"POST /companies", roleAdmin, anywhere, "create-company", f.createCompany},
		{"GET /companies/{id}", roleAdmin, anywhere, "", withID(f.company1)},
		{"PATCH /companies/{id}", roleAdmin, anywhere, actEditCompany, withID(f.editCompany)},
		{"DELETE /companies/{id}", roleAdmin, anywhere, "remove-company", withID(f.removeCompany)},
		{"GET /companies/{id}/subs", roleAdmin, anywhere, "", withID(f.companySubs)},
		{"GET /companies/{id}/subs/{slice}", roleAdmin, anywhere, "", withID(f.companySub)},
		{"GET /servers", roleAdmin, anywhere, "", f.servers},
		{"GET /servers/{id}", roleAdmin, anywhere, "", withID(f.company1)},
	}
}

// company1 answers with one company.
func (f *function) company1(c *call, id exchange.ID) (any, error) {
	return f.Store.Companies.Company(c.Context(), id)
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
	if err := f.Store.Companies.CreateCompany(c.Context(), company); err != nil {
		return nil, err
	}
	if err := f.setKey(c, company.ID, edit.Key); err != nil {
		return nil, err
	}
	return created(f.Store.Companies.Company(c.Context(), company.ID))
}

// setKey keeps a partner's key, sealed for its company.
func (f *function) setKey(c *call, company exchange.ID, key *string) error {
	switch {
	case key == nil:
		return nil
	case *key == "":
		return f.Store.Companies.SetSyncKey(c.Context(), company, nil)
	case len(*key) > maxKeyLength:
		return fault.New(fault.Invalid, "bad-key", "a key has at most %d bytes", maxKeyLength)
	}
	return f.Store.Companies.SetSyncKey(c.Context(), company, f.Sealer.Seal(company, *key))
}

// maxKeyLength bounds a partner's key in bytes. A public program's has about 300.
const maxKeyLength = 900

// editCompany answers PATCH /companies/{id}. What the body does not name stays.
func (f *function) editCompany(c *call, id exchange.ID) (any, error) {
	var key *string
	company, err := editCompany(c.Context(), f.Store, c.entry, id, func(old *exchange.Company) error {
		edit := companyEdit{Name: old.Name, SyncAddr: old.SyncAddr, Active: old.Active}
		if err := c.body(&edit); err != nil {
			return err
		}
		key = edit.Key
		next, err := edit.checked()
		old.Name, old.SyncAddr, old.Active = next.Name, next.SyncAddr, next.Active
		return err
	})
	if err != nil || key == nil {
		return company, err
	}
	if err := f.setKey(c, id, key); err != nil {
		return nil, err
	}
	return f.Store.Companies.Company(c.Context(), id)
}

// removeCompany answers DELETE /companies/{id}.
func (f *function) removeCompany(c *call, id exchange.ID) (any, error) {
	if id == f.company {
		return nil, fault.New(fault.Invalid, "own-company", "this server's own company cannot be removed")
	}
	return done(f.Store.Companies.DeleteCompany(c.Context(), id))
}

// companySubs answers GET /companies/{id}/subs.
func (f *function) companySubs(c *call, id exchange.ID) (any, error) {
	return paged(c, f.Store.Subscriptions.List)(&id)
}

// companySub answers GET /companies/{id}/subs/{slice}: the company's subscription to a
// slice.
func (f *function) companySub(c *call, id exchange.ID) (any, error) {
	slice, err := c.id("slice")
	if err != nil {
		return nil, err
	}
	list, err := f.Store.Subscriptions.List(c.Context(), &id)
	if err != nil {
		return nil, err
	}
	for _, sub := range list {
		if sub.SliceID == slice {
			return sub, nil
		}
	}
	return nil, fault.New(fault.NotFound, "not-found", "there is no such subscription")
}

// servers answers GET /servers: the partners that can be synced with, a bare list.
func (f *function) servers(c *call) (any, error) {
	all, err := f.Store.Companies.List(c.Context())
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
