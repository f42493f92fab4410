package sample

import "strconv"

// product is what was sold.
type product struct {
	sku, esin, ean, name, imageURL string
	price                          money
}

// style is a product in all its sizes and colours.
type style struct {
	code, name string
	sizes      []string
	// low and high bound the price in the currency's unit, in rupees; Europe
	// pays a fiftieth in euros.
	low, high int
}

var (
	letterSizes = []string{"XS", "S", "M", "L", "XL", "XXL"}
	waistSizes  = []string{"28", "30", "32", "34", "36", "38"}
	shoeSizes   = []string{"UK 4", "UK 5", "UK 6", "UK 7", "UK 8", "UK 9", "UK 10"}
	oneSize     = []string{"One size"}
)

var clothing = []style{
	{"KRT", "Anarkali Cotton Kurta", letterSizes, 799, 2499}, {"SAR", "Banarasi Silk Saree", oneSize, 1999, 12999},
	{"LHG", "Embroidered Lehenga Choli", letterSizes, 2999, 15999}, {"TSH", "Organic Crew-Neck T-Shirt", letterSizes, 399, 1299},
	{"DNM", "Slim-Fit Stretch Jeans", waistSizes, 1299, 3999}, {"SHR", "Linen Mandarin-Collar Shirt", letterSizes, 999, 2999},
	{"DUP", "Phulkari Dupatta", oneSize, 599, 1899}, {"NHR", "Khadi Nehru Jacket", letterSizes, 1499, 3499},
	{"PLZ", "Printed Palazzo Trousers", letterSizes, 599, 1599}, {"SHW", "Pashmina Shawl – hand-woven", oneSize, 2499, 9999},
}

var household = []style{
	{"MUG", "Stoneware Mug “Fjörd”", oneSize, 499, 999}, {"BLK", "Merino Throw Blanket", []string{"130×170 cm", "150×200 cm"}, 2999, 7999},
	{"LMP", "Brass Table Lamp", oneSize, 2499, 8999}, {"PLN", "Ceramic Planter, glazed", []string{"Ø 12 cm", "Ø 18 cm", "Ø 24 cm"}, 699, 2499},
	{"CUT", "Oak Cutting Board", []string{"S", "L"}, 899, 2199}, {"CAN", "Beeswax Candle Set (6 pcs)", oneSize, 599, 1499},
	{"TWL", "Waffle Bath Towel", []string{"50×100 cm", "70×140 cm"}, 499, 1799}, {"CLK", "Wall Clock “Götaplatsen”", oneSize, 1999, 4999},
}

var footwear = []style{
	{"SND", "Velcro Sandals, kids", shoeSizes, 499, 1499}, {"SNK", "Light-Up Sneakers", shoeSizes, 999, 2499},
	{"MOJ", "Embroidered Mojari", shoeSizes, 699, 1999}, {"RBT", "Rain Boots “Mēgha”", shoeSizes, 799, 1799},
}

var colours = []string{"Indigo", "Rust", "Ivory", "Olive", "Maroon", "Teal", "Mustard", "Charcoal", "Rosé", "Sky Blue"}

// product picks a product of a tenant, priced for a region.
func (d dice) product(styles []style, in *region) product {
	s := one(d, styles)
	colour := d.IntN(len(colours))
	size := d.IntN(len(s.sizes))
	code := s.code + "-" + strconv.Itoa(100+colour) + "-" + strconv.Itoa(size+1)
	price := money(s.low+d.IntN(s.high-s.low)) * 1000
	if in == &europe {
		price /= 50
	}
	price -= price % in.priceStep
	return product{
		sku:      code,
		esin:     "ES" + code[:3] + strconv.Itoa(colour*10+size) + "X" + strconv.Itoa(len(s.name)),
		ean:      ean(s, colour, size),
		name:     s.name + ", " + colours[colour] + ", " + s.sizes[size],
		imageURL: "https://images.example.com/catalog/" + s.code + "/" + code + "/front-1080x1440.jpg",
		price:    max(price, in.priceStep),
	}
}

// ean makes an article number with a valid check digit, the same for the same
// product.
func ean(s style, colour, size int) string {
	n := 0
	for _, r := range s.code {
		n = n*26 + int(r-'A')
	}
	digits := "890" + strconv.Itoa(1_000_000_000 + n*1000 + colour*10 + size)[1:]
	sum := 0
	for i, r := range digits {
		sum += int(r-'0') * (1 + 2*(i%2))
	}
	return digits + strconv.Itoa((10-sum%10)%10)
}
