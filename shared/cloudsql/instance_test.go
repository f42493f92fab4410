package cloudsql_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"database/sql"
	"encoding/json"
	"encoding/pem"
	"io"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"cloud.google.com/go/cloudsqlconn"
	driver "github.com/go-sql-driver/mysql"
	"golang.org/x/oauth2"

	"gitlab.com/eshopbox-team/return-sync/shared/cloudsql"
	"gitlab.com/eshopbox-team/return-sync/shared/localdb/localdbtest"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/source/mysql"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/store"
)

func TestMain(m *testing.M) { localdbtest.Main(m) }

// The instance of the tests: it has a public and a private address.
const (
	instance = "proj:asia-south1:returns"
	private  = "10.1.2.3:3307"
	public   = "203.0.113.9:3307"
)

// google is the part of the Cloud SQL Admin API that the connector calls, and the
// proxy in front of an instance.
type google struct {
	t      *testing.T
	ca     *x509.Certificate
	caKey  *ecdsa.PrivateKey
	calls  atomic.Int32
	dialed chan string
	proxy  net.Listener
}

// newGoogle starts it before a database.
func newGoogle(t *testing.T, database string) (*google, []cloudsqlconn.Option) {
	t.Helper()
	g := &google{t: t, dialed: make(chan string, 100)}
	var err error
	if g.caKey, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader); err != nil {
		t.Fatal(err)
	}
	g.ca = g.sign("ca", &g.caKey.PublicKey)
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	cert := tls.Certificate{Certificate: [][]byte{g.sign("proj:returns", &key.PublicKey).Raw}, PrivateKey: key}
	g.proxy, err = tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: []tls.Certificate{cert}, ClientAuth: tls.RequireAnyClientCert, MinVersion: tls.VersionTLS13})
	if err != nil {
		t.Fatal(err)
	}
	go g.serve(database)
	api := httptest.NewServer(http.HandlerFunc(g.api))
	t.Cleanup(func() { _ = g.proxy.Close(); api.Close() })
	return g, []cloudsqlconn.Option{
		cloudsqlconn.WithAdminAPIEndpoint(api.URL), cloudsqlconn.WithHTTPClient(api.Client()),
		cloudsqlconn.WithTokenSource(oauth2.StaticTokenSource(&oauth2.Token{AccessToken: "t", Expiry: time.Now().Add(time.Hour)})),
		cloudsqlconn.WithDialFunc(func(ctx context.Context, network, address string) (net.Conn, error) {
			g.dialed <- address
			var d net.Dialer
			return d.DialContext(ctx, network, g.proxy.Addr().String())
		}),
	}
}

// sign returns a certificate of the authority.
func (g *google) sign(name string, key any) *x509.Certificate {
	g.t.Helper()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, IsCA: name == "ca", BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
	}
	parent := g.ca
	if parent == nil {
		parent = template
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, key, g.caKey)
	if err != nil {
		g.t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		g.t.Fatal(err)
	}
	return cert
}

// text returns a certificate as PEM.
func text(c *x509.Certificate) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw}))
}

// api answers for the Admin API.
func (g *google) api(w http.ResponseWriter, r *http.Request) {
	g.calls.Add(1)
	var answer any
	switch {
	case strings.HasSuffix(r.URL.Path, "/projects/proj/instances/returns/connectSettings"):
		answer = map[string]any{
			"backendType": "SECOND_GEN", "databaseVersion": "MYSQL_8_4", "region": "asia-south1", "serverCaCert": map[string]string{"cert": text(g.ca)},
			"ipAddresses": []map[string]string{{"type": "PRIMARY", "ipAddress": "203.0.113.9"}, {"type": "PRIVATE", "ipAddress": "10.1.2.3"}},
		}
	case strings.HasSuffix(r.URL.Path, ":generateEphemeralCert"):
		answer = map[string]any{"ephemeralCert": map[string]string{"cert": g.ephemeral(r)}}
	default:
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(answer)
}

// ephemeral signs the key of a request; nothing without one.
func (g *google) ephemeral(r *http.Request) string {
	var body map[string]string
	if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
		return ""
	}
	block, _ := pem.Decode([]byte(body["public_key"]))
	if block == nil {
		return ""
	}
	key, err := x509.ParsePKIXPublicKey(block.Bytes)
	if err != nil {
		return ""
	}
	return text(g.sign("client", key))
}

// serve passes connections on to the database.
func (g *google) serve(database string) {
	for {
		in, err := g.proxy.Accept()
		if err != nil {
			return
		}
		go func() {
			defer func() { _ = in.Close() }()
			out, err := net.Dial("tcp", database)
			if err != nil {
				return
			}
			defer func() { _ = out.Close() }()
			go func() { _, _ = io.Copy(out, in); _ = out.Close() }()
			_, _ = io.Copy(in, out)
		}()
	}
}

// TestBothPoolsThroughTheConnector has Google's own connector reach a real
// database for our tables and for the source's, by the address that was chosen.
func TestBothPoolsThroughTheConnector(t *testing.T) {
	dsn := localdbtest.New(t)
	cfg, err := driver.ParseDSN(dsn)
	if err != nil {
		t.Fatal(err)
	}
	for way, address := range map[string]string{"private": private, "public": public} {
		t.Run(way, func(t *testing.T) {
			g, options := newGoogle(t, cfg.Addr)
			d, err := cloudsql.New(cloudsql.Config{Instance: instance, IP: way}, options...)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = d.Close() }()
			through, ok, err := d.Through(dsn)
			if err != nil || !ok {
				t.Fatal(ok, err)
			}
			ours, err1 := store.Open(through, 2, slog.New(slog.DiscardHandler), d.Dial)
			theirs, err2 := mysql.Open(through, 2, d.Dial)
			if err1 != nil || err2 != nil {
				t.Fatal(err1, err2)
			}
			if g.calls.Load() != 0 {
				t.Error("Google was asked before a connection was wanted")
			}
			for _, pool := range []*sql.DB{ours.SQL(), theirs.SQL()} {
				var zone, name string
				err := pool.QueryRowContext(t.Context(), "SELECT @@session.time_zone, DATABASE()").Scan(&zone, &name)
				if err != nil || zone != "+00:00" || name != cfg.DBName {
					t.Errorf("zone %q, database %q, %v", zone, name, err)
				}
				if got := <-g.dialed; got != address {
					t.Errorf("dialled %s, want %s", got, address)
				}
			}
			if calls := g.calls.Load(); calls != 2 {
				t.Errorf("%d calls of the Admin API for two pools, want 2", calls)
			}
			_ = ours.Close()
			_ = theirs.Close()
		})
	}
}
