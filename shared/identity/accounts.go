package identity

import (
	"regexp"
	"slices"

	"github.com/lestrrat-go/jwx/v3/jwt"

	"gitlab.com/eshopbox-team/return-sync/shared/fault"
)

// accountForm is what an account may look like; anything else is no account.
var accountForm = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}\z`)

// Nameable reports whether a token can name an account.
func Nameable(account string) bool { return accountForm.MatchString(account) }

// read reads the accounts of a token whose signature holds.
func (v *Verifier) read(token jwt.Token) (Caller, error) {
	var claim any
	err := token.Get(v.cfg.Claim, &claim)
	accounts, ok := accountsOf(claim)
	if err != nil || !ok {
		return Caller{}, fault.New(fault.Forbidden, "no-account", "the token names no account in its claim %q", v.cfg.Claim)
	}
	subject, _ := token.Subject()
	return Caller{Accounts: accounts, Subject: subject}, nil
}

// accountsOf reads one account or a list of them. One that is improper spoils
// the list: a token that we do not understand grants nothing.
func accountsOf(claim any) ([]string, bool) {
	list, ok := claim.([]any)
	if !ok {
		list = []any{claim}
	}
	accounts := make([]string, 0, len(list))
	for _, item := range list {
		account, ok := item.(string)
		if !ok || !Nameable(account) {
			return nil, false
		}
		accounts = append(accounts, account)
	}
	slices.Sort(accounts)
	accounts = slices.Compact(accounts)
	return accounts, len(accounts) > 0 && len(accounts) <= maxAccounts
}
