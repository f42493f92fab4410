package spapi

import (
	"bufio"
	"bytes"
	"fmt"
	"hash/fnv"
	"io"
	"math/rand/v2"
	"strings"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/emulator/internal/mishap"
)

// text writes the text of a document with what is wrong with it.
func (s *Server) text(w io.Writer, a address) error {
	switch {
	case a.damage == htmlDocument:
		_, err := io.WriteString(w, "<!DOCTYPE html>\n<html><body><h1>Service Unavailable</h1></body></html>\n")
		return err
	case a.report.end == fatal:
		_, err := io.WriteString(w, `{"errorDetails":"The report could not be produced: the requested dates are outside of the data that we keep."}`)
		return err
	}
	content := s.options.Content
	if content == nil {
		content = s.orders
	}
	damaged := &damager{to: w, kind: a.damage}
	if err := content(damaged, a.report.order); err != nil {
		return err
	}
	return damaged.flush()
}

// damager spoils a line of a text on its way.
type damager struct {
	to   io.Writer
	kind mishap.Kind
	line int
	part bytes.Buffer // a line that has no end yet
}

// Write is part of io.Writer.
func (d *damager) Write(p []byte) (int, error) {
	if d.kind != empty && d.kind != shortRow && d.kind != renamedHeader {
		return d.to.Write(p)
	}
	d.part.Write(p)
	for {
		at := bytes.IndexByte(d.part.Bytes(), '\n')
		if at < 0 {
			return len(p), nil
		}
		if _, err := d.to.Write(d.spoil(d.part.Next(at + 1))); err != nil {
			return 0, err
		}
	}
}

// flush writes the last line, which may have no end.
func (d *damager) flush() error {
	_, err := d.to.Write(d.spoil(d.part.Bytes()))
	return err
}

// spoil returns a line as it is sent.
func (d *damager) spoil(line []byte) []byte {
	d.line++
	at := bytes.LastIndexByte(line, '\t')
	switch {
	case d.kind == empty && d.line > 1:
		return nil
	case d.kind == shortRow && d.line == 3 && at >= 0:
		return append(bytes.Clone(line[:at]), '\n')
	case d.kind == renamedHeader && d.line == 1:
		return append(bytes.Clone(line[:at+1]), "renamed-column\n"...)
	}
	return line
}

// settled is how long after a purchase an order may be Pending.
const settled = 21 * 24 * time.Hour

// orders writes invented orders of the order's day, the same for each call except for
// those that are Pending no longer.
func (s *Server) orders(w io.Writer, o Order) error {
	day := o.DataStartTime
	if day.IsZero() {
		day = s.options.Now().UTC().Truncate(24 * time.Hour)
	}
	hash := fnv.New64a()
	fmt.Fprint(hash, o.ReportType, strings.Join(o.MarketplaceIDs, ","), day.Unix())
	random := rand.New(rand.NewPCG(hash.Sum64(), 0))
	old := s.options.Now().Sub(day) >= settled
	out := bufio.NewWriter(w)
	fmt.Fprint(out, "amazon-order-id\tsku\tpurchase-date\torder-status\tproduct-name\tquantity\tcurrency\titem-price\tship-country\n")
	for n := range s.options.Rows {
		status, open := "Shipped", random.IntN(5) == 0
		if open && !old {
			status = "Pending"
		}
		quantity, price := 1+random.IntN(4), 199+random.IntN(9800)
		fmt.Fprintf(out, "%03d-%07d-%07d\tSKU-%04d\t%s\t%s\t%s\t%d\tEUR\t%d.%02d\t%s\n",
			100+random.IntN(900), random.IntN(1e7), n, random.IntN(500),
			day.Add(time.Duration(random.IntN(86400))*time.Second).UTC().Format(time.RFC3339), status,
			products[random.IntN(len(products))], quantity, price*quantity/100, price*quantity%100, countries[random.IntN(len(countries))])
	}
	return out.Flush()
}

// products and countries are those of the invented orders.
var (
	products  = []string{"Linen shirt", "Café crème mug", "Übergangsjacke", "Wool socks", "Señorita scarf", "Canvas bag"}
	countries = []string{"DE", "FR", "IT", "ES", "NL", "SE"}
)
