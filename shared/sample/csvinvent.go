package sample

import (
	"hash/fnv"
	"slices"
	"strconv"
	"time"
)

// hashed are dice that depend on a text alone.
func hashed(text string) dice {
	h := fnv.New64a()
	h.Write([]byte(text)) // never fails
	return newDice(h.Sum64(), 0)
}

// row makes a row of a CSV return: the file's values, and the rest invented from its
// number.
func (c csvReturn) row(id int64) returnRow {
	d := hashed("return:" + c.number)
	who := weighted(d, invented.Tenants)
	r := d.header(c.number)
	r.id, r.order, r.vendorOrder = id, c.order, ""
	r.account, r.channel, r.currency = who.Slug, weighted(d, who.Channels), c.currency
	age := time.Duration(0)
	if d.chance(800) {
		age = recent
	}
	r.life = d.life(r.returnType, c.returnedAt, age)
	r.life.shift(c.returnedAt.Sub(r.life.requestedAt))
	r.createdAt = c.returnedAt
	r.updatedAt = r.life.eventAt.Add(d.between(200*time.Millisecond, 90*time.Second))
	d.handling(&r, who, european())
	r.refund = d.refund(&r, european(), c.refund)
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
	r.customer = d.person(european().Names)
	code := invented.Countries[c.country]
	r.pickup = address{country: code}
	if here := placesIn(code); len(here) > 0 {
		r.pickup = d.address(one(d, here), european().Streets)
	}
}

// row makes a row of a CSV item, with an invented reason and outcome.
func (c csvItem) row(d dice, r *returnRow, first bool) itemRow {
	why := weighted(d, invented.Reasons)
	if r.returnType == failedDelivery {
		why = invented.Undelivered
	}
	return itemRow{
		returnID: r.id, line: int(c.line), orderItemID: r.number + "-" + strconv.FormatInt(c.line, 10),
		product:  product{sku: c.sku, name: c.description},
		quantity: c.quantity, unitPrice: c.unitPrice, total: c.amount,
		reason: why.Name, subReason: one(d, why.Subs), outcome: d.outcome(r.life, first, c.quantity),
		order: c.order, orderedAt: c.orderedAt, createdAt: r.createdAt, updatedAt: r.updatedAt,
	}
}

// placesIn returns the known places of a country.
func placesIn(code string) []place {
	return slices.DeleteFunc(slices.Clone(european().Places), func(p place) bool { return p.Country != code })
}

// european returns the region of the customers in CSV files.
func european() *region { return invented.Regions["europe"] }
