// Package cloudsql opens connections to Google Cloud SQL through its connector, which
// finds the instance by name, encrypts, and authenticates with the service's own
// account. A plain DSN needs no connector.
//
// The certificate is fetched when a connection needs it and not in the background (lazy
// refresh): between requests Cloud Run gives a service no CPU, and a background refresh
// would come too late, with an expired certificate. Nothing is dialled before the first
// connection, so a start stays short, and an outage of Google's API fails a request and
// not the start.
package cloudsql

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"

	"cloud.google.com/go/cloudsqlconn"
	"cloud.google.com/go/cloudsqlconn/instance"
	driver "github.com/go-sql-driver/mysql"
)

// Network is the network of a DSN that names its own instance:
// user:password@cloudsql(project:region:instance)/database.
const Network = "cloudsql"

// Config holds the environment's settings of Cloud SQL. Without an instance a DSN is
// used unchanged, unless its network is Network.
type Config struct {
	// Instance is project:region:instance; it replaces the address of every DSN that
	// names no instance.
	Instance string `env:"CLOUD_SQL_INSTANCE"`
	// IP selects the instance's address: private (in the VPC), public or psc.
	IP string `env:"CLOUD_SQL_IP, default=private"`
	// IAM logs in as the service's account instead of with a password.
	IAM bool `env:"CLOUD_SQL_IAM_AUTH, default=false"`
}

// ways are the values of Config.IP.
var ways = map[string]func() cloudsqlconn.DialOption{
	"private": cloudsqlconn.WithPrivateIP, "public": cloudsqlconn.WithPublicIP, "psc": cloudsqlconn.WithPSC,
}

// connector is the used part of Google's dialer.
type connector interface {
	Dial(ctx context.Context, instance string, options ...cloudsqlconn.DialOption) (net.Conn, error)
	Close() error
}

// Dialer connects to instances. It is safe for concurrent use.
type Dialer struct {
	cfg  Config
	open func(ctx context.Context) (connector, error)

	mu     sync.Mutex
	opened connector
}

// New returns a dialer. It does not connect. options are further options of Google's
// dialer, for tests without Google.
func New(cfg Config, options ...cloudsqlconn.Option) (*Dialer, error) {
	way, ok := ways[cfg.IP]
	if !ok {
		return nil, errors.New("CLOUD_SQL_IP must be private, public or psc")
	}
	if cfg.Instance != "" {
		if err := checkInstance(cfg.Instance); err != nil {
			return nil, fmt.Errorf("CLOUD_SQL_INSTANCE: %w", err)
		}
	}
	options = append([]cloudsqlconn.Option{
		cloudsqlconn.WithLazyRefresh(),
		cloudsqlconn.WithDefaultDialOptions(way()),
		// The connector's metrics would need a right of their own.
		cloudsqlconn.WithBuiltInMetrics(false),
	}, options...)
	if cfg.IAM {
		options = append(options, cloudsqlconn.WithIAMAuthN())
	}
	return &Dialer{cfg: cfg, open: func(ctx context.Context) (connector, error) {
		return cloudsqlconn.NewDialer(ctx, options...)
	}}, nil
}

// checkInstance refuses a name that no instance can have.
func checkInstance(name string) error {
	if _, err := instance.ParseConnName(name); err != nil {
		return errors.New("it must be project:region:instance, as gcloud sql instances describe shows under connectionName")
	}
	return nil
}

// Through returns the DSN to connect with and whether this dialer must dial it. An
// unreadable DSN is returned unchanged: opening it reports the error.
func (d *Dialer) Through(dsn string) (string, bool, error) {
	cfg, err := driver.ParseDSN(dsn)
	if err != nil {
		return dsn, false, nil
	}
	if cfg.Net != Network {
		if d.cfg.Instance == "" {
			return dsn, false, nil
		}
		cfg.Net, cfg.Addr = Network, d.cfg.Instance
	}
	if err := checkInstance(cfg.Addr); err != nil {
		return "", false, fmt.Errorf("the DSN's address in %s(...): %w", Network, err)
	}
	if d.cfg.IAM {
		// The account's token replaces the password, inside the connector's TLS.
		cfg.AllowCleartextPasswords = true
	}
	return cfg.FormatDSN(), true, nil
}

// Dial connects to the instance that address names; it is a DialFunc of the
// go-sql-driver for DSNs that Through returned.
func (d *Dialer) Dial(ctx context.Context, _, address string) (net.Conn, error) {
	c, err := d.connector(ctx)
	if err != nil {
		return nil, fmt.Errorf("the connector to Cloud SQL cannot start: %w: does this service have an account with roles/cloudsql.client?", err)
	}
	conn, err := c.Dial(ctx, address)
	if err != nil {
		return nil, fmt.Errorf("instance %s of Cloud SQL, by its %s address: %w", address, d.cfg.IP, err)
	}
	return conn, nil
}

// connector opens Google's dialer once; the next connection retries after a failure.
func (d *Dialer) connector(ctx context.Context) (connector, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.opened != nil {
		return d.opened, nil
	}
	// The dialer's credentials outlive the request that happens to be the first.
	c, err := d.open(context.WithoutCancel(ctx))
	if err == nil {
		d.opened = c
	}
	return c, err
}

// Close closes the dialer.
func (d *Dialer) Close() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.opened == nil {
		return nil
	}
	c := d.opened
	d.opened = nil
	return c.Close()
}
