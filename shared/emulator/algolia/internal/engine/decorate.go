package engine

import (
	"encoding/json"
	"strings"

	"gitlab.com/eshopbox-team/return-sync/shared/emulator/algolia/internal/jsonscan"
)

// decorate mirrors a value's structure with what of answers for its texts and
// numbers; nil when nothing inside is selected.
func (s *shape) decorate(path string, value []byte, of func(path, text string) any) []byte {
	switch value[0] {
	case '{':
		return s.decorateObject(path, value, of)
	case '[':
		return s.decorateArray(path, value, of)
	case '"':
		return encode(of(path, jsonscan.Text(value)))
	case 't', 'f', 'n':
		return nil
	}
	return encode(of(path, string(value)))
}

func (s *shape) decorateObject(path string, value []byte, of func(path, text string) any) []byte {
	out := []byte{'{'}
	jsonscan.Each(value, func(name string, member []byte) bool {
		inner := s.decorate(join(path, name), member, of)
		if inner == nil || path == "" && name == "objectID" && len(s.index.settings.searchable) == 0 && s.query.Highlight == nil {
			return true
		}
		if len(out) > 1 {
			out = append(out, ',')
		}
		out = append(append(append(out, jsonscan.Quote(name)...), ':'), inner...)
		return true
	})
	if len(out) == 1 && path != "" {
		return nil
	}
	return append(out, '}')
}

func (s *shape) decorateArray(path string, value []byte, of func(path, text string) any) []byte {
	out := []byte{'['}
	jsonscan.Elements(value, func(element []byte) bool {
		inner := s.decorate(path, element, of)
		if inner == nil || s.query.RestrictArrays && strings.Contains(string(inner), `"matchLevel":"none"`) {
			return true
		}
		if len(out) > 1 {
			out = append(out, ',')
		}
		out = append(out, inner...)
		return true
	})
	if len(out) == 1 {
		return nil
	}
	return append(out, ']')
}

func encode(v any) []byte {
	if v == nil {
		return nil
	}
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if enc.Encode(v) != nil {
		return nil
	}
	return []byte(strings.TrimRight(b.String(), "\n"))
}

func join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}
