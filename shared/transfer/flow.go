package transfer

import (
	"slices"
	"strings"
	"time"
)

// Flow is a pair of models whose records are transferred. It is a definition: flows/*.yaml
// are those of the program.
type Flow struct {
	Studio    string     `yaml:"studio"`
	Online    string     `yaml:"online"`
	Kinds     []Kind     `yaml:"kinds"`     // types of jobs that it carries; empty is replicate, merge_into and delete
	Priority  int        `yaml:"priority"`  // of jobs that name none; higher comes first; 0 means DefaultPriority
	Direction Direction  `yaml:"direction"` // empty means both
	Winner    Side       `yaml:"winner"`    // of a conflict; empty means studio
	Zone      string     `yaml:"zone"`      // of studio's local times; empty means DefaultZone
	Parents   []Parent   `yaml:"parents"`
	Followers []Follower `yaml:"followers"`
	Tables    []Table    `yaml:"tables"`
	Fields    []Pair     `yaml:"fields"`
	// Match are fields of the online model. A record without a counterpart is linked with
	// the one unlinked record of the other side that has the same values in all of them.
	Match []string `yaml:"match"`

	zone *time.Location
}

// Direction is where a flow's records go.
type Direction string

// The directions.
const (
	Both     Direction = "both"
	ToOnline Direction = "to-online-only"
	ToStudio Direction = "to-studio-only"
)

// What a definition may leave out.
const (
	DefaultPriority = 1000
	DefaultZone     = "Europe/Vienna"
)

// Parent is a field that refers to a record of another flow, which is transferred first.
type Parent struct {
	Studio string `yaml:"studio"` // the field's name in studio
	Online string `yaml:"online"`
	Model  string `yaml:"model"` // the other flow's model in studio
	// Force transfers the record even if it has a pair, in the direction of the record that
	// refers to it, whatever the dates are.
	Force bool `yaml:"force"`
}

// Follower is another flow with a parent of this one. When a record was written, those of
// the other flow that refer to it and have no pair are transferred after it, in the same
// direction.
type Follower struct {
	Model string `yaml:"model"` // the other flow's model in studio
	Only  Side   `yaml:"only"`  // the side that receives the records; empty means either
	Force bool   `yaml:"force"` // as Parent.Force
}

// Table is a further table of studio whose newest row with Equal that refers to the record
// is a part of it. Its fields are named NAME.FIELD.
type Table struct {
	Name  string         `yaml:"name"`
	Model string         `yaml:"model"`
	Link  string         `yaml:"link"`  // the field with the record's id
	Equal map[string]any `yaml:"equal"` // values by which the row differs from others of the table
}

// Pair is a field of both sides. A side without a name does not receive the value. At most
// one of As, Joined, Values, Lookup and Many says how the value is converted.
type Pair struct {
	Studio string `yaml:"studio"`
	Online string `yaml:"online"`
	Only   Side   `yaml:"only"` // the side that receives the value; empty means either
	As     Form   `yaml:"as"`
	// Joined are two fields of studio that are one online, By between them.
	Joined []string `yaml:"joined"`
	By     string   `yaml:"by"`
	// Values are pairs of values; Otherwise is the online value of all other ones.
	Values    []Value `yaml:"values"`
	Otherwise any     `yaml:"otherwise"`
	Lookup    *Lookup `yaml:"lookup"`
	Many      *Many   `yaml:"many"`
}

// Form is how a value is written.
type Form string

// The forms.
const (
	Plain     Form = ""
	Date      Form = "date"       // a day without a time
	LocalTime Form = "local-time" // a time of the flow's zone in studio, of UTC online
)

// Value is a pair of values.
type Value struct {
	Studio any `yaml:"studio"`
	Online any `yaml:"online"`
}

// Lookup says that a side holds the id of a record whose field has the value. A side that
// is left out holds the value itself.
type Lookup struct {
	Studio *Place `yaml:"studio"`
	Online *Place `yaml:"online"`
}

// Place is a field of a model whose records are looked up.
type Place struct {
	Model string         `yaml:"model"`
	Field string         `yaml:"field"`
	Equal map[string]any `yaml:"equal"` // of the records that count
}

// Many says that a table of studio relates the record to others, whose ids the online
// field holds.
type Many struct {
	Model string `yaml:"model"` // of the table
	Link  string `yaml:"link"`  // its field with the record's id
	Field string `yaml:"field"` // its field with the other record's id
	Of    string `yaml:"of"`    // the other records' model in studio, which has a flow
}

// On returns the flow's model on a side.
func (f Flow) On(side Side) string {
	if side == Studio {
		return f.Studio
	}
	return f.Online
}

// Writes reports whether the flow writes to a side.
func (f Flow) Writes(side Side) bool {
	return f.Direction != map[Side]Direction{Studio: ToOnline, Online: ToStudio}[side]
}

// Carries reports whether the flow carries jobs of a type.
func (f Flow) Carries(k Kind) bool {
	if len(f.Kinds) == 0 {
		return k != Temporary
	}
	return slices.Contains(f.Kinds, k)
}

// On returns the field's name on a side.
func (p Parent) On(side Side) string {
	if side == Studio {
		return p.Studio
	}
	return p.Online
}

// Refers returns the parent of a flow by which its records refer to those of another one.
func (f Flow) Refers(to Flow) (Parent, bool) {
	i := slices.IndexFunc(f.Parents, func(p Parent) bool { return to.has(p.Model) })
	if i < 0 {
		return Parent{}, false
	}
	return f.Parents[i], true
}

// Flows are the flows that a service knows.
type Flows []Flow

// Of returns the flow of a job: of its model and its type.
func (l Flows) Of(j Job) (Flow, bool) {
	return l.find(func(f Flow) bool { return f.has(j.Model) && f.Carries(j.Kind) })
}

// Named returns the flow that replicates a model, on either side, in any case of letters.
func (l Flows) Named(model string) (Flow, bool) {
	return l.find(func(f Flow) bool { return f.has(model) && f.Carries(Replicate) })
}

// find returns the first flow that fits.
func (l Flows) find(fits func(Flow) bool) (Flow, bool) {
	if i := slices.IndexFunc(l, fits); i >= 0 {
		return l[i], true
	}
	return Flow{}, false
}

// has reports whether a flow has a model on either side.
func (f Flow) has(model string) bool {
	return strings.EqualFold(f.Studio, model) || strings.EqualFold(f.Online, model)
}

// PriorityOf returns the priority of a model's jobs.
func (l Flows) PriorityOf(model string) int {
	if f, ok := l.Named(model); ok && f.Priority > 0 {
		return f.Priority
	}
	return DefaultPriority
}

// FieldsOn returns the fields of each model of a side that flows read, so that a side
// reads no others.
func (l Flows) FieldsOn(side Side) map[string][]string {
	all := map[string][]string{}
	add := func(model string, names ...string) {
		for _, n := range names {
			if !slices.Contains(all[model], n) && n != "" {
				all[model] = append(all[model], n)
			}
		}
		if _, ok := all[model]; !ok {
			all[model] = []string{}
		}
	}
	for _, f := range l {
		add(f.On(side))
		for _, p := range f.Parents {
			add(f.On(side), p.On(side))
		}
		for _, p := range f.Fields {
			for _, name := range p.on(side) {
				if table, field, ok := f.table(name); ok {
					add(table.Model, field)
				} else {
					add(f.On(side), name)
				}
			}
			if p.Lookup != nil && p.Lookup.On(side) != nil {
				add(p.Lookup.On(side).Model, p.Lookup.On(side).Field)
			}
			if p.Many != nil && side == Studio {
				add(p.Many.Model, p.Many.Link, p.Many.Field)
			}
		}
	}
	return all
}

// On returns what a lookup does on a side; nil for nothing.
func (l *Lookup) On(side Side) *Place {
	if side == Studio {
		return l.Studio
	}
	return l.Online
}

// on returns the names of a pair's fields on a side.
func (p Pair) on(side Side) []string {
	switch {
	case side == Online:
		return []string{p.Online}
	case len(p.Joined) > 0:
		return p.Joined
	case p.Studio == "":
		return nil
	}
	return []string{p.Studio}
}

// table returns the further table that a field of studio belongs to.
func (f Flow) table(name string) (Table, string, bool) {
	prefix, field, ok := strings.Cut(name, ".")
	if !ok {
		return Table{}, name, false
	}
	for _, t := range f.Tables {
		if t.Name == prefix {
			return t, field, true
		}
	}
	return Table{}, name, false
}
