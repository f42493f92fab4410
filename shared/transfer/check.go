package transfer

import (
	"fmt"
	"slices"
	"strings"
)

// mistake is what is wrong with a field of a flow.
type mistake struct{ field, text string }

// mistakes lists what is wrong with a flow.
func (f *Flow) mistakes() []mistake {
	var list []mistake
	add := func(wrong bool, field, text string, args ...any) {
		if wrong {
			list = append(list, mistake{field, fmt.Sprintf(text, args...)})
		}
	}
	add(f.Studio == "" || f.Online == "", "studio", "want the names of both models, studio and online")
	add(!slices.Contains([]Direction{Both, ToOnline, ToStudio}, f.Direction), "direction", "direction is both, to-online-only or to-studio-only")
	add(f.Winner != Studio && f.Winner != Online, "winner", "winner is fs or fso")
	add(f.Priority < 1, "priority", "priority is 1 or more")
	add(f.zone == nil, "zone", "zone is the name of a time zone, such as Europe/Vienna")
	for i, k := range f.Kinds {
		add(!slices.Contains([]Kind{Replicate, Merge, Delete, Temporary}, k), fmt.Sprintf("kinds[%d]", i), "a kind is replicate, merge_into, delete or temp")
	}
	for i, p := range f.Parents {
		add(p.Studio == "" || p.Online == "" || p.Model == "", fmt.Sprintf("parents[%d]", i), "a parent has the fields studio, online and model")
	}
	for i, one := range f.Followers {
		add(one.Model == "" || one.Only != "" && one.Only != Studio && one.Only != Online, fmt.Sprintf("followers[%d]", i), "a follower has a model, and only is fs or fso")
	}
	names := map[string]bool{}
	for i, t := range f.Tables {
		at := fmt.Sprintf("tables[%d]", i)
		add(t.Name == "" || t.Model == "" || t.Link == "" || strings.Contains(t.Name, "."), at, "a table has name, without a dot, model and link")
		add(names[t.Name], at, "the name %s is there twice", t.Name)
		names[t.Name] = true
	}
	return append(append(list, f.wrongFields()...), f.wrongMatch()...)
}

// wrongFields lists what is wrong with the pairs of fields.
func (f *Flow) wrongFields() (list []mistake) {
	taken := map[string]bool{}
	for _, p := range f.Parents {
		taken["online "+p.Online], taken["studio "+p.Studio] = true, true
	}
	for i, p := range f.Fields {
		at := fmt.Sprintf("fields[%d]", i)
		for _, m := range p.mistakes() {
			list = append(list, mistake{strings.TrimSuffix(at+"."+m.field, "."), m.text})
		}
		for _, side := range []Side{Studio, Online} {
			for _, name := range p.on(side) {
				if key := side.Word() + " " + name; name != "" && taken[key] && (p.Only == "" || p.Only == side) {
					list = append(list, mistake{at, "the field " + name + " is written twice"})
				} else if p.Only == "" || p.Only == side {
					taken[key] = true
				}
			}
		}
		for _, name := range p.on(Studio) {
			if _, _, ok := f.table(name); !ok && strings.Contains(name, ".") {
				list = append(list, mistake{at, "no table has the name before the dot of " + name})
			}
		}
	}
	return list
}

// mistakes lists what is wrong with a pair.
func (p Pair) mistakes() (list []mistake) {
	add := func(wrong bool, field, text string) {
		if wrong {
			list = append(list, mistake{field, text})
		}
	}
	add(p.Online == "" || p.Studio == "" && len(p.Joined) == 0 && p.Many == nil, "", "a field has studio, or joined, or many, and online")
	add(p.Only != "" && p.Only != Studio && p.Only != Online, "only", "only is fs or fso")
	add(!slices.Contains([]Form{Plain, Date, LocalTime}, p.As), "as", "as is date or local-time")
	ways := 0
	for _, used := range []bool{p.As != "", p.Joined != nil, p.Values != nil, p.Lookup != nil, p.Many != nil} {
		if used {
			ways++
		}
	}
	add(ways > 1, "", "a field has one of as, joined, values, lookup and many")
	add(p.Joined != nil && (len(p.Joined) != 2 || p.By == "" || p.Studio != ""), "joined", "joined are two fields in the place of studio, with by between them")
	add(p.Otherwise != nil && p.Values == nil, "otherwise", "otherwise stands beside values")
	for i, v := range p.Values {
		for _, w := range p.Values[:i] {
			add(Same(v.Studio, w.Studio) || Same(v.Online, w.Online), fmt.Sprintf("values[%d]", i), "a value is there twice")
		}
	}
	if l := p.Lookup; l != nil {
		add(l.Studio == nil && l.Online == nil, "lookup", "a lookup has studio, online or both")
		for _, one := range []*Place{l.Studio, l.Online} {
			add(one != nil && (one.Model == "" || one.Field == ""), "lookup", "each place of a lookup has model and field")
		}
	}
	if m := p.Many; m != nil {
		add(m.Model == "" || m.Link == "" || m.Field == "" || m.Of == "", "many", "many has model, link, field and of")
		add(p.Only != Online || p.Studio != "", "many", "a field with many has only: fso and no studio")
	}
	return list
}

// wrongMatch lists what is wrong with the fields of a match.
func (f *Flow) wrongMatch() (list []mistake) {
	for i, name := range f.Match {
		at := fmt.Sprintf("match[%d]", i)
		parent := slices.ContainsFunc(f.Parents, func(p Parent) bool { return p.Online == name })
		n := slices.IndexFunc(f.Fields, func(p Pair) bool { return p.Online == name })
		switch {
		case parent:
		case n < 0:
			list = append(list, mistake{at, name + " is no online field of the flow"})
		case f.Fields[n].Only != "" || f.Fields[n].Many != nil || strings.Contains(f.Fields[n].Studio, "."):
			list = append(list, mistake{at, name + " goes one way alone, or is of a further table"})
		}
	}
	return list
}
