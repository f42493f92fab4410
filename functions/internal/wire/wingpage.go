package wire

import (
	"context"
	"errors"
	"net/http"

	"gitlab.com/eshopbox-team/return-sync/shared/identity"
	"gitlab.com/eshopbox-team/return-sync/shared/sqldb"
)

// WingPage is a wing's opened page of the console.
type WingPage struct {
	Name, Title string
	Handler     http.Handler
}

// pages opens the pages of the wings in use.
func (e *Env) pages(ctx context.Context, pool *sqldb.DB) ([]WingPage, error) {
	used, err := e.Used(ctx)
	problems := []error{err}
	var list []WingPage
	for _, w := range used {
		if w.Page != nil {
			h, err := w.Page(ctx, Opening{e, pool})
			list, problems = append(list, WingPage{w.Name, w.Title, h}), append(problems, err)
		}
	}
	return list, errors.Join(problems...)
}

// personKey is the key of the person in a request's context.
type personKey struct{}

// WithPerson returns a context that names the caller of a wing's page.
func WithPerson(ctx context.Context, p identity.Person) context.Context {
	return context.WithValue(ctx, personKey{}, p)
}

// PersonOf returns the caller of a wing's page, as the console has checked them.
func PersonOf(ctx context.Context) identity.Person {
	p, _ := ctx.Value(personKey{}).(identity.Person)
	return p
}
