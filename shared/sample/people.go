package sample

import (
	"strings"
	"unicode"

	"golang.org/x/text/runes"
	"golang.org/x/text/transform"
	"golang.org/x/text/unicode/norm"
)

// person is a customer, invented. All three fields are personal data to the
// product, which has to treat these as it would real ones.
type person struct{ name, phone, email string }

// naming is how the people of a region are called and reached.
type naming struct {
	Given, Family []string
	Native        []string // whole names in the region's own scripts
	Phones        []string // patterns; see dice.fill
	Domain        string   // of e-mail addresses
}

// person invents a customer of a region. Some have no e-mail address.
func (d dice) person(from naming) person {
	p := person{name: one(d, from.Given) + " " + one(d, from.Family), phone: d.fill(one(d, from.Phones))}
	if !d.chance(40) {
		p.email = mailbox(p.name) + d.number(999) + "@" + from.Domain
	}
	if d.chance(30) {
		p.name = one(d, from.Native)
	}
	return p
}

// mailbox writes a Latin name with the letters that mail systems agree on.
func mailbox(name string) string {
	// These letters are no accented forms of others, so they do not decompose.
	spelled := strings.NewReplacer("ø", "o", "ł", "l", "ß", "ss").Replace(strings.ToLower(name))
	unaccented := transform.Chain(norm.NFD, runes.Remove(runes.In(unicode.Mn)))
	plain, _, err := transform.String(unaccented, spelled)
	if err != nil {
		plain = "customer"
	}
	return strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z':
			return r
		case r == ' ':
			return '.'
		default:
			return -1
		}
	}, plain)
}
