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
	"sync/atomic"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/emulator/airtable"
	"gitlab.com/eshopbox-team/return-sync/shared/emulator/spapi"
)

// How many rows the invented reports have. The sales report also goes to Airtable, which
// takes 50 rows a second.
const (
	salesRows = 120
	stockRows = 4200
	scanRows  = 4100
	scanPage  = 250
	costRows  = 2500
)

// courierToken is the secret of the invented API; it guards nothing.
const courierToken = "a-token-of-the-local-rehearsal-only"

// vendors are the emulated services: Amazon, Airtable, MongoDB and an API of ours.
type vendors struct {
	amazon    *spapi.Server
	airtable  *airtable.Server
	api       *flaky
	costs     atomic.Int64      // rows of the report of costs
	addresses map[string]string // by amazon, airtable, api
	servers   []*http.Server

	// mongo is nil where MongoDB cannot be had; noMongo says why.
	mongo   *mongoServer
	noMongo error
	proxy   *mongoProxy // before it
}

// openVendors starts the services on loopback. Without MongoDB the others run.
func openVendors(ctx context.Context, log io.Writer) (*vendors, error) {
	v := &vendors{
		amazon: spapi.New(spapi.Options{Content: writeOrders}), airtable: airtable.New(airtable.Options{}),
		addresses: map[string]string{},
	}
	v.costs.Store(costRows)
	v.api = &flaky{Handler: api(&v.costs)}
	for name, handler := range map[string]http.Handler{"amazon": v.amazon, "airtable": v.airtable, "api": v.api} {
		l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
		if err != nil {
			return nil, errors.Join(err, v.close())
		}
		server := &http.Server{Handler: handler, ReadHeaderTimeout: 10 * time.Second}
		v.addresses[name], v.servers = "http://"+l.Addr().String(), append(v.servers, server)
		go func() { _ = server.Serve(l) }() // ends with close
	}
	if v.mongo, v.noMongo = startMongo(ctx, log); v.noMongo != nil {
		_, _ = fmt.Fprintln(log, "MongoDB is left out:", v.noMongo)
		return v, nil
	}
	var err error
	if v.proxy, err = openMongoProxy(ctx, v.mongo.address); err != nil {
		return nil, errors.Join(err, v.close())
	}
	return v, nil
}

// mongoURI is the address of MongoDB; empty where it cannot be had.
func (v *vendors) mongoURI() string {
	if v.mongo == nil {
		return ""
	}
	return "mongodb://" + v.proxy.listener.Addr().String() + "/"
}

// close stops the services.
func (v *vendors) close() error {
	var problems []error
	for _, s := range v.servers {
		problems = append(problems, s.Close())
	}
	if v.proxy != nil {
		problems = append(problems, v.proxy.close())
	}
	if v.mongo != nil {
		problems = append(problems, v.mongo.close())
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

// amazonRows is how many rows a report type at Amazon has.
func amazonRows(typeID string) int {
	if typeID == salesID {
		return salesRows
	}
	return stockRows
}

// The report types at Amazon of the definitions.
const (
	salesID = "GET_FLAT_FILE_ALL_ORDERS_DATA_BY_ORDER_DATE_GENERAL"
	stockID = "GET_AFN_INVENTORY_DATA"
)

// amazonHeader is the header of those orders.
var amazonHeader = []string{"order-id", "sku", "order-status", "quantity", "item-price"}

// writeOrders writes the document of a report at Amazon.
func writeOrders(w io.Writer, o spapi.Order) error {
	if _, err := io.WriteString(w, strings.Join(amazonHeader, "\t")+"\n"); err != nil {
		return err
	}
	for n := range amazonRows(o.ReportType) {
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
func api(costs *atomic.Int64) http.Handler {
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
		for n := range int(costs.Load()) {
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
