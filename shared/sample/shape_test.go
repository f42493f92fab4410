package sample_test

import (
	"testing"

	"gitlab.com/eshopbox-team/return-sync/shared/sample"
)

// late is the condition of a row that a late courier event overwrote.
const late = "(status_event_at < delivered_at)"

// TestNoRowBreaksTheRules counts the rows that contradict themselves.
func TestNoRowBreaksTheRules(t *testing.T) {
	db, _ := generated(t, sample.GenerateOptions{Rows: 4000, Seed: 3, Now: noon})
	for name, query := range map[string]string{
		"milestones out of order": `SELECT COUNT(*) FROM order_return WHERE requested_at > picked_up_at OR picked_up_at > delivered_at
			OR delivered_at > received_at OR received_at > completed_at OR requested_at > cancelled_at`,
		"without a beginning":    "SELECT COUNT(*) FROM order_return WHERE requested_at IS NULL OR requested_at > created_at",
		"changed before created": "SELECT COUNT(*) FROM order_return WHERE updated_at < created_at OR status_event_at > updated_at",
		"from the future":        "SELECT COUNT(*) FROM order_return WHERE updated_at > '2026-11-20 12:00:00'",
		"changed too long ago":   "SELECT COUNT(*) FROM order_return WHERE updated_at < '2026-11-20 12:00:00' - INTERVAL 90 DAY",
		"item from the future":   "SELECT COUNT(*) FROM order_return_item WHERE updated_at > '2026-11-20 12:00:00' OR updated_at < created_at",
		"end without completion": "SELECT COUNT(*) FROM order_return WHERE status IN ('RESTOCKED', 'QUARANTINED', 'DAMAGED') AND completed_at IS NULL",
		"completion without end": "SELECT COUNT(*) FROM order_return WHERE status NOT IN ('RESTOCKED', 'QUARANTINED', 'DAMAGED', 'LOST') AND completed_at IS NOT NULL AND NOT " + late,
		"delivered, not shown":   "SELECT COUNT(*) FROM order_return WHERE status = 'RETURN_ON_THE_WAY' AND delivered_at IS NOT NULL AND NOT " + late,
		"cancelled, not shown":   "SELECT COUNT(*) FROM order_return WHERE (status = 'PICKUP_CANCELLED') <> (cancelled_at IS NOT NULL)",
		"failed delivery waits":  "SELECT COUNT(*) FROM order_return WHERE return_type = 'FAILED_DELIVERY' AND status IN ('AWAITING_PICKUP', 'PICKUP_CANCELLED')",
		"refunded without time":  "SELECT COUNT(*) FROM order_return WHERE (COALESCE(refund_status, '') = 'REFUNDED') <> (refunded_at IS NOT NULL)",
		"real mailboxes":         "SELECT COUNT(*) FROM order_return WHERE email NOT LIKE '%@example.com' AND email NOT LIKE '%@example.in'",
		"without items":          "SELECT COUNT(*) FROM order_return r WHERE NOT EXISTS (SELECT 1 FROM order_return_item i WHERE i.order_return_id = r.id)",
		"wrong totals":           "SELECT COUNT(*) FROM order_return_item WHERE line_total <> ROUND(unit_price * quantity - discount, 2) OR line_total < 0",
		"refund is not the sum": `SELECT COUNT(*) FROM order_return r WHERE refund_amount <>
			(SELECT SUM(line_total) FROM order_return_item i WHERE i.order_return_id = r.id)`,
		"bad JSON":              "SELECT COUNT(*) FROM order_return_item WHERE qc_rejection_reasons IS NOT NULL AND NOT JSON_VALID(qc_rejection_reasons)",
		"rejected, no reason":   "SELECT COUNT(*) FROM order_return_item WHERE item_status IN ('QUARANTINED', 'DAMAGED') AND qc_rejection_reasons IS NULL",
		"good with a rejection": "SELECT COUNT(*) FROM order_return_item WHERE item_condition = 'SELLABLE' AND item_status <> 'RESTOCKED'",
	} {
		if n := scalar[int](t, db, query); n != 0 {
			t.Errorf("%s: %d rows", name, n)
		}
	}
}

// TestShares holds the sample to the proportions of the real data.
func TestShares(t *testing.T) {
	db, counts := generated(t, sample.GenerateOptions{Rows: 8000, Seed: 5, Now: noon})
	if mean := float64(counts.Items) / float64(counts.Returns); mean < 2.1 || mean > 2.5 {
		t.Errorf("items a return = %.2f; want about 2.3", mean)
	}
	of := func(condition string) string {
		return "SELECT 1000.0 * SUM(" + condition + ") / COUNT(*) FROM order_return"
	}
	for _, c := range []struct {
		name, query string
		low, high   float64
	}{
		{"largest account, of a thousand", of("account_slug = 'amberlane'"), 480, 560},
		{"smallest account, of a thousand", of("account_slug = 'tiny-toes'"), 10, 35},
		{"overwritten late, of a thousand", of("COALESCE(" + late + ", 0)"), 2, 15},
		{"soft-deleted, of a thousand", of("deleted_at IS NOT NULL"), 8, 25},
		{"failed deliveries, of a thousand", of("return_type = 'FAILED_DELIVERY'"), 90, 150},
		{"accounts", "SELECT COUNT(DISTINCT account_slug) FROM order_return", 5, 5},
		{"statuses", "SELECT COUNT(DISTINCT status) FROM order_return", 9, 9},
		{"couriers", "SELECT COUNT(DISTINCT courier_name) FROM order_return", 10, 20},
		{"longest return", "SELECT MAX(line_no) FROM order_return_item", 40, 100},
		{"days with changes", "SELECT COUNT(DISTINCT DATE(updated_at)) FROM order_return", 90, 91},
		{"items changed after their return", `SELECT 1000.0 * SUM(i.updated_at > r.updated_at) / COUNT(*)
			FROM order_return_item i JOIN order_return r ON r.id = i.order_return_id`, 20, 60},
		{"names outside Latin", "SELECT COUNT(*) FROM order_return WHERE CHAR_LENGTH(customer_name) * 2 <= LENGTH(customer_name)", 50, 1000},
	} {
		if got := scalar[float64](t, db, c.query); got < c.low || got > c.high {
			t.Errorf("%s = %.1f; want %.0f to %.0f", c.name, got, c.low, c.high)
		}
	}
}
