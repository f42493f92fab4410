package search

// pieces is a text put together from large parts that stay where they are and
// from small ones that are copied.
type pieces struct {
	list [][]byte
	open []byte // what was copied since the last large part
}

// large is the least size of a part that stays where it is.
const large = 1 << 10

// add adds a part.
func (p *pieces) add(part []byte) {
	if len(part) < large {
		p.open = append(p.open, part...)
		return
	}
	p.list = append(p.list, p.open, part)
	p.open = nil
}

// text adds a text.
func (p *pieces) text(s string) { p.open = append(p.open, s...) }

// member adds a member to an object that has some.
func (p *pieces) member(name string, value []byte) {
	p.text(`,"` + name + `":`)
	p.add(value)
}

// all returns the parts in their order.
func (p *pieces) all() [][]byte { return append(p.list, p.open) }
