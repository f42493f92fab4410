package sample

import (
	"hash/fnv"
	"strconv"
	"time"
)

// hashed are dice that depend on a text alone.
func hashed(text string) dice {
	h := fnv.New64a()
	h.Write([]byte(text)) // never fails
	return newDice(h.Sum64(), 0)
}

// row makes a row of a CSV return: what the file says, and the rest invented
// from its number.
func (c csvReturn) row(id int64) returnRow {
	d := hashed("return:" + c.number)
	who := weighted(d, tenants)
	r := d.header(c.number)
	r.id, r.order, r.vendorOrder = id, c.order, ""
	r.account, r.channel, r.currency = who.slug, weighted(d, who.channels), c.currency
	age := time.Duration(0)
	if d.chance(800) {
		age = recent
	}
	r.life = d.life(r.returnType, c.returnedAt, age)
	r.life.shift(c.returnedAt.Sub(r.life.requestedAt))
	r.createdAt = c.returnedAt
	r.updatedAt = r.life.eventAt.Add(d.between(200*time.Millisecond, 90*time.Second))
	d.handling(&r, who, &europe)
	r.refund = d.refund(&r, &europe, c.refund)
	c.party(&r)
	for i, item := range c.items {
		r.items = append(r.items, item.row(d, &r, i == 0))
	}
	r.life.overwriteLate(d)
	return r
}

// party invents the customer, who stays the same person over all their returns.
func (c csvReturn) party(r *returnRow) {
	d := hashed("customer:" + c.customer)
	if c.customer == "" {
		d = hashed("guest:" + c.number)
	}
	r.customer = d.person(europeanNames)
	code := countryCodes[c.country]
	r.pickup = address{country: code}
	if here := placesIn(code); len(here) > 0 {
		r.pickup = d.address(one(d, here), europeanStreets)
	}
}

// row makes a row of a CSV item, with an invented reason and outcome.
func (c csvItem) row(d dice, r *returnRow, first bool) itemRow {
	why := weighted(d, reasons)
	if r.returnType == failedDelivery {
		why = undelivered
	}
	return itemRow{
		returnID: r.id, line: int(c.line), orderItemID: r.number + "-" + strconv.FormatInt(c.line, 10),
		product:  product{sku: c.sku, name: c.description},
		quantity: c.quantity, unitPrice: c.unitPrice, total: c.amount,
		reason: why.name, subReason: one(d, why.subs), outcome: d.outcome(r.life, first, c.quantity),
		order: c.order, orderedAt: c.orderedAt, createdAt: r.createdAt, updatedAt: r.updatedAt,
	}
}

// placesIn are the known places of a country.
func placesIn(code string) []place {
	var here []place
	for _, p := range europeanPlaces {
		if p.country == code {
			here = append(here, p)
		}
	}
	return here
}

// countryCodes are ISO 3166 codes by the names that the files use. What is not
// a country, such as the European Community, has none.
var countryCodes = map[string]string{
	"Australia": "AU", "Austria": "AT", "Bahrain": "BH", "Belgium": "BE", "Brazil": "BR", "Canada": "CA", "Cyprus": "CY",
	"Czech Republic": "CZ", "Denmark": "DK", "EIRE": "IE", "Finland": "FI", "France": "FR", "Germany": "DE", "Greece": "GR",
	"Hong Kong": "HK", "Iceland": "IS", "Israel": "IL", "Italy": "IT", "Japan": "JP", "Korea": "KR", "Lebanon": "LB",
	"Lithuania": "LT", "Malta": "MT", "Netherlands": "NL", "Nigeria": "NG", "Norway": "NO", "Poland": "PL", "Portugal": "PT",
	"RSA": "ZA", "Saudi Arabia": "SA", "Singapore": "SG", "Spain": "ES", "Sweden": "SE", "Switzerland": "CH", "Thailand": "TH",
	"USA": "US", "United Arab Emirates": "AE", "United Kingdom": "GB",
}
