package algolia_test

import (
	"bufio"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/emulator/algolia"
)

// clientSuites are the packages of the client's own tests that speak to the search API.
// The other packages test analytics, insights, recommendations and dictionaries.
var clientSuites = []string{"index", "search", "account", "extra"}

// TestGoClientSuites runs the client's own suites against the emulator, unchanged: they
// speak https to Algolia's hosts, which a proxy leads here. Multi-cluster management is
// left out: the service has retired it.
func TestGoClientSuites(t *testing.T) {
	server := algolia.New(algolia.Options{PublishDelay: -1})
	defer func() { _ = server.Close() }()
	secure := httptest.NewUnstartedServer(server)
	own := ownCertificate(t)
	secure.TLS = &tls.Config{Certificates: []tls.Certificate{own}, MinVersion: tls.VersionTLS12}
	secure.StartTLS()
	defer secure.Close()
	proxy := httptest.NewServer(tunnel(secure.Listener.Addr().String()))
	defer proxy.Close()
	certificate := filepath.Join(t.TempDir(), "ca.pem")
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: own.Certificate[0]})
	if err := os.WriteFile(certificate, text, 0o600); err != nil {
		t.Fatal(err)
	}
	bin := t.TempDir()
	args := []string{"test", "-c", "-o", bin}
	for _, name := range clientSuites {
		args = append(args, "github.com/algolia/algoliasearch-client-go/v3/cts/"+name)
	}
	if said, err := exec.CommandContext(t.Context(), "go", args...).CombinedOutput(); err != nil {
		t.Fatalf("%v:\n%s", err, said)
	}
	said := []byte{'\n'}
	for _, name := range clientSuites {
		run := exec.CommandContext(t.Context(), filepath.Join(bin, name+".test"), "-test.v", "-test.skip=TestMCM")
		run.Env = append(run.Environ(), "HTTPS_PROXY="+proxy.URL, "NO_PROXY=", "SSL_CERT_FILE="+certificate, "SSL_CERT_DIR=/nowhere")
		for _, n := range []string{"1", "2"} {
			run.Env = append(run.Env, "ALGOLIA_APPLICATION_ID_"+n+"=APP"+n, "ALGOLIA_ADMIN_KEY_"+n+"=admin", "ALGOLIA_SEARCH_KEY_"+n+"=search")
		}
		out, err := run.CombinedOutput()
		if said = append(said, out...); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	passed, failed := strings.Count(string(said), "\n--- PASS: "), strings.Count(string(said), "\n--- FAIL: ")
	t.Logf("%d of %d suites pass", passed, passed+failed)
	if failed > 0 || passed != 23 {
		t.Errorf("%s", said)
	}
}

// ownCertificate returns a certificate of Algolia's hosts that only this test trusts.
func ownCertificate(t *testing.T) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		DNSNames: []string{"*.algolia.net", "*.algolianet.com"},
	}
	raw, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{raw}, PrivateKey: key}
}

// tunnel returns a proxy that leads every connection to one address, whichever host is
// asked for.
func tunnel(address string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		far, err := net.Dial("tcp", address)
		if err != nil || r.Method != http.MethodConnect {
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		near, buffered, err := w.(http.Hijacker).Hijack()
		if err != nil {
			return
		}
		_, _ = near.Write([]byte("HTTP/1.1 200 Connection established\r\n\r\n"))
		go pipe(far, buffered.Reader, near)
		pipe(near, bufio.NewReader(far), far)
	})
}

// pipe copies until one end closes, and closes both.
func pipe(to net.Conn, from *bufio.Reader, source net.Conn) {
	_, _ = from.WriteTo(to)
	_ = to.Close()
	_ = source.Close()
}
