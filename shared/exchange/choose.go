package exchange

import (
	"slices"
	"strings"

	"gitlab.com/eshopbox-team/return-sync/shared/fault"
)

// Choice is what a --sub means.
type Choice struct {
	Company ID
	Sub     ID // First: all of the company's
}

// Choose reads the value of --sub: a UUID is a company's id first; everything else,
// and a UUID that is no company, is the name of a subscription or of a company. Two
// matches are an error that lists both.
func Choose(text string, companies []Company, subs []Subscription) (Choice, error) {
	if id, err := ParseID(text); err == nil && slices.ContainsFunc(companies, func(c Company) bool { return c.ID == id }) {
		return Choice{Company: id}, nil
	}
	name := strings.ToLower(strings.TrimSpace(text))
	var choices []Choice
	var matches []string
	for _, s := range subs {
		if strings.ToLower(s.Name) == name {
			choices = append(choices, Choice{Company: s.CompanyID, Sub: s.ID})
			matches = append(matches, "subscription "+s.ID.String())
		}
	}
	for _, c := range companies {
		if strings.ToLower(c.Name) == name {
			choices = append(choices, Choice{Company: c.ID})
			matches = append(matches, "company "+c.ID.String())
		}
	}
	switch len(choices) {
	case 1:
		return choices[0], nil
	case 0:
		return Choice{}, fault.New(fault.NotFound, "no-match", "no company and no subscription is called %q", text)
	}
	return Choice{}, fault.New(fault.Invalid, "ambiguous", "%q is %s: use an id", text, strings.Join(matches, " and "))
}
