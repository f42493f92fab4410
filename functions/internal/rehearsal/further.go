package rehearsal

import (
	"context"
	"maps"
	"slices"
)

// further is a process beside the functions' own.
type further struct {
	function string
	env      []string
}

// Further starts another process of a function under a name of its own, such as a partner
// company's server, and returns its address. env is added to the stack's environment and
// wins. The process is killed, held and started again by its name as the others are.
func Further(ctx context.Context, s *Stack, name, function string, env []string) (url string, err error) {
	s.front.mu.Lock()
	s.front.further[name] = further{function, env}
	s.front.mu.Unlock()
	s.front.route(name, "/"+name)
	return s.front.url(name), s.startFunction(ctx, name)
}

// process returns a further process, if a name is one's.
func (f *front) process(name string) (further, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	p, ok := f.further[name]
	return p, ok
}

// names returns the names of all processes.
func (f *front) names() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Sorted(maps.Keys(f.children))
}
