package mysql

import (
	"context"
	"strconv"
	"sync"

	"gitlab.com/eshopbox-team/return-sync/shared/fault"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/entity"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/source"
)

// Sketch returns the source with a map in memory, for programs that show what a
// definition makes of rows and write nothing.
func (s *Source) Sketch() *Source {
	return s.Numbered(&sketch{same: map[string]uint64{}, number: map[entity.Key]uint64{}})
}

// sketch is a map of keys that ends with the program. It serves one definition.
type sketch struct {
	mu     sync.Mutex
	same   map[string]uint64
	number map[entity.Key]uint64
	keys   [][]entity.Key // those of number n at n-1
}

// Numbers implements Numbers.
func (m *sketch) Numbers(_ context.Context, _ string, keys []entity.Key, same func([]entity.Key) (map[entity.Key]string, error)) (map[entity.Key]uint64, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var unknown []entity.Key
	for _, k := range keys {
		if m.number[k] == 0 {
			unknown = append(unknown, k)
		}
	}
	sames, err := same(unknown)
	if err != nil {
		return nil, err
	}
	out := make(map[entity.Key]uint64, len(keys))
	for _, k := range keys {
		if text, ok := sames[k]; ok && m.number[k] == 0 {
			if m.same[text] == 0 {
				m.keys = append(m.keys, nil)
				m.same[text] = uint64(len(m.keys))
			}
			n := m.same[text]
			m.number[k] = n
			m.keys[n-1] = append(m.keys[n-1], k)
		}
		if n := m.number[k]; n > 0 {
			out[k] = n
		}
	}
	return out, nil
}

// Spellings implements Numbers.
func (m *sketch) Spellings(_ context.Context, _ string, numbers []uint64) (map[uint64][]entity.Key, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	out := map[uint64][]entity.Key{}
	for _, n := range numbers {
		if n > 0 && n <= uint64(len(m.keys)) {
			out[n] = m.keys[n-1]
		}
	}
	return out, nil
}

// Listed implements Numbers.
func (m *sketch) Listed(_ context.Context, _ string, r source.Range, limit int) ([]uint64, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var list []uint64
	for n := r.After + 1; n <= min(r.Upto, uint64(len(m.keys))) && len(list) < limit; n++ {
		list = append(list, n)
	}
	return list, nil
}

// RootNamed returns the root that a person names: by its number, or by its key as
// entity.Definition.KeyText writes it. A key that was never listed and that the source
// does not have is an error of kind fault.NotFound.
func (s *Source) RootNamed(ctx context.Context, d entity.Definition, text string) (uint64, error) {
	if !d.Keyed() {
		n, err := strconv.ParseUint(text, 10, 64)
		if err != nil {
			return 0, fault.New(fault.Invalid, "bad-root", "%q is no root of %s: want a whole number from 0", text, d.Name)
		}
		return n, nil
	}
	if s.numbers == nil {
		return 0, errNoMap
	}
	k, err := d.ParseKey(text)
	if err != nil {
		return 0, fault.New(fault.Invalid, "bad-root", "%s", err.Error())
	}
	byKey, err := s.numbers.Numbers(ctx, d.KeySpace(), []entity.Key{k}, func(unknown []entity.Key) (map[entity.Key]string, error) {
		sames, err := s.sames(ctx, d, unknown)
		if err != nil || len(sames) == 0 {
			return nil, err
		}
		if there, err := s.has(ctx, d, k); err != nil || !there {
			return nil, err
		}
		return sames, nil
	})
	if err != nil {
		return 0, err
	}
	if byKey[k] == 0 {
		return 0, fault.New(fault.NotFound, "unknown-root", "%s has no root %q, and never had", d.Name, text)
	}
	return byKey[k], nil
}

// has reports whether rows.sql has a row for a key.
func (s *Source) has(ctx context.Context, d entity.Definition, k entity.Key) (there bool, err error) {
	bound, ok := d.Bound(k)
	if !ok {
		return false, nil
	}
	text, args := d.Rows.Bind(map[string][]any{"ids": {bound}})
	err = s.aside.QueryRowContext(ctx, "SELECT EXISTS (SELECT 1 FROM ("+text+") AS current_rows)", args...).Scan(&there)
	return there, broken(err, d.Source+"/rows.sql")
}

// RootNames returns the keys of roots as people read them; an unknown root is absent, and
// so is every root that is a number.
func (s *Source) RootNames(ctx context.Context, d entity.Definition, roots []uint64) (map[uint64]string, error) {
	names := map[uint64]string{}
	if !d.Keyed() || s.numbers == nil || len(roots) == 0 {
		return names, nil
	}
	keys, err := s.numbers.Spellings(ctx, d.KeySpace(), roots)
	for n, list := range keys {
		names[n] = d.KeyText(list[0])
	}
	return names, err
}
