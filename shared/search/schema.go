package search

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"gitlab.com/eshopbox-team/return-sync/shared/fault"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/record"
)

// Schema is what of an index may be asked.
type Schema struct {
	Entity  string // the entity's name, also a name of the index for callers
	Index   string // the index's name
	Alias   string // what callers may also call it: its name before it was rebuilt
	Account string // the field of the tenant filter
	// Format is how the index's records are written.
	Format   record.Format
	Facets   []string // may be counted and filtered by value
	Filters  []string // may be filtered by value, whether counted or not
	Typeable []string // facets whose values may be searched
	Numbers  []string // may be filtered by range
	Exact    []string // of Numbers: may be compared by = and != alone
	// Measured are the numbers that may be asked as facets by their names, for the
	// least and the largest: all but those that are never shown.
	Measured []string
	Texts    []string // are searched
	Hidden   []string // are never shown
	Sorts    []Sort
	MaxHits  int // how far hits can be paged through
	// Distinct makes one hit a group of records the rule where a caller does not
	// say: for returns, one a return instead of one an item.
	Distinct bool
}

// indexSettings is what a schema needs of an index's settings.
type indexSettings struct {
	Searchable []string `json:"searchableAttributes"`
	Faceting   []string `json:"attributesForFaceting"`
	Numeric    []string `json:"numericAttributesForFiltering"`
	Hidden     []string `json:"unretrievableAttributes"`
	Limit      int      `json:"paginationLimitedTo"`
	Group      string   `json:"attributeForDistinct"`
}

// defaultMaxHits is the index's own limit where its settings name none.
const defaultMaxHits = 1000

// fieldForm is what a field's name may look like; dots nest.
var fieldForm = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_]*(\.[A-Za-z][A-Za-z0-9_]*)*$`)

// modifier is a setting such as filterOnly(account).
var modifier = regexp.MustCompile(`^([A-Za-z]+)\((.+)\)$`)

// NewSchema completes a schema that has its names and sorts from the settings
// of its index. An account that cannot be filtered by is an error: the tenant filter
// would hide everything, or nothing.
func NewSchema(s Schema, settings []byte) (Schema, error) {
	var in indexSettings
	if err := json.Unmarshal(settings, &in); err != nil {
		return s, fmt.Errorf("the settings of index %s cannot be read: %w", s.Index, err)
	}
	if s.Distinct && in.Group == "" {
		return s, fmt.Errorf("index %s: one hit a group is asked for, and its settings have no attributeForDistinct that says what a group is", s.Index)
	}
	s.Hidden, s.MaxHits = in.Hidden, in.Limit
	if s.MaxHits == 0 {
		s.MaxHits = defaultMaxHits
	}
	s.readNumbers(in.Numeric)
	for _, list := range in.Searchable {
		for text := range strings.SplitSeq(list, ",") {
			_, field := unwrap(strings.TrimSpace(text))
			s.Texts = append(s.Texts, field)
		}
	}
	keyed := false
	for _, text := range in.Faceting {
		kind, field := unwrap(text)
		if field == record.AccountKeyField {
			keyed = true // not for callers
			continue
		}
		if kind == "" && slices.Contains(s.Measured, field) && field != s.Account {
			continue // filtered by number
		}
		s.Filters = append(s.Filters, field)
		if kind != "filterOnly" && field != s.Account {
			s.Facets = append(s.Facets, field)
		}
		if kind == "searchable" && field != s.Account {
			s.Typeable = append(s.Typeable, field)
		}
	}
	if s.Format.AccountKey && !keyed {
		return s, fmt.Errorf("index %s: %s is not among attributesForFaceting: without it tenants would not be isolated", s.Index, record.AccountKeyField)
	}
	return s, s.check()
}

// Grouped reports whether an index's settings say what a group of records is.
func Grouped(settings []byte) bool {
	var in indexSettings
	return json.Unmarshal(settings, &in) == nil && in.Group != ""
}

// readNumbers reads numericAttributesForFiltering. The account and its key are never
// asked by number.
func (s *Schema) readNumbers(list []string) {
	for _, text := range list {
		kind, field := unwrap(strings.TrimSpace(text))
		if field == s.Account || field == record.AccountKeyField {
			continue
		}
		s.Numbers = append(s.Numbers, field)
		if kind == "equalOnly" {
			s.Exact = append(s.Exact, field)
		}
		if !s.hidden(field) {
			s.Measured = append(s.Measured, field)
		}
	}
}

// Countable lists what may be asked as a facet by its name.
func (s *Schema) Countable() []string {
	names := slices.Clone(s.Facets)
	for _, field := range s.Measured {
		if !slices.Contains(names, field) {
			names = append(names, field)
		}
	}
	return names
}

// hidden reports whether a field is never shown.
func (s *Schema) hidden(field string) bool {
	return slices.ContainsFunc(s.Hidden, func(h string) bool { return field == h || strings.HasPrefix(field, h+".") })
}

// TenantFilter returns the tenant filter of accounts in this index.
func (s *Schema) TenantFilter(accounts []string) TenantFilter {
	return TenantFilter{Field: s.Account, Keyed: s.Format.AccountKey, Accounts: accounts}
}

// unwrap splits filterOnly(account) into filterOnly and account.
func unwrap(text string) (kind, field string) {
	for {
		m := modifier.FindStringSubmatch(text)
		if m == nil {
			return kind, text
		}
		kind, text = m[1], m[2]
	}
}

// check demands the attributes that the tenant filter and the sorts need.
func (s Schema) check() error {
	if s.Account == "" || !slices.Contains(s.Filters, s.Account) {
		return fmt.Errorf("index %s: the account %q is not among attributesForFaceting: without it tenants would not be isolated", s.Index, s.Account)
	}
	for _, field := range slices.Concat(s.Filters, s.Numbers) {
		if !fieldForm.MatchString(field) {
			return fmt.Errorf("index %s: %q is no name of a field", s.Index, field)
		}
	}
	return nil
}

// sort finds the sort of a name, "" being the index's own order.
func (s *Schema) sort(name string) (Sort, bool) {
	if name == "" {
		return Sort{}, true
	}
	i := slices.IndexFunc(s.Sorts, func(o Sort) bool { return o.Name() == name })
	if i < 0 {
		return Sort{}, false
	}
	return s.Sorts[i], true
}

// SortNames lists the names of the sorts.
func (s *Schema) SortNames() []string {
	names := make([]string, len(s.Sorts))
	for i, o := range s.Sorts {
		names[i] = o.Name()
	}
	return names
}

// IndexNames lists the index and its replicas.
func (s *Schema) IndexNames() []string {
	names := []string{s.Index}
	for _, o := range s.Sorts {
		names = append(names, o.Replica(s.Index))
	}
	return names
}

// named finds the sort that an index's name stands for: the index or the
// entity, alone or with a sort behind it.
func (s *Schema) named(index string) (Sort, bool) {
	for _, base := range []string{s.Index, s.Entity, s.Alias} {
		rest, ok := strings.CutPrefix(index, base)
		if !ok || base == "" {
			continue
		}
		if rest == "" {
			return Sort{}, true
		}
		if o, ok := s.sort(strings.TrimPrefix(rest, "_")); ok && rest[0] == '_' && len(rest) > 1 {
			return o, true
		}
	}
	return Sort{}, false
}

// Names reports whether callers may call the index by a name, or one of its replicas.
func (s *Schema) Names(index string) bool {
	_, ok := s.named(index)
	return ok
}

// shown refuses fields that are never shown, or that are no names.
func (s *Schema) shown(param string, fields []string) error {
	if len(fields) > MaxFields {
		return invalid(param, "%s names %d fields; %d are the most", param, len(fields), MaxFields)
	}
	for _, field := range fields {
		bare := strings.TrimPrefix(field, "-")
		if bare != "*" && !fieldForm.MatchString(bare) {
			return invalid(param, "%q is no name of a field", field)
		}
		if s.hidden(bare) {
			return invalid(param, "the field %s is not shown", bare)
		}
	}
	return nil
}

// settle fills in what the caller left open.
func (s *Schema) settle(q *Query) {
	if _, said := q.Options["distinct"]; s.Distinct && !said && q.Facet == "" {
		q.Options["distinct"] = true
	}
}

// checkPage refuses pages that the index cannot reach.
func (s *Schema) checkPage(q *Query) error {
	first, param := q.Page*q.HitsPerPage, "page"
	if q.Ranged {
		first, param = q.Offset, "offset"
	}
	if first > 0 && first >= s.MaxHits {
		return fault.New(fault.Invalid, "too-deep", "only the first %d hits can be paged through: narrow the search with a query or a filter, such as a range of %s, and page through each part",
			s.MaxHits, strings.Join(s.Numbers[:min(2, len(s.Numbers))], " or ")).WithParam(param)
	}
	return nil
}
