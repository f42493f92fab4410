package doctor

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"

	"gitlab.com/eshopbox-team/return-sync/shared/sync/entity"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/source"
)

// Roots gives roots and their records.
type Roots interface {
	Reader
	Roots(ctx context.Context, d entity.Definition, r source.Range, limit int) ([]uint64, error)
}

// The sample of accounts: so many parts of the range of root ids, so many roots of
// each.
const (
	accountParts = 20
	accountRoots = 200
)

// Accounts reads the accounts of a sample of records from all ages and reports
// those that an index which folds letters takes for one, and those that no token
// can name; nameable says which it can.
func Accounts(ctx context.Context, r Roots, d entity.Definition, nameable func(string) bool) []Finding {
	if d.Account == "" {
		return one(Info, d.Name+" names no account: its records belong to nobody, and cannot be searched", "")
	}
	accounts, records, err := sampleAccounts(ctx, r, d)
	if err != nil {
		return blind("the accounts of "+d.Name, err, "")
	}
	var found []Finding
	alike := map[string][]string{}
	for account := range accounts {
		alike[folded(account)] = append(alike[folded(account)], account)
		if !nameable(account) {
			found = append(found, Finding{Severity: Warn, Message: fmt.Sprintf("%s: no token can name the account %q, so nobody finds its records", d.Name, account),
				Do: "use 1 to 64 letters, digits, dots, hyphens and underscores in the column of the account, or convert it in rows.sql"})
		}
	}
	for _, list := range alike {
		if slices.Sort(list); len(list) > 1 {
			found = append(found, Finding{Severity: Warn, Message: fmt.Sprintf("%s: the accounts %q differ only in what the index does not tell apart, such as case", d.Name, list),
				Do: "check whether they are one tenant; if they are two, the index must carry the key of the account (see the check of the target)"})
		}
	}
	slices.SortFunc(found, func(a, b Finding) int { return strings.Compare(a.Message, b.Message) })
	return orOK(found, "%s: the %d accounts of %d sampled records differ in more than case", d.Name, len(accounts), records)
}

// sampleAccounts returns the accounts of a sample, and of how many records.
func sampleAccounts(ctx context.Context, r Roots, d entity.Definition) (accounts map[string]bool, records int, err error) {
	accounts = map[string]bool{}
	last, err := lastRoot(ctx, r, d)
	for n := uint64(0); n < accountParts && err == nil; n++ {
		var ids []uint64
		if ids, err = r.Roots(ctx, d, source.Range{After: last / accountParts * n, Upto: source.MaxRoot}, accountRoots); err != nil {
			break
		}
		var rows source.Rows
		if rows, err = r.Rows(ctx, d, ids); err != nil {
			break
		}
		records += len(rows.Records)
		for _, one := range rows.Records {
			if account := accountIn(one.Body, strings.Split(d.Account, ".")); account != "" {
				accounts[account] = true
			}
		}
	}
	return accounts, records, err
}

// lastRoot returns a root id of which none higher is in use, within a factor of two.
func lastRoot(ctx context.Context, r Roots, d entity.Definition) (uint64, error) {
	last := uint64(accountParts)
	for last < source.MaxRoot/2 {
		ids, err := r.Roots(ctx, d, source.Range{After: last, Upto: source.MaxRoot}, 1)
		if err != nil || len(ids) == 0 {
			return last, err
		}
		last = max(2*last, ids[0])
	}
	return last, nil
}

// accountIn returns the account of a record, empty if it has none.
func accountIn(body []byte, path []string) string {
	if len(path) == 0 {
		var text string
		_ = json.Unmarshal(body, &text) // what is no text is no account
		return text
	}
	var object map[string]json.RawMessage
	if json.Unmarshal(body, &object) != nil {
		return ""
	}
	return accountIn(object[path[0]], path[1:])
}

// folded returns a text that is the same for accounts which an index may take for
// one: without case, accents, width of letters and white space.
func folded(account string) string {
	letters := cases.Fold().String(norm.NFKD.String(account))
	return strings.Map(func(r rune) rune {
		if unicode.Is(unicode.Mn, r) || unicode.IsSpace(r) {
			return -1
		}
		return r
	}, norm.NFKD.String(letters))
}

// Target is how the records of an entity's live index are written.
type Target struct {
	Entity string
	Index  string
	Keyed  bool // records carry the account's key
	Secret bool // their ids cannot be guessed
}

// Apart looks whether tenants are kept apart in the live index. keys says that the
// search function gives keys for the index; reads, asked only then, tries whether a
// key that finds nothing reads a record by its id.
func Apart(ctx context.Context, t Target, keys bool, reads func(ctx context.Context, index string) (bool, error)) []Finding {
	var found []Finding
	add := func(s Severity, message, do string) {
		found = append(found, Finding{Severity: s, Message: message, Do: do})
	}
	if !t.Keyed {
		add(Warn, fmt.Sprintf("the records of index %s carry no key of their account, so the index takes accounts for one that differ only in case: searches withhold counts and facets, and no keys are given", t.Index),
			"rebuild the index: returnsync rebuild --entity "+t.Entity)
	}
	if !keys {
		return orOK(found, "index %s tells all accounts apart", t.Index)
	}
	open, err := reads(ctx, t.Index)
	switch {
	case err != nil:
		add(Warn, fmt.Sprintf("cannot look at what a key for index %s reads by id: %v", t.Index, err), "")
	case open && !t.Secret:
		add(Warn, fmt.Sprintf("SEARCH_KEY_TTL is set, and a key reads every record of index %s whose id is guessed: the filter of a key binds searches and not the reading of a record by its id", t.Index),
			"set secretIds: true in entity.yaml or SECRET_IDS=true, then: returnsync rebuild --entity "+t.Entity+"; or set SEARCH_KEY_TTL to 0")
	case open:
		add(Info, fmt.Sprintf("a key for index %s reads a record by its id whatever its filter says; ids there cannot be guessed", t.Index), "")
	}
	return orOK(found, "index %s tells all accounts apart, and a key reads no record by id that it does not find", t.Index)
}
