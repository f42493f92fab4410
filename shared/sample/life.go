package sample

import "time"

// The portal statuses of a return, in the order of a life that goes well.
const (
	awaitingPickup  = "AWAITING_PICKUP"
	returnOnTheWay  = "RETURN_ON_THE_WAY"
	pickupCancelled = "PICKUP_CANCELLED"
	returnDelivered = "RETURN_DELIVERED"
	inProcessing    = "RETURN_IN_PROCESSING"
	restocked       = "RESTOCKED"
	quarantined     = "QUARANTINED"
	damaged         = "DAMAGED"
	lost            = "LOST"
	customerReturn  = "CUSTOMER_RETURN"
	failedDelivery  = "FAILED_DELIVERY"
	itemPending     = "PENDING"
	conditionGood   = "SELLABLE"
	conditionBad    = "NON_SELLABLE"
	exchange        = "EXCHANGE"
	repay           = "REFUND"
	refundPending   = "PENDING"
	refundDone      = "REFUNDED"
	refundFailed    = "FAILED"
	refundVoid      = "VOID"
)

// life is what happened to a return so far: its status and the milestones that
// led there. A milestone that was not reached is the zero time.
type life struct {
	status, carrierStatus                            string
	eventAt                                          time.Time
	requestedAt, pickedUpAt, deliveredAt, receivedAt time.Time
	completedAt, cancelledAt                         time.Time
}

// Courier sub-types that stand for a portal status, weighted.
var (
	awaitingEvents = []share[string]{{25, "created"}, {15, "approved"}, {35, "pickup_pending"}, {15, "out_for_pickup"}, {10, "pickup_failed"}}
	onTheWayEvents = []share[string]{{20, "picked_up"}, {62, "intransit"}, {14, "out_for_delivery"}, {4, "failed_delivery"}}
	rtoEvents      = []share[string]{{20, "rto"}, {10, "rto_created"}, {55, "rto_intransit"}, {15, "rto_out_for_delivery"}}
	cancelEvents   = []share[string]{{70, "pickup_cancelled"}, {30, "return_cancelled"}}
	outcomes       = []share[string]{{72, restocked}, {14, quarantined}, {11, damaged}, {3, lost}}
)

// How far returns have come, by the age of their last change: what has not
// moved for weeks is mostly at an end.
var (
	recentGoals = []share[string]{
		{24, awaitingPickup}, {24, returnOnTheWay}, {9, pickupCancelled}, {13, returnDelivered}, {9, inProcessing}, {20, "complete"}, {1, lost},
	}
	oldGoals = []share[string]{
		{2, awaitingPickup}, {2, returnOnTheWay}, {12, pickupCancelled}, {1, returnDelivered}, {1, inProcessing}, {80, "complete"}, {2, lost},
	}
)

// recent is the age below which a return may well still be moving.
const recent = 9 * 24 * time.Hour

// life invents a life whose last event was at the given time, backwards from
// there, so that milestones are in order and none is after the last.
func (d dice) life(returnType string, last time.Time, age time.Duration) life {
	goals := oldGoals
	if age < recent {
		goals = recentGoals
	}
	l := life{status: weighted(d, goals), eventAt: last}
	// A parcel that nobody accepted turns round where it is: no pickup to wait
	// for or to cancel.
	if returnType == failedDelivery && (l.status == awaitingPickup || l.status == pickupCancelled) {
		l.status = returnOnTheWay
	}
	at := last
	// back returns the present milestone and steps before it.
	back := func(low, high time.Duration) time.Time {
		reached := at
		at = at.Add(-d.between(low, high))
		return reached
	}
	const hour = time.Hour
	switch l.status {
	case "complete":
		l.status, l.carrierStatus = weighted(d, outcomes), "complete"
		l.completedAt = back(hour, 48*hour)
		fallthrough
	case inProcessing:
		l.name("delivered_warehouse")
		l.receivedAt = back(hour, 30*hour)
		fallthrough
	case returnDelivered:
		l.name(deliveredEvent(returnType))
		l.deliveredAt = back(20*hour, 7*24*hour)
		l.pickedUpAt = at
	case returnOnTheWay, lost:
		l.name(d.onTheWayEvent(l.status, returnType))
		if l.carrierStatus != "picked_up" {
			back(time.Minute, 4*24*hour)
		}
		l.pickedUpAt = at
	case pickupCancelled:
		l.name(weighted(d, cancelEvents))
		l.cancelledAt = at
	case awaitingPickup:
		l.name(weighted(d, awaitingEvents))
	}
	l.requestedAt = at
	if returnType == customerReturn && l.carrierStatus != "created" {
		l.requestedAt = at.Add(-d.between(4*hour, 90*hour))
	}
	return l
}

// name sets the courier's sub-type unless a later event has set it.
func (l *life) name(carrierStatus string) {
	if l.carrierStatus == "" {
		l.carrierStatus = carrierStatus
	}
}

func deliveredEvent(returnType string) string {
	if returnType == failedDelivery {
		return "rto_delivered"
	}
	return "delivered"
}

func (d dice) onTheWayEvent(status, returnType string) string {
	switch {
	case status == lost:
		return "lost"
	case returnType == failedDelivery:
		return weighted(d, rtoEvents)
	default:
		return weighted(d, onTheWayEvents)
	}
}

// overwriteLate does to a small share of delivered returns what a late courier
// event does in real life: the row shows an event that is older than a milestone
// it already has. A reader of the row's status alone shows the past.
func (l *life) overwriteLate(d dice) {
	if !d.chance(latePerMille) || l.deliveredAt.IsZero() {
		return
	}
	l.status, l.carrierStatus = returnOnTheWay, "out_for_delivery"
	l.eventAt = l.deliveredAt.Add(-d.between(time.Minute, 6*time.Hour))
}

// shift moves the whole life in time.
func (l *life) shift(by time.Duration) {
	for _, at := range []*time.Time{
		&l.eventAt, &l.requestedAt, &l.pickedUpAt, &l.deliveredAt, &l.receivedAt, &l.completedAt, &l.cancelledAt,
	} {
		if !at.IsZero() {
			*at = at.Add(by)
		}
	}
}
