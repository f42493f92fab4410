package cloudsql

import (
	"context"
	"errors"
	"net"
	"strings"
	"sync"
	"testing"

	"cloud.google.com/go/cloudsqlconn"
	driver "github.com/go-sql-driver/mysql"
)

func TestThrough(t *testing.T) {
	const plain = "u:p@tcp(db:3306)/d?timeout=5s"
	cases := map[string]struct {
		cfg     Config
		dsn     string
		through bool
		address string
		clear   bool
	}{
		"plain":             {Config{}, plain, false, "db:3306", false},
		"by setting":        {Config{Instance: "p:r:i"}, plain, true, "p:r:i", false},
		"by DSN":            {Config{}, "u:p@cloudsql(p:r:j)/d", true, "p:r:j", false},
		"the DSN wins":      {Config{Instance: "p:r:i"}, "u:p@cloudsql(p:r:j)/d", true, "p:r:j", false},
		"as an account":     {Config{Instance: "p:r:i", IAM: true}, "sa@tcp(x)/d", true, "p:r:i", true},
		"a project's scope": {Config{Instance: "example.com:p:r:i"}, plain, true, "example.com:p:r:i", false},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			c.cfg.IP = "private"
			d, err := New(c.cfg)
			if err != nil {
				t.Fatal(err)
			}
			got, through, err := d.Through(c.dsn)
			cfg, problem := driver.ParseDSN(got)
			if err != nil || problem != nil || through != c.through {
				t.Fatal(got, through, err, problem)
			}
			if cfg.Addr != c.address || cfg.DBName != "d" || cfg.AllowCleartextPasswords != c.clear || through && cfg.Net != Network {
				t.Errorf("%s", got)
			}
			if !through && got != c.dsn {
				t.Errorf("a plain DSN became %s", got)
			}
		})
	}
}

func TestWhatIsNoInstanceIsRefused(t *testing.T) {
	for name, cfg := range map[string]Config{"instance": {Instance: "my-db", IP: "private"}, "way": {IP: "pigeon"}} {
		if _, err := New(cfg); err == nil || !strings.Contains(err.Error(), "CLOUD_SQL_I") {
			t.Errorf("%s: %v", name, err)
		}
	}
	d, err := New(Config{IP: "private"})
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := d.Through("u:s3cret@cloudsql(my-db)/d"); err == nil || !strings.Contains(err.Error(), "project:region:instance") || strings.Contains(err.Error(), "s3cret") {
		t.Errorf("%v", err)
	}
	if dsn, through, err := d.Through("no dsn"); dsn != "no dsn" || through || err != nil {
		t.Errorf("what cannot be read: %q %v %v", dsn, through, err)
	}
}

// fake is a connector that counts.
type fake struct {
	mu     sync.Mutex
	dials  []string
	closed int
}

// Dial implements connector.
func (f *fake) Dial(_ context.Context, instance string, _ ...cloudsqlconn.DialOption) (net.Conn, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.dials = append(f.dials, instance)
	return nil, errors.New("as told")
}

// Close implements connector.
func (f *fake) Close() error {
	f.closed++
	return nil
}

// TestNothingIsOpenedBeforeItIsWanted counts the openings by caller.
func TestNothingIsOpenedBeforeItIsWanted(t *testing.T) {
	d, err := New(Config{IP: "private"})
	if err != nil {
		t.Fatal(err)
	}
	opened, broken, f := 0, true, &fake{}
	d.open = func(ctx context.Context) (connector, error) {
		opened++
		if broken {
			return nil, errors.New("no credentials")
		}
		return f, ctx.Err()
	}
	if err := d.Close(); err != nil || opened != 0 {
		t.Errorf("closing opened something: %d, %v", opened, err)
	}
	if _, err := d.Dial(t.Context(), Network, "p:r:i"); err == nil || !strings.Contains(err.Error(), "roles/cloudsql.client") {
		t.Errorf("%v", err)
	}
	broken = false
	ended, end := context.WithCancel(t.Context())
	end() // the first request may end first
	var all sync.WaitGroup
	for range 10 {
		all.Go(func() {
			if _, err := d.Dial(ended, Network, "p:r:i"); err == nil || !strings.Contains(err.Error(), "p:r:i") {
				t.Errorf("%v", err)
			}
		})
	}
	all.Wait()
	if opened != 2 || len(f.dials) != 10 {
		t.Errorf("opened %d times, dialled %d times", opened, len(f.dials))
	}
	if err := errors.Join(d.Close(), d.Close()); err != nil || f.closed != 1 {
		t.Errorf("closed %d times, %v", f.closed, err)
	}
}
