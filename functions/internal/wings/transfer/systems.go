package transfer

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/transfer"
	"gitlab.com/eshopbox-team/return-sync/shared/transfer/mssql"
	"gitlab.com/eshopbox-team/return-sync/shared/transfer/odoo"
)

// systems is the kind of sides that are an owner's SQL Server and Odoo.
const systems = "systems"

// studioConfig says where the studio's SQL Server is.
type studioConfig struct {
	Host        string `env:"TRANSFER_STUDIO_HOST"`
	Database    string `env:"TRANSFER_STUDIO_DATABASE"`
	User        string `env:"TRANSFER_STUDIO_USER"`
	Password    string `env:"TRANSFER_STUDIO_PASSWORD"`
	Encrypt     string `env:"TRANSFER_STUDIO_ENCRYPT"`
	Certificate string `env:"TRANSFER_STUDIO_CERTIFICATE"`
	Models      string `env:"TRANSFER_STUDIO_MODELS"`
}

// onlineConfig says where the Odoo is.
type onlineConfig struct {
	URL      string `env:"TRANSFER_ONLINE_URL"`
	Database string `env:"TRANSFER_ONLINE_DATABASE"`
	User     string `env:"TRANSFER_ONLINE_USER"`
	Password string `env:"TRANSFER_ONLINE_PASSWORD"`
}

// missing lists the settings that the systems need and that are empty, as the words
// behind each setting's name.
func (c sideConfig) missing() (list []string) {
	studio, online := c.studioConfig, c.onlineConfig
	for _, one := range []struct{ value, what string }{
		{studio.Host, "the studio's host"}, {studio.Database, "the studio's database"}, {studio.User, "the studio's user"}, {studio.Password, "the studio's password"},
		{online.URL, "the address of Odoo"}, {online.Database, "Odoo's database"}, {online.User, "Odoo's user"}, {online.Password, "Odoo's password"},
	} {
		if one.value == "" {
			list = append(list, one.what)
		}
	}
	return list
}

// openStudio opens the studio. It does not connect.
func (c studioConfig) openStudio() (*mssql.Side, error) {
	s := mssql.Settings{Host: c.Host, Database: c.Database, User: c.User, Password: c.Password, Encrypt: c.Encrypt, Certificate: c.Certificate, Connections: 32}
	if c.Models != "" {
		text, err := os.ReadFile(c.Models)
		if err != nil {
			return nil, fmt.Errorf("the models of the studio: %w", err)
		}
		if s.Models, err = mssql.ParseModels(text); err != nil {
			return nil, err
		}
	}
	return mssql.Open(s)
}

// callTimeout bounds a call of Odoo; the worker's own bound is the shorter one.
const callTimeout = time.Minute

// openOnline opens the Odoo. It does not connect. An address without a scheme is one of
// https.
func (c onlineConfig) openOnline(flows transfer.Flows) (*odoo.Side, error) {
	address := c.URL
	if address != "" && !strings.Contains(address, "://") {
		address = "https://" + address
	}
	return odoo.Open(odoo.Config{
		URL: address, Database: c.Database, User: c.User, Password: c.Password, Fields: flows.FieldsOn(transfer.Online), Attempts: 3,
		HTTP: &http.Client{Timeout: callTimeout}, Now: time.Now,
	})
}

// openSystems opens both systems.
func openSystems(c sideConfig, flows transfer.Flows) (sides, error) {
	studio, err := c.openStudio()
	if err != nil {
		return sides{}, err
	}
	online, err := c.openOnline(flows)
	if err != nil {
		return sides{}, errors.Join(err, studio.Close())
	}
	return sides{studio: studio, online: online, close: studio.Close}, nil
}

// Check runs the statements of the studio's models on the studio of an INI file and reads
// a record of each online model that flows name; every difference is a finding.
func Check(ctx context.Context, c Config, create bool) (list []mssql.Finding, err error) {
	if c.Sides.Kind != systems {
		return nil, errors.New("sides: want systems: there is no SQL Server to check")
	}
	studio, err := c.Sides.openStudio()
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, studio.Close()) }()
	if list, err = studio.Check(ctx, time.Now, create); err != nil {
		return list, err
	}
	online, err := c.Sides.openOnline(c.Flows)
	if err != nil {
		return list, err
	}
	fields := mssql.Finding{What: "Odoo's models and fields", Detail: "all that the flows name"}
	if err := online.Check(ctx); err != nil {
		fields.Detail, fields.Differs = err.Error(), true
	}
	list = append(list, fields)
	for _, f := range c.Flows {
		found, err := online.Search(ctx, f.Online, transfer.Query{Most: 1})
		one := mssql.Finding{What: f.Online + " search", Detail: fmt.Sprintf("%d record read", len(found))}
		if err != nil {
			one.Detail, one.Differs = err.Error(), true
		}
		list = append(list, one)
	}
	return c.Tokens.check(ctx, list)
}

// check runs the statements of batches of tokens, if there are any, and undoes them.
func (t tokenBatches) check(ctx context.Context, list []mssql.Finding) ([]mssql.Finding, error) {
	if t.Size == 0 {
		return list, nil
	}
	table, closing, err := t.open()
	if err != nil {
		return list, err
	}
	one := mssql.Finding{What: "Odoo's database, batches of tokens", Detail: "all statements run, rolled back"}
	if err := table.Check(ctx); err != nil {
		one.Detail, one.Differs = err.Error(), true
	}
	return append(list, one), closing()
}
