package transfer

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"
	"time"
	_ "time/tzdata" // studio's local times must be known on machines without zone data

	"github.com/goccy/go-yaml/ast"

	"gitlab.com/eshopbox-team/return-sync/shared/strictyaml"
)

//go:embed flows/*.yaml
var shipped embed.FS

// Shipped returns the flows that come with the program.
func Shipped() (Flows, error) { return LoadFlows(nil) }

// LoadFlows returns the flows that come with the program and those of the files *.yaml of
// a folder, nil for none. A file with the name of one of the program's takes its place.
// The error lists every mistake with file, line and field.
func LoadFlows(folder fs.FS) (Flows, error) {
	own, err := fs.Sub(shipped, "flows")
	if err != nil {
		return nil, err
	}
	files := map[string][]byte{}
	for _, from := range []fs.FS{own, folder} {
		if from == nil {
			continue
		}
		names, err := fs.Glob(from, "*.yaml")
		if err != nil {
			return nil, err
		}
		if len(names) == 0 {
			return nil, errors.New("the folder of flows holds no *.yaml")
		}
		for _, name := range names {
			if files[name], err = fs.ReadFile(from, name); err != nil {
				return nil, err
			}
		}
	}
	b := &book{}
	for _, name := range slices.Sorted(maps.Keys(files)) {
		b.read(path.Base(name), files[name])
	}
	return b.finish()
}

// ParseFlows reads a YAML list of flows that stand alone.
func ParseFlows(text []byte) (Flows, error) {
	b := &book{}
	b.read("flows", text)
	return b.finish()
}

// book collects flows of files and what is wrong with them.
type book struct {
	list     Flows
	places   []place // of the flows
	problems []error
}

// place is where a flow stands.
type place struct {
	name string
	file *ast.File
	at   int // the flow's number in the file
}

// read reads a file.
func (b *book) read(name string, text []byte) {
	var list Flows
	if err := strictyaml.Decode(text, &list); err != nil {
		b.problems = append(b.problems, fmt.Errorf("%s: the flows cannot be read: %w", name, err))
		return
	}
	file, err := strictyaml.Parse(text)
	if err != nil {
		b.problems = append(b.problems, fmt.Errorf("%s: %w", name, err))
		return
	}
	for i := range list {
		b.list = append(b.list, list[i])
		b.places = append(b.places, place{name, file, i})
	}
}

// finish fills in what is left out and checks everything.
func (b *book) finish() (Flows, error) {
	seen := map[string]string{}
	for i := range b.list {
		f := &b.list[i]
		f.fill()
		for _, m := range f.mistakes() {
			b.wrong(i, m)
		}
		for field, model := range map[string]string{"studio": f.Studio, "online": f.Online} {
			for _, kind := range []Kind{Replicate, Merge, Delete, Temporary} {
				key := strings.ToLower(model) + "/" + string(kind)
				if model != "" && f.Carries(kind) && seen[key] != "" {
					b.wrong(i, mistake{field, fmt.Sprintf("the model %s has a flow already, in %s", model, seen[key])})
					break
				} else if f.Carries(kind) {
					seen[key] = b.places[i].name
				}
			}
		}
	}
	for i, f := range b.list {
		for n, p := range f.Parents {
			if _, ok := b.list.Named(p.Model); !ok {
				b.wrong(i, mistake{fmt.Sprintf("parents[%d].model", n), fmt.Sprintf("the parent model %s has no flow", p.Model)})
			}
		}
		for n, one := range f.Followers {
			if other, ok := b.list.Named(one.Model); !ok {
				b.wrong(i, mistake{fmt.Sprintf("followers[%d].model", n), fmt.Sprintf("the model %s has no flow", one.Model)})
			} else if p, ok := other.Refers(f); !ok || p.Force {
				b.wrong(i, mistake{fmt.Sprintf("followers[%d].model", n), fmt.Sprintf("the flow of %s has to name %s among its parents, without force", one.Model, f.Studio)})
			}
		}
		for n, p := range f.Fields {
			if p.Many != nil {
				if _, ok := b.list.Named(p.Many.Of); !ok {
					b.wrong(i, mistake{fmt.Sprintf("fields[%d].many.of", n), fmt.Sprintf("the model %s has no flow", p.Many.Of)})
				}
			}
		}
	}
	return b.list, errors.Join(b.problems...)
}

// wrong notes a mistake of a flow with its place.
func (b *book) wrong(flow int, m mistake) {
	f, p := b.list[flow], b.places[flow]
	b.problems = append(b.problems, fmt.Errorf("%s:%d: flow %s, %s: %s: %s", p.name, p.line(m.field), f.Studio, f.Online, m.field, m.text))
}

// line returns the line of a field, or of what stands around it if it is missing.
func (p place) line(field string) int {
	for text := fmt.Sprintf("$[%d].%s", p.at, field); ; {
		if line := strictyaml.Line(p.file, text); line > 0 {
			return line
		}
		cut := strings.LastIndexAny(text, ".[")
		if cut <= 0 {
			return 1
		}
		text = text[:cut]
	}
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
	if f.Zone == "" {
		f.Zone = DefaultZone
	}
	for i, k := range f.Kinds {
		if k == "replicate" { // jobs have an empty type
			f.Kinds[i] = Replicate
		}
	}
	for i := range f.Tables {
		plain(f.Tables[i].Equal)
	}
	for i := range f.Fields {
		p := &f.Fields[i]
		for n, v := range p.Values {
			p.Values[n] = Value{Studio: plainOne(v.Studio), Online: plainOne(v.Online)}
		}
		p.Otherwise = plainOne(p.Otherwise)
		if p.Lookup != nil {
			for _, one := range []*Place{p.Lookup.Studio, p.Lookup.Online} {
				if one != nil {
					plain(one.Equal)
				}
			}
		}
	}
	f.zone, _ = time.LoadLocation(f.Zone) // mistakes says what is wrong
}

// plain makes the numbers of values those that fields hold.
func plain(values map[string]any) {
	for name, v := range values {
		values[name] = plainOne(v)
	}
}

// plainOne is plain for one value.
func plainOne(v any) any {
	if n, ok := Number(v); ok {
		return n
	}
	return v
}
