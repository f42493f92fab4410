package sample

// region is what differs between the markets that the tenants sell in.
type region struct {
	names    naming
	places   []place
	streets  []string
	couriers []share[courier]
	currency string
	// codPerMille is how many of a thousand orders are paid in cash at the door.
	codPerMille int
	refundModes []share[string]
	// priceStep is the smallest step between prices.
	priceStep money
}

// courier is a carrier with the pattern of its tracking numbers.
type courier struct{ name, tracking string }

var india = region{
	names: indianNames, places: indianPlaces, streets: indianStreets, currency: "INR", codPerMille: 420, priceStep: 50_000,
	couriers: []share[courier]{
		{30, courier{"Delhivery", "14############"}}, {18, courier{"Blue Dart", "7##########"}}, {17, courier{"Ekart", "FMPR##########"}},
		{15, courier{"XpressBees", "1340##########"}}, {9, courier{"Ecom Express", "55########"}}, {6, courier{"Shadowfax", "SF########@@"}},
		{5, courier{"DTDC", "D########"}},
	},
	refundModes: []share[string]{{45, "ORIGINAL_PAYMENT"}, {25, "UPI"}, {18, "BANK_ACCOUNT"}, {9, "STORE_CREDIT"}, {3, "PAYOUT_LINK"}},
}

var europe = region{
	names: europeanNames, places: europeanPlaces, streets: europeanStreets, currency: "EUR", codPerMille: 20, priceStep: 500,
	couriers: []share[courier]{
		{34, courier{"DHL", "00340434##########"}}, {22, courier{"DPD", "0153##########"}}, {14, courier{"GLS", "###########"}},
		{12, courier{"Royal Mail", "@@#########GB"}}, {10, courier{"PostNL", "3S@@@@#########"}}, {8, courier{"UPS", "1Z######################"}},
	},
	refundModes: []share[string]{{82, "ORIGINAL_PAYMENT"}, {12, "STORE_CREDIT"}, {6, "BANK_ACCOUNT"}},
}

// tenant is one account of the platform.
type tenant struct {
	slug     string
	channels []share[string]
	// markets are the regions it sells in.
	markets []share[*region]
	// drops are the warehouses that take its returns.
	drops    []drop
	products []style
}

// drop is a warehouse.
type drop struct{ code, city string }

var indianDrops = []drop{{"BLR-01", "Bengaluru"}, {"BOM-02", "Bhiwandi"}, {"DEL-03", "Gurugram"}, {"MAA-04", "Chennai"}}
var europeanDrops = []drop{{"LEJ-01", "Leipzig"}, {"TIL-02", "Tilburg"}, {"WRO-03", "Wrocław"}}

// tenants are of very unequal size, as real ones are: the largest has half of
// the rows, the smallest one in fifty.
var tenants = []share[tenant]{
	{520, tenant{"amberlane", []share[string]{{50, "AMBERLANE-WEB"}, {28, "MYNTRA-112"}, {22, "AJIO-7"}},
		[]share[*region]{{1, &india}}, indianDrops, clothing}},
	{240, tenant{"nordhaus", []share[string]{{70, "SHOPIFY-NH"}, {30, "ZALANDO-DE"}},
		[]share[*region]{{1, &europe}}, europeanDrops, household}},
	{140, tenant{"kurta-and-co", []share[string]{{60, "NYKAA-FASHION"}, {40, "KCO-APP"}},
		[]share[*region]{{9, &india}, {1, &europe}}, indianDrops[:2], clothing}},
	{80, tenant{"petalandpine", []share[string]{{1, "WOO-PNP"}},
		[]share[*region]{{3, &europe}, {1, &india}}, europeanDrops[:1], household}},
	{20, tenant{"tiny-toes", []share[string]{{1, "FIRSTCRY-33"}, {2, ""}},
		[]share[*region]{{1, &india}}, indianDrops[:1], footwear}},
}
