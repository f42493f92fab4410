package doctor

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"

	"gitlab.com/eshopbox-team/return-sync/shared/sync/entity"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/source"
)

// Roots reads roots and their records.
type Roots interface {
	Reader
	// Roots returns up to limit root ids of a range, in order.
	Roots(ctx context.Context, d entity.Definition, r source.Range, limit int) ([]uint64, error)
	// Now returns the database's clock.
	Now(ctx context.Context) (time.Time, error)
}

// The sample of accounts: the number of parts of the range of root ids, and of roots in
// each.
const (
	accountParts = 20
	accountRoots = 200
)

// Accounts reads the accounts of a sample of records from all ages. It reports accounts
// that an index which ignores case and accents cannot distinguish, and accounts that no
// token can name; nameable judges that.
func Accounts(ctx context.Context, r Roots, d entity.Definition, nameable func(string) bool) []Finding {
	if d.Account == "" {
		return one(Info, d.Name+" names no account, so no tenant can search its records", "")
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
			found = append(found, Finding{Severity: Warn, Message: fmt.Sprintf("%s: no token can name the account %q, so no search finds its records", d.Name, account),
				Do: "use 1 to 64 letters, digits, dots, hyphens and underscores in the column of the account, or convert it in rows.sql"})
		}
	}
	for _, list := range alike {
		if slices.Sort(list); len(list) > 1 {
			found = append(found, Finding{Severity: Warn, Message: fmt.Sprintf("%s: the accounts %q differ only in letters that the index does not distinguish, such as upper and lower case", d.Name, list),
				Do: "check whether they are one tenant; if they are two, the index must carry the key of the account (see the check of the target)"})
		}
	}
	slices.SortFunc(found, func(a, b Finding) int { return strings.Compare(a.Message, b.Message) })
	return orOK(found, "%s: the %d accounts of %d sampled records differ in more than case", d.Name, len(accounts), records)
}

// sampleKeys returns roots of a definition whose roots are keys: keys have no order, so
// the sample is those that changed last.
func sampleKeys(ctx context.Context, r Roots, d entity.Definition) ([]uint64, error) {
	now, err := r.Now(ctx)
	if err != nil {
		return nil, err
	}
	return newest(ctx, r, d, now, accountParts*accountRoots)
}

// sampleAccounts returns the accounts of a sample, and of how many records.
func sampleAccounts(ctx context.Context, r Roots, d entity.Definition) (accounts map[string]bool, records int, err error) {
	accounts = map[string]bool{}
	var parts [][]uint64
	if d.Keyed() {
		var ids []uint64
		ids, err = sampleKeys(ctx, r, d)
		parts = slices.Collect(slices.Chunk(ids, accountRoots))
	} else {
		parts, err = sampleRanges(ctx, r, d)
	}
	for _, ids := range parts {
		if err != nil {
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

// sampleRanges returns roots of each part of the range of root ids.
func sampleRanges(ctx context.Context, r Roots, d entity.Definition) (parts [][]uint64, err error) {
	last, err := lastRoot(ctx, r, d)
	for n := uint64(0); n < accountParts && err == nil; n++ {
		var ids []uint64
		ids, err = r.Roots(ctx, d, source.Range{After: last / accountParts * n, Upto: source.MaxRoot}, accountRoots)
		parts = append(parts, ids)
	}
	return parts, err
}

// lastRoot returns a bound of the root ids in use: none is higher, and the highest is at
// least half of it.
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
		_ = json.Unmarshal(body, &text) // a value of another type is no account
		return text
	}
	var object map[string]json.RawMessage
	if json.Unmarshal(body, &object) != nil {
		return ""
	}
	return accountIn(object[path[0]], path[1:])
}

// folded returns the same text for accounts that an index may not distinguish: it removes
// case, accents, width of letters and white space.
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

// Apart checks whether tenants are isolated in the live index. keys says that the search
// function hands out keys for the index; only then reads tries whether a key whose filter
// matches nothing can read a record by its id.
func Apart(ctx context.Context, t Target, keys bool, reads func(ctx context.Context, index string) (bool, error)) []Finding {
	var found []Finding
	add := func(s Severity, message, do string) {
		found = append(found, Finding{Severity: s, Message: message, Do: do})
	}
	if !t.Keyed {
		add(Warn, fmt.Sprintf("the records of index %s carry no key of their account, so the index cannot distinguish accounts that differ only in case: searches withhold counts and facets, and hand out no keys", t.Index),
			"rebuild the index: returnsync rebuild --entity "+t.Entity)
	}
	if !keys {
		return orOK(found, "index %s distinguishes all accounts", t.Index)
	}
	open, err := reads(ctx, t.Index)
	switch {
	case err != nil:
		add(Warn, fmt.Sprintf("cannot read whether a key for index %s reads records by their id: %v", t.Index, err), "")
	case open && !t.Secret:
		add(Warn, fmt.Sprintf("SEARCH_KEY_TTL is set, and with a key anybody can read a record of index %s by guessing its id: the filter of a key restricts searches, not reads by id", t.Index),
			"set secretIds: true in entity.yaml or SECRET_IDS=true, then: returnsync rebuild --entity "+t.Entity+"; or set SEARCH_KEY_TTL to 0")
	case open:
		add(Info, fmt.Sprintf("a key for index %s can read any record by its id; the ids there cannot be guessed", t.Index), "")
	}
	return orOK(found, "index %s distinguishes all accounts, and a key reads no record by id that its filter excludes", t.Index)
}
