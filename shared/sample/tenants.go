package sample

// region is what differs between the markets that the tenants sell in.
type region struct {
	Currency     string
	CODPerMille  int   // of a thousand orders, how many are paid in cash at the door
	PriceStep    money // the smallest step between prices
	PriceDivisor money // turns a style's price into the region's currency
	Names        naming
	Places       []place
	Streets      []string
	Couriers     []share[courier]
	RefundModes  []share[string]
}

// courier is a carrier with the pattern of its tracking numbers; see dice.fill.
type courier struct{ Name, Tracking string }

// tenant is one account of the platform.
type tenant struct {
	Slug     string
	Products string // name of a catalog
	Channels []share[string]
	Markets  []share[string] // names of the regions that the tenant sells in
	Drops    []drop          // the warehouses that take its returns
}

// drop is a warehouse.
type drop struct{ Code, City string }
