package reports

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/emulator/airtable"
	"gitlab.com/eshopbox-team/return-sync/shared/emulator/spapi"
)

// How many rows the invented reports have.
const (
	amazonRows = 3000
	scanRows   = 3000
	scanPage   = 250
	costRows   = 2000
)

// courierToken is the secret of the invented API; it guards nothing.
const courierToken = "a-token-of-the-local-rehearsal-only"

// vendors are the emulated services: Amazon, Airtable, and an API of ours.
type vendors struct {
	airtable  *airtable.Server
	addresses map[string]string // by amazon, airtable, api
	servers   []*http.Server
}

// openVendors starts the services on loopback.
func openVendors(ctx context.Context) (*vendors, error) {
	v := &vendors{airtable: airtable.New(airtable.Options{}), addresses: map[string]string{}}
	amazon := spapi.New(spapi.Options{Content: writeOrders})
	for name, handler := range map[string]http.Handler{"amazon": amazon, "airtable": v.airtable, "api": api()} {
		l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
		if err != nil {
			return nil, errors.Join(err, v.close())
		}
		server := &http.Server{Handler: handler, ReadHeaderTimeout: 10 * time.Second}
		v.addresses[name], v.servers = "http://"+l.Addr().String(), append(v.servers, server)
		go func() { _ = server.Serve(l) }() // ends with close
	}
	return v, nil
}

// close stops the services.
func (v *vendors) close() error {
	var problems []error
	for _, s := range v.servers {
		problems = append(problems, s.Close())
	}
	return errors.Join(problems...)
}

// amazonLine is one invented order; the report type and day choose the numbers.
func amazonLine(typeID string, day time.Time, n int) []string {
	seed := len(typeID)*7 + day.YearDay() + n
	return []string{
		fmt.Sprintf("902-%07d", n/2), "SKU-" + strconv.Itoa(n%2*100+seed%90), []string{"Shipped", "Pending", "Unshipped"}[seed%3],
		strconv.Itoa(1 + seed%5), fmt.Sprintf("%d.%02d", 5+seed%200, seed%100),
	}
}

// amazonHeader is the header of those orders.
var amazonHeader = []string{"order-id", "sku", "order-status", "quantity", "item-price"}

// writeOrders writes the document of a report at Amazon.
func writeOrders(w io.Writer, o spapi.Order) error {
	if _, err := io.WriteString(w, strings.Join(amazonHeader, "\t")+"\n"); err != nil {
		return err
	}
	for n := range amazonRows {
		if _, err := io.WriteString(w, strings.Join(amazonLine(o.ReportType, o.DataStartTime, n), "\t")+"\n"); err != nil {
			return err
		}
	}
	return nil
}

// scan is an invented scan of a courier.
type scan struct {
	Scan   string  `json:"scan"`
	Place  string  `json:"place"`
	Weight float64 `json:"weight"`
}

// scanOf returns the scan of a day with a number.
func scanOf(day string, n int) scan {
	return scan{fmt.Sprintf("%s-%05d", day, n), []string{"Delhi", "Pune", "Köln"}[n%3], float64(n%700) / 8}
}

// api returns the invented API.
func api() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /scans", func(w http.ResponseWriter, r *http.Request) {
		after, _ := strconv.Atoi(r.URL.Query().Get("after"))
		var answer struct {
			Data struct {
				Scans []scan `json:"scans"`
			} `json:"data"`
			Next string `json:"next,omitempty"`
		}
		for n := after; n < min(after+scanPage, scanRows); n++ {
			answer.Data.Scans = append(answer.Data.Scans, scanOf(r.URL.Query().Get("day"), n))
		}
		if after+scanPage < scanRows {
			answer.Next = strconv.Itoa(after + scanPage)
		}
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(answer) // the reader may have left
	})
	mux.HandleFunc("GET /costs", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/csv; charset=utf-8")
		c := csv.NewWriter(w)
		_ = c.Write([]string{"booking", "what", "cost"})
		for n := range costRows {
			_ = c.Write([]string{r.URL.Query().Get("day") + "/" + strconv.Itoa(n), "rack, \"row\" " + strconv.Itoa(n%40), fmt.Sprintf("%d.%02d", n%90, n%100)})
		}
		c.Flush()
	})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer "+courierToken {
			http.Error(w, "a token is missing", http.StatusForbidden)
			return
		}
		mux.ServeHTTP(w, r)
	})
}
