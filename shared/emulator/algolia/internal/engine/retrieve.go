package engine

import (
	"slices"
	"strings"

	"gitlab.com/eshopbox-team/return-sync/shared/emulator/algolia/internal/jsonscan"
)

// Retrieve returns the attributes of a record that attributesToRetrieve lists
// (nil or "*": all, "-x": all but x) and unretrievableAttributes leaves to a
// reader without special rights. objectID always stays.
func (s *Settings) Retrieve(raw []byte, wanted []string, admin bool) []byte {
	pick := selection{}
	for _, item := range wanted {
		if rest, minus := strings.CutPrefix(item, "-"); minus {
			pick.out = append(pick.out, rest)
		} else if item != "" {
			pick.in = append(pick.in, item)
		}
	}
	if !admin {
		pick.out = append(pick.out, s.hidden...)
	}
	pick.all = wanted == nil || slices.Contains(pick.in, "*") || len(pick.in) == 0 && len(pick.out) > 0 && len(wanted) > 0
	if pick.all && len(pick.out) == 0 {
		return raw
	}
	return pick.object("", raw)
}

func (s *shape) record(raw []byte) []byte {
	return s.index.settings.Retrieve(raw, s.query.Retrieve, s.query.Admin)
}

type selection struct {
	all     bool
	in, out []string
}

func (p selection) object(path string, raw []byte) []byte {
	out := []byte{'{'}
	jsonscan.Each(raw, func(name string, value []byte) bool {
		full := join(path, name)
		kept := value
		if full != "objectID" {
			kept = p.value(full, value)
		}
		if kept == nil {
			return true
		}
		if len(out) > 1 {
			out = append(out, ',')
		}
		out = append(append(append(out, jsonscan.Quote(name)...), ':'), kept...)
		return true
	})
	return append(out, '}')
}

// value returns what stays of an attribute, nil when nothing does.
func (p selection) value(path string, value []byte) []byte {
	inside := func(p string) bool { return covers(p, path) }
	partly := func(p string) bool { return p != path && covers(path, p) }
	switch {
	case slices.ContainsFunc(p.out, inside):
		return nil
	case value[0] == '{' && slices.ContainsFunc(p.out, partly),
		value[0] == '{' && !p.all && !slices.ContainsFunc(p.in, inside) && slices.ContainsFunc(p.in, partly):
		return p.object(path, value)
	case p.all || slices.ContainsFunc(p.in, inside):
		return value
	}
	return nil
}
