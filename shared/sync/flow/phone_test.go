package flow_test

import (
	"encoding/json"
	"fmt"
	"testing"
)

// TestOnlyTheLastFourDigitsOfAPhone syncs phones as people write them. Characters
// that are no digits neither count nor show; a phone of fewer than eight digits
// would be given away too far by four of them, and shows nothing.
func TestOnlyTheLastFourDigitsOfAPhone(t *testing.T) {
	phones := map[string]string{
		"+91 98765 43210":    "3210",
		"9876543210":         "3210",
		"+91-98765-43-2-1-0": "3210",
		"98765 4321 x":       "4321",
		"(080) 1234-5678":    "5678",
		"12345678":           "5678",
		"1234567":            "",
		"12-34-56-7":         "",
		"call me, please":    "",
		"a@example.com":      "",
		"+91 98765 ext. 1":   "7651",
		"":                   "",
	}
	w := newReturns(t)
	id, ids := 0, map[string]string{}
	for phone := range phones {
		id++
		ids[phone] = fmt.Sprintf("R%d-%d", id, id)
		w.exec(`INSERT INTO order_return (id, account_slug, customer_return_number, customer_order_number, contact_phone) VALUES (?, 'acme', ?, ?, ?)`, id, fmt.Sprint("RN-", id), fmt.Sprint("O-", id), phone)
		w.exec(`INSERT INTO order_return_item (id, order_return_id, line_no, sku, quantity) VALUES (?, ?, 1, 'SKU', 1)`, id, id)
	}
	w.synced()
	for phone, want := range phones {
		var record struct {
			Customer struct{ PhoneLast4 string }
		}
		if err := json.Unmarshal([]byte(w.index.content()[ids[phone]]), &record); err != nil || record.Customer.PhoneLast4 != want {
			t.Errorf("%q shows %q, want %q (%v)", phone, record.Customer.PhoneLast4, want, err)
		}
	}
}
