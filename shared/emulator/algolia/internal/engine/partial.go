package engine

import (
	"gitlab.com/eshopbox-team/return-sync/shared/emulator/algolia/internal/jsonscan"
)

// Merge applies a partial update to a record (nil when it does not exist) and
// returns the record's new text. Members of update replace top-level attributes;
// built-in operations compute them. ok is false when the update as a whole is to
// be ignored: IncrementFrom with another current value, IncrementSet with a
// value that is not greater.
func Merge(current, update []byte) (merged []byte, ok bool) {
	exists := current != nil
	if !exists {
		current = []byte("{}")
	}
	m := members(current)
	ok = true
	jsonscan.Each(update, func(name string, value []byte) bool {
		operation := jsonscan.Text(jsonscan.Member(value, "_operation"))
		if operation == "" {
			m.put(name, value)
			return true
		}
		var next []byte
		if next, ok = operate(operation, m.get(name), jsonscan.Member(value, "value"), exists); ok && next != nil {
			m.put(name, next)
		}
		return ok
	})
	return m.object(), ok
}

type member struct {
	name  string
	value []byte
}

type memberList []member

func members(object []byte) *memberList {
	var m memberList
	jsonscan.Each(object, func(name string, value []byte) bool {
		m = append(m, member{name, value})
		return true
	})
	return &m
}

func (m *memberList) get(name string) []byte {
	for _, member := range *m {
		if member.name == name {
			return member.value
		}
	}
	return nil
}

func (m *memberList) put(name string, value []byte) {
	for i := range *m {
		if (*m)[i].name == name {
			(*m)[i].value = value
			return
		}
	}
	*m = append(*m, member{name, value})
}

func (m *memberList) object() []byte {
	out := []byte{'{'}
	for i, member := range *m {
		if i > 0 {
			out = append(out, ',')
		}
		out = append(append(append(out, jsonscan.Quote(member.name)...), ':'), member.value...)
	}
	return append(out, '}')
}
