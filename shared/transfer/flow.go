package transfer

import (
	"bytes"
	_ "embed" // the flows
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
)

// Flow is a pair of models whose records are transferred.
type Flow struct {
	Studio    string    `yaml:"studio"`
	Online    string    `yaml:"online"`
	Priority  int       `yaml:"priority"`  // of jobs that name none; higher comes first; 0 means DefaultPriority
	Direction Direction `yaml:"direction"` // reported, not enforced; empty means both
	Winner    Side      `yaml:"winner"`    // of a conflict; empty means studio
	Parents   []Parent  `yaml:"parents"`
	Fields    []Pair    `yaml:"fields"`
}

// Direction is where a flow's records go.
type Direction string

// The directions.
const (
	Both     Direction = "both"
	ToOnline Direction = "to-online-only"
	ToStudio Direction = "to-studio-only"
)

// DefaultPriority is the priority of jobs whose flow has none.
const DefaultPriority = 1000

// Pair is a field of both sides. A side without a name does not receive the value.
type Pair struct {
	Studio string `yaml:"studio"`
	Online string `yaml:"online"`
	// Only names the side that receives the value; empty means either.
	Only Side `yaml:"only"`
}

// Parent is a field that refers to a record of another flow, which is transferred first.
type Parent struct {
	Studio string `yaml:"studio"` // the field's name in studio
	Online string `yaml:"online"`
	Model  string `yaml:"model"` // the other flow's model in studio
}

// On returns the flow's model on a side.
func (f Flow) On(side Side) string {
	if side == Studio {
		return f.Studio
	}
	return f.Online
}

// On returns the field's name on a side.
func (p Parent) On(side Side) string {
	if side == Studio {
		return p.Studio
	}
	return p.Online
}

// Map returns the fields of a record for side to. Parents' ids are not among them.
func (f Flow) Map(r Record, to Side) map[string]any {
	fields := map[string]any{}
	for _, p := range f.Fields {
		from, into := p.Studio, p.Online
		if to == Studio {
			from, into = into, from
		}
		if p.Only != "" && p.Only != to || from == "" || into == "" {
			continue
		}
		if v, ok := r.Fields[from]; ok {
			fields[into] = v
		}
	}
	return fields
}

// Flows are the flows that a service knows.
type Flows []Flow

// Of returns the flow of a job's model. A job of a temporary record has none.
func (l Flows) Of(j Job) (Flow, bool) {
	if j.Kind == Temporary {
		return Flow{}, false
	}
	return l.Named(j.Model)
}

// Named returns the flow that has a model on either side, in any case of letters.
func (l Flows) Named(model string) (Flow, bool) {
	for _, f := range l {
		if strings.EqualFold(f.Studio, model) || strings.EqualFold(f.Online, model) {
			return f, true
		}
	}
	return Flow{}, false
}

// PriorityOf returns the priority of a model's jobs.
func (l Flows) PriorityOf(model string) int {
	if f, ok := l.Named(model); ok && f.Priority > 0 {
		return f.Priority
	}
	return DefaultPriority
}

//go:embed flows.yaml
var shipped []byte

// Shipped returns the flows that come with the program.
func Shipped() (Flows, error) { return ParseFlows(shipped) }

// ParseFlows reads a YAML list of flows, fills in what is left out, and returns every
// mistake at once.
func ParseFlows(text []byte) (Flows, error) {
	var list Flows
	if err := yaml.NewDecoder(bytes.NewReader(text), yaml.Strict()).Decode(&list); err != nil {
		return nil, fmt.Errorf("the flows cannot be read: %w", err)
	}
	var problems []error
	seen := map[string]bool{}
	for i := range list {
		f := &list[i]
		f.fill()
		for _, p := range f.problems() {
			problems = append(problems, fmt.Errorf("flow %d (%s, %s): %s", i+1, f.Studio, f.Online, p))
		}
		for _, model := range []string{f.Studio, f.Online} {
			if key := strings.ToLower(model); key != "" && seen[key] {
				problems = append(problems, fmt.Errorf("flow %d: the model %s has a flow already", i+1, model))
			} else {
				seen[key] = true
			}
		}
	}
	for _, f := range list {
		for _, p := range f.Parents {
			if _, ok := list.Named(p.Model); !ok {
				problems = append(problems, fmt.Errorf("flow %s: the parent model %s has no flow", f.Studio, p.Model))
			}
		}
	}
	return list, errors.Join(problems...)
}

// fill sets what a definition may leave out.
func (f *Flow) fill() {
	if f.Priority == 0 {
		f.Priority = DefaultPriority
	}
	if f.Direction == "" {
		f.Direction = Both
	}
	if f.Winner == "" {
		f.Winner = Studio
	}
}

// problems lists what is wrong with a flow.
func (f *Flow) problems() (list []string) {
	if f.Studio == "" || f.Online == "" {
		list = append(list, "want the names of both models, studio and online")
	}
	if !slices.Contains([]Direction{Both, ToOnline, ToStudio}, f.Direction) {
		list = append(list, "direction is both, to-online-only or to-studio-only")
	}
	if f.Winner != Studio && f.Winner != Online {
		list = append(list, "winner is fs or fso")
	}
	if f.Priority < 1 {
		list = append(list, "priority is 1 or more")
	}
	for _, p := range f.Parents {
		if p.Studio == "" || p.Online == "" || p.Model == "" {
			list = append(list, "a parent has the fields studio, online and model")
		}
	}
	return list
}
