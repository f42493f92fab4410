package sample

// address is where a return is picked up.
type address struct{ street, city, state, postalCode, country string }

// place is a city with the pattern of its postal codes: # is a digit and @ a
// letter.
type place struct{ city, state, postal, country string }

var indianPlaces = []place{
	{"Bengaluru", "Karnataka", "5600##", "IN"}, {"Mumbai", "Maharashtra", "4000##", "IN"}, {"Pune", "Maharashtra", "4110##", "IN"},
	{"New Delhi", "Delhi", "1100##", "IN"}, {"Gurugram", "Haryana", "1220##", "IN"}, {"Noida", "Uttar Pradesh", "2013##", "IN"},
	{"Chennai", "Tamil Nadu", "6000##", "IN"}, {"Coimbatore", "Tamil Nadu", "6410##", "IN"}, {"Hyderabad", "Telangana", "5000##", "IN"},
	{"Kolkata", "West Bengal", "7000##", "IN"}, {"Ahmedabad", "Gujarat", "3800##", "IN"}, {"Surat", "Gujarat", "3950##", "IN"},
	{"Jaipur", "Rajasthan", "3020##", "IN"}, {"Lucknow", "Uttar Pradesh", "2260##", "IN"}, {"Kochi", "Kerala", "6820##", "IN"},
	{"Thiruvananthapuram", "Kerala", "6950##", "IN"}, {"Indore", "Madhya Pradesh", "4520##", "IN"}, {"Patna", "Bihar", "8000##", "IN"},
	{"Guwahati", "Assam", "7810##", "IN"}, {"Bhubaneswar", "Odisha", "7510##", "IN"}, {"Chandigarh", "Chandigarh", "1600##", "IN"},
	{"Panaji", "Goa", "4030##", "IN"}, {"Srinagar", "Jammu and Kashmir", "1900##", "IN"}, {"Mysuru", "Karnataka", "5700##", "IN"},
}

var europeanPlaces = []place{
	{"Berlin", "Berlin", "101##", "DE"}, {"München", "Bayern", "803##", "DE"}, {"Köln", "Nordrhein-Westfalen", "506##", "DE"},
	{"Hamburg", "Hamburg", "200##", "DE"}, {"Paris", "Île-de-France", "750##", "FR"}, {"Lyon", "Auvergne-Rhône-Alpes", "690##", "FR"},
	{"London", "England", "SW# #@@", "GB"}, {"Manchester", "England", "M# #@@", "GB"}, {"Edinburgh", "Scotland", "EH# #@@", "GB"},
	{"Amsterdam", "Noord-Holland", "10## @@", "NL"}, {"Rotterdam", "Zuid-Holland", "30## @@", "NL"}, {"Bruxelles", "Bruxelles-Capitale", "10##", "BE"},
	{"Madrid", "Comunidad de Madrid", "280##", "ES"}, {"Málaga", "Andalucía", "290##", "ES"}, {"Lisboa", "Lisboa", "11##-###", "PT"},
	{"Milano", "Lombardia", "201##", "IT"}, {"Roma", "Lazio", "001##", "IT"}, {"Warszawa", "Mazowieckie", "00-###", "PL"},
	{"Łódź", "Łódzkie", "90-###", "PL"}, {"Wien", "Wien", "1##0", "AT"}, {"Zürich", "Zürich", "80##", "CH"},
	{"København", "Hovedstaden", "2###", "DK"}, {"Göteborg", "Västra Götaland", "41# ##", "SE"}, {"Dublin", "Leinster", "D0# @###", "IE"},
	{"Αθήνα", "Αττική", "10# ##", "GR"}, {"Praha", "Praha", "1## 00", "CZ"},
}

var indianStreets = []string{
	"MG Road", "Linking Road", "Brigade Road", "Anna Salai", "Park Street", "Banjara Hills Road No. 12", "Nehru Nagar",
	"Gandhi Chowk", "Sector 21", "HSR Layout 2nd Stage", "Station Road, opp. Hanuman Mandir", "महात्मा गांधी मार्ग", "Civil Lines",
}

var europeanStreets = []string{
	"Hauptstraße", "Bahnhofstraße", "Rue de l'Église", "Avenue Victor Hugo", "High Street", "Station Road", "Keizersgracht",
	"Calle Mayor", "Via Garibaldi", "ulica Długa", "Rua Augusta", "Storgatan", "Vestergade", "Οδός Ερμού", "Na Příkopě",
}

// address invents an address in a place.
func (d dice) address(in place, streets []string) address {
	a := address{city: in.city, state: in.state, postalCode: d.fill(in.postal), country: in.country}
	street := one(d, streets)
	if in.country == "IN" {
		a.street = "Flat " + d.number(1204) + ", " + street + ", " + in.city
		return a
	}
	a.street = street + " " + d.number(180) + ", " + in.city
	return a
}
