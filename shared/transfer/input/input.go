// Package input reads what callers send to create transfer jobs: JSON, XML or the
// parameters of an address. It names every field that is missing or wrong, at once.
package input

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"gitlab.com/eshopbox-team/return-sync/shared/transfer"
)

// Code classifies a refusal, as callers read it in error_code.
type Code int

// The codes.
const (
	None           Code = 0
	InterfaceError Code = 1 // a field is missing
	DataError      Code = 2 // a field is wrong
)

// String returns the code's name, as callers read it in error_text.
func (c Code) String() string {
	return [...]string{"None", "InterfaceError", "DataError"}[c]
}

// Problems are messages by field.
type Problems map[string]string

// Lines returns the problems as text, one a line, sorted.
func (p Problems) Lines() string {
	lines := make([]string, 0, len(p))
	for field, message := range p {
		lines = append(lines, field+": "+message)
	}
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}

// Refusal is an input that is not a job.
type Refusal struct {
	Code     Code
	Problems Problems
}

// Error implements error.
func (r *Refusal) Error() string { return r.Code.String() + ": " + r.Problems.Lines() }

// Object is one job as it was sent: the values of JSON with json.Number for numbers, or
// texts. Texts of an address and of XML may stand for numbers too.
type Object map[string]any

// Rules are how strict a route is.
type Rules struct {
	Loose bool // texts stand for numbers: an address, XML
	Tree  bool // the stricter rules of tree-create
}

// The names of fields.
const (
	fieldDate     = "job_date"
	fieldSystem   = "job_source_system"
	fieldModel    = "job_source_model"
	fieldRecord   = "job_source_record_id"
	fieldWritten  = "job_source_sosync_write_date"
	fieldFields   = "job_source_fields"
	fieldKind     = "job_source_type"
	fieldKindInfo = "job_source_type_info"
	fieldMerge    = "job_source_merge_into_record_id"
	fieldTarget   = "job_source_target_record_id"
	fieldInto     = "job_source_target_merge_into_record_id"
	fieldPriority = "job_priority"
)

// required must stand in every job; soft are listed as well once one of them is missing.
var (
	required = []string{fieldDate, fieldSystem, fieldModel, fieldRecord}
	soft     = []string{fieldWritten, fieldFields}
)

// shortNames are the names of the GET parameters of old.
var shortNames = map[string]string{"source_system": fieldSystem, "source_model": fieldModel, "source_record_id": fieldRecord}

// Limits of values.
const (
	maxID    = math.MaxInt32 // ids of both systems are 32 bits
	maxModel = 200           // characters of a model's name
	maxText  = 1 << 16       // bytes of the other texts
)

// Draft returns the job that an object describes, without its children. A job without
// a priority gets that of its model.
func Draft(o Object, rules Rules, priorityOf func(model string) int) (transfer.Draft, *Refusal) {
	r := reader{object: expanded(o), rules: rules, problems: Problems{}}
	if r.missing() {
		return transfer.Draft{}, &Refusal{InterfaceError, r.problems}
	}
	j := transfer.Job{
		State: transfer.New, Date: r.date(fieldDate, true), System: transfer.Side(r.oneOf(fieldSystem, true, "fs", "fso")),
		Model: r.model(), RecordID: r.mandatory(fieldRecord), Kind: r.kind(), KindInfo: transfer.Text(r.text(fieldKindInfo)),
		Fields: r.fields(), TargetID: r.id(fieldTarget), MergeIntoID: r.id(fieldMerge), TargetMergeIntoID: r.id(fieldInto),
	}
	if at := r.date(fieldWritten, false); !at.IsZero() {
		j.WriteDate = &at
	}
	if j.Kind == transfer.Merge && j.MergeIntoID == nil && r.problems[fieldMerge] == "" {
		r.problems[fieldMerge] = "is needed for job_source_type merge_into: want the id of the record that remains"
	}
	j.Priority = priorityOf(j.Model)
	if p, given := r.number(fieldPriority, 0); given {
		j.Priority = int(p)
	}
	if len(r.problems) > 0 {
		return transfer.Draft{}, &Refusal{DataError, r.problems}
	}
	return transfer.Draft{Job: j}, nil
}

// expanded returns the object with the full names of its fields.
func expanded(o Object) Object {
	full := Object{}
	for name, v := range o {
		if long, ok := shortNames[name]; ok {
			if _, both := o[long]; both {
				continue
			}
			name = long
		}
		full[name] = v
	}
	return full
}

// reader reads the fields of an object and collects what is wrong.
type reader struct {
	object   Object
	rules    Rules
	problems Problems
}

// missing lists the fields that are not there, and reports whether a required one is
// among them.
func (r reader) missing() bool {
	absent := func(name string) bool { _, ok := r.object[name]; return !ok }
	if !slices.ContainsFunc(required, absent) {
		return false
	}
	for _, name := range slices.Concat(required, soft) {
		if absent(name) {
			r.problems[name] = "is missing"
		}
	}
	for _, name := range soft {
		if absent(name) {
			r.problems[name] = "is missing (it may be left out)"
		}
	}
	return true
}

// empty reports whether a value stands for none. Odoo sends false for empty.
func empty(v any) bool {
	switch v := v.(type) {
	case nil:
		return true
	case bool:
		return !v
	case string:
		return v == "" || strings.EqualFold(v, "false")
	}
	return false
}

// text reads an optional text.
func (r reader) text(name string) string {
	v := r.object[name]
	if empty(v) {
		return ""
	}
	s, ok := v.(string)
	switch {
	case !ok:
		r.problems[name] = "is not a text"
	case len(s) > maxText:
		r.problems[name] = fmt.Sprintf("is longer than %d bytes", maxText)
	case !utf8.ValidString(s) || strings.ContainsRune(s, 0):
		r.problems[name] = "holds characters that cannot be stored"
	default:
		return s
	}
	return ""
}

// model reads the name of the model.
func (r reader) model() string {
	if empty(r.object[fieldModel]) {
		r.problems[fieldModel] = "is empty: want the name of a model"
		return ""
	}
	s := strings.TrimSpace(r.text(fieldModel))
	switch {
	case r.problems[fieldModel] != "":
	case s == "":
		r.problems[fieldModel] = "is empty: want the name of a model"
	case utf8.RuneCountInString(s) > maxModel:
		r.problems[fieldModel] = fmt.Sprintf("is longer than %d characters", maxModel)
	}
	return s
}

// oneOf reads one of some texts; letters count as they are.
func (r reader) oneOf(name string, needed bool, values ...string) string {
	v := r.object[name]
	if empty(v) && !needed {
		return ""
	}
	s, _ := v.(string)
	if !slices.Contains(values, s) {
		r.problems[name] = "want " + strings.Join(values, " or ")
		return ""
	}
	return s
}

// kind reads what happened to the record.
func (r reader) kind() transfer.Kind {
	values := []string{"merge_into", "delete", "temp"}
	if r.rules.Tree {
		values = values[:2]
	}
	return transfer.Kind(r.oneOf(fieldKind, false, values...))
}

// mandatory reads an id that must be there.
func (r reader) mandatory(name string) int64 {
	n, ok := r.number(name, 1)
	if !ok && r.problems[name] == "" {
		r.problems[name] = wantNumber(1)
	}
	return n
}

// id reads an id that may be left out.
func (r reader) id(name string) *int64 {
	n, ok := r.number(name, 1)
	if !ok {
		return nil
	}
	return &n
}

// wantNumber is the message of a number that is wrong.
func wantNumber(least int64) string {
	return fmt.Sprintf("want a whole number from %d to %d", least, maxID)
}

// number reads a whole number.
func (r reader) number(name string, least int64) (int64, bool) {
	v := r.object[name]
	if empty(v) {
		return 0, false
	}
	var text string
	switch v := v.(type) {
	case json.Number:
		text = v.String()
	case string:
		if r.rules.Loose {
			text = strings.TrimSpace(v)
		}
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < least || n > maxID {
		r.problems[name] = wantNumber(least)
		return 0, false
	}
	return n, true
}

// fields reads the changed fields: an object, or its JSON as text.
func (r reader) fields() transfer.Text {
	v := r.object[fieldFields]
	if empty(v) {
		return ""
	}
	if s, ok := v.(string); ok {
		if r.text(fieldFields) == "" {
			return ""
		}
		if !json.Valid([]byte(s)) {
			r.problems[fieldFields] = "is not JSON"
		}
		return transfer.Text(s)
	}
	object, ok := v.(map[string]any)
	if !ok {
		r.problems[fieldFields] = "want an object of field names and values"
		return ""
	}
	if r.rules.Tree {
		object = stringified(object)
	}
	text, err := json.Marshal(object)
	if err != nil || len(text) > maxText {
		r.problems[fieldFields] = fmt.Sprintf("want at most %d bytes of JSON", maxText)
	}
	return transfer.Text(text)
}

// stringified returns the values as texts, as tree-create stores them.
func stringified(object map[string]any) map[string]any {
	texts := map[string]any{}
	for name, v := range object {
		switch v := v.(type) {
		case nil:
			texts[name] = nil
		case bool:
			texts[name] = map[bool]string{true: "True", false: "False"}[v]
		default:
			texts[name] = fmt.Sprint(v)
		}
	}
	return texts
}

// date reads a date; the zero time for none.
func (r reader) date(name string, needed bool) time.Time {
	v := r.object[name]
	if empty(v) {
		if needed {
			r.problems[name] = "is empty: want a date and time"
		}
		return time.Time{}
	}
	s, _ := v.(string)
	at, ok := Date(s, r.rules.Tree)
	if !ok {
		r.problems[name] = "want a date and time between the years 1900 and 9999, such as 2026-11-28T10:31:07Z"
		if r.rules.Tree {
			r.problems[name] = "want a date as 2026-11-28 10:31:07.0000000 or 2026-11-28T10:31:07Z"
		}
	}
	return at
}

// Numbers reads whole numbers from 1 that must be there.
func Numbers(o Object, rules Rules, names ...string) (map[string]int64, *Refusal) {
	r := reader{object: o, rules: rules, problems: Problems{}}
	numbers := map[string]int64{}
	for _, name := range names {
		numbers[name] = r.mandatory(name)
	}
	if len(r.problems) > 0 {
		return nil, &Refusal{DataError, r.problems}
	}
	return numbers, nil
}
