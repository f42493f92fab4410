package rest

import (
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
)

// TestPublicAddresses judges addresses of every kind, in every form.
func TestPublicAddresses(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{
		"93.184.215.14": true, "2606:2800:21f:cb07:6820:80da:af6b:8b2c": true, "::ffff:93.184.215.14": true, "64:ff9b::5db8:d70e": true,
		"127.0.0.1": false, "127.9.9.9": false, "::1": false, "::ffff:127.0.0.1": false, "0.0.0.0": false, "::": false,
		"169.254.169.254": false, "fe80::1": false, "::ffff:169.254.169.254": false, "64:ff9b::a9fe:a9fe": false, "64:ff9b::7f00:1": false,
		"10.1.2.3": false, "172.16.0.1": false, "192.168.1.1": false, "fd00::1": false, "100.64.0.1": false, "224.0.0.1": false, "255.255.255.255": false, "ff02::1": false,
	} {
		if got := Public(netip.MustParseAddr(text)); got != want {
			t.Errorf("%s: %v", text, got)
		}
	}
}

// TestNothingPrivateIsDialled names a server on loopback in every way that a resolver
// takes, and has a public looking answer send the client there.
func TestNothingPrivateIsDialled(t *testing.T) {
	t.Parallel()
	reached := make(chan string, 100)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		reached <- r.Host
		if r.URL.Path == "/away" {
			http.Redirect(w, r, "/", http.StatusFound)
		}
	}))
	defer server.Close()
	_, port, err := net.SplitHostPort(strings.TrimPrefix(server.URL, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	for _, host := range []string{"127.0.0.1", "localhost", "[::ffff:127.0.0.1]", "0.0.0.0", "127.1", "2130706433"} {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+host+":"+port+"/", nil)
		if err != nil {
			t.Fatal(err)
		}
		if response, err := NewHTTP(false).Do(request); err == nil {
			_ = response.Body.Close()
			t.Errorf("%s answered", host)
		}
	}
	if len(reached) > 0 {
		t.Errorf("a connection came for %s", <-reached)
	}
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL+"/away", nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := NewHTTP(true).Do(request)
	if err != nil || response.StatusCode != http.StatusFound || len(reached) != 1 {
		t.Fatalf("a redirect was followed, or %v", err)
	}
	_ = response.Body.Close()
}

// TestSyncAddresses refuses addresses that a person or a partner should not give.
func TestSyncAddresses(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"https://abc.example/path?x=1": "https://abc.example", " http://abc.example:8080 ": "http://abc.example:8080", "https://[2606:2800::1]:443": "https://[2606:2800::1]:443",
		"ftp://abc.example": "", "abc.example": "", "https://": "", "https://user:secret@abc.example": "", "https://é.example": "", "https://abc.example/\x00": "", "http://a b": "",
		"file:///etc/passwd": "", "https://" + strings.Repeat("a", 260): "",
	} {
		u, err := ParseAddress(text)
		if (err != nil) != (want == "") || err == nil && u.String() != want {
			t.Errorf("%.40q: %v, %v", text, u, err)
		}
	}
}
