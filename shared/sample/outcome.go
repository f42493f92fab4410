package sample

import "encoding/json"

// outcome is what the warehouse decided about one item. The quantities are nil
// until somebody counted.
type outcome struct {
	status, condition, qcReasons, shelf string
	received, restocked                 any
}

// reason is why a customer sent something back.
type reason struct {
	name string
	subs []string
}

// reasons are weighted as complaints are in fashion: size first.
var reasons = []share[reason]{
	{31, reason{"Not satisfied with size or fit", []string{"Too small", "Too large", "Sleeves too long", "Tight at the waist"}}},
	{17, reason{"Not satisfied with quality", []string{"Fabric is thin", "Stitching came off", "Colour faded after wash"}}},
	{13, reason{"Changed my mind", []string{"Found a better price", "Ordered by mistake", "No longer needed"}}},
	{12, reason{"Item damaged on arrival", []string{"Box was crushed", "Product is broken", "Stained or torn"}}},
	{10, reason{"Received a different item", []string{"Wrong colour", "Wrong size", "Wrong product"}}},
	{7, reason{"Looks different from the pictures", []string{"Colour differs", "Pattern differs"}}},
	{6, reason{"Item missing", []string{"Empty parcel", "Part of a set missing"}}},
	{4, reason{"Arrived too late", []string{"Event is over"}}},
}

var undelivered = reason{"Could not be delivered", []string{"Customer not reachable", "Address incomplete", "Customer refused", "COD amount not ready"}}

var comments = []string{
	"Please refund quickly, this is the second time.", "साइज़ छोटा है, कृपया बदलें", "Passt leider nicht – Ärmel zu kurz 😕",
	"La couleur n'est pas celle de la photo", "Colour ekdum alag hai", "Box arrived open; one piece \"missing\".",
	"Größe fällt klein aus", "👎", "நிறம் வேறு", "The zip is stuck at half.",
}

var minorDefects = []string{"Tag missing", "Loose thread", "Packaging opened", "Light stain", "Other item of the same brand"}
var majorDefects = []string{"Torn", "Heavy stain", "Used or washed", "Broken", "Item of another brand", "Missing parts"}

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
			status: status, condition: conditionBad, qcReasons: d.qcReasons(minorDefects), shelf: d.fill("Q-##"),
			received: quantity, restocked: int64(0),
		}
	default:
		return outcome{status: status, condition: conditionBad, qcReasons: d.qcReasons(majorDefects), received: quantity, restocked: int64(0)}
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
