package sample

import "strconv"

// PictureOrigin is what the addresses of all pictures begin with. Nothing is there: Picture
// draws what would be.
const PictureOrigin = "https://images.example.com/"

// product is an article that was sold.
type product struct {
	sku, esin, ean, name, imageURL string
	price                          money
}

// style is a product in all its sizes and colours.
type style struct {
	Code, Name string
	Sizes      []string
	Low, High  int // bounds of the price in rupees; see region.PriceDivisor
}

// product picks a product of a tenant, priced for a region.
func (d dice) product(styles []style, in *region) product {
	s := one(d, styles)
	colour := d.IntN(len(invented.Colours))
	size := d.IntN(len(s.Sizes))
	code := s.Code + "-" + strconv.Itoa(100+colour) + "-" + strconv.Itoa(size+1)
	price := money(s.Low+d.IntN(s.High-s.Low)) * 1000 / in.PriceDivisor
	price -= price % in.PriceStep
	return product{
		sku:      code,
		esin:     "ES" + code[:3] + strconv.Itoa(colour*10+size) + "X" + strconv.Itoa(len(s.Name)),
		ean:      ean(s, colour, size),
		name:     s.Name + ", " + invented.Colours[colour] + ", " + s.Sizes[size],
		imageURL: PictureOrigin + "catalog/" + s.Code + "/" + code + "/front-1080x1440.jpg",
		price:    max(price, in.PriceStep),
	}
}

// ean makes an article number with a valid check digit, the same for the same
// product.
func ean(s style, colour, size int) string {
	n := 0
	for _, r := range s.Code {
		n = n*26 + int(r-'A')
	}
	digits := "890" + strconv.Itoa(1_000_000_000 + n*1000 + colour*10 + size)[1:]
	sum := 0
	for i, r := range digits {
		sum += int(r-'0') * (1 + 2*(i%2))
	}
	return digits + strconv.Itoa((10-sum%10)%10)
}
