package sample

import (
	"strconv"
	"time"
)

// money is an amount in thousandths of the currency's unit, the finest that the
// source stores.
type money int64

// String writes all three decimals; the database rounds to the column's own.
func (m money) String() string {
	sign, whole, rest := "", int64(m)/1000, int64(m)%1000
	if m < 0 {
		sign, whole, rest = "-", -whole, -rest
	}
	return sign + strconv.FormatInt(whole, 10) + "." + strconv.FormatInt(1000+rest, 10)[1:]
}

// returnRow is one row of order_return. Empty strings and zero times of columns
// that may be NULL are written as NULL.
type returnRow struct {
	id                                           int64
	account, channel, number, order, vendorOrder string
	returnType, pickupType                       string
	life                                         life
	courier, trackingID                          string
	cod                                          bool
	resolution, currency                         string
	refund                                       refund
	customer                                     person
	pickup                                       address
	dropCode, dropCity, remarks                  string
	version                                      int64
	createdAt, updatedAt, deletedAt              time.Time
	items                                        []itemRow
}

// refund is the amount that the customer gets back, and its state.
type refund struct {
	amount       money
	mode, status string
	at           time.Time
}

// returnColumns and returnRow.values stand side by side and in one order.
var returnColumns = []string{
	"id", "account_slug", "external_channel_id", "customer_return_number", "customer_order_number", "vendor_order_number",
	"return_type", "pickup_type", "status", "carrier_status", "status_event_at", "courier_name", "tracking_id",
	"is_cod", "resolution", "currency", "refund_amount", "refund_mode", "refund_status", "refunded_at",
	"customer_name", "contact_phone", "email",
	"pickup_address", "pickup_city", "pickup_state", "pickup_postal_code", "pickup_country_code",
	"drop_location_code", "drop_city", "remarks",
	"requested_at", "picked_up_at", "delivered_at", "received_at", "completed_at", "cancelled_at",
	"row_version", "created_at", "updated_at", "deleted_at",
}

func (r *returnRow) values(to []any) []any {
	l := &r.life
	return append(to,
		r.id, r.account, r.channel, r.number, r.order, text(r.vendorOrder),
		r.returnType, r.pickupType, l.status, text(l.carrierStatus), instant(l.eventAt), text(r.courier), text(r.trackingID),
		r.cod, r.resolution, r.currency, r.refund.amount.String(), text(r.refund.mode), text(r.refund.status), instant(r.refund.at),
		text(r.customer.name), text(r.customer.phone), text(r.customer.email),
		text(r.pickup.street), text(r.pickup.city), text(r.pickup.state), text(r.pickup.postalCode), text(r.pickup.country),
		text(r.dropCode), text(r.dropCity), text(r.remarks),
		instant(l.requestedAt), instant(l.pickedUpAt), instant(l.deliveredAt), instant(l.receivedAt), instant(l.completedAt), instant(l.cancelledAt),
		r.version, r.createdAt, r.updatedAt, instant(r.deletedAt),
	)
}

// itemRow is one row of order_return_item; NULLs as in returnRow. Received and
// restocked quantities are NULL until the count.
type itemRow struct {
	id, returnID                    int64
	line                            int
	orderItemID                     string
	product                         product
	quantity                        int64
	unitPrice, discount, total      money
	reason, subReason, comment      string
	outcome                         outcome
	order                           string
	orderedAt                       time.Time
	createdAt, updatedAt, deletedAt time.Time
}

// itemColumns and itemRow.values stand side by side and in one order.
var itemColumns = []string{
	"id", "order_return_id", "line_no", "order_item_id", "sku", "esin", "ean", "product_name", "image_url",
	"quantity", "unit_price", "discount", "line_total", "return_reason", "return_sub_reason", "customer_comment",
	"item_status", "item_condition", "qc_rejection_reasons", "shelf", "received_quantity", "restocked_quantity",
	"order_number", "order_date", "created_at", "updated_at", "deleted_at",
}

func (i *itemRow) values(to []any) []any {
	p, o := &i.product, &i.outcome
	return append(to,
		i.id, i.returnID, i.line, text(i.orderItemID), p.sku, text(p.esin), text(p.ean), p.name, text(p.imageURL),
		i.quantity, i.unitPrice.String(), i.discount.String(), i.total.String(), text(i.reason), text(i.subReason), text(i.comment),
		o.status, text(o.condition), text(o.qcReasons), text(o.shelf), o.received, o.restocked,
		text(i.order), instant(i.orderedAt), i.createdAt, i.updatedAt, instant(i.deletedAt),
	)
}

// text is a string that may be NULL.
func text(s string) any {
	if s == "" {
		return nil
	}
	return s
}

// instant is a time that may be NULL.
func instant(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t
}
