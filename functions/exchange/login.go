package exchange

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"time"

	"golang.org/x/crypto/bcrypt"

	"gitlab.com/eshopbox-team/return-sync/shared/exchange"
	"gitlab.com/eshopbox-team/return-sync/shared/exchange/rest"
	"gitlab.com/eshopbox-team/return-sync/shared/exchange/store"
	"gitlab.com/eshopbox-team/return-sync/shared/fault"
)

func (f *function) loginRoutes() []route {
	return []route{
		{"POST /login", roleNobody, anywhere, "", f.login},
		{"GET /refresh/{token}", roleNobody, anywhere, "", f.refresh},
		{"GET /server", roleSync, anywhere, "", func(*call) (any, error) {
			return rest.Server{ID: f.company, Role: f.Settings.Role}, nil
		}},
		{"GET /me", roleSync, anywhere, "", f.me},
		{"GET /settings", roleAdmin, anywhere, "", func(*call) (any, error) {
			return map[string]any{"server_role": f.Settings.Role, "server_id": f.company}, nil
		}},
		{"POST /apikey", roleCompany, onPrimary, "create-exchange-key", f.newKey},
		{"GET /apikeys", roleCompany, onPrimary, "", f.keys},
		{"DELETE /apikeys/{id}", roleCompany, onPrimary, "revoke-exchange-key", withID(f.revokeKey)},
	}
}

// errLogin is the one answer to every failed login, whatever was wrong.
var errLogin = fault.New(fault.Unauthenticated, "login-failed", "Authentication Error.")

// login answers POST /login.
func (f *function) login(c *call) (any, error) {
	var body rest.Login
	if err := c.body(&body); err != nil {
		return nil, err
	}
	if body.Key != "" {
		return f.loginByKey(c.Context(), body.Key)
	}
	if body.Username == "" || body.Password == "" {
		return nil, fault.New(fault.Invalid, "no-credentials", "missing required credentials")
	}
	return f.loginByName(c.Context(), body)
}

// loginByName logs a person in.
func (f *function) loginByName(ctx context.Context, body rest.Login) (any, error) {
	if err := f.guesses.allowed("name "+body.Username, f.Now()); err != nil {
		return nil, err
	}
	user, err := f.Store.Users.UserNamed(ctx, body.Username)
	known := err == nil
	if err != nil && fault.KindOf(err) != fault.NotFound {
		return nil, err
	}
	hash := user.Password
	if !known {
		hash = f.absent
	}
	if ok, err := f.matches(ctx, hash, body.Password); err != nil {
		return nil, err
	} else if !ok || !known || !user.Active {
		f.guesses.failed("name "+body.Username, f.Now())
		return nil, errLogin
	}
	refresh := secret(refreshBytes)
	if err := f.Store.Users.LoggedIn(ctx, user.ID, sha256.Sum256([]byte(refresh)), f.Settings.RefreshTTL); err != nil {
		return nil, err
	}
	return f.token(callerOf(user), refresh)
}

// matches compares a password with its hash. Few are compared at once.
func (f *function) matches(ctx context.Context, hash []byte, password string) (bool, error) {
	select {
	case f.hashing <- struct{}{}:
		defer func() { <-f.hashing }()
	case <-ctx.Done():
		return false, fault.Wrap(ctx.Err(), fault.Retry, "busy", "too many logins at once; try again")
	}
	err := bcrypt.CompareHashAndPassword(hash, []byte(password))
	return err == nil, nil
}

// callerOf returns a user as a caller.
func callerOf(u store.User) caller {
	return caller{ID: u.ID, Username: u.Username, Email: u.Email, Role: u.Role, Company: u.CompanyID}
}

// token answers with a token.
func (f *function) token(c caller, refresh string) (any, error) {
	signed, expires, err := f.tokens.sign(c, f.Now())
	return rest.Token{Token: signed, Expires: expires.Format(time.RFC3339), Refresh: refresh}, err
}

// The sizes of secrets, in random bytes.
const (
	refreshBytes = 20 // 40 hexadecimal digits, as the public program's
	keyBytes     = 32
)

// secret returns n random bytes in hexadecimal.
func secret(n int) string {
	b := make([]byte, n)
	_, _ = rand.Read(b) // never fails: it ends the process instead
	return hex.EncodeToString(b)
}

// refresh answers GET /refresh/{token}.
func (f *function) refresh(c *call) (any, error) {
	text := c.PathValue("token")
	user, err := f.Store.Users.Refreshing(c.Context(), sha256.Sum256([]byte(text)))
	if fault.KindOf(err) == fault.NotFound {
		return nil, errLogin
	}
	if err != nil {
		return nil, err
	}
	return f.token(callerOf(user), "")
}

// me answers GET /me.
func (f *function) me(c *call) (any, error) {
	if c.caller.ID == 0 {
		return store.User{Username: c.caller.Username, Role: c.caller.Role, CompanyID: c.caller.Company, Active: true, FirstName: "sync", LastName: "sync"}, nil
	}
	return f.Store.Users.User(c.Context(), c.caller.ID)
}

// A key is the id of its row and 32 random bytes, in hexadecimal. The row has the
// hash of the random bytes.
const keyLength = 2 * (16 + keyBytes)

// loginByKey logs a partner's server in.
func (f *function) loginByKey(ctx context.Context, key string) (any, error) {
	raw, err := hex.DecodeString(key)
	if err != nil || len(key) != keyLength {
		return nil, errLogin
	}
	id := exchange.ID(raw[:16])
	if err := f.guesses.allowed("key "+id.String(), f.Now()); err != nil {
		return nil, err
	}
	kept, err := f.Store.Keys.ValidKey(ctx, id)
	if err != nil && fault.KindOf(err) != fault.NotFound {
		return nil, err
	}
	sum := sha256.Sum256(raw[16:])
	if subtle.ConstantTimeCompare(sum[:], kept.Hash) != 1 {
		f.guesses.failed("key "+id.String(), f.Now())
		return nil, errLogin
	}
	company, err := f.Store.Companies.Company(ctx, kept.CompanyID)
	if err != nil && fault.KindOf(err) != fault.NotFound {
		return nil, err
	}
	if !company.Active {
		return nil, errLogin
	}
	if err := f.Store.Keys.KeyUsed(ctx, id); err != nil {
		return nil, err
	}
	return f.token(caller{Username: "sync_" + id.String(), Role: roleSync, Company: kept.CompanyID}, "")
}

// subject returns the company whose keys a call is about: the caller's, or, for an
// administrator, the one that the query names.
func (f *function) subject(c *call) (exchange.ID, error) {
	named := c.URL.Query().Get("company")
	if named == "" {
		return c.caller.Company, nil
	}
	id, err := exchange.ParseID(named)
	if err == nil && id != c.caller.Company && c.caller.Role > roleAdmin {
		err = fault.New(fault.Forbidden, "forbidden", "the keys of another company need an administrator")
	}
	return id, err
}

// newKey answers POST /apikey. The key is shown this once.
func (f *function) newKey(c *call) (any, error) {
	company, err := f.subject(c)
	if err != nil {
		return nil, err
	}
	if _, err := f.Store.Companies.Company(c.Context(), company); err != nil {
		return nil, err
	}
	key, text := NewKey(company)
	if err := f.Store.Keys.AddKey(c.Context(), key, f.Settings.KeyOverlap); err != nil {
		return nil, err
	}
	return rest.Key{Primary: f.company, Key: text}, nil
}

// NewKey makes a key for a company: its row and the text that the company keeps.
func NewKey(company exchange.ID) (row store.Key, text string) {
	id, random := exchange.NewID(), secret(keyBytes)
	raw, err := hex.DecodeString(random)
	if err != nil {
		panic(err) // it is hexadecimal
	}
	sum := sha256.Sum256(raw)
	return store.Key{ID: id, CompanyID: company, Hash: sum[:]}, hex.EncodeToString(id[:]) + random
}

// keys answers GET /apikeys.
func (f *function) keys(c *call) (any, error) {
	company, err := f.subject(c)
	if err != nil {
		return nil, err
	}
	return paged(c, f.Store.Keys.List)(&company)
}

// revokeKey answers DELETE /apikeys/{id}.
func (f *function) revokeKey(c *call, id exchange.ID) (any, error) {
	keys, err := f.Store.Keys.List(c.Context(), c.reach())
	if err != nil {
		return nil, err
	}
	for _, k := range keys {
		if k.ID == id {
			return done(f.Store.Keys.RevokeKey(c.Context(), id))
		}
	}
	return nil, fault.New(fault.NotFound, "not-found", "there is no such key")
}

// HashPassword returns a password's hash.
func HashPassword(password string) ([]byte, error) {
	const least, most = 8, 72 // bcrypt reads no more
	if len(password) < least || len(password) > most {
		return nil, fault.New(fault.Invalid, "bad-password", "a password has %d to %d bytes", least, most).WithParam("password")
	}
	return bcrypt.GenerateFromPassword([]byte(password), bcrypt.DefaultCost)
}
