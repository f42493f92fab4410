package sample

import (
	"encoding/xml"
	"strings"
	"testing"
)

// TestEveryProductHasAPicture draws the pictures of many products, and none of others.
func TestEveryProductHasAPicture(t *testing.T) {
	d := newDice(7, 7)
	colours := map[string]bool{}
	for _, styles := range invented.Catalogs {
		for range 50 {
			p := d.product(styles, &region{PriceDivisor: 1, PriceStep: 1})
			path, ours := strings.CutPrefix(p.imageURL, PictureOrigin)
			svg, ok := Picture(path)
			if !ours || !ok || xml.Unmarshal(svg, new(struct{})) != nil {
				t.Errorf("%s: %s", p.imageURL, svg)
			}
			colours[string(svg)] = true
		}
	}
	if len(colours) < 20 {
		t.Errorf("%d different pictures", len(colours))
	}
	for _, path := range []string{"", "catalog", "catalog/NONE/NONE-1/a.jpg", "catalog/../x/y", "other/A/A-1/a.jpg"} {
		if svg, ok := Picture(path); ok {
			t.Errorf("%q: %s", path, svg)
		}
	}
}
