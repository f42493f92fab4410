package reports

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"gitlab.com/eshopbox-team/return-sync/functions/internal/wire"
	"gitlab.com/eshopbox-team/return-sync/shared/fault"
	"gitlab.com/eshopbox-team/return-sync/shared/report"
	"gitlab.com/eshopbox-team/return-sync/shared/report/airtable"
	"gitlab.com/eshopbox-team/return-sync/shared/report/datapoints"
	"gitlab.com/eshopbox-team/return-sync/shared/report/definition"
	"gitlab.com/eshopbox-team/return-sync/shared/report/flow"
	"gitlab.com/eshopbox-team/return-sync/shared/report/httpjson"
	"gitlab.com/eshopbox-team/return-sync/shared/report/mongodb"
	"gitlab.com/eshopbox-team/return-sync/shared/report/spapi"
	reportsql "gitlab.com/eshopbox-team/return-sync/shared/report/sql"
	"gitlab.com/eshopbox-team/return-sync/shared/report/store"
	"gitlab.com/eshopbox-team/return-sync/shared/sqldb"
)

// mongoConfig holds the environment's settings of MongoDB.
type mongoConfig struct {
	URI      string `env:"MONGODB_URI"`
	Database string `env:"MONGODB_DATABASE, default=reports"`
}

// limitWait is how long a call waits for a shared limit before its report waits.
const limitWait = 30 * time.Second

// technologies opens sources and destinations by their kinds. Each is opened once a
// process and type.
type technologies struct {
	opening     wire.Opening
	definitions []report.Definition
	amazon      *spapi.Client
	amazonSet   error // why the application at Amazon cannot be used
	airtable    airtableConfig
	mongoSet    mongoConfig

	mu    sync.Mutex
	parts map[string]flow.Parts
	pools map[string]*sql.DB
	mongo *mongo.Database
}

// technologiesOf reads the definitions and the settings, into further targets too.
func technologiesOf(ctx context.Context, o wire.Opening, c *Config, more ...any) (*technologies, error) {
	var amazon spapi.Config
	t := &technologies{opening: o, parts: map[string]flow.Parts{}, pools: map[string]*sql.DB{}}
	if err := wire.Configure(ctx, o.Lookup, append([]any{c, &amazon, &t.airtable, &t.mongoSet}, more...)...); err != nil {
		return nil, err
	}
	t.amazonSet = amazon.Check()
	t.amazon = &spapi.Client{Config: amazon, Now: time.Now, Limiter: &store.Limiter{Store: store.New(o.Pool), Most: limitWait}}
	var err error
	t.definitions, err = definition.Load(c.Dir)
	return t, err
}

// open implements flow.Open.
func (t *technologies) open(_ context.Context, typ string) (flow.Parts, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if p, ok := t.parts[typ]; ok {
		return p, nil
	}
	for _, d := range t.definitions {
		if d.Name != typ {
			continue
		}
		p, err := t.openParts(d)
		if err != nil {
			return p, fault.Wrap(err, fault.Misconfigured, "bad-definition", "report type "+typ+" cannot be opened")
		}
		t.parts[typ] = p
		return p, nil
	}
	return flow.Parts{}, fault.New(fault.Misconfigured, "no-definition", "report type %s has no definition in REPORTS_DIR", typ)
}

// openParts opens the parts of a definition.
func (t *technologies) openParts(d report.Definition) (p flow.Parts, err error) {
	p.Definition = d
	if p.Source, err = t.source(d); err != nil {
		return p, err
	}
	for _, part := range d.Sinks {
		sink, err := t.sink(d, part)
		if err != nil {
			return p, err
		}
		p.Sinks = append(p.Sinks, report.NamedSink{Name: part.Kind, Sink: sink})
	}
	return p, nil
}

// source opens a definition's source.
func (t *technologies) source(d report.Definition) (report.Source, error) {
	switch d.Source.Kind {
	case spapi.Kind:
		var s spapi.Settings
		if err := d.Source.Decode(&s); err != nil {
			return nil, err
		}
		if t.amazonSet != nil {
			return nil, t.amazonSet
		}
		return spapi.New(t.amazon, s, d.File)
	case httpjson.Kind:
		var s httpjson.Settings
		if err := d.Source.Decode(&s); err != nil {
			return nil, err
		}
		return httpjson.New(s, httpjson.Options{File: d.File, Secret: func(name string) (string, bool) {
			return t.opening.Lookup.Lookup("REPORTS_SECRET_" + name)
		}})
	case reportsql.Kind:
		var s reportsql.Settings
		if err := d.Source.Decode(&s); err != nil {
			return nil, err
		}
		pool, err := t.pool(s.Database)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", d.File, err)
		}
		return reportsql.New(pool, s, d.File)
	}
	return nil, fmt.Errorf("%s: source: kind %q is not known: want spapi, httpjson or sql", d.File, d.Source.Kind)
}

// pool opens a database by its name: REPORTS_DSN_WAREHOUSE for warehouse; no name is
// the source's, SOURCE_DSN.
func (t *technologies) pool(name string) (*sql.DB, error) {
	variable := "SOURCE_DSN"
	if name != "" {
		variable = "REPORTS_DSN_" + strings.ToUpper(strings.ReplaceAll(name, "-", "_"))
	}
	if pool, ok := t.pools[variable]; ok {
		return pool, nil
	}
	dsn, ok := t.opening.Lookup.Lookup(variable)
	if !ok || dsn == "" {
		return nil, fmt.Errorf("source: database %q: %s is missing", name, variable)
	}
	pool, err := sqldb.Open(sqldb.Settings{DSN: dsn, Variable: variable, MaxConnections: 2, Foreign: true})
	if err != nil {
		return nil, err
	}
	t.opening.Closing(pool.Close)
	t.pools[variable] = pool
	return pool, nil
}

// database opens MongoDB's database; it does not connect.
func (t *technologies) database() (*mongo.Database, error) {
	if t.mongo != nil {
		return t.mongo, nil
	}
	if t.mongoSet.URI == "" {
		return nil, errors.New("the configuration is not complete:\n  MONGODB_URI: the MongoDB that reports go to")
	}
	client, err := mongo.Connect(options.Client().ApplyURI(t.mongoSet.URI).SetTimeout(mongoTime))
	if err != nil { // its text may quote the address with the password
		return nil, errors.New("MONGODB_URI cannot be read: write it as mongodb+srv://user:password@host/")
	}
	t.opening.Closing(func() error { return client.Disconnect(context.Background()) })
	t.mongo = client.Database(t.mongoSet.Database)
	return t.mongo, nil
}

// mongoTime bounds one operation of MongoDB.
const mongoTime = 30 * time.Second

// airtableKind is the destination's name in definitions.
const airtableKind = "airtable"

// sink opens one of a definition's destinations.
func (t *technologies) sink(d report.Definition, part report.Part) (report.Sink, error) {
	switch part.Kind {
	case definition.Datapoints:
		return &datapoints.Sink{DB: t.opening.Pool, Fields: d.Numbers}, nil
	case airtableKind:
		var s struct {
			Table string `yaml:"table"`
			Make  bool   `yaml:"make"`
		}
		if err := part.Decode(&s); err != nil {
			return nil, err
		}
		if t.airtable.Base == "" || t.airtable.Token == "" {
			return nil, fmt.Errorf("the configuration is not complete:\n  AIRTABLE_BASE and AIRTABLE_TOKEN: the base that reports go to")
		}
		return &airtable.Sink{Client: t.airtable.client(t.opening.Pool, t.airtable.Base), Table: cmp.Or(s.Table, d.Name), Make: s.Make}, nil
	case mongodb.Kind:
		var s struct {
			Collection string `yaml:"collection"`
		}
		if err := part.Decode(&s); err != nil {
			return nil, err
		}
		db, err := t.database()
		if err != nil {
			return nil, err
		}
		return &mongodb.Sink{Collection: db.Collection(cmp.Or(s.Collection, d.Name))}, nil
	}
	return nil, fmt.Errorf("%s: destinations: kind %q is not known: want airtable or mongodb", d.File, part.Kind)
}
