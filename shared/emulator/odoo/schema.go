package odoo

// Kind is the type of a field.
type Kind string

// The types.
const (
	Char      Kind = "char"
	Text      Kind = "text"
	Integer   Kind = "integer"
	Float     Kind = "float"
	Boolean   Kind = "boolean"
	Date      Kind = "date"
	DateTime  Kind = "datetime"
	Selection Kind = "selection"
	Many2one  Kind = "many2one"
	Many2many Kind = "many2many"
)

// Field is a field of a model.
type Field struct {
	Name     string
	Kind     Kind
	Model    string   // that a reference leads to
	Options  []string // of a selection
	Required bool
	Unique   bool
}

// Model is a model with its fields. Odoo adds id, create_date and write_date.
type Model struct {
	Name   string
	Fields []Field
	// Plain models have none of the fields of transfers and post no jobs.
	Plain bool
}

// chars are fields of the type char.
func chars(names ...string) (list []Field) {
	for _, n := range names {
		list = append(list, Field{Name: n, Kind: Char})
	}
	return list
}

// fields joins lists of fields.
func fields(lists ...[]Field) (all []Field) {
	for _, l := range lists {
		all = append(all, l...)
	}
	return all
}

// valid are the fields of what holds for a time and was confirmed.
func valid() []Field {
	return []Field{
		{Name: "gueltig_von", Kind: Date}, {Name: "gueltig_bis", Kind: Date}, {Name: "bestaetigt_am_um", Kind: DateTime},
		{Name: "bestaetigt_typ", Kind: Selection, Options: []string{"doubleoptin", "phone_call", "workflow"}}, {Name: "bestaetigt_herkunft", Kind: Char},
	}
}

// DefaultModels are the models of Fundraising Studio Online that the shipped flows name.
func DefaultModels() []Model {
	partner := Field{Name: "partner_id", Kind: Many2one, Model: "res.partner"}
	return []Model{
		{Name: "res.country", Plain: true, Fields: chars("name", "code")},
		{Name: "gr.tag", Fields: []Field{{Name: "name", Kind: Char, Required: true}}},
		{Name: "res.partner", Fields: fields(chars("name", "firstname", "lastname", "name_zwei", "title_web", "street", "street_number_web", "zip", "city", "phone", "mobile", "fax"), []Field{
			{Name: "birthdate_web", Kind: Date}, {Name: "gender", Kind: Selection, Options: []string{"male", "female", "other"}}, {Name: "country_id", Kind: Many2one, Model: "res.country"},
			{Name: "getresponse_tag_ids", Kind: Many2many, Model: "gr.tag"}, {Name: "comment", Kind: Text},
		})},
		{Name: "frst.personemail", Fields: fields(chars("email", "anrede_lang", "state"), valid(), []Field{
			partner, {Name: "forced_main_address", Kind: Boolean}, {Name: "main_address", Kind: Boolean},
		})},
		{Name: "frst.zgruppedetail", Fields: chars("gruppe_lang")},
		{Name: "frst.zverzeichnis", Fields: chars("verzeichnisname")},
		{Name: "frst.persongruppe", Fields: fields(valid(), []Field{
			partner, {Name: "zgruppedetail_id", Kind: Many2one, Model: "frst.zgruppedetail"}, {Name: "frst_zverzeichnis_id", Kind: Many2one, Model: "frst.zverzeichnis"}, {Name: "steuerung_bit", Kind: Boolean},
		})},
		{Name: "payment.acquirer", Fields: chars("name", "provider")},
		{Name: "payment.transaction", Fields: fields(chars("reference", "state"), []Field{{Name: "amount", Kind: Float}, {Name: "acquirer_id", Kind: Many2one, Model: "payment.acquirer"}})},
		{Name: "sale.order", Fields: []Field{
			{Name: "name", Kind: Char}, {Name: "state", Kind: Selection, Options: []string{"draft", "sent", "cancel", "progress", "done"}}, {Name: "date_order", Kind: DateTime}, {Name: "amount_total", Kind: Float},
			partner, {Name: "payment_tx_id", Kind: Many2one, Model: "payment.transaction"}, {Name: "payment_acquirer_id", Kind: Many2one, Model: "payment.acquirer"},
		}},
		{Name: "res.partner.fstoken", Fields: []Field{
			{Name: "name", Kind: Char, Required: true, Unique: true}, partner, {Name: "expiration_date", Kind: Date}, {Name: "first_datetime_of_use", Kind: DateTime}, {Name: "last_datetime_of_use", Kind: DateTime}, {Name: "number_of_checks", Kind: Integer},
		}},
		{Name: "sosync.job", Plain: true, Fields: fields([]Field{{Name: "job_id", Kind: Integer}, {Name: "job_source_record_id", Kind: Integer}, {Name: "job_run_count", Kind: Integer}, {Name: "job_date", Kind: DateTime}},
			chars("job_source_system", "job_source_model", "job_state", "job_error_code"), []Field{{Name: "job_log", Kind: Text}, {Name: "job_error_text", Kind: Text}})},
	}
}
