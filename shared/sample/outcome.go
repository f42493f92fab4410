package sample

import "encoding/json"

// outcome is the warehouse's decision on one item. The quantities are nil until the
// count.
type outcome struct {
	status, condition, qcReasons, shelf string
	received, restocked                 any
}

// reason is why a customer sent something back, with its finer reasons.
type reason struct {
	Name string
	Subs []string
}

// outcome decides about one item of a return with this life. The first item of
// a return always has the return's own end, the others mostly.
func (d dice) outcome(l life, first bool, quantity int64) outcome {
	switch {
	case l.status == lost && l.completedAt.IsZero():
		return outcome{status: lost}
	case l.status == pickupCancelled:
		return outcome{status: "CANCELLED"}
	case l.receivedAt.IsZero():
		return outcome{status: itemPending}
	case l.completedAt.IsZero():
		return outcome{status: itemPending, received: quantity}
	}
	end := l.status
	if !first && d.chance(150) {
		end = weighted(d, outcomes)
	}
	return d.ended(end, quantity)
}

// ended fills in what belongs to the end of an item's way.
func (d dice) ended(status string, quantity int64) outcome {
	switch status {
	case lost:
		return outcome{status: status, received: int64(0), restocked: int64(0)}
	case restocked:
		return outcome{
			status: status, condition: conditionGood, shelf: d.fill("@-##-") + d.number(9),
			received: quantity, restocked: quantity,
		}
	case quarantined:
		return outcome{
			status: status, condition: conditionBad, qcReasons: d.qcReasons(invented.MinorDefects), shelf: d.fill("Q-##"),
			received: quantity, restocked: int64(0),
		}
	default:
		return outcome{status: status, condition: conditionBad, qcReasons: d.qcReasons(invented.MajorDefects), received: quantity, restocked: int64(0)}
	}
}

// qcReasons is a JSON array of one or two reasons.
func (d dice) qcReasons(from []string) string {
	first := d.IntN(len(from))
	picked := []string{from[first]}
	if d.chance(250) {
		picked = append(picked, from[(first+1)%len(from)])
	}
	out, err := json.Marshal(picked)
	if err != nil {
		panic(err) // strings always marshal
	}
	return string(out)
}
