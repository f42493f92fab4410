package sample

// address is where a return is picked up.
type address struct{ street, city, state, postalCode, country string }

// place is a city with the pattern of its postal codes; see dice.fill.
type place struct{ City, State, Postal, Country string }

// address invents an address in a place.
func (d dice) address(in place, streets []string) address {
	a := address{city: in.City, state: in.State, postalCode: d.fill(in.Postal), country: in.Country}
	street := one(d, streets)
	if in.Country == "IN" {
		a.street = "Flat " + d.number(1204) + ", " + street + ", " + in.City
		return a
	}
	a.street = street + " " + d.number(180) + ", " + in.City
	return a
}
