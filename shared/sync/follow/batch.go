package follow

import "slices"

// mostRoots is how many roots of one transaction, or of several that are stored together,
// are held. A larger one is a gap, because memory is bounded.
const mostRoots = 200_000

// batch gathers entries of the log. It is for one goroutine.
type batch struct {
	open, ended group // of the transaction under way, and of those that ended
	end         Position
}

// group is what some transactions say.
type group struct {
	roots map[int][]uint64
	gaps  map[int]string
	held  int // roots that are held, repeated ones among them
}

// newBatch returns an empty batch.
func newBatch() *batch { return &batch{open: newGroup(), ended: newGroup()} }

// newGroup returns an empty group.
func newGroup() group { return group{roots: map[int][]uint64{}, gaps: map[int]string{}} }

// empty reports whether a group says nothing.
func (g *group) empty() bool { return len(g.roots) == 0 && len(g.gaps) == 0 }

// add adds an entry.
func (b *batch) add(e Event) {
	b.open.add(e.Roots, e.Gaps)
	if e.End == "" {
		return
	}
	b.end = e.End
	b.ended.add(b.open.roots, b.open.gaps)
	if !b.open.empty() {
		b.open = newGroup()
	}
}

// add adds roots and gaps. Roots behind the limit become a gap.
func (g *group) add(roots map[int][]uint64, gaps map[int]string) {
	for w, reason := range gaps {
		g.gap(w, reason)
	}
	for w, ids := range roots {
		if g.gaps[w] != "" {
			continue // the comparison finds them
		}
		g.roots[w] = append(g.roots[w], ids...)
		g.held += len(ids)
	}
	if g.held <= mostRoots {
		return
	}
	g.held = 0
	for w, ids := range g.roots {
		g.roots[w] = distinct(ids)
		g.held += len(g.roots[w])
	}
	if g.held > mostRoots/2 {
		for w := range g.roots {
			g.gap(w, "a transaction changed too many roots to follow them one by one")
		}
	}
}

// gap notes a gap, which takes the place of the watch's roots.
func (g *group) gap(w int, reason string) {
	if g.gaps[w] == "" {
		g.gaps[w] = reason
	}
	g.held -= len(g.roots[w])
	delete(g.roots, w)
}

// full reports whether the ended transactions are to be stored before more is read.
func (b *batch) full() bool { return b.ended.held >= mostRoots/4 }

// take returns the ended transactions by the names of targets, and forgets them. named
// gives the targets of a watch.
func (b *batch) take(named func(watch int) []string) Hint {
	h := Hint{Roots: map[string][]uint64{}, Gaps: map[string]string{}, Position: b.end}
	for w, ids := range b.ended.roots {
		for _, name := range named(w) {
			h.Roots[name] = append(h.Roots[name], ids...)
		}
	}
	for name, ids := range h.Roots {
		h.Roots[name] = distinct(ids)
	}
	for w, reason := range b.ended.gaps {
		for _, name := range named(w) {
			h.Gaps[name] = reason
		}
	}
	if !b.ended.empty() {
		b.ended = newGroup()
	}
	b.end = ""
	return h
}

// distinct sorts ids and drops repeated ones.
func distinct(ids []uint64) []uint64 {
	slices.Sort(ids)
	return slices.Compact(ids)
}
