package sample

import (
	"strconv"
	"time"
)

// lineCounts is how many items returns have: 2.3 on average, with the long tail
// of wholesale customers.
var lineCounts = []share[[2]int]{
	{6217, [2]int{1, 1}}, {1600, [2]int{2, 2}}, {800, [2]int{3, 3}}, {450, [2]int{4, 4}}, {300, [2]int{5, 5}},
	{400, [2]int{6, 9}}, {200, [2]int{10, 24}}, {30, [2]int{25, 60}}, {3, [2]int{61, 100}},
}

// Shares of mishaps, in returns of a thousand.
const (
	latePerMille    = 8
	deletedPerMille = 15
	// itemEditPerMille is the share of items that were edited after their
	// return's last change.
	itemEditPerMille = 40
)

// returnOf invents one return that last changed at updatedAt. The dice must be
// the return's own.
func returnOf(d dice, id int64, updatedAt, now time.Time) returnRow {
	r := d.header("RT" + strconv.FormatInt(1_000_000+id, 10))
	r.id, r.updatedAt, r.version = id, updatedAt, int64(1+d.IntN(9))
	last := updatedAt.Add(-d.between(200*time.Millisecond, 90*time.Second))
	r.life = d.life(r.returnType, last, now.Sub(updatedAt))
	r.createdAt = r.life.requestedAt.Add(d.between(5*time.Millisecond, 190*time.Millisecond))
	d.fillIn(&r, now)
	d.mishaps(&r)
	return r
}

// header invents the fields that a return has from its first moment.
func (d dice) header(number string) returnRow {
	r := returnRow{number: number, order: d.fill("OD##########"), returnType: customerReturn, pickupType: "reverse", version: 1}
	if d.chance(120) {
		r.returnType = failedDelivery
	}
	if d.chance(300) {
		r.vendorOrder = d.fill("VO-@@######")
	}
	return r
}

// fillIn invents the fields that follow from a return's header and life.
func (d dice) fillIn(r *returnRow, now time.Time) {
	who := weighted(d, invented.Tenants)
	in := invented.Regions[weighted(d, who.Markets)]
	r.account, r.channel, r.currency = who.Slug, weighted(d, who.Channels), in.Currency
	r.customer = d.person(in.Names)
	r.pickup = d.address(one(d, in.Places), in.Streets)
	d.handling(r, who, in)
	d.lines(r, who, in, now)
	var total money
	for _, item := range r.items {
		total += item.total
	}
	r.refund = d.refund(r, in, total)
}

// handling invents the courier and the warehouse of a return, and the form of its refund.
func (d dice) handling(r *returnRow, who tenant, in *region) {
	by := weighted(d, in.Couriers)
	r.courier = by.Name
	if r.life.carrierStatus != "created" {
		r.trackingID = d.fill(by.Tracking)
	}
	to := one(d, who.Drops)
	r.dropCode, r.dropCity = to.Code, to.City
	r.cod = d.chance(in.CODPerMille)
	r.resolution = repay
	if d.chance(180) && r.returnType == customerReturn {
		r.resolution = exchange
	}
	if d.chance(60) {
		r.remarks = one(d, invented.Comments)
	}
}

// lines fills in the items.
func (d dice) lines(r *returnRow, who tenant, in *region, now time.Time) {
	span := weighted(d, lineCounts)
	n := span[0] + d.IntN(span[1]-span[0]+1)
	orderedAt := r.life.requestedAt.Add(-d.between(48*time.Hour, 30*24*time.Hour))
	why := weighted(d, invented.Reasons)
	if r.returnType == failedDelivery {
		why = invented.Undelivered
	}
	r.items = make([]itemRow, n)
	for i := range r.items {
		item := d.line(r, d.product(invented.Catalogs[who.Products], in))
		item.line, item.orderItemID = i+1, r.order+"-"+strconv.Itoa(i+1)
		item.reason, item.subReason, item.orderedAt = why.Name, one(d, why.Subs), orderedAt
		item.outcome = d.outcome(r.life, i == 0, item.quantity)
		if left := now.Sub(r.updatedAt); d.chance(itemEditPerMille) && left > time.Second {
			item.updatedAt = r.updatedAt.Add(d.between(time.Millisecond, min(left, 72*time.Hour)))
		}
		r.items[i] = item
	}
}

// line is an item of a return with its product, quantity and price.
func (d dice) line(r *returnRow, of product) itemRow {
	item := itemRow{returnID: r.id, product: of, quantity: 1, order: r.order, createdAt: r.createdAt, updatedAt: r.updatedAt}
	if d.chance(120) {
		item.quantity = int64(2 + d.IntN(4))
	}
	item.price(d)
	if d.chance(130) {
		item.comment = one(d, invented.Comments)
	}
	return item
}

// price sets the item's price, with a discount in some cases.
func (i *itemRow) price(d dice) {
	i.unitPrice = i.product.price
	gross := i.unitPrice * money(i.quantity)
	if d.chance(280) {
		i.discount = gross * money(5+5*d.IntN(8)) / 100 / 10 * 10
	}
	i.total = gross - i.discount
}

// refund invents the state of the customer's refund.
func (d dice) refund(r *returnRow, in *region, amount money) refund {
	back := refund{amount: amount}
	if r.resolution == exchange || r.returnType == failedDelivery && r.cod {
		return back
	}
	back.mode, back.status = weighted(d, in.RefundModes), refundPending
	switch {
	case r.life.status == pickupCancelled:
		back.status = refundVoid
	case r.life.status == quarantined && d.chance(300):
		back.status = refundFailed
	case !r.life.completedAt.IsZero() && d.chance(900):
		back.status, back.at = refundDone, r.updatedAt.Add(-d.between(0, 100*time.Millisecond))
	}
	return back
}

// mishaps adds the faults of real life to a small share of returns.
func (d dice) mishaps(r *returnRow) {
	r.life.overwriteLate(d)
	if d.chance(deletedPerMille) {
		r.deletedAt = r.updatedAt
	}
}
