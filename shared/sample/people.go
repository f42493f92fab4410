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
	given, family []string
	// native holds whole names in the region's own scripts.
	native []string
	phones []string
	domain string
}

var indianNames = naming{
	given: []string{
		"Aarav", "Aditi", "Ananya", "Arjun", "Chitra", "Deepak", "Divya", "Farhan", "Gurpreet", "Harish", "Ishaan", "Kavya",
		"Lakshmi", "Meera", "Mohammed", "Neha", "Nikhil", "Pooja", "Pranav", "Rahul", "Riya", "Sanjay", "Shreya", "Sunita",
		"Tanvi", "Uma", "Varun", "Vikram", "Yash", "Zoya",
	},
	family: []string{
		"Agarwal", "Banerjee", "Bhat", "Chatterjee", "D'Souza", "Das", "Deshpande", "Fernandes", "Gill", "Gowda", "Gupta", "Iyer",
		"Jain", "Joshi", "Kapoor", "Khan", "Kulkarni", "Menon", "Mishra", "Nair", "Patel", "Pillai", "Rao", "Reddy", "Sharma",
		"Shaikh", "Singh", "Subramanian", "Thakur", "Verma",
	},
	native: []string{"प्रिया शर्मा", "अमित वर्मा", "முத்து குமார்", "లక్ష్మి రెడ్డి", "অনন্যা সেন", "ಸುಮಾ ಗೌಡ", "فرحان شیخ"},
	phones: []string{"+91 98### #####", "+91 97### #####", "+91 88### #####", "+91 70### #####", "9########0", "09#########"},
	domain: "example.in",
}

var europeanNames = naming{
	given: []string{
		"Agnès", "Ana", "Åsa", "Björn", "Chloé", "Daniel", "Elena", "Emma", "François", "Giulia", "Hannah", "Ingrid", "Jakub",
		"João", "Jürgen", "Lukas", "Łucja", "Maeve", "Marta", "Matteo", "Noah", "Nuñez", "Oliver", "Pieter", "Renée", "Sofia",
		"Søren", "Thomas", "Zoë", "Željko",
	},
	family: []string{
		"Andersson", "Bianchi", "Brown", "Dubois", "Dvořák", "Fernández", "García", "Gruber", "Hansen", "Jansen", "Kowalski",
		"Lefèvre", "MacDonald", "Meyer", "Moreau", "Müller", "Nowak", "Núñez", "O'Connor", "Øster", "Pereira", "Rossi",
		"Schäfer", "Silva", "Smith", "Sørensen", "Taylor", "van den Berg", "Weiß", "Wójcik",
	},
	native: []string{"Ελένη Παπαδοπούλου", "Γιώργος Νικολάου", "Олена Шевченко", "Иван Петров"},
	phones: []string{"+49 151 ########", "+44 7### ######", "+33 6 ## ## ## ##", "+31 6 ########", "+48 5## ### ###", "+39 34# #######"},
	domain: "example.com",
}

// person invents a customer of a region. Some have no e-mail address.
func (d dice) person(from naming) person {
	p := person{name: one(d, from.given) + " " + one(d, from.family), phone: d.fill(one(d, from.phones))}
	if !d.chance(40) {
		p.email = mailbox(p.name) + d.number(999) + "@" + from.domain
	}
	if d.chance(30) {
		p.name = one(d, from.native)
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
