package mssql

import (
	"fmt"
	"strings"

	"gitlab.com/eshopbox-team/return-sync/shared/emulator/mssql/internal/rows"
	"gitlab.com/eshopbox-team/return-sync/shared/emulator/mssql/internal/tds"
)

// Column is a column of a table, beside its key and those of the synchronisation.
type Column struct {
	Name     string
	Type     string // as declared, such as nvarchar(255)
	ReadOnly bool   // the synchronisation does not write it
}

// Reference is a column that names a row of another table.
type Reference = rows.Reference

// Table is a table of the studio. Every column may be NULL.
type Table struct {
	Name       string // such as dbo.PersonEmail
	Key        string // such as PersonEmailID
	Columns    []Column
	References []Reference
	Unique     []string
	// Owner is the column with the id of the dbo.Person that a row belongs to, and of
	// whose record it is a part; empty for a table with records of its own.
	Owner string
	// Plain tables have none of the columns of the synchronisation.
	Plain bool
}

// The columns of the synchronisation, which every table has.
var own = []Column{
	{Name: "sosync_fso_id", Type: "int"}, {Name: "sosync_write_date", Type: "datetime2"}, {Name: "write_date", Type: "datetime2"}, {Name: "create_date", Type: "datetime2"},
	{Name: "last_sync_version", Type: "datetime2"}, {Name: "noSyncJobSwitch", Type: "bit"}, {Name: "noSyncJobOnDeleteSwitch", Type: "bit"},
}

// form returns the table as the private database has it.
func (t *Table) form() (rows.Table, error) {
	form := rows.Table{Name: t.Name, Key: t.Key, Unique: append([]string{}, t.Unique...), References: t.References}
	columns := t.Columns
	if !t.Plain {
		form.Indexed, columns = []string{"sosync_fso_id"}, append(append([]Column{}, t.Columns...), own...)
	}
	form.Columns = []rows.Column{{Name: t.Key, Type: tds.Type{Kind: tds.Int}}}
	for _, c := range columns {
		kind, err := tds.ParseType(c.Type)
		if err != nil {
			return form, fmt.Errorf("%s.%s: %w", t.Name, c.Name, err)
		}
		form.Columns = append(form.Columns, rows.Column{Name: c.Name, Type: kind, Null: true})
	}
	return form, nil
}

// personTable is the table of which others hold parts.
const personTable = "dbo.Person"

// quotedName writes a table's name as statements do.
func (t *Table) quotedName() string {
	schema, name, _ := strings.Cut(t.Name, ".")
	return "[" + schema + "].[" + name + "]"
}

// studio returns the tables of the studio, as far as the synchronisation knows them.
func studio() []Table {
	person := Reference{Column: "PersonID", Table: personTable}
	part := Reference{Column: "PersonID", Table: personTable, Cascade: true}
	return []Table{
		{Name: "dbo.Land", Key: "LandID", Plain: true, Columns: []Column{{Name: "ISO2", Type: "nvarchar(2)"}}},
		{Name: "dbo.Typen", Key: "TypenID", Plain: true, Columns: []Column{{Name: "TypenBezeichnung", Type: "nvarchar(200)"}}},
		{Name: "fson.gr_tag", Key: "gr_tagID", Columns: []Column{{Name: "name", Type: "nvarchar(200)"}}},
		{Name: "fson.gr_tag_Personen", Key: "gr_tag_PersonenID", Plain: true, Owner: "PersonID", Columns: []Column{{Name: "PersonID", Type: "int"}, {Name: "gr_tagID", Type: "int"}},
			References: []Reference{part, {Column: "gr_tagID", Table: "fson.gr_tag", Cascade: true}}},
		{Name: personTable, Key: "PersonID", Columns: []Column{
			{Name: "Vorname", Type: "nvarchar(100)"}, {Name: "Name", Type: "nvarchar(100)"}, {Name: "Name2", Type: "nvarchar(100)"}, {Name: "Titel", Type: "nvarchar(50)"},
			{Name: "Geburtsdatum", Type: "date"}, {Name: "GeschlechttypID", Type: "int"},
		}},
		{Name: "dbo.PersonAdresse", Key: "PersonAdresseID", Owner: "PersonID", References: []Reference{part, {Column: "LandID", Table: "dbo.Land"}}, Columns: []Column{
			{Name: "PersonID", Type: "int"}, {Name: "Strasse", Type: "nvarchar(200)"}, {Name: "Hausnr", Type: "nvarchar(20)"}, {Name: "Plz", Type: "nvarchar(20)"},
			{Name: "Ort", Type: "nvarchar(100)"}, {Name: "LandID", Type: "int"},
		}},
		{Name: "dbo.PersonTelefon", Key: "PersonTelefonID", Owner: "PersonID", References: []Reference{part}, Columns: []Column{
			{Name: "PersonID", Type: "int"}, {Name: "TelefontypID", Type: "int"}, {Name: "Telefonnummer", Type: "nvarchar(50)"},
		}},
		{Name: "dbo.PersonEmail", Key: "PersonEmailID", References: []Reference{person, {Column: "BestaetigungsTypID", Table: "dbo.Typen"}}, Columns: []Column{
			{Name: "PersonID", Type: "int"}, {Name: "EmailVor", Type: "nvarchar(200)"}, {Name: "EmailNach", Type: "nvarchar(200)"},
			{Name: "GültigVon", Type: "date"}, {Name: "GültigBis", Type: "date"}, {Name: "BestaetigungsTypID", Type: "int"}, {Name: "BestaetigtAmUm", Type: "datetime2"},
			{Name: "BestaetigungsHerkunft", Type: "nvarchar(200)"}, {Name: "HauptAdresseErzwingen", Type: "bit"},
			{Name: "AnredeLang", Type: "nvarchar(200)", ReadOnly: true}, {Name: "State", Type: "nvarchar(50)"}, {Name: "HauptAdresse", Type: "bit"},
		}},
		{Name: "dbo.zGruppeDetail", Key: "zGruppeDetailID", Columns: []Column{{Name: "GruppeLang", Type: "nvarchar(200)"}}},
		{Name: "dbo.zVerzeichnis", Key: "zVerzeichnisID", Columns: []Column{{Name: "VerzeichnisName", Type: "nvarchar(200)"}}},
		{Name: "dbo.PersonGruppe", Key: "PersonGruppeID", Columns: []Column{
			{Name: "zGruppeDetailID", Type: "int"}, {Name: "PersonID", Type: "int"}, {Name: "zVerzeichnisID", Type: "int"}, {Name: "Steuerung", Type: "bit"},
			{Name: "GültigVon", Type: "date"}, {Name: "GültigBis", Type: "date"},
		}, References: []Reference{person, {Column: "zGruppeDetailID", Table: "dbo.zGruppeDetail"}, {Column: "zVerzeichnisID", Table: "dbo.zVerzeichnis"}}},
		{Name: "fson.payment_acquirer", Key: "payment_acquirerID", Columns: []Column{{Name: "name", Type: "nvarchar(200)"}}},
		{Name: "fson.payment_transaction", Key: "payment_transactionID", Columns: []Column{
			{Name: "reference", Type: "nvarchar(200)"}, {Name: "amount", Type: "decimal(18,2)"}, {Name: "state", Type: "nvarchar(50)"},
		}},
		{Name: "fson.sale_order", Key: "sale_orderID", Columns: []Column{
			{Name: "name", Type: "nvarchar(100)"}, {Name: "state", Type: "nvarchar(50)"}, {Name: "date_order", Type: "datetimeoffset"}, {Name: "amount_total", Type: "decimal(18,2)"},
			{Name: "PersonID", Type: "int"}, {Name: "payment_tx_id", Type: "int"}, {Name: "payment_acquirer_id", Type: "int"},
		}, References: []Reference{
			person, {Column: "payment_tx_id", Table: "fson.payment_transaction"}, {Column: "payment_acquirer_id", Table: "fson.payment_acquirer"},
		}},
		{Name: "dbo.AktionOnlineToken", Key: "AktionsID", Unique: []string{"Name"}, References: []Reference{person}, Columns: []Column{
			{Name: "PersonID", Type: "int"}, {Name: "Name", Type: "nvarchar(100)"}, {Name: "Ablaufdatum", Type: "date"}, {Name: "ErsteBenutzungAmUm", Type: "datetime2"},
			{Name: "LetzteBenutzungAmUm", Type: "datetime2"}, {Name: "AnzahlÜberprüfungen", Type: "int"},
		}},
	}
}
