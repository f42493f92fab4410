package sample

import (
	"fmt"
	"hash/fnv"
	"html"
	"strings"
	"unicode/utf8"
)

// Picture draws the picture of an invented product as SVG, by the path of its address behind
// PictureOrigin, such as catalog/CODE/CODE-101-2/front-1080x1440.jpg: the initial of the
// product's name on its colour. False says that no product has such a picture.
func Picture(path string) (svg []byte, ok bool) {
	parts := strings.Split(path, "/")
	if len(parts) != 4 || parts[0] != "catalog" || !strings.HasPrefix(parts[2], parts[1]+"-") {
		return nil, false
	}
	for _, styles := range invented.Catalogs {
		for _, s := range styles {
			if s.Code != parts[1] {
				continue
			}
			colour, _, _ := strings.Cut(strings.TrimPrefix(parts[2], s.Code+"-"), "-")
			hash := fnv.New32a()
			_, _ = hash.Write([]byte(s.Code + colour))
			first, _ := utf8.DecodeRuneInString(s.Name)
			return fmt.Appendf(nil, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 72 90"><rect width="72" height="90" fill="hsl(%d 38%% 72%%)"/>`+
				`<text x="36" y="57" font-family="sans-serif" font-size="36" font-weight="600" text-anchor="middle" fill="#0008">%s</text></svg>`,
				hash.Sum32()%360, html.EscapeString(string(first))), true
		}
	}
	return nil, false
}
